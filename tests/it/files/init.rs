//! `longhaul init`.

use insta::assert_snapshot;

use super::{project, write_above};

#[tokio::test]
async fn a_new_project_works_with_the_commands_it_names() {
    let project = project().await;
    let outcome = project.longhaul(&["init"]).await.succeeded();
    assert_snapshot!(outcome.stdout, @"
    .env.example
    config/development.toml
    config/production.toml
    config/reference.toml
    config/staging.toml
    jobs/.gitkeep
    .gitignore
    ");
    assert_snapshot!(outcome.stderr, @r#"
    next:
      cp .env.example .env             # and name the database there
      longhaul revision -m "first"     # a new file in jobs/, to write SQL into
      longhaul upgrade                 # apply what is pending
    "#);
    project.longhaul(&["revision", "-m", "first", "--rev-id", "aaaa1111"]).await.succeeded();
    project.longhaul(&["upgrade", "--env", "production"]).await.succeeded();
    assert_snapshot!(project.longhaul(&["current"]).await.succeeded().stdout, @"aaaa1111 (head) (current)");
}

#[tokio::test]
async fn a_project_with_the_example_has_its_revisions() {
    let project = project().await;
    write_above(&project, ".gitignore", "/target");
    let outcome = project.longhaul(&["init", "--example", "--json"]).await.succeeded();
    let made: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(made["made"].as_array().unwrap().len(), 9);
    let ignored = std::fs::read_to_string(project.jobs().join("../.gitignore")).unwrap();
    assert_eq!(ignored, "/target\n/.env\n");
    assert_snapshot!(project.longhaul(&["history", "--graph"]).await.succeeded().stdout, @"
    * 5c1d7e88a0f4 -> c47be2d90a16 (head), drop gross_pay, gross_amount has taken its place
    o 3f9a0c1b7d52 -> 5c1d7e88a0f4, backfill gross_amount from gross_pay
    * 90be11d4a6c3 -> 3f9a0c1b7d52, add gross_amount to payroll.entries, kept equal to gross_pay
    * <base> -> 90be11d4a6c3, the salary information system
    ");
}

#[tokio::test]
async fn a_project_in_another_directory_is_made_with_the_directories_to_it() {
    let project = project().await;
    let outcome = project.longhaul(&["init", "new/payroll"]).await.succeeded();
    assert!(outcome.stdout.contains("new/payroll/config/production.toml\n"), "{}", outcome.stdout);
    outcome.says("cd new/payroll && cp .env.example .env");
    assert!(project.jobs().join("../new/payroll/jobs").is_dir());
}

#[tokio::test]
async fn what_is_in_the_way_is_listed_and_nothing_written() {
    let project = project().await;
    project.configure("lock_timeout = \"1s\"");
    write_above(&project, ".env.example", "MINE=1\n");
    write_above(&project, ".gitignore", "/.env\n");
    let refused = project.longhaul(&["init"]).await.ended_with(2).stderr;
    assert_snapshot!(refused, @"
    error: there is already .env.example, config/development.toml
    hint: nothing was written; take them away, or name another directory
    ");
    let above = project.jobs().join("..");
    assert!(!above.join("config/reference.toml").exists() && !above.join("jobs/.gitkeep").exists());
    assert_eq!(std::fs::read_to_string(above.join(".env.example")).unwrap(), "MINE=1\n");
    write_above(&project, "file", "");
    project.longhaul(&["init", "file"]).await.ended_with(1).says("can't make a project in file");
}
