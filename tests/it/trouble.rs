//! Locks, deadlocks, lost connections, slow rows and bad rows: what passes is waited for, what doesn't stops the run.

use rustix::process::Signal;
use tokio_postgres::Client;

use crate::support::{Items, JobKind, Primary, Proxy, signal};

const WAITS_LONG: &str = "lock_timeout = \"60s\"";

/// Ends the sessions of this name; returns how many there were.
async fn terminate(items: &Items, application: &str) -> i64 {
    items
        .database()
        .row(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = $1",
            &[&application],
        )
        .await
        .get(0)
}

#[tokio::test]
async fn a_lock_of_another_session_is_waited_for_and_tried_again() {
    let items = Items::new(60, JobKind::Counting).await;
    items.project.configure("lock_timeout = \"20ms\"");
    items.count_attempts_at(31).await;
    let holder = items.holding(35).await;
    let process = items.project.spawn(&["run", "fill"]);
    items.until("last_value >= 4 FROM attempts").await;
    holder.batch_execute("ROLLBACK").await.unwrap();
    process.outcome().await.succeeded().says("waiting: ").says("lock timeout; trying again");
    items.assert_each_row_done_once("lock timeouts").await;
}

#[tokio::test]
async fn a_deadlock_is_tried_again() {
    let items = Items::new(60, JobKind::Counting).await;
    // The lock monitor would end it before the server finds it.
    items.project.configure(&format!("{WAITS_LONG}\n[limits]\nblocked_for = \"60s\"\n"));
    let other = items.holding(35).await;
    // The server looks for deadlocks on behalf of the batch, so the batch is what it cancels.
    other.batch_execute("SET LOCAL deadlock_timeout = '60s'").await.unwrap();
    let process = items.project.spawn(&["run", "fill"]);
    items.batch_is_blocked().await;
    // The batch has the rows 31 to 34 and waits for 35; now 35 waits for 32.
    other.batch_execute("SELECT FROM items WHERE id = 32 FOR UPDATE; ROLLBACK").await.unwrap();
    process.outcome().await.succeeded().says("deadlock detected").says("trying again");
    items.assert_each_row_done_once("a deadlock").await;
}

#[tokio::test]
async fn lost_connections_in_the_middle_of_batches_are_made_again() {
    let items = Items::new(60, JobKind::Counting).await;
    items.project.configure(WAITS_LONG);
    let mut holder: Client = items.holding(5).await;
    let process = items.project.spawn(&["run", "fill"]);
    for row in [15, 25, 45, 55] {
        items.batch_is_blocked().await;
        assert_eq!(terminate(&items, "longhaul batches").await, 1);
        let next = items.holding(row).await;
        holder.batch_execute("ROLLBACK").await.unwrap();
        holder = next;
        items.passed(row - 5).await;
    }
    holder.batch_execute("ROLLBACK").await.unwrap();
    process.outcome().await.succeeded().says("terminating connection").says("trying again");
    items.assert_each_row_done_once("four lost connections").await;
}

#[tokio::test]
async fn lost_connections_between_batches_are_made_again() {
    let items = Items::new(4000, JobKind::Counting).await;
    let holder = items.holding(4000).await;
    let process = items.project.spawn(&["run", "fill"]);
    for keys in [50, 300, 600, 900, 1200] {
        items.passed(keys).await;
        terminate(&items, "longhaul batches").await;
    }
    holder.batch_execute("ROLLBACK").await.unwrap();
    process.outcome().await.succeeded();
    items.assert_each_row_done_once("five lost connections").await;
}

#[tokio::test]
async fn a_batch_that_commits_after_its_connection_was_lost_is_not_done_again() {
    let items = Items::new(60, JobKind::Counting).await;
    items.project.configure(WAITS_LONG);
    let proxy = Proxy::before(items.database()).await;
    let holder = items.holding(35).await;
    let process = items.project.spawn(&["run", "fill", "--database-url", &proxy.url]);
    items.batch_is_blocked().await;
    proxy.cut();
    // The old batch still waits for its row. The same batch comes on a new connection, and waits for the old one.
    items
        .until(
            "2 = count(*) FROM pg_stat_activity WHERE datname = current_database()
             AND application_name = 'longhaul batches' AND wait_event_type = 'Lock'",
        )
        .await;
    holder.batch_execute("ROLLBACK").await.unwrap();
    process.outcome().await.succeeded().says("connection closed; trying again");
    drop(proxy);
    items.assert_each_row_done_once("committed after its connection was lost").await;
}

#[tokio::test]
async fn a_sign_off_whose_answer_was_lost_is_found_again() {
    let items = Items::new(60, JobKind::Counting).await;
    items.project.configure(WAITS_LONG);
    let proxy = Proxy::before(items.database()).await;
    let holder = items.holding(35).await;
    let process = items.project.spawn(&["run", "fill", "--database-url", &proxy.url]);
    items.batch_is_blocked().await;
    // Committing the sign-off waits for a lock, long enough to lose the connection meanwhile.
    items
        .database()
        .execute(
            "CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$;
             CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON longhaul.event INITIALLY DEFERRED
             FOR EACH ROW WHEN (NEW.kind = 'run.done') EXECUTE FUNCTION slow_commit()",
        )
        .await;
    let commit = items.database().connect().await;
    commit.batch_execute("SELECT pg_advisory_lock(1)").await.unwrap();
    holder.batch_execute("ROLLBACK").await.unwrap();
    items
        .until(
            "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                     AND application_name = 'longhaul batches' AND wait_event = 'advisory' AND query = 'COMMIT')",
        )
        .await;
    proxy.cut();
    items
        .until(
            "2 = count(*) FROM pg_stat_activity WHERE datname = current_database()
             AND application_name = 'longhaul batches' AND wait_event_type = 'Lock'",
        )
        .await;
    commit.batch_execute("SELECT pg_advisory_unlock(1)").await.unwrap();
    process.outcome().await.succeeded().says("run 1 of fill is done: 60 rows changed");
    drop(proxy);
    items.assert_each_row_done_once("a sign-off whose answer was lost").await;
    let ends: i64 =
        items.database().value("SELECT count(*) FROM longhaul.event WHERE kind = 'run.done'").await;
    assert_eq!(ends, 1);
}

#[tokio::test]
async fn answers_that_are_lost_are_looked_up_and_never_guessed() {
    let items = Items::new(2000, JobKind::Counting).await;
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let proxy = Proxy::before(items.database()).await;
    let process = items.project.spawn(&["run", "fill", "--database-url", &proxy.url]);
    let mut keys = 0;
    for _ in 0..10 {
        keys += random.i32(1..=150);
        items.passed(keys).await;
        proxy.cut();
    }
    process.outcome().await.succeeded();
    drop(proxy);
    items.assert_each_row_done_once(&format!("lost answers, seed {seed}")).await;
}

#[tokio::test]
async fn a_heart_that_loses_its_connection_does_no_harm() {
    let items = Items::new(60, JobKind::Counting).await;
    items.project.configure(WAITS_LONG);
    let holder = items.holding(35).await;
    let process = items.project.spawn(&["run", "fill"]);
    items.batch_is_blocked().await;
    let beats = "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                         AND application_name = 'longhaul heartbeat' AND query LIKE '%worker%')";
    for _ in 0..3 {
        items.until(beats).await;
        terminate(&items, "longhaul heartbeat").await;
        items.until(&format!("NOT {beats}")).await;
    }
    items.until(beats).await;
    items.project.longhaul(&["run", "fill"]).await.ended_with(75);
    holder.batch_execute("ROLLBACK").await.unwrap();
    process.outcome().await.succeeded();
    items.assert_each_row_done_once("three lost hearts").await;
}

#[tokio::test]
async fn batches_on_slow_rows_become_smaller() {
    let items = Items::new(1500, JobKind::Counting).await;
    items.write_slow_job("100ms");
    items
        .database()
        .execute(
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN PERFORM pg_sleep(0.001); RETURN NEW; END $$;
             CREATE TRIGGER slow BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION slow()",
        )
        .await;
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    items.assert_each_row_done_once("slow rows").await;
    let sizes: Vec<i64> =
        items.database().value("SELECT array_agg(rows_seen ORDER BY id) FROM longhaul.batch").await;
    assert_eq!(sizes[0], 1000);
    assert!(sizes[1..].iter().all(|size| *size < 500), "{sizes:?}");
}

#[tokio::test]
async fn a_batch_that_passes_its_statement_timeout_is_split() {
    let items = Items::new(1500, JobKind::Counting).await;
    items.write_slow_job("500ms");
    // One row that takes longer than the ten seconds a batch has, but only the first time.
    items
        .database()
        .execute(
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN IF nextval('attempts') = 1 THEN PERFORM pg_sleep(60); END IF; RETURN NEW; END $$;
             CREATE TRIGGER slow BEFORE UPDATE ON items FOR EACH ROW WHEN (OLD.id = 700)
             EXECUTE FUNCTION slow()",
        )
        .await;
    items.project.longhaul(&["run", "fill"]).await.succeeded().says("statement timeout; trying again");
    items.assert_each_row_done_once("a statement timeout").await;
    let sizes: Vec<i64> =
        items.database().value("SELECT array_agg(rows_seen ORDER BY id) FROM longhaul.batch").await;
    assert_eq!(sizes[0], 500, "{sizes:?}");
}

#[tokio::test]
async fn a_cancel_from_outside_is_tried_again_with_smaller_batches() {
    let items = Items::new(1500, JobKind::Counting).await;
    items.project.configure(WAITS_LONG);
    items.write_slow_job("500ms");
    let holder = items.holding(700).await;
    let process = items.project.spawn(&["run", "fill"]);
    items.batch_is_blocked().await;
    items
        .database()
        .execute(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'longhaul batches'",
        )
        .await;
    items.passed(500).await;
    holder.batch_execute("ROLLBACK").await.unwrap();
    process.outcome().await.succeeded().says("canceling statement due to user request; trying again");
    items.assert_each_row_done_once("a cancel from outside").await;
}

#[tokio::test]
async fn a_row_that_cant_take_its_value_stops_the_run_until_it_is_mended() {
    let items = Items::new(60, JobKind::Sweeping).await;
    items
        .database()
        .execute(
            "UPDATE items SET old = -35 WHERE id = 35; TRUNCATE audit;
             ALTER TABLE items ADD CONSTRAINT new_is_positive CHECK (new > 0)",
        )
        .await;
    let outcome = items.project.longhaul(&["run", "fill"]).await.ended_with(1);
    outcome
        .says("the row id = 35 can't take its new value, and nothing of its batch was kept")
        .says("new_is_positive")
        .says("[SQLSTATE 23514]")
        .says("hint: ");
    assert_eq!(items.assert_rows_fit_the_checkpoint("a bad row").await, 30);
    assert_eq!(items.state().await, "failed");

    // Nothing has changed, so it fails again, at the same place, and does nothing twice.
    items.project.longhaul(&["run", "fill"]).await.ended_with(1);
    assert_eq!(items.assert_rows_fit_the_checkpoint("a bad row, again").await, 30);

    items
        .database()
        .execute("ALTER TABLE items DISABLE TRIGGER audit; UPDATE items SET old = 35 WHERE id = 35")
        .await;
    items.database().execute("ALTER TABLE items ENABLE TRIGGER audit").await;
    items.project.longhaul(&["run", "fill"]).await.succeeded().says("goes on after id 30");
    items.assert_each_row_done_once("the row is mended").await;
}

#[tokio::test]
async fn a_proof_whose_connection_is_lost_is_taken_anew() {
    let items = Items::new(100, JobKind::Sweeping).await;
    let holder = items.holding_the_proof().await;
    let mut process = items.project.spawn(&["run", "fill", "--workers", "1"]);
    for _ in 0..3 {
        items.batch_is_blocked().await;
        let proves =
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'";
        let process_id: i32 = items.database().value(proves).await;
        assert_eq!(terminate(&items, "longhaul batches").await, 1);
        items.until(&format!("NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {process_id})")).await;
    }
    process.hear("trying again").await;
    items.batch_is_blocked().await;
    drop(holder);
    process.outcome().await.succeeded();
    items.assert_each_row_done_once("the proof was cut off").await;
}

#[tokio::test]
async fn a_backend_that_is_paused_is_waited_for() {
    let primary = Primary::start(&[]).await;
    let items = Items::on(primary.database().await, 60, JobKind::Counting).await;
    let holder = items.holding(35).await;
    let process = items.project.spawn(&["run", "fill"]);
    items.batch_is_blocked().await;
    let backend: i32 = items
        .database()
        .value("SELECT pid FROM pg_stat_activity WHERE application_name = 'longhaul batches' AND wait_event_type = 'Lock'")
        .await;
    signal(backend, Signal::STOP);
    holder.batch_execute("ROLLBACK").await.unwrap();
    // Its process lives and beats meanwhile.
    items.until("(SELECT max(heartbeat_at) > clock_timestamp() - interval '2 s' AND max(started_at) < clock_timestamp() - interval '4 s' FROM longhaul.worker)").await;
    assert_eq!(items.checkpoint().await, 30);
    signal(backend, Signal::CONT);
    process.outcome().await.succeeded();
    items.assert_each_row_done_once("a paused backend").await;
}
