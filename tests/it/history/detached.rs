//! What an upgrade leaves to workers, and how they carry it on.

use crate::support::{Database, Project};

#[tokio::test]
async fn an_upgrade_that_detaches_stops_before_the_data_and_a_worker_goes_on() {
    let project = Project::example(Database::empty().await);
    project
        .longhaul(&["upgrade", "--detach", "--tag", "night-7"])
        .await
        .succeeded()
        .says("left: 5c1d7e88a0f4 (a data revision that has not been run), c47be2d90a16");
    let current = || async { project.longhaul(&["current"]).await.succeeded().stdout };
    assert_eq!(current().await.trim(), "3f9a0c1b7d52 (current)");

    project.longhaul(&["worker", "--once"]).await.succeeded();
    assert_eq!(current().await.trim(), "c47be2d90a16 (head) (current)");
    let tag: String = project
        .database
        .value("SELECT detail ->> 'tag' FROM longhaul.event WHERE revision = 'c47be2d90a16' AND kind LIKE 'revision.%'")
        .await;
    assert_eq!(tag, "night-7");
    let outcome: String =
        project.database.value("SELECT string_agg(outcome, ', ') FROM longhaul.command").await;
    assert_eq!(outcome, "done");
}

#[tokio::test]
async fn two_workers_do_a_request_once() {
    let project = Project::example(Database::empty().await);
    project.longhaul(&["upgrade", "--detach"]).await.succeeded();
    let (one, other) = (project.spawn(&["worker", "--once"]), project.spawn(&["worker", "--once"]));
    let (one, other) = tokio::join!(one.outcome(), other.outcome());
    one.succeeded();
    other.succeeded();
    let runs: i64 = project.database.value("SELECT count(*) FROM longhaul.run").await;
    let applied: i64 =
        project.database.value("SELECT count(*) FROM longhaul.event WHERE kind = 'revision.applied'").await;
    assert_eq!((runs, applied), (1, 4));
}

#[tokio::test]
async fn a_request_that_fails_is_told_and_not_tried_for_ever() {
    let project = Project::example(Database::empty().await);
    project.longhaul(&["upgrade", "--detach"]).await.succeeded();
    project.database.execute("DROP TRIGGER entries_sync_gross_amount ON payroll.entries").await;
    project.longhaul(&["worker", "--once"]).await.ended_with(1).says("revision c47be2d90a16 failed");
    let outcome: String = project.database.value("SELECT outcome FROM longhaul.command").await;
    assert!(outcome.starts_with("failed: "), "{outcome}");
    project.longhaul(&["worker", "--once"]).await.succeeded();
}

#[tokio::test]
async fn a_worker_ends_when_it_is_told_to() {
    let project = Project::new(Database::empty().await);
    let mut worker = project.spawn(&["worker"]);
    worker.hear("waiting for unfinished runs").await;
    worker.signal(rustix::process::Signal::TERM);
    worker.outcome().await.ended_with(4);
}

#[tokio::test]
async fn a_job_that_is_cancelled_is_not_begun_again_by_a_worker() {
    let project = Project::example(Database::payroll().await);
    project.configure("[limits]\nrows_per_second = 500\n");
    project.longhaul(&["upgrade", "--detach"]).await.succeeded();
    let process = project.spawn(&["worker", "--once"]);
    project.database.until("(SELECT coalesce(sum(rows_seen), 0) > 100 FROM longhaul.range)").await;
    project.longhaul(&["cancel", "backfill_gross_amount", "--why", "wrong column"]).await.succeeded();
    process.outcome().await.succeeded().says("is given up: ").says("was cancelled");
    let outcome: String = project.database.value("SELECT outcome FROM longhaul.command").await;
    assert!(outcome.starts_with("cancelled: "), "{outcome}");
    project.longhaul(&["worker", "--once"]).await.succeeded();
    let runs: i64 = project.database.value("SELECT count(*) FROM longhaul.run").await;
    assert_eq!(runs, 1, "it was begun again");

    // Whoever asks again is answered.
    project.configure("");
    project.longhaul(&["upgrade", "--detach"]).await.succeeded();
    project.longhaul(&["worker", "--once"]).await.succeeded();
    let state: String =
        project.database.value("SELECT state FROM longhaul.run ORDER BY id DESC LIMIT 1").await;
    assert_eq!(state, "done");
}
