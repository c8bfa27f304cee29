//! A table whose rows come to lie in another file while it is walked in physical order: the walk begins anew, and no
//! row is done twice.

use tokio::task::JoinHandle;

use crate::support::{JobKind, Pages, SMALL_WINDOWS};

const SAYS: &str = "was rewritten meanwhile: its rows are walked over anew";

const REWRITES: [&str; 3] =
    ["VACUUM FULL pages", "CLUSTER pages USING pages_pkey", "ALTER TABLE pages ALTER old TYPE bigint"];

async fn table(order: &str) -> Pages {
    let pages = Pages::new(600, 400, JobKind::Sweeping).await;
    pages.write_job(&format!("order = \"{order}\"\n{SMALL_WINDOWS}"));
    pages.project.configure("lock_timeout = \"60s\"");
    pages
}

/// Begins to rewrite the table, and waits until it waits for those who are at work there.
async fn rewriting(pages: &Pages, rewrite: &'static str) -> JoinHandle<()> {
    let session = pages.database().connect().await;
    let task = tokio::spawn(async move { session.batch_execute(rewrite).await.unwrap() });
    let waits = format!(
        "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND query = '{rewrite}'
                 AND wait_event_type = 'Lock')"
    );
    pages.database().until(&waits).await;
    task
}

#[tokio::test]
async fn a_table_rewritten_between_two_batches_is_walked_anew() {
    for rewrite in &REWRITES[..2] {
        let pages = table("physical").await;
        let holder = pages.holding(250).await;
        let process = pages.project.spawn(&["run", "fill"]);
        pages.workers_are_blocked(1).await;
        // It stands before the next batch in the queue for the table's lock.
        let rewriting = rewriting(&pages, rewrite).await;
        holder.batch_execute("ROLLBACK").await.unwrap();
        process.outcome().await.succeeded().says(SAYS);
        rewriting.await.unwrap();
        pages.assert_each_row_done_once(rewrite).await;
        let passes: i64 = pages.database().value("SELECT count(DISTINCT pass) FROM longhaul.range").await;
        assert!(passes >= 3, "{rewrite}: a pass cut short, one that did the rest, and a sweep; not {passes}");
    }
}

#[tokio::test]
async fn a_table_rewritten_under_three_workers_is_walked_anew_by_all_of_them() {
    let pages = Pages::new(11_500, 1000, JobKind::Sweeping).await;
    pages.write_job("min = 100\nmax = 100\nwindow = \"1MB\"\norder = \"physical\"");
    pages.project.configure("lock_timeout = \"60s\"");
    let holder = pages.holding(3000).await;
    let process = pages.project.spawn(&["run", "fill", "--workers", "3"]);
    pages.workers_are_blocked(1).await;
    let rewriting = rewriting(&pages, REWRITES[0]).await;
    holder.batch_execute("ROLLBACK").await.unwrap();
    process.outcome().await.succeeded().says(SAYS);
    rewriting.await.unwrap();
    pages.assert_each_row_done_once("rewritten under three workers").await;
}

#[tokio::test]
async fn a_table_rewritten_between_two_processes_is_walked_anew() {
    for rewrite in REWRITES {
        let mut pages = table("physical").await;
        pages.project = pages.project.dying_at("batch.committed", 18);
        pages.project.longhaul(&["run", "fill"]).await.was_killed();
        pages.assert_rows_fit_the_positions(rewrite).await;
        pages.database().execute(rewrite).await;
        pages.project = pages.project.surviving();
        pages.project.longhaul(&["run", "fill"]).await.succeeded().says(SAYS);
        pages.assert_each_row_done_once(rewrite).await;
    }
}

#[tokio::test]
async fn a_table_rewritten_in_its_sweep_is_swept_anew() {
    let mut pages = table("physical").await;
    pages.project = pages.project.dying_at("pass.begun", 1);
    pages.project.longhaul(&["run", "fill"]).await.was_killed();
    pages.sessions_are_gone().await;
    pages.database().execute("DELETE FROM pages WHERE id % 3 = 0").await;
    pages.database().execute("VACUUM FULL pages").await;
    pages.database().execute("UPDATE pages SET new = NULL, changes = 0 WHERE id <= 300").await;
    pages.project = pages.project.surviving();
    pages.project.longhaul(&["run", "fill"]).await.succeeded().says(SAYS);
    let wrong =
        "SELECT count(*) FROM pages WHERE new IS DISTINCT FROM old * 2 OR changes <> (old IS NOT NULL)::int";
    assert_eq!(pages.database().value::<i64>(wrong).await, 0);
}

#[tokio::test]
async fn a_table_rewritten_more_often_than_a_run_sweeps_is_still_done() {
    let mut pages = table("physical").await;
    for death in 1..=8 {
        pages.project = pages.project.dying_at("batch.committed", 3);
        let outcome = pages.project.longhaul(&["run", "fill"]).await.was_killed();
        assert_eq!(outcome.stderr.contains(SAYS), death > 1, "{}", outcome.stderr);
        pages.sessions_are_gone().await;
        pages.database().execute("VACUUM FULL pages").await;
    }
    pages.project = pages.project.surviving();
    pages.project.longhaul(&["run", "fill"]).await.succeeded();
    pages.assert_each_row_done_once("rewritten eight times").await;
}

#[tokio::test]
async fn rows_loaded_anew_after_a_truncate_are_all_done() {
    for (order, fresh) in [("physical", 900), ("key", 900), ("physical", 40), ("physical", 0)] {
        let mut pages = table(order).await;
        pages.project = pages.project.dying_at("batch.committed", 18);
        pages.project.longhaul(&["run", "fill"]).await.was_killed();
        pages.sessions_are_gone().await;
        pages
            .database()
            .execute(&format!(
                "TRUNCATE pages; INSERT INTO pages (id, old, pad)
                 SELECT i, i, repeat('y', 300) FROM generate_series(1, {fresh}) AS i"
            ))
            .await;
        pages.project = pages.project.surviving();
        let outcome = pages.project.longhaul(&["run", "fill"]).await.succeeded();
        assert_eq!(outcome.stderr.contains(SAYS), order == "physical", "{}", outcome.stderr);
        let done: i64 =
            pages.database().value("SELECT count(*) FROM pages WHERE new = old * 2 AND changes = 1").await;
        assert_eq!(done, fresh, "{order}, {fresh} rows");
        assert_eq!(pages.state().await, "done");
    }
}

#[tokio::test]
async fn a_walk_by_key_is_not_disturbed_by_a_rewrite() {
    let pages = table("key").await;
    let holder = pages.holding(250).await;
    let process = pages.project.spawn(&["run", "fill"]);
    pages.workers_are_blocked(1).await;
    let rewriting = rewriting(&pages, REWRITES[0]).await;
    holder.batch_execute("ROLLBACK").await.unwrap();
    let outcome = process.outcome().await.succeeded();
    assert!(!outcome.stderr.contains(SAYS), "{}", outcome.stderr);
    rewriting.await.unwrap();
    pages.assert_each_row_done_once("rewritten, by key").await;
    let passes: i64 = pages.database().value("SELECT count(DISTINCT pass) FROM longhaul.range").await;
    assert_eq!(passes, 2);
}
