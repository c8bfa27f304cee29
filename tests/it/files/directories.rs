//! One history from several directories.

use insta::assert_snapshot;

use super::{project, schema, write_above};
use crate::support::Project;

/// `jobs/` has a base, `billing/` a branch of it.
async fn two() -> Project {
    let project = project().await;
    project.configure("dir = [\"jobs\", \"billing\"]\n");
    std::fs::create_dir(project.jobs().join("../billing")).unwrap();
    project.write("1_a.sql", &schema("aaaa1111", "", "create account"));
    project.write("3_b.sql", &schema("bbbb2222", "aaaa1111", "add email"));
    write_above(&project, "billing/2_c.sql", &schema("cccc3333", "aaaa1111", "invoices"));
    project
}

#[tokio::test]
async fn the_files_of_all_directories_make_one_history() {
    let project = two().await;
    assert_snapshot!(project.longhaul(&["history"]).await.succeeded().stdout, @"
    aaaa1111 -> bbbb2222 (head), add email
    aaaa1111 -> cccc3333 (head), invoices
    <base> -> aaaa1111 (branchpoint), create account
    ");
    project.longhaul(&["upgrade", "heads"]).await.succeeded();
    project.configure("");
    let by_flags = ["current", "--dir", "jobs", "--dir", "billing", "--dir", "./jobs"];
    assert_snapshot!(project.longhaul(&by_flags).await.succeeded().stdout, @"
    cccc3333 (head) (current)
    bbbb2222 (head) (current)
    ");
    assert_snapshot!(project.longhaul(&["current"]).await.succeeded().stdout, @"
    bbbb2222 (head) (current)
    cccc3333 (applied, and in no file of jobs)
    ");
}

#[tokio::test]
async fn a_new_file_goes_beside_its_parent_or_where_it_is_told() {
    let project = two().await;
    let new = |arguments: &'static [&'static str]| {
        let all = [&["revision", "-m", "more"], arguments].concat();
        let project = &project;
        async move { project.longhaul(&all).await }
    };
    let stdout = new(&["--head", "cccc", "--rev-id", "dddd4444"]).await.succeeded().stdout;
    assert!(stdout.starts_with("billing/"), "{stdout}");
    let stdout = new(&["--head", "bbbb", "--in", "./billing"]).await.succeeded().stdout;
    assert!(stdout.starts_with("billing/"), "{stdout}");
    let stdout = project.longhaul(&["merge", "heads", "-m", "merge"]).await.succeeded().stdout;
    assert!(stdout.starts_with("billing/"), "{stdout}");
    new(&["--head", "base"])
        .await
        .ended_with(2)
        .says("a base could go into any of jobs, billing")
        .says("hint: choose one with --in");
    let stdout = new(&["--head", "base", "--in", "jobs"]).await.succeeded().stdout;
    assert!(stdout.starts_with("jobs/"), "{stdout}");
    new(&["--head", "base", "--in", "config"])
        .await
        .ended_with(2)
        .says("config is none of the directories of revisions")
        .says("hint: they are jobs, billing");
}

#[tokio::test]
async fn what_is_wrong_over_two_directories_names_both() {
    let project = two().await;
    write_above(&project, "billing/again.sql", &schema("bbbb2222", "aaaa1111", "again"));
    assert_snapshot!(project.longhaul(&["history"]).await.ended_with(2).stderr, @"
    error: the revisions in jobs, billing don't make a history
      because: revision `bbbb2222` is defined twice: in billing/again.sql and in jobs/3_b.sql
    hint: take one of the files away, or give it an id of its own
    ");
    std::fs::remove_file(project.jobs().join("../billing/again.sql")).unwrap();
    assert_snapshot!(project.longhaul(&["run", "nothing"]).await.ended_with(2).stderr, @"
    error: there is no job `nothing` in jobs, billing
    hint: the directory holds no jobs (.toml files); --dir names another
    ");
    for file in ["jobs/fill.toml", "billing/fill.toml"] {
        write_above(&project, file, "[job]\ntable = \"a\"\nset = { b = \"c\" }\n");
    }
    assert_snapshot!(project.longhaul(&["history"]).await.ended_with(2).stderr, @"
    error: the job `fill` is there twice: jobs/fill.toml and billing/fill.toml
    hint: a job outside the history is known by its name: rename one
    ");
    project.configure("dir = []");
    assert_snapshot!(project.longhaul(&["history"]).await.ended_with(2).stderr, @r#"
    error: config/development.toml:1:1: `dir` names no directory
       1 | dir = []
         | ^
    hint: name one directory, or several: dir = ["jobs", "more/jobs"]
    "#);
    project.configure("dir = [\"jobs\", \"nowhere\"]");
    project.longhaul(&["history"]).await.ended_with(2).says("can't read nowhere");
}

#[tokio::test]
async fn a_file_of_dbmate_revises_the_one_before_it_in_its_own_directory() {
    let project = project().await;
    project.configure("dir = [\"jobs\", \"other\"]\n");
    std::fs::create_dir(project.jobs().join("../other")).unwrap();
    for file in ["jobs/20260101_a.sql", "other/20260102_b.sql", "jobs/20260103_c.sql", "other/20260104_d.sql"]
    {
        write_above(&project, file, "-- migrate:up\nSELECT 1;\n");
    }
    assert_snapshot!(project.longhaul(&["history"]).await.succeeded().stdout, @"
    20260102 -> 20260104 (head), d
    <base> -> 20260102, b
    20260101 -> 20260103 (head), c
    <base> -> 20260101, a
    ");
}
