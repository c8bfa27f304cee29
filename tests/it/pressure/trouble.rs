//! When the signals themselves are in trouble.

use std::time::Duration;

use longhaul::model::{Limit, Limits};
use longhaul::throttle::{SampleError, Signals};

use super::{Watch, assert_begins, connect, none};
use crate::support::Database;

fn limits() -> Limits {
    Limits { active_sessions: Some(Limit::At(100)), ..none() }
}

#[tokio::test]
async fn what_was_never_read_holds() {
    let database = Database::empty().await;
    let mut watch = Watch::new(&database.url, &limits()).await;
    let holds = watch.verdict(0).holds;
    assert_eq!(holds[0].reason, "active sessions not read yet");
}

#[tokio::test]
async fn a_lost_connection_is_an_error_and_the_readings_grow_old_until_there_is_another() {
    let database = Database::empty().await;
    let mut watch = Watch::new(&database.url, &limits()).await;
    assert_eq!(watch.held(0).await, [""; 0]);
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE application_name = 'longhaul signals' AND datname = current_database()";
    database.execute(end).await;
    database.until("(SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'longhaul signals' AND datname = current_database())").await;
    assert!(matches!(watch.sample(1).await, Err(SampleError::Lost(_))));
    assert_eq!(watch.verdict(15).holds, []);
    let holds = watch.verdict(16).holds;
    assert_begins(&holds[0].reason, "active sessions not read for 16 s > 15 s");
    watch.connection = connect(&database.url, "signals").await;
    assert_eq!(watch.held(17).await, [""; 0]);
}

#[tokio::test]
async fn a_sample_that_is_cut_off_leaves_no_transaction_behind() {
    let database = Database::empty().await;
    let slow = longhaul::model::Probe {
        name: None,
        question: longhaul::model::Question::Sql { query: "SELECT pg_sleep(0.5), 0".into(), above: 0.0 },
        every: Duration::from_secs(1),
    };
    let mut watch = Watch::new(&database.url, &Limits { probes: vec![slow], ..none() }).await;
    let cut_off = tokio::time::timeout(Duration::from_millis(100), watch.sample(0)).await;
    assert!(cut_off.is_err());
    watch.signals.set_limits(&limits());
    assert_eq!(watch.held(1).await, [""; 0]);
    let open = "(SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'longhaul signals' AND state LIKE 'idle in%')";
    database.until(open).await;
}

#[tokio::test]
async fn with_nothing_to_watch_nothing_holds() {
    let database = Database::empty().await;
    let mut watch = Watch::new(&database.url, &none()).await;
    watch.signals = Signals::new(&none(), 0);
    assert_eq!(watch.held(0).await, [""; 0]);
    assert_eq!(watch.verdict(600).holds, []);
}
