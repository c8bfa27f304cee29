//! kill -9 at every point of a change of the history: what is recorded then is what is done, and the next command makes it
//! whole.

use std::os::unix::process::ExitStatusExt;

use crate::support::{Database, Project};

/// Every failpoint of the history; `crate::crash` checks that none is missing.
pub(crate) const FAILPOINTS: &[&str] = &[
    "history.section_done",
    "history.committed",
    "history.statement_recorded",
    "history.statement_begun",
    "history.statement_alone",
    "history.section_ending",
    "history.taking_back",
    "history.taken_back",
];

/// Every way of changing the history: a transaction, statements by themselves, a job; down again the same ways.
const TABLE: &str = "-- revision: aaaa1111\n-- migrate:up\nCREATE TABLE items (id int PRIMARY KEY, a int, b int);\n\
    INSERT INTO items SELECT n, n FROM generate_series(1, 50) AS n;\n-- migrate:down\nDROP TABLE items;\n";
const INDEXES: &str = "-- revision: bbbb2222\n-- revises: aaaa1111\n-- migrate:up transaction:false\n\
    CREATE INDEX CONCURRENTLY items_a ON items (a);\nINSERT INTO items SELECT max(id) + 1, 0 FROM items;\n\
    CREATE UNIQUE INDEX CONCURRENTLY items_id_a ON items (id, a);\nVACUUM items;\n\
    -- migrate:down transaction:false\nDROP INDEX CONCURRENTLY items_id_a;\n\
    DELETE FROM items WHERE id = (SELECT max(id) FROM items);\nDROP INDEX CONCURRENTLY items_a;\n\
    -- migrate:verify\nSELECT count(*) = 51 FROM items;\n";
const FILL: &str = "revision = \"cccc3333\"\nrevises = [\"bbbb2222\"]\nmessage = \"fill\"\n\
    [job]\ntable = \"items\"\nset = { b = \"a\" }\n[batch]\nmin = 10\nmax = 10\n[down]\nset = { b = \"NULL\" }\n";

async fn project() -> Project {
    let project = Project::new(Database::empty().await);
    project.write("1_items.sql", TABLE).write("2_indexes.sql", INDEXES).write("3_fill.toml", FILL);
    project
}

/// Runs the command so that it dies at the point's first, second, … hit, each time on a project of its own, until it dies no
/// more. After each death what is recorded must be done, and the same command again must come to its end.
async fn dies_at_every_hit(point: &str, before: &[&[&str]], command: &[&str]) -> u32 {
    for hit in 1..20 {
        let mut project = project().await;
        for command in before {
            project.longhaul(command).await.succeeded();
        }
        project = project.dying_at(point, hit);
        let outcome = project.longhaul(command).await;
        project = project.surviving();
        if outcome.status.signal().is_none() {
            outcome.succeeded();
            return hit - 1;
        }
        recorded_is_done(&project, &format!("{point}, {command:?}, hit {hit}")).await;
        project.longhaul(command).await.succeeded();
        let again = project.longhaul(command).await.succeeded();
        assert!(again.stderr.contains("the database is there already"), "{}", again.stderr);
        if command[0] == "upgrade" {
            recorded_is_done(&project, point).await;
            let current = project.longhaul(&["current"]).await.succeeded().stdout;
            assert_eq!(current.trim(), "cccc3333 (head) (current)", "{point}");
        } else {
            let gone = "SELECT to_regclass('items') IS NULL AND NOT EXISTS (SELECT FROM longhaul.section)
                        AND NOT EXISTS (SELECT FROM longhaul.revision)";
            assert!(project.database.value::<bool>(gone).await, "{point}");
        }
    }
    panic!("{point}: it dies for ever");
}

/// What is recorded as applied is there as a whole.
async fn recorded_is_done(project: &Project, when: &str) {
    let database = &project.database;
    let applied: String =
        database.value("SELECT coalesce(string_agg(id, ' ' ORDER BY id), '') FROM longhaul.revision").await;
    let holds = |sql: &'static str| async move { database.value::<bool>(sql).await };
    if applied.contains("aaaa1111") {
        assert!(holds("SELECT to_regclass('items') IS NOT NULL").await, "{when}: {applied}");
    }
    if applied.contains("bbbb2222") {
        assert!(holds("SELECT count(*) = 51 FROM items").await, "{when}: {applied}");
        let indexes = "SELECT count(*) = 2 FROM pg_index JOIN pg_class ON oid = indexrelid
                       WHERE relname IN ('items_a', 'items_id_a') AND indisvalid";
        assert!(holds(indexes).await, "{when}: {applied}");
    }
    if applied.contains("cccc3333") {
        assert!(
            holds("SELECT count(*) = 0 FROM items WHERE b IS DISTINCT FROM a").await,
            "{when}: {applied}"
        );
    }
}

#[tokio::test]
async fn a_crash_at_any_point_on_the_way_up_loses_nothing_and_repeats_nothing() {
    for point in
        FAILPOINTS.iter().filter(|point| !point.contains("taking_back") && !point.contains("taken_back"))
    {
        assert!(dies_at_every_hit(point, &[], &["upgrade"]).await > 0, "{point} never fired");
    }
}

#[tokio::test]
async fn a_crash_at_any_point_on_the_way_down_loses_nothing_and_repeats_nothing() {
    for point in FAILPOINTS {
        let fired = dies_at_every_hit(point, &[&["upgrade"]], &["downgrade", "base"]).await;
        assert!(fired > 0, "{point} never fired");
    }
}
