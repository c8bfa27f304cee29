//! The stop ladder: finish the batch, cancel it, leave at once; and on again.

use rustix::process::Signal;

use crate::support::{Database, Process, Project, wait_for};

const WAITING: &str = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'longhaul batches' \
                       AND datname = current_database() AND wait_event_type = 'Lock')";

async fn project() -> Project {
    let project = Project::new(Database::empty().await);
    project
        .database
        .execute(
            "CREATE TABLE pay (id int PRIMARY KEY, old int, new int);
             INSERT INTO pay SELECT i, i, NULL FROM generate_series(1, 300) AS i",
        )
        .await;
    project.write(
        "fill.toml",
        "[job]\ntable = \"pay\"\nset = { new = \"old\" }\n[batch]\nmin = 10\nmax = 10\n[limits]\nrows_per_second = 100\n",
    );
    let config = project.jobs().join("../config");
    std::fs::create_dir(&config).unwrap();
    std::fs::write(config.join("development.toml"), "lock_timeout = \"60s\"\n").unwrap();
    project
}

async fn done(project: &Project) -> i64 {
    project.database.value("SELECT count(*) FROM pay WHERE new IS NOT NULL").await
}

async fn state(project: &Project) -> String {
    project.database.value("SELECT state FROM longhaul.run").await
}

/// A run whose batch waits for a row that this session holds.
async fn blocked(project: &Project) -> (Process, tokio_postgres::Client) {
    let holder = project.database.connect().await;
    holder.batch_execute("BEGIN; SELECT FROM pay WHERE id = 25 FOR UPDATE").await.unwrap();
    let process = project.spawn(&["run", "fill"]);
    wait_for("the batch waits for the row", || async { project.database.value(WAITING).await }).await;
    (process, holder)
}

#[tokio::test]
async fn the_first_signal_of_each_kind_finishes_the_batch_and_the_run_can_be_resumed() {
    let project = project().await;
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let before = done(&project).await;
        let process = project.spawn(&["run", "fill"]);
        wait_for("the run has done some rows", || async { done(&project).await > before }).await;
        process.signal(signal);
        process.outcome().await.ended_with(4).says("finishing the batch").says("run it again to go on");
        assert_eq!(state(&project).await, "stopped");
        assert_eq!(done(&project).await % 10, 0, "only whole batches");
    }
    let last = done(&project).await;
    let resumed = project.longhaul(&["run", "fill"]).await.succeeded();
    resumed.says(&format!("the backfill goes on after id {last}")).says("stopped by an operator's signal");
    assert_eq!(done(&project).await, 300);
}

#[tokio::test]
async fn the_second_signal_cancels_the_batch_in_the_server_and_nothing_of_it_is_kept() {
    let project = project().await;
    let (process, holder) = blocked(&project).await;
    assert_eq!(done(&project).await, 20);
    process.signal(Signal::INT);
    process.signal(Signal::TERM);
    wait_for("both signals are heard", || async { !project.database.value::<bool>(WAITING).await }).await;
    process.outcome().await.ended_with(130).says("its batch was cancelled");
    assert_eq!((done(&project).await, state(&project).await.as_str()), (20, "stopped"));
    holder.batch_execute("ROLLBACK").await.unwrap();
    project.longhaul(&["run", "fill"]).await.succeeded();
    assert_eq!(done(&project).await, 300);
}

#[tokio::test]
async fn the_third_signal_leaves_at_once_and_the_next_run_goes_on() {
    let project = project().await;
    let (mut process, holder) = blocked(&project).await;
    // The server is kept from answering to the cancellation: its backend is stopped by hand.
    let backend: i32 = project
        .database
        .value("SELECT pid FROM pg_stat_activity WHERE application_name = 'longhaul batches' AND datname = current_database()")
        .await;
    let backend = rustix::process::Pid::from_raw(backend).unwrap();
    rustix::process::kill_process(backend, Signal::STOP).unwrap();
    // Each must be heard by itself: signals that come together count as one.
    while process.is_running() {
        process.signal(Signal::INT);
        wait_for("a moment", || async { project.database.value("SELECT pg_sleep(0.05) IS NOT NULL").await })
            .await;
    }
    let outcome = process.outcome().await;
    rustix::process::kill_process(backend, Signal::CONT).unwrap();
    outcome.ended_with(130).says("again to leave at once");
    holder.batch_execute("ROLLBACK").await.unwrap();
    project.longhaul(&["run", "fill"]).await.succeeded();
    assert_eq!(done(&project).await, 300);
}
