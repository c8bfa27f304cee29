//! Watches on a connection of its own whom our batches keep waiting, and for whom they wait: traffic comes first.
//!
//! A batch that somebody has waited for past `blocked_for` is cancelled; its worker makes the next one smaller and tries
//! again. Looked at is only while a batch has been running for a while: nobody can have waited longer than it runs.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::Notice;
use super::gate::Gate;
use super::seat::Seat;
use crate::clock::Clock;
use crate::model::human_duration;
use crate::pg::{self, Connection, Connector, Waiting};

/// How often it looks, and how long a batch must have been running to be looked at.
const LOOK: Duration = Duration::from_millis(25);

/// A batch that takes so long is spoken of, if its target is not longer still.
const LONG: Duration = Duration::from_secs(5);

/// Watches the batches of a process.
pub(super) struct LockMonitor<'m> {
    clock: &'m Clock,
    connector: &'m Connector,
    gate: &'m Gate<'m>,
    seats: Mutex<Vec<(u32, Arc<Seat>)>>,
    gave_way: AtomicU64,
    warned: AtomicBool,
}

impl<'m> LockMonitor<'m> {
    pub(super) fn new(clock: &'m Clock, connector: &'m Connector, gate: &'m Gate<'m>) -> Self {
        let (seats, gave_way, warned) = (Mutex::default(), AtomicU64::new(0), AtomicBool::new(false));
        Self { clock, connector, gate, seats, gave_way, warned }
    }

    /// A place for another worker.
    pub(super) fn seat(&self, worker: u32) -> Arc<Seat> {
        let seat = Arc::new(Seat::default());
        self.seats().push((worker, seat.clone()));
        seat
    }

    /// Batches that were made to give way since the last call.
    pub(super) fn take_gave_way(&self) -> u64 {
        self.gave_way.swap(0, Ordering::SeqCst)
    }

    /// Watches for ever.
    pub(super) async fn watch(&self) {
        let mut connection: Option<Connection> = None;
        loop {
            self.clock.sleep(LOOK).await;
            let now = self.clock.monotonic();
            let at_work: Vec<_> = self
                .seats()
                .iter()
                .filter_map(|(worker, seat)| Some(((*worker, seat.clone()), seat.at_work(now)?)))
                .filter(|(_, batch)| batch.for_long >= LOOK)
                .collect();
            let Some(longest) = at_work.iter().map(|(_, batch)| batch.for_long).max() else { continue };
            self.warn_of_length(longest);
            if connection.is_none() {
                connection = self.connector.connect("locks").await.ok();
            }
            let Some(open) = &connection else { continue };
            let backends: Vec<i32> = at_work.iter().map(|(_, batch)| batch.process_id).collect();
            let Ok(waiting) = pg::waiting(open, &backends).await else {
                connection = None;
                continue;
            };
            for (seat, batch) in &at_work {
                self.judge((seat.0, &seat.1), waiting.iter().filter(|one| one.ours == batch.process_id))
                    .await;
            }
        }
    }

    async fn judge<'w>(&self, (worker, seat): (u32, &Seat), waiting: impl Iterator<Item = &'w Waiting>) {
        let (ours, theirs): (Vec<&Waiting>, Vec<&Waiting>) = waiting.partition(|one| one.ours_waits);
        if let Some(wait) = ours.first() {
            seat.waits(wait.since, wait.who.clone());
            let what = format!("waits for a lock of {}", wait.who);
            self.gate.observer().notice(Notice::WorkerDoes { worker, what });
        }
        let Some(longest) = theirs.iter().max_by_key(|one| one.since) else { return };
        let sessions = u32::try_from(theirs.len()).unwrap_or(u32::MAX);
        seat.blocks(sessions, longest.since);
        let (who, longest_wait) = (longest.who.clone(), longest.since);
        self.gate.observer().notice(Notice::Blocks { sessions, longest: longest_wait, who });
        let limit = self.gate.pace().limits.blocked_for();
        if longest.since < limit {
            return;
        }
        let (waited, limit) = (human_duration(longest.since), human_duration(limit));
        if let Some(cancel) = seat.give_way(format!("{}, which waited {waited} > {limit}", longest.who)) {
            self.gave_way.fetch_add(1, Ordering::SeqCst);
            cancel.cancel().await;
        }
    }

    /// Once for each long batch.
    fn warn_of_length(&self, longest: Duration) {
        let long = LONG.max(self.gate.pace().target * 2);
        if longest < long {
            self.warned.store(false, Ordering::SeqCst);
        } else if !self.warned.swap(true, Ordering::SeqCst) {
            self.gate.warn("batch.long", format!("a batch has been running for {}", human_duration(longest)));
        }
    }

    fn seats(&self) -> std::sync::MutexGuard<'_, Vec<(u32, Arc<Seat>)>> {
        self.seats.lock().expect("no holder can panic")
    }
}
