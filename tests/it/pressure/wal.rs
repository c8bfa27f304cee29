//! WAL: who keeps it, where it goes, how much there is.

use std::time::Duration;

use longhaul::model::{Limit, Limits};

use super::{Watch, assert_begins, assert_contains, none, own_server};
use crate::support::{Database, wait_for};

/// In a transaction that ends on the disk, so that the server's position has it.
const WRITE: &str = "SELECT pg_logical_emit_message(true, 'test', repeat('x', 2000000))";

#[tokio::test]
async fn a_slot_holds_by_what_it_keeps_and_as_a_standby_that_was_cut_off() {
    let database = Database::alone().await;
    let limits = Limits {
        slot_retained: Some(Limit::At(1 << 20)),
        replica_lag: Some(Limit::At(Duration::from_secs(5))),
        replica_lag_bytes: Some(Limit::At(1 << 20)),
        ..none()
    };
    let mut watch = Watch::new(&database.url, &limits).await;
    assert_eq!(watch.held(0).await, [""; 0], "no slot and no replica");

    // A slot begins where the last checkpoint did.
    database.execute("CHECKPOINT").await;
    database.execute("SELECT pg_create_physical_replication_slot('reporting', true)").await;
    assert_eq!(watch.held(5).await, [""; 0]);
    database.execute(WRITE).await;
    let held = watch.held(10).await;
    assert_eq!(held.len(), 2, "{held:?}");
    assert_begins(&held[0], "replica lag in WAL 1.9 MB > 1 MB (slot reporting, not connected)");
    assert_begins(&held[1], "WAL kept by a slot 1.9 MB > 1 MB (slot reporting)");

    // The checkpoint's own record was missing at 5 already.
    let held = watch.held(16).await;
    assert_begins(&held[0], "replica lag 11 s > 5 s (slot reporting, not connected)");
    database.execute("SELECT pg_drop_replication_slot('reporting')").await;
    assert_eq!(watch.held(21).await, [""; 0]);
}

#[tokio::test]
async fn a_slot_that_loses_wal_holds_and_is_named() {
    let (server, client) = own_server(&[("max_slot_wal_keep_size", "1MB"), ("min_wal_size", "32MB")]).await;
    client.batch_execute("SELECT pg_create_physical_replication_slot('reporting', true)").await.unwrap();
    let limits = Limits { slot_retained: Some(Limit::At(1 << 40)), ..none() };
    let mut watch = Watch::new(&server.url("postgres"), &limits).await;
    assert_eq!(watch.held(0).await, [""; 0]);
    for _ in 0..4 {
        client.batch_execute(WRITE).await.unwrap();
        client.batch_execute("SELECT pg_switch_wal()").await.unwrap();
    }
    client.batch_execute("CHECKPOINT").await.unwrap();
    let reason = watch.reason(5).await;
    assert_begins(&reason, "a slot loses WAL true > false (slot reporting, wal_status ");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn wal_that_the_archive_does_not_take_holds_and_the_command_is_named() {
    let (server, client) =
        own_server(&[("archive_mode", "on"), ("archive_command", "false # %p --password=secret")]).await;
    let limits = Limits { unarchived_wal: Some(Limit::At(17 << 20)), ..none() };
    let mut watch = Watch::new(&server.url("postgres"), &limits).await;
    assert_eq!(watch.held(0).await, [""; 0]);
    for _ in 0..3 {
        client.batch_execute(WRITE).await.unwrap();
        client.batch_execute("SELECT pg_switch_wal()").await.unwrap();
    }
    wait_for("the archiver has failed", || async {
        let failed = "SELECT failed_count > 0 FROM pg_stat_archiver";
        client.query_one(failed, &[]).await.unwrap().get(0)
    })
    .await;
    let reason = watch.reason(5).await;
    assert_begins(&reason, "WAL not archived 48 MB > 17 MB (archive_command failed at 2");

    let mend = ["ALTER SYSTEM SET archive_command = 'true'", "SELECT pg_reload_conf()"];
    for statement in mend {
        client.batch_execute(statement).await.unwrap();
    }
    watch.until(5, "the archive has caught up", <[String]>::is_empty).await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn where_nothing_is_archived_nothing_waits() {
    let database = Database::empty().await;
    let limits = Limits { unarchived_wal: Some(Limit::At(1)), ..none() };
    assert_eq!(Watch::new(&database.url, &limits).await.held(0).await, [""; 0]);
}

#[tokio::test]
async fn the_rate_of_the_servers_wal_holds() {
    let database = Database::alone().await;
    let limits = Limits { server_wal_per_second: Some(Limit::At(1000)), ..none() };
    let mut watch = Watch::new(&database.url, &limits).await;
    let first = watch.reason(0).await;
    assert_eq!(first, "WAL of the server not read yet: a rate takes two readings");
    database.execute(WRITE).await;
    let reason = watch.reason(1).await;
    assert_begins(&reason, "WAL of the server ");
    assert_contains(&reason, "/s > 1000 B/s");
}

#[tokio::test]
async fn requested_checkpoints_hold_for_a_minute() {
    let database = Database::alone().await;
    let limits = Limits { requested_checkpoints: Some(Limit::At(1)), ..none() };
    let mut watch = Watch::new(&database.url, &limits).await;
    assert_eq!(watch.held(0).await, [""; 0]);
    for _ in 0..3 {
        database.execute(WRITE).await;
        database.execute("CHECKPOINT").await;
    }
    let counted = |held: &[String]| held == ["requested checkpoints 3/min > 1/min"];
    let second = watch.until(0, "the checkpoints are counted", counted).await;
    assert_eq!(watch.held(second + 70).await, [""; 0]);
}
