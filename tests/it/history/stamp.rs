//! `stamp`: where the database stands is recorded, and nothing runs.

use insta::assert_snapshot;

use super::revision;
use crate::support::{Database, Project};

async fn three() -> Project {
    let project = Project::new(Database::empty().await);
    let verify = "-- migrate:verify\nSELECT to_regclass('c') IS NOT NULL;\n";
    project.write("1_a.sql", &revision("aaaa1111", "", "CREATE TABLE a (id int);", "DROP TABLE a;"));
    project.write("2_b.sql", &revision("bbbb2222", "aaaa1111", "CREATE TABLE b (id int);", "DROP TABLE b;"));
    let third = revision("cccc3333", "aaaa1111", "CREATE TABLE IF NOT EXISTS c (id int);", "DROP TABLE c;");
    project.write("3_c.sql", &(third + verify));
    project
}

async fn current(project: &Project) -> String {
    let stdout = project.longhaul(&["current"]).await.succeeded().stdout;
    stdout.lines().map(|line| line.split(' ').next().unwrap()).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn what_the_schema_contradicts_is_refused_unless_forced() {
    let project = three().await;
    let refused = project.longhaul(&["stamp", "heads"]).await.ended_with(3).stderr;
    assert_snapshot!(refused, @"
    error: the database doesn't look as if it stood there: revision cccc3333 doesn't verify: query 1 returned false; there is no table a; there is no table b; there is no table c
    hint: if you know better: --force
    ");
    assert!(project.database.value::<bool>("SELECT to_regnamespace('longhaul') IS NOT NULL").await);
    assert_eq!(current(&project).await, "");
    project.longhaul(&["stamp", "heads", "--force"]).await.succeeded();
    assert_eq!(current(&project).await, "bbbb2222 cccc3333");
    assert!(project.database.value::<bool>("SELECT to_regclass('a') IS NULL").await);

    let project = three().await;
    project.longhaul(&["upgrade", "heads"]).await.succeeded();
    let refused = project.longhaul(&["stamp", "base"]).await.ended_with(3).stderr;
    assert_snapshot!(refused, @"
    error: the database doesn't look as if it stood there: revision cccc3333 would count as not applied, and verifies; there is a table a; there is a table b; there is a table c
    hint: if you know better: --force
    ");
    assert_eq!(current(&project).await, "bbbb2222 cccc3333");
}

#[tokio::test]
async fn a_stamp_touches_only_the_lines_it_names() {
    let project = three().await;
    project.longhaul(&["upgrade", "heads"]).await.succeeded();
    project.write("4_d.sql", &revision("dddd4444", "bbbb2222, cccc3333", "", ""));
    project.longhaul(&["stamp", "dddd", "--tag", "by-hand"]).await.succeeded();
    assert_eq!(current(&project).await, "dddd4444");
    project.longhaul(&["stamp", "bbbb"]).await.succeeded();
    assert_eq!(current(&project).await, "bbbb2222 cccc3333");
    project.longhaul(&["stamp", "bbbb"]).await.succeeded().says("the database stands there already");
    let logged: String = project
        .database
        .value("SELECT string_agg(kind || ' ' || revision, ', ' ORDER BY id) FROM longhaul.event WHERE revision = 'dddd4444'")
        .await;
    assert_eq!(logged, "revision.stamped dddd4444, revision.unstamped dddd4444");
}

#[tokio::test]
async fn what_no_file_defines_is_forgotten_only_by_a_purge() {
    let project = three().await;
    project.longhaul(&["upgrade", "heads"]).await.succeeded();
    std::fs::remove_file(project.jobs().join("2_b.sql")).unwrap();
    project
        .longhaul(&["upgrade"])
        .await
        .ended_with(1)
        .says("the database has the revision bbbb2222, and no file here does");
    project.longhaul(&["stamp", "cccc"]).await.ended_with(1);
    project.longhaul(&["stamp", "--purge", "cccc"]).await.succeeded();
    assert_eq!(current(&project).await, "cccc3333");
    project.longhaul(&["upgrade"]).await.succeeded();
}

#[tokio::test]
async fn a_job_that_is_stamped_down_is_done_again() {
    let project = Project::example(Database::payroll().await);
    project.longhaul(&["upgrade", "5c1d"]).await.succeeded();
    project.longhaul(&["stamp", "3f9a"]).await.succeeded();
    let database = &project.database;
    database.execute("UPDATE payroll.entries SET gross_amount = NULL WHERE id <= 100").await;
    project.longhaul(&["upgrade", "5c1d"]).await.succeeded();
    let left = "SELECT count(*) FROM payroll.entries WHERE gross_amount IS DISTINCT FROM gross_pay";
    assert_eq!(database.value::<i64>(left).await, 0);
    let runs = "SELECT string_agg(state, ', ' ORDER BY id) FROM longhaul.run";
    assert_eq!(database.value::<String>(runs).await, "undone, done");
}
