//! Behind a pool in session mode, and one that changes its mode.

use rustix::process::Signal;

use crate::support::{Items, JobKind, Mode, Pooler, simple_value};

/// More than a run has connections.
const SESSIONS: usize = 12;

const NO_BATCH_IS_OPEN: &str = "NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
     AND application_name = 'longhaul batches' AND xact_start IS NOT NULL)";

#[tokio::test]
async fn a_run_through_a_session_pool_is_killed_and_resumed_and_does_each_row_once() {
    let items = Items::new(600, JobKind::Counting).await;
    let Some(pooler) = Pooler::before(items.database(), Mode::Session, "").await else { return };
    items.project.configure("[limits]\nrows_per_second = 300\n");
    let run = ["run", "fill", "--database-url", &pooler.url];
    let process = items.project.spawn(&run);
    items.passed(50).await;
    process.kill().await.was_killed();
    items.project.configure("");
    items.project.longhaul(&run).await.succeeded();
    let status = items.project.longhaul(&["status", "fill", "--database-url", &pooler.url]).await.succeeded();
    assert!(status.stdout.contains("done"), "{}", status.stdout);
    // A session keeps the name of its last client until the pool gives it to another.
    pooler.stop().await;
    items.assert_each_row_done_once("through a session pool").await;
}

#[tokio::test]
async fn a_pool_that_changes_its_mode_under_a_run_stops_it_and_no_row_is_done_twice() {
    let items = Items::new(600, JobKind::Counting).await;
    let Some(pooler) = Pooler::before(items.database(), Mode::Session, "").await else { return };
    items.project.configure("[limits]\nrows_per_second = 100\n");
    let process = items.project.spawn(&["run", "fill", "--database-url", &pooler.url]);
    items.passed(50).await;
    pooler.change_mode(Mode::Transaction).await;
    let outcome = process.outcome().await.ended_with(1);
    outcome.says("is a pooler in transaction mode in between?");
    pooler.stop().await;
    let reached = items.assert_rows_fit_the_checkpoint("the mode changed").await;
    assert!(reached < 600, "it was through before the mode changed");

    items.project.configure("");
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    items.assert_each_row_done_once("the mode changed").await;
}

/// Statements by the names that the worker's session has for them, with the types of their parameters.
const PREPARED: &str = "SELECT string_agg(format('DEALLOCATE ALL; PREPARE %I (%s) AS %s', name,
                                array_to_string(parameter_types::text[], ','), statement), '; ')
                        FROM pg_prepared_statements
                        WHERE statement LIKE '%.fence(%' OR statement LIKE '%UPDATE%items%'";

#[tokio::test]
async fn a_batch_never_runs_what_another_process_calls_by_the_same_name() {
    let items = Items::new(600, JobKind::Counting).await;
    items
        .database()
        .execute(
            "CREATE TABLE others (LIKE items INCLUDING ALL); INSERT INTO others (id, old) SELECT id, old FROM items",
        )
        .await;
    let Some(pooler) = Pooler::before(items.database(), Mode::Session, "").await else { return };
    // A batch every two seconds or three.
    items.project.configure("[limits]\nrows_per_second = 4\n");
    let run = ["run", "fill", "--workers", "1", "--database-url", &pooler.url];
    let process = items.project.spawn(&run);
    items.passed(10).await;
    pooler.change_mode(Mode::Transaction).await;
    // With the end of its next transaction the worker's session goes back into the pool.
    items.until("(SELECT sum(rows_seen) FROM longhaul.range) > 10").await;
    process.signal(Signal::STOP);
    items.until(NO_BATCH_IS_OPEN).await;

    // Every session of the pool, each held by a transaction: whoever opens one gets one that nobody has.
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        let client = pooler.connect().await;
        client.batch_execute("BEGIN").await.unwrap();
        sessions.push(client);
    }
    let mut statements = String::new();
    let mut workers = None;
    for (at, client) in sessions.iter().enumerate() {
        let found = simple_value(client, &format!("SELECT coalesce(({PREPARED}), '')")).await;
        if found.contains(".fence(") {
            (statements, workers) = (found, Some(at));
        }
    }
    let workers = workers.expect("the worker's session is one of the pool's");
    // The job of another process, say, whose statements got the same numbers.
    let theirs = statements.replace("items", "others");
    let theirs = format!("DEALLOCATE ALL; {}", theirs.replace("DEALLOCATE ALL; ", ""));
    for (at, client) in sessions.iter().enumerate() {
        if at != workers {
            client.batch_execute(&format!("{theirs}; COMMIT")).await.unwrap();
        }
    }
    process.signal(Signal::CONT);

    process.outcome().await.ended_with(1).says("is a pooler in transaction mode in between?");
    drop(sessions);
    pooler.stop().await;
    let others: i64 = items.database().value("SELECT count(*) FROM others WHERE visits > 0").await;
    assert_eq!(others, 0, "rows of another job's table were changed");
    items.assert_rows_fit_the_checkpoint("sessions were mixed up").await;
    items.project.configure("");
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    items.assert_each_row_done_once("sessions were mixed up").await;
}
