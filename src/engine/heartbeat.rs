//! The heart of a process: a connection of its own that tells the database every second that its workers live and what
//! they are doing, hears what operators want, and buries the dead of other processes.
//!
//! It holds no lock and no transaction, but for the moment in which a dead process is given up. When it can't beat, the
//! work goes on for a while: whoever takes the run over meanwhile changes the lease, and the fence keeps this process from
//! committing; after 15 s without orders the gate shuts.

use std::time::{Duration, Instant};

use super::crew::Roster;
use super::gate::{Gate, Hold};
use super::{Engine, Notice, RunError};
use crate::model::{Pass, RunId, human_duration};
use crate::pg::Connection;
use crate::plan::share::{self, Claim};
use crate::store::{Beat, CHANNEL, Event, NewSample, Peer};

/// How often the heart beats; [`crate::store::LEASE_TTL`] is ten beats.
const BEAT: Duration = Duration::from_secs(1);

/// Beats without a break before others are given up: after an outage everybody has been silent, and comes back.
const STEADY: u32 = 10;

/// Beats from one look at what others have done to the next: it reads all ranges of a pass.
const LOOK_AT_OTHERS: u32 = 5;

/// The heart of a process at work on a run.
pub(super) struct Heart<'h> {
    pub(super) engine: &'h Engine<'h>,
    pub(super) run: RunId,
    pub(super) roster: &'h Roster,
    pub(super) gate: &'h Gate<'h>,
}

impl Heart<'_> {
    /// Beats for ever. What it was doing when it is dropped is over: it never holds more than one statement.
    pub(super) async fn beat(&self) {
        let mut told: Option<Hold> = None;
        loop {
            if let Ok(mut connection) = self.engine.connector.connect("heartbeat").await {
                // An error ends it: another connection is made.
                let _ = self.beat_on(&mut connection, &mut told).await;
            }
            self.engine.clock.sleep(BEAT).await;
        }
    }

    async fn beat_on(&self, connection: &mut Connection, told: &mut Option<Hold>) -> Result<(), RunError> {
        let listen = format!("LISTEN {CHANNEL}");
        connection.batch_execute(&listen).await.map_err(RunError::sql("listen for orders"))?;
        let mut holds = self.gate.holds();
        let (mut steady, mut pass) = (0, Pass::BACKFILL);
        let mut last = self.engine.clock.monotonic();
        loop {
            let now = self.engine.clock.monotonic();
            let beat = self.take_stock(now.saturating_duration_since(last));
            last = now;
            if !self.engine.store.beat(&**connection, &self.roster.ids(), &beat).await? {
                // Given up as dead: the workers find out by themselves.
                return Ok(());
            }
            if let Some(orders) = self.engine.store.orders(&**connection, self.run).await? {
                self.gate.hear(&orders);
                pass = orders.pass;
            }
            let peers = self.engine.store.peers(&**connection).await?;
            self.share(&peers);
            self.look_at_others(connection, &peers, (steady, pass)).await?;
            steady += 1;
            let is_dead = |peer: &&Peer| peer.run == self.run && !peer.beats;
            if steady > STEADY && peers.iter().any(|peer| is_dead(&peer)) {
                self.bury(connection).await?;
            }
            self.tell_holds(connection, told).await?;
            if let Some(sample) = self.gate.tally.take(self.engine.clock.monotonic(), false) {
                let sample = NewSample { workers: self.roster.ids().len(), ..sample };
                let whose = (self.run, self.engine.identity);
                self.engine.store.record_sample(&**connection, whose, &sample).await?;
            }
            for (kind, message) in self.gate.take_events() {
                let event = Event::of_run(self.run, kind, message);
                self.engine.store.record(&**connection, self.engine.identity, event).await?;
            }
            tokio::select! {
                () = self.engine.clock.sleep(BEAT) => {}
                () = connection.notified() => {}
                _ = holds.changed() => {}
            }
        }
    }

    /// What all have done of the pass, where there are others: whoever shows our progress shows the run's.
    async fn look_at_others(
        &self,
        connection: &Connection,
        peers: &[Peer],
        (beats, pass): (u32, Pass),
    ) -> Result<(), RunError> {
        let own = self.roster.ids();
        let is_other = |peer: &&Peer| peer.run == self.run && !own.contains(&peer.id);
        if beats.is_multiple_of(LOOK_AT_OTHERS) && peers.iter().any(|peer| is_other(&peer)) {
            let totals = self.engine.store.totals(&**connection, self.run, Some(pass)).await?;
            self.engine.observer.notice(Notice::Together { pass, totals });
        }
        Ok(())
    }

    /// What was used since the last beat, of each worker.
    fn take_stock(&self, since: Duration) -> Beat {
        let (rows, wal, hungry) = self.gate.rates.take_stock();
        let worker_seconds = since.as_secs_f64().max(0.1) * self.roster.ids().len().max(1) as f64;
        Beat {
            rows_per_second: rows / worker_seconds,
            wal_per_second: wal / worker_seconds,
            hungry,
            doing: self.gate.doing(),
        }
    }

    /// Our share of each limit.
    fn share(&self, peers: &[Peer]) {
        let pace = self.gate.pace();
        let own = self.roster.ids();
        let share_of = |limit: Option<f64>, all: bool, used: fn(&Peer) -> f64| {
            let at_work: Vec<&Peer> =
                peers.iter().filter(|peer| peer.beats && (all || peer.run == self.run)).collect();
            let claims: Vec<Claim> =
                at_work.iter().map(|peer| Claim { used: used(peer), hungry: peer.hungry }).collect();
            let shares = share::shares(limit?, &claims);
            let ours: f64 =
                at_work.iter().zip(shares).filter(|(peer, _)| own.contains(&peer.id)).map(|(_, s)| s).sum();
            Some(ours)
        };
        // The run's limit is shared by those at work on it, the database's by everybody.
        let least = |own, database, used| {
            let shares = [share_of(own, false, used), share_of(database, true, used)];
            shares.into_iter().flatten().reduce(f64::min)
        };
        let rows = least(pace.rows_per_second(), pace.database_rows, |peer| peer.rows_per_second);
        let wal = least(pace.wal_per_second(), pace.database_wal, |peer| peer.wal_per_second);
        self.gate.rates.set(rows, wal);
    }

    /// Gives up those of the run's processes that have died, and says so.
    async fn bury(&self, connection: &mut Connection) -> Result<(), RunError> {
        let failed = || RunError::sql("give up dead workers");
        let transaction = connection.transaction().await.map_err(failed())?;
        transaction.batch_execute("SET LOCAL lock_timeout = '1s'").await.map_err(failed())?;
        // Not waited for: whoever has the lock may be doing the same.
        if self.engine.store.lock_runs(&transaction).await.is_err() {
            return Ok(());
        }
        for dead in self.engine.store.reap_workers(&transaction, self.run, &self.roster.ids()).await? {
            let message = format!(
                "{} on {} (process {}, {} workers) is given up as dead; its ranges go on elsewhere",
                dead.actor, dead.host, dead.process_id, dead.workers
            );
            self.engine.observer.notice(Notice::Warning { reason: message.clone() });
            let event = Event::of_run(self.run, "worker.dead", message);
            self.engine.store.record(&transaction, self.engine.identity, event).await?;
        }
        transaction.commit().await.map_err(failed())
    }

    /// Each hold is an event at its beginning and at its end.
    async fn tell_holds(&self, connection: &Connection, told: &mut Option<Hold>) -> Result<(), RunError> {
        let now = self.gate.holds().borrow().clone();
        let is_same = match (&*told, &now) {
            (None, None) => true,
            (Some(before), Some(now)) => before.signals == now.signals,
            _ => false,
        };
        if is_same {
            return Ok(());
        }
        let (kind, message) = match (&*told, &now) {
            (_, Some(hold)) => ("hold.began", format!("held by {}", hold.reasons.join("; "))),
            (Some(hold), None) => (
                "hold.ended",
                format!(
                    "goes on after {}; it was held by {}",
                    held_for(self.engine.clock.monotonic(), hold),
                    hold.signals.join(", ")
                ),
            ),
            (None, None) => return Ok(()),
        };
        let stay = self.gate.tally.stay;
        let detail = now
            .as_ref()
            .or(told.as_ref())
            .map(|hold| serde_json::json!({ "signals": hold.signals, "stay": stay.to_string() }));
        let event = Event { detail, ..Event::of_run(self.run, kind, message) };
        self.engine.store.record(&**connection, self.engine.identity, event).await?;
        *told = now;
        Ok(())
    }
}

fn held_for(now: Instant, hold: &Hold) -> String {
    human_duration(now.saturating_duration_since(hold.since))
}
