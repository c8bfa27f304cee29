//! Updates that can't be heap-only leave their dead rows to a VACUUM, which runs beside the batches.

use crate::support::{Database, JobKind, Pages};

const ROWS: i32 = 60_000;

const SAYS: &str = "many rows had to move: a VACUUM of the table runs beside the batches";

const WARNS: &str = "warning: the table grows, and this role may not VACUUM it: that is left to autovacuum";

/// A table that each update of writes an index of, and that autovacuum leaves alone.
async fn table() -> Pages {
    let pages = Pages::new(ROWS, 1, JobKind::Sweeping).await;
    pages
        .database()
        .execute(
            "CREATE INDEX ON pages (new); ALTER TABLE pages SET (autovacuum_enabled = off);
             UPDATE pages SET old = id WHERE old IS NULL",
        )
        .await;
    pages.database().execute("VACUUM FULL pages").await;
    pages.write_job("order = \"physical\"\nmin = 2000\nmax = 2000");
    pages.project.configure("lock_timeout = \"60s\"");
    pages
}

#[tokio::test]
async fn many_rows_that_had_to_move_call_for_a_vacuum() {
    let pages = table().await;
    pages.database().execute("SELECT pg_stat_reset_single_table_counters('pages'::regclass)").await;
    // The run can't end before the VACUUM has.
    let holder = pages.holding(ROWS - 1).await;
    let mut process = pages.project.spawn(&["run", "fill", "--workers", "1"]);
    process.hear(SAYS).await;
    pages.database().until("vacuum_count > 0 FROM pg_stat_user_tables WHERE relname = 'pages'").await;
    holder.batch_execute("ROLLBACK").await.unwrap();
    process.outcome().await.succeeded();
    pages.assert_each_row_done_once("vacuumed meanwhile").await;
}

#[tokio::test]
async fn a_run_that_ends_while_its_vacuum_runs_leaves_none_behind() {
    let pages = table().await;
    // A VACUUM that never ends by itself: it waits for a page that another session has pinned. Or so the run must take
    // it; whether it was quicker makes no difference.
    let cursor = pages.database().connect().await;
    cursor
        .batch_execute("BEGIN; DECLARE pinned CURSOR FOR SELECT * FROM pages; FETCH 1 FROM pinned")
        .await
        .unwrap();
    pages.project.longhaul(&["run", "fill", "--workers", "1"]).await.succeeded().says(SAYS);
    pages.sessions_are_gone().await;
    cursor.batch_execute("ROLLBACK").await.unwrap();
    pages.assert_each_row_done_once("a VACUUM that was cut short").await;
}

#[tokio::test]
async fn a_role_that_does_not_own_the_table_is_warned_once() {
    let pages = table().await;
    // Twice as many rows as a VACUUM is worth, and twice again.
    pages
        .database()
        .execute("INSERT INTO pages (id, old, pad) SELECT i, i, '' FROM generate_series(60001, 160000) AS i")
        .await;
    let (_, place) = pages.database().url.rsplit_once('@').unwrap();
    let name = place.rsplit_once('/').unwrap().1;
    let role = format!("walker_of_{name}");
    pages
        .database()
        .execute(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'walks'; GRANT CREATE ON DATABASE {name} TO {role};
             GRANT SELECT, UPDATE ON pages TO {role}"
        ))
        .await;
    let url = format!("postgresql://{role}:walks@{place}");
    let outcome =
        pages.project.longhaul(&["run", "fill", "--workers", "2", "--database-url", &url]).await.succeeded();
    assert_eq!(outcome.stderr.matches(WARNS).count(), 1, "{}", outcome.stderr);
    assert!(!outcome.stderr.contains(SAYS), "{}", outcome.stderr);
    pages.assert_each_row_done_once("by a role that doesn't own the table").await;
    pages.database().execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test]
async fn updates_that_stay_on_their_pages_call_for_no_vacuum() {
    let pages = Pages::on(Database::alone().await, ROWS, 1, JobKind::Sweeping).await;
    pages.database().execute("ALTER TABLE pages SET (autovacuum_enabled = off)").await;
    pages.write_job("order = \"physical\"\nwindow = \"1MB\"");
    let outcome = pages.project.longhaul(&["run", "fill", "--workers", "1"]).await.succeeded();
    assert!(!outcome.stderr.contains(SAYS), "{}", outcome.stderr);
    pages.assert_each_row_done_once("heap-only").await;
}
