//! Everything that goes on beside the workers of a process, each on a connection of its own: heartbeat and orders, the
//! server's health, locks, VACUUM, the number of workers, and a look whether the work goes on at all.

use std::time::Duration;

use super::gate::Gate;
use super::health::Health;
use super::heartbeat::Heart;
use super::lock_monitor::LockMonitor;
use super::vacuum::Vacuum;
use super::{Engine, Notice};
use crate::model::human_duration;
use crate::plan::scale::{Load, Scaler};

/// How often the number of workers is thought over.
const LOOK: Duration = Duration::from_secs(1);

/// Without a batch for so long, though nothing holds it, a run has stalled.
const STALLED: Duration = Duration::from_secs(600);

/// What goes on beside the workers.
pub(super) struct Supervision<'s> {
    pub(super) engine: &'s Engine<'s>,
    pub(super) gate: &'s Gate<'s>,
    pub(super) heart: Heart<'s>,
    pub(super) health: Health<'s>,
    pub(super) locks: &'s LockMonitor<'s>,
    pub(super) vacuum: &'s Vacuum<'s>,
    /// Workers to begin with.
    pub(super) workers: u32,
}

impl Supervision<'_> {
    /// Goes on for ever.
    pub(super) async fn watch(&self) {
        tokio::join!(
            self.heart.beat(),
            self.health.watch(),
            self.locks.watch(),
            self.vacuum.watch(),
            self.scale()
        );
    }

    /// Thinks over the number of workers, and whether the work goes on.
    async fn scale(&self) {
        let mut paces = self.gate.paces();
        let began = self.engine.clock.monotonic();
        let mut scaler = Scaler::new(self.gate.pace().workers, self.workers, Duration::ZERO);
        self.gate.set_workers(scaler.workers());
        let mut changed = Progress { rows: self.gate.done(), at: Duration::ZERO };
        let mut latest = changed;
        let mut stalled = false;
        loop {
            tokio::select! {
                () = self.engine.clock.sleep(LOOK) => {}
                _ = paces.changed() => {}
            }
            let now = self.engine.clock.monotonic().saturating_duration_since(began);
            let bounds = paces.borrow_and_update().workers;
            let (rows, is_held) = (self.gate.done(), self.gate.is_held());
            if rows != latest.rows || is_held {
                latest = Progress { rows, at: now };
                stalled = false;
            } else if now.saturating_sub(latest.at) > STALLED && !stalled {
                stalled = true;
                let silent = human_duration(now.saturating_sub(latest.at));
                let message = format!("no batch was committed for {silent}, and nothing holds the run");
                self.gate.warn("run.stalled", message);
            }
            let seconds = now.saturating_sub(changed.at).as_secs_f64().max(0.1);
            let load = Load {
                used: self.gate.load(),
                gave_way: self.locks.take_gave_way() > 0,
                rows_per_second: (rows - changed.rows) as f64 / seconds,
            };
            let change = match scaler.set_bounds(bounds, now) {
                None if !is_held => scaler.observe(load, now),
                change => change,
            };
            if let Some(change) = change {
                self.gate.set_workers(change.to);
                self.engine.observer.notice(Notice::Rescaled { reason: change.to_string() });
                self.gate.tell("workers.rescaled", change.to_string());
                changed = Progress { rows, at: now };
            }
        }
    }
}

/// Rows that were passed up to a time.
#[derive(Clone, Copy)]
struct Progress {
    rows: u64,
    at: Duration,
}
