//! Several processes on one run: they share its ranges, and what a dead or frozen one had goes on elsewhere.

use rustix::process::Signal;

use crate::support::{JobKind, Pages, SMALL_WINDOWS};

/// A table that is walked by key in several ranges, slowly enough that all take part.
async fn shared() -> Pages {
    let pages = Pages::new(120_000, 60, JobKind::Counting).await;
    pages.write_job(SMALL_WINDOWS);
    pages.project.configure("[limits]\nrows_per_second = 8000\n");
    pages
}

/// Waits until so many processes have all changed something in the last second.
async fn at_work(pages: &Pages, processes: i64) {
    let busy = format!(
        "(SELECT count(DISTINCT process_id) = {processes} FROM longhaul.worker WHERE rows_per_second > 0)"
    );
    pages.database().until(&busy).await;
}

#[tokio::test]
async fn processes_that_join_share_a_run_and_one_of_them_ends_it() {
    let pages = shared().await;
    let first = pages.project.spawn(&["run", "fill", "--workers", "1"]);
    pages.database().until("EXISTS (SELECT FROM longhaul.range WHERE rows_seen > 0)").await;
    let second = pages.project.spawn(&["run", "fill", "--join", "--workers", "1"]);
    let third = pages.project.spawn(&["worker", "--once", "--workers", "1"]);
    at_work(&pages, 3).await;
    first.outcome().await.succeeded();
    second.outcome().await.succeeded().says("is done");
    third.outcome().await.succeeded();
    pages.assert_each_row_done_once("three processes").await;
    assert_eq!(pages.state().await, "done");
    let signed: i64 =
        pages.database().value("SELECT count(*) FROM longhaul.event WHERE kind = 'run.done'").await;
    assert_eq!(signed, 1);
    let left: i64 = pages.database().value("SELECT count(*) FROM longhaul.worker").await;
    assert_eq!(left, 0, "somebody is still registered");
}

#[tokio::test]
async fn what_a_killed_process_had_goes_on_elsewhere() {
    let pages = shared().await;
    let first = pages.project.spawn(&["run", "fill", "--workers", "1"]);
    pages.database().until("EXISTS (SELECT FROM longhaul.range WHERE rows_seen > 0)").await;
    let second = pages.project.spawn(&["run", "fill", "--join", "--workers", "1"]);
    at_work(&pages, 2).await;
    // The one that leads.
    first.kill().await;
    second.outcome().await.succeeded();
    pages.assert_each_row_done_once("the leader was killed").await;
    assert_eq!(pages.state().await, "done");
    let buried: i64 =
        pages.database().value("SELECT count(*) FROM longhaul.event WHERE kind = 'worker.dead'").await;
    assert_eq!(buried, 1);
}

#[tokio::test]
async fn a_process_that_is_frozen_past_its_lease_commits_nothing_when_it_wakes() {
    let pages = shared().await;
    pages.project.configure("[limits]\nrows_per_second = 3000\n");
    let first = pages.project.spawn(&["run", "fill", "--workers", "1"]);
    pages.database().until("EXISTS (SELECT FROM longhaul.range WHERE rows_seen > 0)").await;
    let second = pages.project.spawn(&["run", "fill", "--join", "--workers", "1"]);
    at_work(&pages, 2).await;
    first.signal(Signal::STOP);
    pages.database().until("EXISTS (SELECT FROM longhaul.event WHERE kind = 'worker.dead')").await;
    first.signal(Signal::CONT);
    first.outcome().await.ended_with(1);
    second.outcome().await.succeeded();
    pages.assert_each_row_done_once("a frozen process").await;
}

#[tokio::test]
async fn one_that_is_told_to_stop_leaves_the_others_at_work() {
    let pages = shared().await;
    let first = pages.project.spawn(&["run", "fill", "--workers", "1"]);
    pages.database().until("EXISTS (SELECT FROM longhaul.range WHERE rows_seen > 0)").await;
    let second = pages.project.spawn(&["run", "fill", "--join", "--workers", "1"]);
    at_work(&pages, 2).await;
    first.signal(Signal::TERM);
    first.outcome().await.ended_with(4).says("other processes go on with it");
    second.outcome().await.succeeded();
    pages.assert_each_row_done_once("the leader was stopped").await;
    let states: i64 =
        pages.database().value("SELECT count(*) FROM longhaul.event WHERE kind = 'run.stopped'").await;
    assert_eq!(states, 0, "the run counts as stopped");
}
