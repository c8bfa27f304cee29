//! The stop ladder: the first signal finishes the batch, the second cancels it, the third leaves at once.

use std::time::Duration;

use rustix::process::Signal;

use crate::support::{Items, JobKind, Process};

/// A job whose batch of the rows 31 to 40 waits for the lock that the session holds.
async fn blocked() -> (Items, tokio_postgres::Client, Process) {
    let items = Items::new(60, JobKind::Counting).await;
    items.project.configure("lock_timeout = \"60s\"");
    let holder = items.holding(35).await;
    let process = items.project.spawn(&["run", "fill"]);
    items.batch_is_blocked().await;
    (items, holder, process)
}

#[tokio::test]
async fn the_first_signal_finishes_the_batch_and_the_run_goes_on_from_there() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let (items, holder, mut process) = blocked().await;
        process.signal(signal);
        process.hear("finishing the batch").await;
        holder.batch_execute("ROLLBACK").await.unwrap();

        let outcome = process.outcome().await.ended_with(4);
        outcome.says("finishing the batch, then stopping").says("its last batch was committed");
        assert_eq!(items.assert_rows_fit_the_checkpoint("stopped").await, 40, "{signal:?}");
        assert_eq!(items.state().await, "stopped");
        let status = items.project.longhaul(&["status", "fill"]).await.succeeded().stdout;
        assert!(status.contains("stopped"), "{status}");

        let outcome = items.project.longhaul(&["run", "fill"]).await.succeeded();
        outcome.says("was stopped by an operator's signal").says("goes on after id 40");
        items.assert_each_row_done_once("stopped and gone on").await;
    }
}

#[tokio::test]
async fn the_second_signal_cancels_the_batch_in_the_server_and_keeps_nothing_of_it() {
    let (items, holder, mut process) = blocked().await;
    process.signal(Signal::INT);
    process.hear("finishing the batch").await;
    process.signal(Signal::TERM);

    let outcome = process.outcome().await.ended_with(130);
    outcome.says("cancelling the batch in the server").says("nothing of it kept");
    assert_eq!(items.assert_rows_fit_the_checkpoint("cancelled").await, 30);
    assert_eq!(items.state().await, "stopped");

    holder.batch_execute("ROLLBACK").await.unwrap();
    items.project.longhaul(&["run", "fill"]).await.succeeded().says("goes on after id 30");
    items.assert_each_row_done_once("cancelled and gone on").await;
}

#[tokio::test]
async fn the_third_signal_leaves_at_once_even_when_the_server_cancels_nothing() {
    let items = Items::new(60, JobKind::Counting).await;
    // A trigger that is deaf to cancels, until it is let go; a sequence, which no rollback takes back, counts them.
    items
        .database()
        .execute(
            "CREATE SEQUENCE cancels; CREATE TABLE gate (open bool); INSERT INTO gate VALUES (false);
             CREATE FUNCTION deaf() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
                 LOOP
                     BEGIN
                         PERFORM nextval('attempts');
                         WHILE NOT (SELECT open FROM gate) LOOP PERFORM pg_sleep(0.01); END LOOP;
                         RETURN NEW;
                     EXCEPTION WHEN query_canceled THEN
                         PERFORM nextval('cancels');
                     END;
                 END LOOP;
             END $$;
             CREATE TRIGGER deaf BEFORE UPDATE ON items FOR EACH ROW WHEN (OLD.id = 35) EXECUTE FUNCTION deaf()",
        )
        .await;
    let process = items.project.spawn(&["run", "fill"]);
    items.until("is_called FROM attempts").await;
    process.signal(Signal::INT);
    process.signal(Signal::TERM);
    items.until("is_called FROM cancels").await;
    process.signal(Signal::HUP);
    process.outcome().await.ended_with(130);
    assert_eq!(items.state().await, "running");

    items.database().execute("UPDATE gate SET open = true").await;
    items.assert_rows_fit_the_checkpoint("left at once").await;
    items.project.longhaul(&["run", "fill"]).await.succeeded().says("its process is gone");
    items.assert_each_row_done_once("left at once and gone on").await;
}

#[tokio::test]
async fn a_stop_ends_the_wait_before_another_attempt() {
    let items = Items::new(60, JobKind::Counting).await;
    items.project.configure("lock_timeout = \"1ms\"");
    items.count_attempts_at(31).await;
    let holder = items.holding(35).await;
    let process = items.project.spawn(&["run", "fill"]);
    // The pause after the eighth attempt is of 2.5 seconds at the least.
    items.until("last_value >= 8 FROM attempts").await;
    items
        .until(
            "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                     AND application_name = 'longhaul batches' AND state = 'idle')",
        )
        .await;

    process.signal(Signal::TERM);
    let outcome = tokio::time::timeout(Duration::from_secs(2), process.outcome()).await;
    outcome.expect("the pause is broken off").ended_with(4).says("trying again");
    assert_eq!(items.assert_rows_fit_the_checkpoint("stopped while it waited").await, 30);

    holder.batch_execute("ROLLBACK").await.unwrap();
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    items.assert_each_row_done_once("stopped while it waited, and gone on").await;
}
