//! The one connection that pages are read through, and the pulse that open pages follow.
//!
//! Whoever looks at the same page within a pulse shares one reading of it. While pages are open the database is looked at
//! every two seconds, and at once when a command is notified; when nobody looks, nothing is asked, and after half a minute
//! the connection is closed. A statement that takes longer than five seconds is given up: the page never weighs on the
//! server. When the connection is lost the next reading makes another.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, watch};

use super::facts::{Facts, Reading};
use super::key::Key;
use super::problem::Problem;
use crate::clock::Clock;
use crate::config::Settings;
use crate::pg::{Connection, Connector};
use crate::store::{CHANNEL, Store};

/// How often open pages are read anew.
const PULSE: Duration = Duration::from_secs(2);
/// The same after a command: those at work obey it within a batch or two.
const EAGER: Duration = Duration::from_millis(400);
const EAGER_PULSES: u32 = 15;
/// Commands that come together are looked at together.
const GATHER: Duration = Duration::from_millis(50);
/// How long a connection that nobody uses stays open.
const IDLE: Duration = Duration::from_secs(30);
/// Readings that are kept at most.
const KEPT: usize = 50;
/// A session that only looks, and never for long.
const SESSION: &str =
    "SET statement_timeout = '5s'; SET lock_timeout = '2s'; SET default_transaction_read_only = on";

/// Reads pages.
pub(super) struct Reader {
    pub(super) store: Store,
    pub(super) settings: Settings,
    pub(super) connector: Connector,
    pub(super) clock: Clock,
    /// Counts pulses.
    pulse: watch::Sender<u64>,
    /// Counts open pages.
    watchers: watch::Sender<usize>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    connection: Option<Arc<Connection>>,
    read: HashMap<Key, Kept>,
    last_use: Option<Instant>,
}

/// A reading, and the pulse that it belongs to.
struct Kept {
    pulse: u64,
    at: Instant,
    facts: Result<Arc<Facts>, Problem>,
}

/// An open page. Dropped, it is closed.
pub(super) struct Watching(Arc<Reader>);

impl Reader {
    pub(super) fn new(store: Store, settings: Settings, connector: Connector, clock: Clock) -> Self {
        let (pulse, watchers) = (watch::Sender::new(0), watch::Sender::new(0));
        Self { store, settings, connector, clock, pulse, watchers, state: Mutex::default() }
    }

    /// What the page shows now. Cancellation safe.
    pub(super) async fn read(&self, key: &Key) -> Result<Arc<Facts>, Problem> {
        let mut state = self.state.lock().await;
        let (pulse, now) = (*self.pulse.borrow(), self.clock.monotonic());
        if let Some(kept) = state.read.get(key)
            && kept.pulse == pulse
            && now.duration_since(kept.at) < PULSE
        {
            return kept.facts.clone();
        }
        let facts = self.read_anew(&mut state, key).await.map(Arc::new);
        let at = self.clock.monotonic();
        state.last_use = Some(at);
        state.read.retain(|_, kept| at.duration_since(kept.at) < PULSE);
        if state.read.len() < KEPT {
            state.read.insert(key.clone(), Kept { pulse, at, facts: facts.clone() });
        }
        facts
    }

    async fn read_anew(&self, state: &mut State, key: &Key) -> Result<Facts, Problem> {
        if let Some(connection) = state.connection.take_if(|connection| connection.is_closed()) {
            drop(connection);
        }
        let is_new = state.connection.is_none();
        let connection = self.connection(state).await?;
        let facts = self.facts(&connection, key).await;
        if facts.is_ok() || !connection.is_closed() {
            return facts;
        }
        // The server may have been away since the last look, and be back.
        state.connection = None;
        if is_new {
            return facts;
        }
        let connection = self.connection(state).await?;
        self.facts(&connection, key).await
    }

    async fn facts(&self, connection: &Connection, key: &Key) -> Result<Facts, Problem> {
        let is_stored = self.store.is_readable(connection).await?;
        Reading { store: &self.store, settings: &self.settings, connection, is_stored }.facts(key).await
    }

    async fn connection(&self, state: &mut State) -> Result<Arc<Connection>, Problem> {
        if let Some(connection) = &state.connection {
            return Ok(connection.clone());
        }
        let connection = Arc::new(self.connector.connect("page").await?);
        let session = format!("LISTEN {CHANNEL}; {SESSION}");
        connection.batch_execute(&session).await.map_err(|source| {
            Problem::from(crate::store::StoreError::Sql { doing: "prepare the page's session", source })
        })?;
        Ok(state.connection.insert(connection).clone())
    }

    /// The job of a run: its id and its name.
    pub(super) async fn job_of(&self, run: i64) -> Result<(String, String), Problem> {
        match &*self.read(&Key::Cancel(run)).await? {
            Facts::Run(one) => Ok((one.standing.run.job.clone(), one.standing.run.name.clone())),
            _ => Err(Problem::not_found(format!("there is no run {run}"))),
        }
    }

    /// Something was changed: whatever was read is old.
    pub(super) fn forget(&self) {
        self.pulse.send_modify(|pulse| *pulse += 1);
    }

    /// Opens a page: until the guard is dropped there are pulses.
    pub(super) fn watch(self: &Arc<Self>) -> Watching {
        self.watchers.send_modify(|watchers| *watchers += 1);
        Watching(self.clone())
    }

    pub(super) fn watchers(&self) -> usize {
        *self.watchers.borrow()
    }

    /// The pulses, for a page that is open.
    pub(super) fn pulses(&self) -> watch::Receiver<u64> {
        self.pulse.subscribe()
    }

    /// Gives the pulses, for ever.
    pub(super) async fn beat(&self) {
        let mut watchers = self.watchers.subscribe();
        let mut eager = 0_u32;
        loop {
            if *watchers.borrow() == 0 {
                self.rest(&mut watchers).await;
                continue;
            }
            let connection = self.state.lock().await.connection.clone();
            let pause = if eager > 0 { EAGER } else { PULSE };
            eager = eager.saturating_sub(1);
            let told = async {
                match &connection {
                    Some(connection) => connection.notified().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = told => {
                    eager = EAGER_PULSES;
                    self.clock.sleep(GATHER).await;
                }
                () = self.clock.sleep(pause) => {}
            }
            self.forget();
        }
    }

    /// Waits until somebody looks; closes the connection when nobody has for a while.
    async fn rest(&self, watchers: &mut watch::Receiver<usize>) {
        let left = {
            let mut state = self.state.lock().await;
            let idle = state.last_use.map(|last| self.clock.monotonic().duration_since(last));
            if idle.is_none_or(|idle| idle >= IDLE) {
                *state = State::default();
            }
            IDLE.saturating_sub(idle.unwrap_or_default()).max(Duration::from_secs(1))
        };
        tokio::select! {
            _ = watchers.changed() => {}
            () = self.clock.sleep(left) => {}
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.watchers.send_modify(|watchers| *watchers -= 1);
    }
}
