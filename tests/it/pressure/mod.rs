//! Signals against a real server: provoked, they hold with a reason; when it is over they let go.

mod loads;
mod probes;
mod rights;
mod tables;
mod trouble;
mod wal;

use std::time::{Duration, Instant};

use longhaul::clock::Clock;
use longhaul::config::{Environment, Target};
use longhaul::model::{Limit, Limits};
use longhaul::pg::local::{Durability, LocalServer, LocalServerOptions};
use longhaul::pg::{Connection, Connector};
use longhaul::plan::pressure::Verdict;
use longhaul::throttle::{SampleError, Signals};
use tokio_postgres::{Client, NoTls};

/// Signals with a connection of their own, and a time that the test moves.
struct Watch {
    connection: Connection,
    signals: Signals,
    start: Instant,
}

impl Watch {
    async fn new(url: &str, limits: &Limits) -> Self {
        Self::over(url, limits, 0).await
    }

    /// Over the table with this oid.
    async fn over(url: &str, limits: &Limits, table: u32) -> Self {
        let connection = connect(url, "signals").await;
        Self { connection, signals: Signals::new(limits, table), start: Clock::system().monotonic() }
    }

    async fn sample(&mut self, second: u64) -> Result<(), SampleError> {
        self.signals.sample(&self.connection, self.start + Duration::from_secs(second)).await
    }

    fn verdict(&mut self, second: u64) -> Verdict {
        self.signals.verdict(self.start + Duration::from_secs(second))
    }

    /// Reads what is due at `second`; why the run is held then.
    async fn held(&mut self, second: u64) -> Vec<String> {
        self.sample(second).await.unwrap();
        self.verdict(second).holds.into_iter().map(|hold| hold.reason).collect()
    }

    /// Reads every five seconds, from `second` on, until the reasons are as awaited; the second when they were.
    async fn until(&mut self, second: u64, what: &str, awaited: impl Fn(&[String]) -> bool) -> u64 {
        let state = tokio::sync::Mutex::new((self, second));
        crate::support::wait_for(what, || async {
            let mut state = state.lock().await;
            state.1 += 5;
            let second = state.1;
            awaited(&state.0.held(second).await)
        })
        .await;
        state.into_inner().1
    }

    /// The one reason.
    async fn reason(&mut self, second: u64) -> String {
        let mut held = self.held(second).await;
        assert_eq!(held.len(), 1, "{held:?}");
        held.remove(0)
    }
}

async fn connect(url: &str, purpose: &str) -> Connection {
    let target = Target::resolve(Some(url), &Environment::default()).unwrap();
    Connector::new(target, Duration::from_secs(10)).connect(purpose).await.unwrap()
}

/// No signal at all; a test asks for its own.
fn none() -> Limits {
    Limits {
        replica_lag: Some(Limit::Off),
        replica_lag_bytes: Some(Limit::Off),
        slot_retained: Some(Limit::Off),
        active_sessions: Some(Limit::Off),
        unarchived_wal: Some(Limit::Off),
        free_disk: Some(Limit::Off),
        ..Limits::default()
    }
}

/// A server of a test's own, with settings of its own.
async fn own_server(settings: &[(&str, &str)]) -> (LocalServer, Client) {
    let options = LocalServerOptions {
        durability: Durability::Volatile,
        settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        ..LocalServerOptions::from_environment().unwrap()
    };
    let server = LocalServer::start(&Clock::system(), &options).await.unwrap();
    let (client, connection) = tokio_postgres::connect(&server.url("postgres"), NoTls).await.unwrap();
    tokio::spawn(connection);
    (server, client)
}

#[track_caller]
fn assert_begins(text: &str, beginning: &str) {
    assert!(text.starts_with(beginning), "`{text}` does not begin with `{beginning}`");
}

#[track_caller]
fn assert_contains(text: &str, part: &str) {
    assert!(text.contains(part), "`{part}` is not in `{text}`");
}
