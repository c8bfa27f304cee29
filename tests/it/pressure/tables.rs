//! What happens to the run's own table.

use longhaul::model::{Limit, Limits, OnAutovacuum};

use super::{Watch, assert_begins, assert_contains, none, own_server};
use crate::support::{Database, wait_for};

#[tokio::test]
async fn dead_rows_of_a_partitioned_table_hold_until_a_vacuum() {
    let database = Database::alone().await;
    database
        .execute(
            "CREATE TABLE entry (id int, n int) PARTITION BY RANGE (id); \
             CREATE TABLE entry_1 PARTITION OF entry FOR VALUES FROM (0) TO (500) WITH (autovacuum_enabled = off); \
             CREATE TABLE entry_2 PARTITION OF entry FOR VALUES FROM (500) TO (1000) WITH (autovacuum_enabled = off); \
             INSERT INTO entry SELECT i, 0 FROM generate_series(0, 999) AS i",
        )
        .await;
    let table: u32 = database.value("SELECT 'entry'::regclass::oid").await;
    let limits = Limits { dead_tuples: Some(Limit::At(0.3)), ..none() };
    let mut watch = Watch::over(&database.url, &limits, table).await;
    database.until("(SELECT sum(n_live_tup) = 1000 FROM pg_stat_user_tables)").await;
    assert_eq!(watch.held(0).await, [""; 0]);
    database.execute("UPDATE entry SET n = 1").await;
    database.until("(SELECT sum(n_dead_tup) = 1000 FROM pg_stat_user_tables)").await;
    assert_eq!(watch.reason(5).await, "dead rows of the table 50 % > 30 %");
    database.execute("VACUUM entry").await;
    database.until("(SELECT sum(n_dead_tup) = 0 FROM pg_stat_user_tables)").await;
    assert_eq!(watch.held(10).await, [""; 0]);
}

#[tokio::test]
async fn an_autovacuum_of_the_table_holds_where_that_is_asked_for() {
    let (server, client) = own_server(&[("autovacuum_naptime", "1s")]).await;
    client
        .batch_execute(
            "CREATE TABLE entry (id int, filler text) WITH (autovacuum_vacuum_threshold = 1, \
             autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1); \
             INSERT INTO entry SELECT i, repeat('x', 500) FROM generate_series(1, 20000) AS i; DELETE FROM entry",
        )
        .await
        .unwrap();
    let table: u32 = client.query_one("SELECT 'entry'::regclass::oid", &[]).await.unwrap().get(0);
    let limits = Limits { autovacuum: Some(OnAutovacuum::Hold), ..none() };
    let mut watch = Watch::over(&server.url("postgres"), &limits, table).await;
    let mut second = 0;
    let mut reason = String::new();
    while reason.is_empty() {
        wait_for("an autovacuum is at work", || async {
            let at_work = "SELECT EXISTS (SELECT FROM pg_stat_progress_vacuum)";
            client.query_one(at_work, &[]).await.unwrap().get(0)
        })
        .await;
        // It may be another table's.
        reason = watch.held(second).await.pop().unwrap_or_default();
        second += 5;
    }
    assert_begins(&reason, "autovacuum workers on the table 1 > 0 (process ");
    let ignored = Limits { autovacuum: Some(OnAutovacuum::Ignore), ..none() };
    watch.signals.set_limits(&ignored);
    assert_eq!(watch.held(second).await, [""; 0]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_full_disk_holds_and_is_named() {
    use longhaul::model::FreeDisk;

    let database = Database::empty().await;
    let table: u32 = database.value("SELECT 'pg_class'::regclass::oid").await;
    let all = FreeDisk { share: Some(1.0), bytes: Some(1 << 60) };
    let limits = Limits { free_disk: Some(Limit::At(all)), ..none() };
    let mut watch = Watch::over(&database.url, &limits, table).await;
    let held = watch.held(0).await;
    assert_eq!(held.len(), 2, "{held:?}");
    let directory: String = database.value("SELECT current_setting('data_directory')").await;
    assert_begins(&held[0], "free disk ");
    assert_contains(&held[0], &format!(" % < 100 % ({directory}"));
    assert_contains(&held[1], " < 1048576 TB (");
}
