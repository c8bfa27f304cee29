//! What other sessions do.

use std::time::Duration;

use longhaul::model::{Limit, Limits};

use super::{Watch, assert_begins, assert_contains, connect, none};
use crate::support::Database;

#[tokio::test]
async fn too_many_active_sessions_hold_until_they_are_fewer_and_our_own_do_not_count() {
    let database = Database::alone().await;
    let limits = Limits { active_sessions: Some(Limit::At(2)), ..none() };
    let mut watch = Watch::new(&database.url, &limits).await;
    assert_eq!(watch.held(0).await, [""; 0]);

    let mut busy = Vec::new();
    for _ in 0..3 {
        let client = database.connect().await;
        let cancel = client.cancel_token();
        busy.push((tokio::spawn(async move { client.batch_execute("SELECT pg_sleep(60)").await }), cancel));
    }
    let ours = connect(&database.url, "batches").await;
    let ours = tokio::spawn(async move { ours.batch_execute("SELECT pg_sleep(60)").await });
    let sleeping = "(SELECT count(*) = 4 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(6%' AND state = 'active')";
    database.until(sleeping).await;
    assert_eq!(watch.reason(1).await, "active sessions 3 > 2");
    assert_eq!(watch.verdict(1).load, Some(1.5));

    let (task, cancel) = busy.pop().unwrap();
    cancel.cancel_query(tokio_postgres::NoTls).await.unwrap();
    task.await.unwrap().unwrap_err();
    assert_eq!(watch.reason(2).await, "active sessions 2 > 1.6 (held since it passed 2)");
    for (task, cancel) in busy {
        cancel.cancel_query(tokio_postgres::NoTls).await.unwrap();
        task.await.unwrap().unwrap_err();
    }
    assert_eq!(watch.held(3).await, [""; 0]);
    ours.abort();
}

#[tokio::test]
async fn an_old_transaction_holds_and_is_named() {
    let database = Database::alone().await;
    let limits = Limits { oldest_transaction: Some(Limit::At(Duration::from_millis(1))), ..none() };
    let mut watch = Watch::new(&database.url, &limits).await;
    assert_eq!(watch.held(0).await, [""; 0]);
    let other = database.connect().await;
    other.batch_execute("SET application_name = 'month_end'; BEGIN; SELECT 1").await.unwrap();
    database.until("clock_timestamp() > (SELECT min(xact_start) + interval '10 ms' FROM pg_stat_activity WHERE application_name = 'month_end')").await;
    let reason = watch.reason(5).await;
    assert_begins(&reason, "oldest transaction ");
    assert_contains(&reason, " > 1 ms (session ");
    assert_contains(&reason, ", month_end, user admin, idle in transaction)");
    other.batch_execute("COMMIT").await.unwrap();
    assert_eq!(watch.held(10).await, [""; 0]);
}

#[tokio::test]
async fn a_canary_that_sings_late_holds() {
    let database = Database::empty().await;
    let canary = |query: &str, latency| Limits {
        canaries: vec![query.to_owned()],
        canary_latency: Some(Limit::At(Duration::from_millis(latency))),
        ..none()
    };
    let mut watch = Watch::new(&database.url, &canary("SELECT 1, 2", 999)).await;
    assert_eq!(watch.held(0).await, [""; 0]);
    assert!(watch.verdict(0).load.is_some_and(|load| load > 0.0 && load < 1.0));

    watch.signals.set_limits(&canary("SELECT pg_sleep(0.05)", 20));
    let reason = watch.reason(1).await;
    assert_begins(&reason, "canary latency ");
    assert_contains(&reason, " > 20 ms");

    watch.signals.set_limits(&canary("SELECT pg_sleep(30)", 20));
    assert_contains(&watch.reason(2).await, "(given up)");
}
