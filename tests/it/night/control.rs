//! `pause`, `resume`, `cancel` and `set`, in each state of a run, and the pause file.

use crate::support::{Items, JobKind};

/// So slow that a command finds it at work: ten rows a batch.
async fn slow(rows: i32) -> Items {
    let items = Items::new(rows, JobKind::Counting).await;
    items.project.configure("[limits]\nrows_per_second = 100\n");
    items
}

async fn log(items: &Items) -> String {
    items.project.longhaul(&["log", "fill"]).await.succeeded().stdout
}

#[tokio::test]
async fn a_run_that_is_paused_stops_after_its_batch_and_goes_on_when_it_is_resumed() {
    let items = slow(400).await;
    let process = items.project.spawn(&["run", "fill"]);
    items.passed(30).await;
    items.project.longhaul(&["pause", "fill", "--why", "payroll run"]).await.succeeded().says("pauses after");
    process.outcome().await.ended_with(4).says("was paused by").says("payroll run");
    assert_eq!(items.state().await, "paused");
    let stands = items.checkpoint().await;
    items.assert_rows_fit_the_checkpoint("paused").await;

    items.project.longhaul(&["run", "fill"]).await.ended_with(4).says("payroll run");
    assert_eq!(items.checkpoint().await, stands, "a paused run was gone on with");
    let status = items.project.longhaul(&["status", "fill"]).await.succeeded().stdout;
    assert!(status.contains("wanted      pause by") && status.contains("payroll run"), "{status}");

    items.project.longhaul(&["resume", "fill"]).await.succeeded().says("may go on");
    assert_eq!(items.state().await, "waiting");
    items.project.configure("");
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    items.assert_each_row_done_once("paused and resumed").await;
    let log = log(&items).await;
    for told in ["pause of run 1 was asked for: payroll run", "was paused by", "was resumed by"] {
        assert!(log.contains(told), "`{told}` is not in:\n{log}");
    }
}

#[tokio::test]
async fn a_pause_that_waits_goes_on_by_itself_when_it_is_resumed() {
    let items = slow(300).await;
    let mut process = items.project.spawn(&["run", "fill", "--wait"]);
    items.passed(20).await;
    items.project.longhaul(&["pause", "fill"]).await.succeeded();
    process.hear("was paused by").await;
    items.until("(SELECT state = 'paused' FROM longhaul.run)").await;
    items.project.longhaul(&["resume", "fill"]).await.succeeded();
    process.outcome().await.succeeded();
    items.assert_each_row_done_once("waited out a pause").await;
}

#[tokio::test]
async fn a_run_that_is_cancelled_ends_for_good_and_another_can_be_begun() {
    let items = slow(300).await;
    let process = items.project.spawn(&["run", "fill"]);
    items.passed(20).await;
    items.project.longhaul(&["cancel", "fill", "--why", "wrong column"]).await.succeeded();
    process.outcome().await.ended_with(4).says("was cancelled by").says("wrong column");
    assert_eq!(items.state().await, "cancelled");
    items.project.longhaul(&["resume", "fill"]).await.ended_with(1).says("is cancelled can't be resumed");
    items.project.longhaul(&["cancel", "fill"]).await.succeeded().says("cancelled already");
}

#[tokio::test]
async fn what_means_nothing_says_what_is_possible() {
    let items = Items::new(20, JobKind::Sweeping).await;
    items.project.longhaul(&["pause", "fill"]).await.ended_with(1).says("has no run on this database");
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    for command in ["pause", "resume", "cancel"] {
        let outcome = items.project.longhaul(&[command, "fill"]).await.ended_with(1);
        assert!(outcome.stderr.contains("hint:") && outcome.stderr.contains("--anew"), "{}", outcome.stderr);
    }
    items
        .project
        .longhaul(&["set", "fill", "rows_per_second=5"])
        .await
        .ended_with(1)
        .says("given other settings");
}

#[tokio::test]
async fn a_run_that_nobody_is_at_work_on_is_paused_and_cancelled_at_once() {
    let items = slow(200).await;
    let process = items.project.spawn(&["run", "fill"]);
    items.passed(20).await;
    process.kill().await;
    items.sessions_are_gone().await;
    items.project.longhaul(&["pause", "fill"]).await.succeeded().says("is paused; nobody was at work");
    assert_eq!(items.state().await, "paused");
    items.project.longhaul(&["pause", "fill"]).await.succeeded().says("paused already");
    items.project.longhaul(&["resume", "fill"]).await.succeeded();
    items.project.longhaul(&["cancel", "fill"]).await.succeeded().says("is cancelled");
    assert_eq!(items.state().await, "cancelled");
}

#[tokio::test]
async fn settings_of_a_run_at_work_hold_from_its_next_batch_on() {
    let items = Items::new(3000, JobKind::Counting).await;
    items
        .project
        .write("fill.toml", &(items.project.read("fill.toml") + "\n[limits]\nrows_per_second = 20\n"));
    let process = items.project.spawn(&["run", "fill"]);
    items.passed(10).await;
    // At 20 rows a second it would take minutes.
    items.project.longhaul(&["set", "fill", "rows_per_second=off", "--why", "quiet"]).await.succeeded();
    process.outcome().await.succeeded();
    items.assert_each_row_done_once("set").await;
    assert!(log(&items).await.contains("set rows_per_second=off for run 1: quiet"));
}

#[tokio::test]
async fn limits_of_the_whole_database_hold_every_run() {
    let items = Items::new(100, JobKind::Counting).await;
    items.project.longhaul(&["set", "--database", "rows_per_second=20"]).await.succeeded();
    let process = items.project.spawn(&["run", "fill"]);
    items.passed(30).await;
    let passed: i64 = items.database().value("SELECT sum(rows_seen)::int8 FROM longhaul.range").await;
    assert!(passed < 100, "{passed} rows went out at once");
    items.project.longhaul(&["set", "--database", "rows_per_second="]).await.succeeded();
    process.outcome().await.succeeded();
    items.assert_each_row_done_once("limited").await;
}

#[tokio::test]
async fn while_the_pause_file_is_there_the_run_holds_and_the_log_says_why() {
    let items = Items::new(200, JobKind::Counting).await;
    items.project.write("hold", "backup at work\n");
    let file = items.project.jobs().join("hold");
    let mut process = items.project.spawn(&["run", "fill", "--pause-file", file.to_str().unwrap()]);
    process.hear("backup at work").await;
    items.until("EXISTS (SELECT FROM longhaul.event WHERE kind = 'hold.began')").await;
    assert_eq!(items.checkpoint().await, 0);
    std::fs::remove_file(&file).unwrap();
    process.outcome().await.succeeded();
    items.assert_each_row_done_once("held by a file").await;
    let log = log(&items).await;
    assert!(log.contains("backup at work"), "{log}");
}
