//! A streaming standby: what is written reaches it, a run holds while it doesn't replay, and it takes no run itself.

use crate::support::{Items, JobKind, Primary, wait_for};

#[tokio::test]
async fn a_run_holds_while_a_standby_does_not_replay() {
    let primary = Primary::start(&[]).await;
    let standby = primary.standby().await;
    let items = Items::on(primary.database().await, 600, JobKind::Counting).await;
    items.project.configure("[limits]\nrows_per_second = 50\nreplica_lag = \"1s\"\n");
    let mut process = items.project.spawn(&["run", "fill"]);
    items.passed(20).await;
    standby.pause_replay().await;
    process.hear("held: replica lag").await;
    items.until("(SELECT count(*) = 1 FROM longhaul.event WHERE kind = 'hold.began')").await;
    let status = items.project.longhaul(&["status", "fill"]).await.succeeded().stdout;
    assert!(status.contains("held: replica lag") && status.contains("> 1"), "{status}");
    let held_at = items.checkpoint().await;
    assert!(held_at < 600, "it never held");

    standby.resume_replay().await;
    items.until("(SELECT count(*) >= 1 FROM longhaul.event WHERE kind = 'hold.ended')").await;
    items.project.configure("");
    process.kill().await;
    items.sessions_are_gone().await;
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    items.assert_each_row_done_once("a paused standby").await;
}

#[tokio::test]
async fn what_is_written_reaches_the_standby_unless_its_replay_is_paused() {
    let primary = Primary::start(&[("archive_mode", "on"), ("archive_command", "false")]).await;
    let standby = primary.standby().await;
    let database = primary.database().await;
    let url = standby.url.replace("/postgres", "/test");
    let rows =
        async |client: &tokio_postgres::Client| match client.query_one("SELECT count(*) FROM t", &[]).await {
            Ok(row) => row.get::<_, i64>(0),
            Err(_) => -1,
        };
    database.execute("CREATE TABLE t (id int); INSERT INTO t VALUES (1)").await;
    wait_for("the database is on the standby", || async {
        tokio_postgres::connect(&url, tokio_postgres::NoTls).await.is_ok()
    })
    .await;
    let (copy, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    wait_for("the row is on the standby", || async { rows(&copy).await == 1 }).await;

    standby.pause_replay().await;
    database.execute("INSERT INTO t VALUES (2)").await;
    let flushed = "SELECT bool_and(flush_lsn >= pg_current_wal_lsn()) FROM pg_stat_replication";
    wait_for("the standby has got the second row", || async {
        database.value::<Option<bool>>(flushed).await == Some(true)
    })
    .await;
    assert_eq!(rows(&copy).await, 1, "it was replayed all the same");

    standby.resume_replay().await;
    wait_for("the second row is on the standby", || async { rows(&copy).await == 2 }).await;
    assert_eq!(database.value::<String>("SELECT current_setting('archive_mode')").await, "on");
    standby.stop().await;
    assert!(tokio_postgres::connect(&url, tokio_postgres::NoTls).await.is_err(), "it is still there");
}

#[tokio::test]
async fn a_run_on_a_standby_is_refused() {
    let primary = Primary::start(&[]).await;
    let standby = primary.standby().await;
    let items = Items::on(primary.database().await, 10, JobKind::Counting).await;
    let url = standby.url.replace("/postgres", "/test");
    wait_for("the database is on the standby", || async {
        tokio_postgres::connect(&url, tokio_postgres::NoTls).await.is_ok()
    })
    .await;
    let outcome = items.project.longhaul(&["run", "fill", "--database-url", &url]).await.ended_with(1);
    outcome.says("is a standby and takes no writes").says("connect to the primary");
    let run: bool = items.database().value("SELECT to_regclass('longhaul.run') IS NOT NULL").await;
    assert!(!run, "something was stored");
}
