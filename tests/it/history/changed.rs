//! Files that were changed after their revisions were applied.

use insta::assert_snapshot;
use serde_json::Value;

use super::{INVOICE, revision};
use crate::support::{Database, Project};

#[tokio::test]
async fn a_changed_file_stops_the_upgrade_until_somebody_says_why() {
    let project = Project::new(Database::empty().await);
    project.write("1_a.sql", INVOICE);
    project.longhaul(&["upgrade"]).await.succeeded();
    // Blanks at the ends of lines, and how these end, are no change; nor is a comment before the section.
    project.write(
        "1_a.sql",
        &INVOICE.replace(";\n", ";  \r\n").replace("-- migrate:up", "-- see: 7\n-- migrate:up"),
    );
    project.longhaul(&["upgrade"]).await.succeeded();

    project.write("1_a.sql", &INVOICE.replace("VALUES (1, 10)", "VALUES (1, 11)"));
    project.write("2_b.sql", &revision("bbbb2222", "aaaa1111", "CREATE TABLE b (id int);", "DROP TABLE b;"));
    let refused = project.longhaul(&["upgrade"]).await.ended_with(3).stderr;
    assert_snapshot!(refused, @r#"
    error: changed since it was applied: aaaa1111 (jobs/1_a.sql)
    --- as it was stored
    +++ in the file now
    @@ -1,2 +1,2 @@
     CREATE TABLE invoice (id int PRIMARY KEY, amount int);
    -INSERT INTO invoice VALUES (1, 10);
    +INSERT INTO invoice VALUES (1, 11);
    hint: take the change back, or put it into a new revision; if it changes nothing that matters: longhaul upgrade --accept aaaa1111 --why "…"
    "#);
    assert!(project.database.value::<bool>("SELECT to_regclass('b') IS NULL").await);
    project.longhaul(&["upgrade", "--accept", "aaaa"]).await.ended_with(2).says("--why");
    project
        .longhaul(&["upgrade", "--accept", "aaaa", "--why", "the row was mended by hand"])
        .await
        .succeeded()
        .says("revision aaaa1111: what its file says now counts as applied");
    project.longhaul(&["check"]).await.succeeded();
    let log: Value =
        serde_json::from_str(&project.longhaul(&["log", "--json"]).await.succeeded().stdout).unwrap();
    let accepted = log.as_array().unwrap().iter().find(|event| event["kind"] == "revision.accepted").unwrap();
    assert_eq!(accepted["detail"]["why"], "the row was mended by hand");
    assert!(accepted["detail"]["diff"].as_str().unwrap().contains("+INSERT INTO invoice VALUES (1, 11)"));
}

#[tokio::test]
async fn a_downgrade_takes_a_changed_revision_away() {
    let project = Project::new(Database::empty().await);
    project.write("1_a.sql", INVOICE);
    project.longhaul(&["upgrade"]).await.succeeded();
    project.write("1_a.sql", &INVOICE.replace("amount int", "amount bigint"));
    project.longhaul(&["downgrade", "-1"]).await.succeeded();
    project.longhaul(&["upgrade"]).await.succeeded();
    project.longhaul(&["check"]).await.succeeded();
}
