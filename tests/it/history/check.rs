//! `check`: what is well and what isn't, in one exit code.

use insta::assert_snapshot;
use serde_json::Value;

use super::{INVOICE, revision};
use crate::support::{Database, Project};

#[tokio::test]
async fn everything_that_is_wrong_is_found_at_once() {
    let project = Project::new(Database::empty().await);
    project.write("1_a.sql", INVOICE);
    project.longhaul(&["check"]).await.ended_with(3);
    project.longhaul(&["upgrade"]).await.succeeded();
    assert_snapshot!(project.longhaul(&["check"]).await.succeeded().stdout, @"
    graph     ok       1 revision, the head is aaaa1111
    files     ok       1 applied revision, each as its file says
    database  ok       at every head
    indexes   ok       all valid
    ");

    project.write("1_a.sql", &INVOICE.replace("VALUES (1, 10)", "VALUES (1, 11)"));
    project.write("2_b.sql", &revision("bbbb2222", "aaaa1111", "SELECT 1;", "SELECT 1;"));
    let database = &project.database;
    database
        .execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'invoice_pkey'::regclass;
             INSERT INTO longhaul.revision (id, kind, message, checksum, applied_by, host, duration, tool_version)
             VALUES ('ffff9999', 'schema', '', '', 'me', 'here', '0', '0')",
        )
        .await;
    assert_snapshot!(project.longhaul(&["check"]).await.ended_with(3).stdout, @"
    graph     ok       2 revisions, the head is bbbb2222
    files     FOUND    jobs/1_a.sql says something else than what was applied
    --- as it was stored
    +++ in the file now
    @@ -1,2 +1,2 @@
     CREATE TABLE invoice (id int PRIMARY KEY, amount int);
    -INSERT INTO invoice VALUES (1, 10);
    +INSERT INTO invoice VALUES (1, 11);
    database  FOUND    bbbb2222 is pending
    database  FOUND    ffff9999 is applied, and in no file
    indexes   FOUND    public.invoice_pkey on public.invoice is invalid
    ");
    let json: Value =
        serde_json::from_str(&project.longhaul(&["check", "--json"]).await.ended_with(3).stdout).unwrap();
    assert_eq!(json["ok"], false);
    let well = |name: &str| json[name]["ok"].as_bool().unwrap();
    assert_eq!(["graph", "files", "database", "indexes"].map(well), [true, false, false, false]);
}

#[tokio::test]
async fn files_that_make_no_history_are_found_without_a_database() {
    let project = Project::new(Database::empty().await);
    project.write("2_b.sql", &revision("bbbb2222", "aaaa1111", "SELECT 1;", "SELECT 1;"));
    let found = project
        .longhaul(&["check", "--files-only", "--database-url", "postgresql://nowhere.invalid/x"])
        .await;
    assert_snapshot!(found.ended_with(3).stdout, @"
    graph     FOUND    the revisions in jobs don't make a history
      jobs/2_b.sql: revision `bbbb2222` revises `aaaa1111`, which no file defines
    ");
    project.write("1_a.sql", INVOICE);
    let found = project
        .longhaul(&["check", "--files-only", "--database-url", "postgresql://nowhere.invalid/x"])
        .await;
    assert_snapshot!(found.succeeded().stdout, @"graph     ok       2 revisions, the head is bbbb2222");
}
