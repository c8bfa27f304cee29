//! What is wrong with the server or the table holds a run: the log has its beginning and its end, `status` shows it, and
//! the run goes on by itself.

use crate::support::{Items, JobKind, Primary, Process};

/// More rows than a run at 50 a second does while a slow machine gets something in its way ready.
const ROWS: i32 = 4000;

/// A run at work under these limits, slow enough for something to happen meanwhile.
async fn at_work(items: &Items, limits: &str) -> Process {
    items.project.configure(&format!("[limits]\n{limits}\n"));
    // In the job's file, where `set` stands above it.
    items
        .project
        .write("fill.toml", &(items.project.read("fill.toml") + "\n[limits]\nrows_per_second = 50\n"));
    let process = items.project.spawn(&["run", "fill"]);
    items.passed(20).await;
    process
}

/// Fails unless the run holds for this reason, and says so to everybody.
async fn holds(items: &Items, process: &mut Process, reason: &str) {
    process.hear(&format!("held: {reason}")).await;
    items.until("(SELECT count(*) = 1 FROM longhaul.event WHERE kind = 'hold.began')").await;
    let status = items.project.longhaul(&["status", "fill"]).await.succeeded().stdout;
    assert!(status.contains(&format!("held: {reason}")), "{status}");
    // The batch in hand has ended by now.
    let before = items.checkpoint().await;
    assert!(before < items.rows, "it never held");
    items.until("(SELECT min(clock_timestamp() - at) > interval '1 s' FROM longhaul.event WHERE kind = 'hold.began')").await;
    assert_eq!(items.checkpoint().await, before, "a batch was begun while it held");
}

/// Fails unless the run goes on to its end, and the log tells of one hold.
async fn goes_on(items: &Items, process: Process, reason: &str) {
    items.until("(SELECT count(*) = 1 FROM longhaul.event WHERE kind = 'hold.ended')").await;
    items.project.longhaul(&["set", "fill", "rows_per_second=off"]).await.succeeded();
    process.outcome().await.succeeded();
    items.assert_each_row_done_once(reason).await;
    let log = items.project.longhaul(&["log", "fill"]).await.succeeded().stdout;
    assert!(log.contains(reason), "`{reason}` is not in:\n{log}");
}

#[tokio::test]
async fn an_old_transaction_holds_a_run_until_it_ends() {
    let primary = Primary::start(&[]).await;
    let items = Items::on(primary.database().await, ROWS, JobKind::Counting).await;
    let mut process = at_work(&items, "oldest_transaction = \"2s\"").await;
    let report = items.database().connect().await;
    report.batch_execute("SET application_name = 'report'; BEGIN; SELECT count(*) FROM items").await.unwrap();
    holds(&items, &mut process, "oldest transaction").await;
    report.batch_execute("COMMIT").await.unwrap();
    goes_on(&items, process, "report").await;
}

#[tokio::test]
async fn an_archive_that_fails_holds_a_run_until_it_has_caught_up() {
    let primary = Primary::start(&[("archive_mode", "on"), ("archive_command", "false")]).await;
    let items = Items::on(primary.database().await, ROWS, JobKind::Counting).await;
    let mut process = at_work(&items, "unarchived_wal = \"17MB\"").await;
    for _ in 0..3 {
        items.database().execute("CREATE TABLE t (); DROP TABLE t").await;
        items.database().execute("SELECT pg_switch_wal()").await;
    }
    holds(&items, &mut process, "WAL not archived").await;
    items.database().execute("ALTER SYSTEM SET archive_command = 'true'").await;
    items.database().execute("SELECT pg_reload_conf()").await;
    goes_on(&items, process, "WAL not archived").await;
}

#[tokio::test]
async fn an_autovacuum_of_the_table_holds_a_run_that_wants_that() {
    let primary = Primary::start(&[("autovacuum_naptime", "1s")]).await;
    let items = Items::on(primary.database().await, ROWS, JobKind::Counting).await;
    let mut process = at_work(&items, "autovacuum = \"hold\"").await;
    // Many pages to read, and a long sleep after each.
    items
        .database()
        .execute(
            "ALTER TABLE items ADD filler text;
             INSERT INTO items (id, old, filler) SELECT 100000 + i, 0, repeat('x', 500) FROM generate_series(1, 20000) AS i;
             DELETE FROM items WHERE id > 100000;
             ALTER TABLE items SET (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0,
                                    autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)",
        )
        .await;
    holds(&items, &mut process, "autovacuum workers on the table").await;
    // Whoever wants the lock of a DDL command makes it give way.
    items.database().execute("ALTER TABLE items SET (autovacuum_enabled = off)").await;
    goes_on(&items, process, "autovacuum workers on the table").await;
}

#[tokio::test]
async fn settings_that_this_version_cant_read_hold_a_run() {
    let primary = Primary::start(&[]).await;
    let items = Items::on(primary.database().await, ROWS, JobKind::Counting).await;
    let mut process = at_work(&items, "").await;
    items.database().execute("UPDATE longhaul.run SET settings = 'moon_phase = \"full\"'").await;
    holds(&items, &mut process, "the settings stored for this run can't be read").await;
    items.database().execute("UPDATE longhaul.run SET settings = ''").await;
    goes_on(&items, process, "moon_phase").await;
}
