//! The lock of the history and what becomes of it, and the locks of others that a revision meets.

use rustix::process::Signal;

use super::gate::{AT_THE_GATE, Gate, HERE, entries, ledger, terminate, until, waiting_at_the_gate};
use crate::support::Project;

/// Two revisions; the first waits at the gate before it writes into the ledger.
async fn gated() -> Project {
    let project = ledger().await;
    let first = format!(
        "-- revision: aaaa1111\n-- message: the first\n-- migrate:up\n{AT_THE_GATE};\nINSERT INTO ledger VALUES ('first');\n"
    );
    project.write("1.sql", &first);
    project.write(
        "2.sql",
        "-- revision: bbbb2222\n-- revises: aaaa1111\n-- migrate:up\nINSERT INTO ledger VALUES ('second');\n",
    );
    project.configure("lock_timeout = \"60s\"");
    project
}

#[tokio::test]
async fn whoever_waits_for_the_lock_in_vain_is_told_whose_it_is() {
    let project = gated().await;
    let gate = Gate::close(&project.database).await;
    let holder = project.spawn(&["upgrade"]);
    waiting_at_the_gate(&project.database, 1).await;
    project.configure("history_wait = \"1s\"");
    let actor: String = project
        .database
        .value("SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'longhaul upgrade by %'")
        .await;
    assert!(actor.contains(" on ") && actor.contains("(process "), "{actor}");
    for command in [&["upgrade"][..], &["stamp", "base"]] {
        project
            .longhaul(command)
            .await
            .ended_with(75)
            .says("another process is changing the history: `longhaul upgrade by ")
            .says("error: waited ")
            .says("hint: try again when it is done; `history_wait` in the configuration is how long to wait");
    }
    gate.open().await;
    holder.outcome().await.succeeded();
    assert_eq!(entries(&project.database).await, "first second");
}

#[tokio::test]
async fn somebody_who_locks_the_history_by_hand_is_named_too() {
    let project = gated().await;
    project.longhaul(&["upgrade", "aaaa"]).await.succeeded();
    project.configure("history_wait = \"1ms\"");
    project
        .database
        .execute("SET application_name = 'ann by hand'; BEGIN; LOCK TABLE longhaul.history_lock")
        .await;
    project.longhaul(&["upgrade"]).await.ended_with(75).says("changing the history: `ann by hand`, session ");
    project.database.execute("COMMIT").await;
    project.longhaul(&["upgrade"]).await.succeeded();
}

#[tokio::test]
async fn a_holder_that_is_killed_leaves_the_lock_and_nothing_half_done() {
    let project = gated().await;
    let gate = Gate::close(&project.database).await;
    let killed = project.spawn(&["upgrade"]);
    waiting_at_the_gate(&project.database, 1).await;
    killed.kill().await;
    // What it had sent is at work in the server still.
    let next = project.spawn(&["upgrade"]);
    waiting_at_the_gate(&project.database, 2).await;
    gate.open().await;
    next.outcome().await.succeeded();
    until(&project.database, "NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'longhaul%')").await;
    assert_eq!(entries(&project.database).await, "first second");
}

#[tokio::test]
async fn a_holder_that_froze_and_wakes_up_does_nothing_twice() {
    let project = gated().await;
    let gate = Gate::close(&project.database).await;
    let frozen = project.spawn(&["upgrade"]);
    waiting_at_the_gate(&project.database, 1).await;
    frozen.signal(Signal::STOP);
    // As the server does after a minute.
    terminate(&project.database, "longhaul upgrade by %").await;
    let next = project.spawn(&["upgrade"]);
    waiting_at_the_gate(&project.database, 2).await;
    gate.open().await;
    next.outcome().await.succeeded();
    frozen.signal(Signal::CONT);
    frozen.outcome().await.succeeded();
    assert_eq!(entries(&project.database).await, "first second");
    let recorded = "SELECT count(*) = 2 FROM longhaul.event WHERE kind = 'revision.applied'";
    assert!(project.database.value::<bool>(recorded).await);
}

#[tokio::test]
async fn an_upgrade_that_loses_the_lock_takes_it_again_and_goes_on() {
    let project = gated().await;
    let gate = Gate::close(&project.database).await;
    let upgrade = project.spawn(&["upgrade"]);
    waiting_at_the_gate(&project.database, 1).await;
    terminate(&project.database, "longhaul upgrade by %").await;
    gate.open().await;
    upgrade.outcome().await.succeeded();
    assert_eq!(entries(&project.database).await, "first second");
}

#[tokio::test]
async fn an_index_built_concurrently_does_not_wait_for_those_who_wait_for_the_lock() {
    let project = gated().await;
    let text = "-- revision: aaaa1111\n-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY l ON ledger (entry);\n\
                INSERT INTO ledger VALUES ('first');\n";
    project.write("1.sql", text);
    let writer = project.database.connect().await;
    writer.batch_execute("BEGIN; INSERT INTO ledger VALUES ('writer')").await.unwrap();
    let holder = project.spawn(&["upgrade"]);
    until(&project.database, "EXISTS (SELECT FROM pg_stat_progress_create_index WHERE datname = current_database() AND phase LIKE 'waiting for %')").await;
    let mut waiting = [project.spawn(&["upgrade"]), project.spawn(&["upgrade"])];
    for process in &mut waiting {
        process.hear("another process is changing the history").await;
    }
    writer.batch_execute("COMMIT").await.unwrap();
    holder.outcome().await.succeeded();
    for process in waiting {
        process.outcome().await.succeeded();
    }
    assert_eq!(entries(&project.database).await, "first second writer");
}

const ALTER: &str = "-- revision: aaaa1111\n-- migrate:up\nALTER TABLE ledger ADD COLUMN amount int;\n";

#[tokio::test]
async fn a_lock_in_the_way_is_asked_for_again_and_again_and_whoever_reads_gets_through() {
    let project = ledger().await;
    project.write("1.sql", ALTER).configure("lock_timeout = \"200ms\"");
    let holder = project.database.connect().await;
    holder
        .batch_execute("SET application_name = 'payroll clerk'; BEGIN; SELECT 'month end' FROM ledger")
        .await
        .unwrap();
    let mut upgrade = project.spawn(&["upgrade"]);
    upgrade.hear("revision aaaa1111 waits for a lock of session").await;
    upgrade.hear("payroll clerk, idle in transaction for").await;
    upgrade.hear("SELECT 'month end' FROM ledger").await;
    // While it tries again and again, nobody queues behind it for long.
    for _ in 0..20 {
        project.database.execute("SET lock_timeout = '2s'; SELECT FROM ledger").await;
    }
    holder.batch_execute("COMMIT").await.unwrap();
    upgrade.outcome().await.succeeded();
    project.database.execute("SELECT amount FROM ledger").await;
}

#[tokio::test]
async fn a_revision_that_waits_for_a_lock_stops_at_once_when_it_is_told_to() {
    let project = ledger().await;
    project.write("1.sql", ALTER).configure("lock_timeout = \"100ms\"");
    let holder = project.database.connect().await;
    holder.batch_execute("BEGIN; SELECT FROM ledger").await.unwrap();
    let mut upgrade = project.spawn(&["upgrade"]);
    upgrade.hear("waits for a lock").await;
    upgrade.signal(Signal::INT);
    upgrade.outcome().await.ended_with(4).says("stopped before revision aaaa1111");
    let left = format!(
        "NOT EXISTS (SELECT FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'ledger'::regclass AND {HERE})"
    );
    until(&project.database, &left).await;
}

#[tokio::test]
async fn an_old_transaction_is_let_finish_before_the_lock_is_asked_for() {
    let project = ledger().await;
    project.write("1.sql", ALTER).configure("lock_timeout = \"60s\"");
    let holder = project.database.connect().await;
    holder.batch_execute("BEGIN; SELECT FROM ledger").await.unwrap();
    until(&project.database, "min(xact_start) < clock_timestamp() - interval '5 seconds' FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'").await;
    let mut upgrade = project.spawn(&["upgrade"]);
    upgrade.hear("revision aaaa1111 lets session").await;
    let asked = format!("SELECT count(*) FROM pg_locks WHERE NOT granted AND {HERE}");
    assert_eq!(project.database.value::<i64>(&asked).await, 0, "nobody queues behind it");
    upgrade.signal(Signal::INT);
    upgrade.outcome().await.ended_with(4).says("stopped before");
    let upgrade = project.spawn(&["upgrade"]);
    holder.batch_execute("COMMIT").await.unwrap();
    upgrade.outcome().await.succeeded();
}

#[tokio::test]
async fn a_deadlock_is_tried_again() {
    let project = ledger().await;
    let database = &project.database;
    database.execute("CREATE TABLE a (); CREATE TABLE b ()").await;
    project.configure("lock_timeout = \"60s\"").write(
        "1.sql",
        &format!(
            "-- revision: aaaa1111\n-- migrate:up\nSET LOCAL deadlock_timeout = '1ms';\nINSERT INTO ledger VALUES ('1');\n\
             LOCK TABLE a IN SHARE MODE;\n{AT_THE_GATE};\nLOCK TABLE b IN SHARE MODE;\n"
        ),
    );
    let gate = Gate::close(database).await;
    let mut upgrade = project.spawn(&["upgrade"]);
    waiting_at_the_gate(database, 1).await;
    let other = database.connect().await;
    other
        .batch_execute("SET deadlock_timeout = '60s'; BEGIN; LOCK TABLE b IN ROW EXCLUSIVE MODE")
        .await
        .unwrap();
    let crossing = tokio::spawn(async move {
        other.batch_execute("LOCK TABLE a IN ROW EXCLUSIVE MODE").await.unwrap();
        other
    });
    until(
        database,
        &format!("EXISTS (SELECT FROM pg_locks WHERE relation = 'a'::regclass AND NOT granted AND {HERE})"),
    )
    .await;
    gate.open().await;
    // The revision was the one that had to give way.
    let other = crossing.await.unwrap();
    upgrade.hear("revision aaaa1111 waits for a lock").await;
    other.batch_execute("COMMIT").await.unwrap();
    upgrade.outcome().await.succeeded();
    assert_eq!(entries(database).await, "1");
}
