//! Messages on their way: claimed in the database, delivered in tasks of their own, and settled there again.
//!
//! One in flight for each alert: a receiver that doesn't answer holds up nobody else's. What waits is in the database, so
//! nothing here can grow.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::delivery::{Answer, Undelivered, deliver};
use super::source::AlertSource;
use crate::config::Alert;
use crate::engine::{Notice, Observer};
use crate::model::AlertMessage;
use crate::pg::Connection;
use crate::plan::alerts::pause_after;
use crate::store::{ClaimedAlert, Event, Sending, StoreError};

/// How long a sender has for what lies around a try: if it is gone by then, another sends the message.
const MARGIN: Duration = Duration::from_secs(30);

/// The number of a message that is in no database.
const UNCLAIMED: i64 = 0;

/// A try that is over.
struct Tried {
    alert: usize,
    claimed: ClaimedAlert,
    result: Result<Answer, Undelivered>,
}

/// What became of a message, to be kept in the database.
struct Settling {
    id: i64,
    attempt: u32,
    sending: Sending,
    /// For the log of runs.
    said: Option<String>,
}

/// Messages on their way.
pub(super) struct Outbox {
    tries: JoinSet<Tried>,
    /// By the alert's place in the configuration.
    in_flight: Vec<usize>,
    /// Kept until the database has it: one that was taken isn't to be sent again because a connection was lost.
    unsettled: VecDeque<Settling>,
}

impl Outbox {
    pub(super) fn new() -> Self {
        Self { tries: JoinSet::new(), in_flight: Vec::new(), unsettled: VecDeque::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// Everything that became of messages is in the database.
    pub(super) fn is_settled(&self) -> bool {
        self.unsettled.is_empty()
    }

    /// Keeps what became of messages, then claims what is to be sent now, and begins to send it.
    pub(super) async fn send(
        &mut self,
        source: &AlertSource,
        connection: &Connection,
    ) -> Result<(), StoreError> {
        self.settle(source, connection).await?;
        for (at, alert) in source.sending() {
            if self.in_flight.contains(&at) {
                continue;
            }
            let claim = alert.timeout + MARGIN;
            let claimed =
                source.store.claim_alert(&**connection, &source.identity, &alert.name, claim).await?;
            if let Some(claimed) = claimed {
                self.begin(at, alert.clone(), claimed, source.observer.clone());
            }
        }
        Ok(())
    }

    /// Sends a message that nobody has claimed, since the database can't be reached.
    pub(super) fn send_unclaimed(
        &mut self,
        source: &AlertSource,
        at: usize,
        alert: &Alert,
        message: AlertMessage,
    ) {
        let claimed = ClaimedAlert { id: UNCLAIMED, attempt: 1, message: Ok(message), age: Duration::ZERO };
        self.begin(at, alert.clone(), claimed, source.observer.clone());
    }

    fn begin(&mut self, at: usize, alert: Alert, claimed: ClaimedAlert, observer: Arc<dyn Observer>) {
        self.in_flight.push(at);
        self.tries.spawn(async move {
            let result = match &claimed.message {
                Ok(message) => deliver(&alert, message, &*observer).await,
                Err(error) => Err(Undelivered {
                    reason: format!("another version of longhaul has written it: {error}"),
                    retry_after: None,
                }),
            };
            Tried { alert: at, claimed, result }
        });
    }

    /// Waits for the next try to end, and remembers what became of it; for ever, where none is on its way. Safe to cancel.
    pub(super) async fn next(&mut self, source: &AlertSource) {
        match self.tries.join_next().await {
            Some(Ok(Tried { alert, claimed, result })) => {
                self.in_flight.retain(|at| *at != alert);
                let alert = &source.settings.alerts[alert];
                let (id, attempt) = (claimed.id, claimed.attempt);
                let sending = became(alert.retry_for, &claimed, result);
                let said = say(source, alert, attempt, &sending);
                // One that nobody has claimed is in no database.
                if id != UNCLAIMED {
                    self.unsettled.push_back(Settling { id, attempt, sending, said });
                }
            }
            // A try that panicked: its claim runs out.
            Some(Err(_)) => {
                if self.tries.is_empty() {
                    self.in_flight.clear();
                }
            }
            None => std::future::pending().await,
        }
    }

    /// Keeps what became of messages. An error leaves it for the next connection.
    async fn settle(&mut self, source: &AlertSource, connection: &Connection) -> Result<(), StoreError> {
        while let Some(Settling { id, attempt, sending, said }) = self.unsettled.front() {
            source.store.settle_alert(&**connection, (*id, *attempt), sending).await?;
            if let Some(message) = said.clone() {
                let event = Event { kind: "alert.dropped", run: None, revision: None, message, detail: None };
                source.store.record(&**connection, &source.identity, event).await?;
            }
            self.unsettled.pop_front();
        }
        Ok(())
    }
}

fn became(retry_for: Duration, claimed: &ClaimedAlert, result: Result<Answer, Undelivered>) -> Sending {
    let Err(error) = result else { return Sending::Sent };
    let left = retry_for.saturating_sub(claimed.age);
    if claimed.message.is_err() || left.is_zero() {
        return Sending::Dropped { error: error.reason };
    }
    // However long the receiver asks for: the last try is when the time is over.
    let after = error.retry_after.unwrap_or_else(|| pause_after(claimed.attempt, fastrand::f64()));
    Sending::Again { after: after.min(left), error: error.reason }
}

/// Says what became of a try; the sentence for the log of runs, where it is worth one.
fn say(source: &AlertSource, alert: &Alert, attempt: u32, sending: &Sending) -> Option<String> {
    match sending {
        Sending::Sent => {
            tracing::debug!(target: "longhaul::alert", alert = alert.name, attempt, "sent");
            None
        }
        Sending::Again { after, error } => {
            let after = after.as_secs();
            tracing::info!(target: "longhaul::alert", alert = alert.name, attempt, after, "not taken: {error}");
            None
        }
        Sending::Dropped { error } => {
            let reason =
                format!("a message of the alert {} is given up after {attempt} tries: {error}", alert.name);
            source.observer.notice(Notice::Warning { reason: reason.clone() });
            Some(reason)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AlertKind;

    #[test]
    fn a_receiver_that_asks_for_more_time_than_there_is_gets_one_last_try() {
        let minute = Duration::from_secs(60);
        let after = |age: Duration| {
            let message = AlertMessage::sample("oncall", AlertKind::Failed, "db", "host", "now");
            let claimed = ClaimedAlert { id: 1, attempt: 1, message: Ok(message), age };
            let busy = Undelivered { reason: "HTTP 503".into(), retry_after: Some(60 * minute) };
            match became(60 * minute, &claimed, Err(busy)) {
                Sending::Again { after, .. } => Some(after),
                _ => None,
            }
        };
        assert_eq!(after(Duration::ZERO), Some(60 * minute));
        assert_eq!(after(minute), Some(59 * minute));
        assert_eq!(after(60 * minute), None);
    }
}
