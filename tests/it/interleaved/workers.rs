//! Several workers in one process: they stop together, fail together, and are taken over together.

use std::time::Duration;

use rustix::process::Signal;

use crate::support::{JobKind, Pages, Process};

/// Three ranges; the first and the second have a batch that waits for a row.
struct TwoBlocked {
    pages: Pages,
    holders: [tokio_postgres::Client; 2],
    process: Process,
}

/// In the first range and in the second.
const HELD: [i32; 2] = [20, 5000];

impl TwoBlocked {
    async fn new(kind: JobKind, order: &str) -> Self {
        let pages = Pages::new(11_500, 1000, kind).await;
        pages.write_job(&format!("order = \"{order}\"\nstrides = 3\nmin = 30\nmax = 30\nwindow = \"1MB\""));
        pages.project.configure("lock_timeout = \"60s\"");
        let holders = [pages.holding(HELD[0]).await, pages.holding(HELD[1]).await];
        let process = pages.project.spawn(&["run", "fill", "--workers", "3"]);
        // Each range but the last has a batch that doesn't end.
        pages
            .database()
            .until(
                "2 = count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event IN ('transactionid', 'tuple')
                 AND application_name = 'longhaul batches' AND query LIKE '%WITH changed AS%'",
            )
            .await;
        Self { pages, holders, process }
    }

    async fn release(&self) {
        for holder in &self.holders {
            holder.batch_execute("ROLLBACK").await.unwrap();
        }
    }
}

async fn changes_of_held(pages: &Pages) -> Vec<i32> {
    let [first, second] = HELD;
    let query = format!("SELECT array_agg(changes ORDER BY id) FROM pages WHERE id IN ({first}, {second})");
    pages.database().value(&query).await
}

#[tokio::test]
async fn the_first_signal_finishes_the_batches_of_all_workers() {
    for (kind, order) in [(JobKind::Counting, "key"), (JobKind::Sweeping, "physical")] {
        let mut blocked = TwoBlocked::new(kind, order).await;
        blocked.process.signal(Signal::INT);
        blocked.process.hear("finishing the batch").await;
        blocked.release().await;
        let TwoBlocked { pages, holders, process } = blocked;
        process.outcome().await.ended_with(4);
        pages.assert_rows_fit_the_positions(order).await;
        assert_eq!(pages.state().await, "stopped");
        let workers: i64 = pages.database().value("SELECT count(*) FROM longhaul.worker").await;
        assert_eq!(workers, 0, "{order}: registrations left");
        let held: i64 =
            pages.database().value("SELECT count(*) FROM longhaul.range WHERE lease IS NOT NULL").await;
        assert_eq!(held, 0, "{order}: leases left");
        assert_eq!(changes_of_held(&pages).await, [1, 1], "{order}: both batches were finished");
        drop(holders);
        pages.project.longhaul(&["run", "fill", "--workers", "3"]).await.succeeded();
        pages.assert_each_row_done_once(order).await;
    }
}

#[tokio::test]
async fn the_second_signal_cancels_the_batches_of_all_workers() {
    let mut blocked = TwoBlocked::new(JobKind::Counting, "key").await;
    blocked.process.signal(Signal::INT);
    blocked.process.hear("finishing the batch").await;
    blocked.process.signal(Signal::INT);
    let TwoBlocked { pages, holders, process } = blocked;
    process.outcome().await.ended_with(130).says("nothing of it kept");
    pages.assert_rows_fit_the_positions("cancelled").await;
    assert_eq!(pages.state().await, "stopped");
    assert_eq!(changes_of_held(&pages).await, [0, 0], "neither batch was kept");
    for holder in holders {
        holder.batch_execute("ROLLBACK").await.unwrap();
    }
    pages.project.longhaul(&["run", "fill", "--workers", "3"]).await.succeeded();
    pages.assert_each_row_done_once("cancelled and gone on").await;
}

#[tokio::test]
async fn a_worker_that_fails_stops_the_others_after_their_batch() {
    let pages = Pages::new(11_500, 1000, JobKind::Sweeping).await;
    pages.write_job("order = \"physical\"\nstrides = 3\nmin = 30\nmax = 30\nwindow = \"1MB\"");
    pages.project.configure("lock_timeout = \"60s\"");
    // A sequence, which no rollback takes back, tells that the bad row was met.
    pages
        .database()
        .execute(
            "ALTER TABLE pages ADD CONSTRAINT no_such_pay CHECK (id <> 9000 OR new IS NULL);
             CREATE SEQUENCE met;
             CREATE FUNCTION meet() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN PERFORM nextval(''met''); RETURN NEW; END';
             CREATE TRIGGER meet BEFORE UPDATE ON pages FOR EACH ROW WHEN (OLD.id = 9000) EXECUTE FUNCTION meet()",
        )
        .await;
    let holder = pages.holding(HELD[0]).await;
    let process = pages.project.spawn(&["run", "fill", "--workers", "3"]);
    pages.workers_are_blocked(1).await;
    pages.database().until("is_called FROM met").await;
    // The worker that failed and the one that was free have stopped; the third is still at its batch.
    pages
        .database()
        .until(
            "2 = count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle'
             AND application_name = 'longhaul batches' AND state_change < clock_timestamp() - interval '300 ms'",
        )
        .await;
    let before: i64 = pages.database().value("SELECT batches FROM longhaul.range ORDER BY id LIMIT 1").await;
    holder.batch_execute("ROLLBACK").await.unwrap();
    let outcome = process.outcome().await.ended_with(1);
    outcome.says("no_such_pay").says("nothing of its batch was kept");
    pages.assert_rows_fit_the_positions("a bad row").await;
    let after: i64 = pages.database().value("SELECT batches FROM longhaul.range ORDER BY id LIMIT 1").await;
    assert_eq!(after, before + 1, "the batch in hand was finished, and no other begun");
    assert_eq!(pages.state().await, "failed");
    let open: i64 = pages.database().value("SELECT count(*) FROM longhaul.range WHERE NOT finished").await;
    assert_eq!(open, 3, "nobody went on to the end of a range");

    pages.database().execute("ALTER TABLE pages DROP CONSTRAINT no_such_pay").await;
    pages.project.longhaul(&["run", "fill", "--workers", "3"]).await.succeeded();
    pages.assert_each_row_done_once("mended").await;
}

#[tokio::test]
async fn a_killed_process_with_three_workers_is_taken_over_at_once() {
    let TwoBlocked { pages, holders, process } = TwoBlocked::new(JobKind::Counting, "key").await;
    pages.database().until("3 = count(*) FROM longhaul.worker").await;
    process.signal(Signal::KILL);
    process.outcome().await.was_killed();
    for holder in holders {
        holder.batch_execute("ROLLBACK").await.unwrap();
    }
    goes_on_at_once(&pages).await;
}

#[tokio::test]
async fn a_process_killed_between_the_batches_of_its_workers_is_taken_over_at_once() {
    let mut pages = Pages::new(600, 400, JobKind::Counting).await;
    pages.write_job("order = \"key\"\nstrides = 3\nmin = 20\nmax = 20\nwindow = \"64kB\"");
    for hit in [3, 20] {
        pages.project = pages.project.dying_at("batch.committed", hit);
        pages.project.longhaul(&["run", "fill", "--workers", "3"]).await.was_killed();
        pages.project = pages.project.surviving();
        goes_on_at_once(&pages).await;
        pages.reset().await;
    }
}

/// Goes on with a killed run, sooner than the ten seconds after which a silent heart counts as dead.
async fn goes_on_at_once(pages: &Pages) {
    let second = pages.project.longhaul(&["run", "fill", "--workers", "3"]);
    let second = tokio::time::timeout(Duration::from_secs(8), second).await;
    second.expect("it goes on at once").succeeded();
    pages.assert_each_row_done_once("taken over").await;
}
