//! Looks after the server's health on a connection of its own, and tells the gate.
//!
//! Signals are read whether or not batches run: how the server is when the work is held decides when it goes on. When
//! the connection is lost the readings grow old, and old readings are no good news.

use std::time::Duration;

use super::gate::Gate;
use super::{Engine, Notice};
use crate::pg::Connection;
use crate::throttle::Signals;

/// How often to look which signals are due.
const LOOK: Duration = Duration::from_secs(1);

/// Looks after the server's health.
pub(super) struct Health<'h> {
    pub(super) engine: &'h Engine<'h>,
    pub(super) gate: &'h Gate<'h>,
    pub(super) table: u32,
}

impl Health<'_> {
    /// Reads the signals for ever.
    pub(super) async fn watch(&self) {
        let mut paces = self.gate.paces();
        let mut signals = Signals::new(&paces.borrow_and_update().limits, self.table);
        let mut connection: Option<Connection> = None;
        loop {
            if connection.is_none() {
                connection = self.engine.connector.connect("signals").await.ok();
            }
            if let Some(open) = &connection
                && signals.sample(open, self.engine.clock.monotonic()).await.is_err()
            {
                connection = None;
            }
            let verdict = signals.verdict(self.engine.clock.monotonic());
            for reason in &verdict.warnings {
                self.engine.observer.notice(Notice::Warning { reason: reason.clone() });
            }
            self.gate.tally.observe(&verdict.observed);
            self.engine.observer.notice(Notice::Signals { readings: verdict.observed.clone() });
            // First, so that no batch begins before it was looked for.
            self.gate.look_for_pause_file().await;
            self.gate.judge(verdict);
            tokio::select! {
                () = self.engine.clock.sleep(LOOK) => {}
                Ok(()) = paces.changed() => signals.set_limits(&paces.borrow_and_update().limits),
            }
        }
    }
}
