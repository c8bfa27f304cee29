//! Before `upgrade`.

use super::revision;
use crate::support::{Database, Project};

const SAFE: &str = "CREATE TABLE other (id int);";

/// A table whose rewrite would be felt, and a revision that rewrites it behind one that does no harm.
async fn project() -> Project {
    let database = Database::empty().await;
    database
        .execute(
            "CREATE TABLE pay (id int, note text);
             INSERT INTO pay SELECT n, repeat('x', 200) FROM generate_series(1, 40000) AS n; ANALYZE pay",
        )
        .await;
    let project = Project::new(database);
    project.write("1_a.sql", &revision("aaaa1111", "", SAFE));
    project.write("2_b.sql", &revision("bbbb2222", "aaaa1111", "ALTER TABLE pay ALTER id TYPE bigint;"));
    project
}

#[tokio::test]
async fn what_is_dangerous_is_refused_before_anything_is_written() {
    let project = project().await;
    let outcome = project.longhaul(&["upgrade"]).await.ended_with(3);
    for says in [
        "error: lint finds 1 thing dangerous, and nothing was begun",
        "jobs/2_b.sql:6:1: danger: pay.id becomes bigint, so the whole table is written anew [change-type]",
        "reads and writes of pay wait about ",
        "safe: longhaul change-type pay.id bigint",
        "-- longhaul:allow RULE: reason",
        "--no-lint",
    ] {
        assert!(outcome.stderr.contains(says), "`{says}` is not in:\n{}", outcome.stderr);
    }
    let untouched = "SELECT to_regclass('other') IS NULL AND to_regnamespace('longhaul') IS NULL";
    assert!(project.database.value::<bool>(untouched).await, "something was written");
    // What is not on the way is not looked at.
    project.longhaul(&["upgrade", "aaaa1111"]).await.succeeded();
    project.longhaul(&["upgrade"]).await.ended_with(3);
    project.longhaul(&["upgrade", "--no-lint"]).await.succeeded();
    project.longhaul(&["lint"]).await.succeeded().says("looking at pending revisions: 0 with SQL");
}

#[tokio::test]
async fn a_comment_with_a_reason_lets_it_through() {
    let project = project().await;
    let up = "-- longhaul:allow change-type: payroll is closed over Christmas\nALTER TABLE pay ALTER id TYPE bigint;";
    project.write("2_b.sql", &revision("bbbb2222", "aaaa1111", up));
    project.longhaul(&["upgrade"]).await.succeeded();
    assert!(project.database.value::<bool>("SELECT to_regclass('other') IS NOT NULL").await);
}

#[tokio::test]
async fn the_configuration_says_what_becomes_of_it() {
    let project = project().await;
    project.configure("lint = \"warn\"\n");
    let outcome = project.longhaul(&["upgrade"]).await.succeeded();
    outcome.says("danger: pay.id becomes bigint");
    let project = self::project().await;
    project.configure("lint = \"off\"\n");
    let outcome = project.longhaul(&["upgrade"]).await.succeeded();
    assert!(!outcome.stderr.contains("danger"), "{}", outcome.stderr);
    project.configure("lint = \"refus\"\n");
    project.longhaul(&["upgrade"]).await.ended_with(2).says("did you mean `refuse`?");
}

#[tokio::test]
async fn scripts_and_downgrades_are_made_as_before() {
    let project = project().await;
    project
        .longhaul(&["upgrade", "--sql"])
        .await
        .succeeded()
        .says_on_stdout("ALTER TABLE pay ALTER id TYPE bigint");
    project.longhaul(&["upgrade", "--no-lint"]).await.succeeded();
    project.longhaul(&["downgrade", "base", "--yes"]).await.succeeded();
}
