//! Messages on their way: claimed in the database, delivered in tasks of their own, and settled there again.
//!
//! One in flight for each alert: a receiver that doesn't answer holds up nobody else's. What waits is in the database, so
//! nothing here can grow.

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

/// A try that is over.
struct Tried {
    alert: usize,
    claimed: ClaimedAlert,
    result: Result<Answer, Undelivered>,
}

/// Messages on their way.
pub(super) struct Outbox {
    tries: JoinSet<Tried>,
    /// By the alert's place in the configuration.
    in_flight: Vec<usize>,
}

impl Outbox {
    pub(super) fn new() -> Self {
        Self { tries: JoinSet::new(), in_flight: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// Claims what is to be sent now, and begins to send it.
    pub(super) async fn send(
        &mut self,
        source: &AlertSource,
        connection: &Connection,
    ) -> Result<(), StoreError> {
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
        let claimed = ClaimedAlert { id: 0, attempt: 1, message: Ok(message), age: Duration::ZERO };
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

    /// Waits for the next try to end; for ever, where none is on its way. Safe to cancel.
    pub(super) async fn next(&mut self) -> TriedOnce {
        match self.tries.join_next().await {
            Some(Ok(tried)) => {
                self.in_flight.retain(|at| *at != tried.alert);
                TriedOnce(Some(tried))
            }
            // A try that panicked: its claim runs out.
            Some(Err(_)) => {
                if self.tries.is_empty() {
                    self.in_flight.clear();
                }
                TriedOnce(None)
            }
            None => std::future::pending().await,
        }
    }
}

/// A try that is over, to be settled.
pub(super) struct TriedOnce(Option<Tried>);

impl TriedOnce {
    /// Keeps what became of it.
    pub(super) async fn settle(
        self,
        source: &AlertSource,
        connection: Option<&Connection>,
    ) -> Result<(), StoreError> {
        let Some(Tried { alert, claimed, result }) = self.0 else { return Ok(()) };
        let alert = &source.settings.alerts[alert];
        let sending = became(alert, &claimed, result);
        let said = match &sending {
            Sending::Sent => {
                tracing::debug!(target: "longhaul::alert", alert = alert.name, attempt = claimed.attempt, "sent");
                None
            }
            Sending::Again { after, error } => {
                let after = after.as_secs();
                tracing::info!(target: "longhaul::alert", alert = alert.name, attempt = claimed.attempt, after, "not taken: {error}");
                None
            }
            Sending::Dropped { error } => {
                let tries = claimed.attempt;
                Some(format!(
                    "a message of the alert {} is given up after {tries} tries: {error}",
                    alert.name
                ))
            }
        };
        if let Some(reason) = &said {
            source.observer.notice(Notice::Warning { reason: reason.clone() });
        }
        let Some(connection) = connection else { return Ok(()) };
        source.store.settle_alert(&**connection, claimed.id, &sending).await?;
        if let Some(message) = said {
            let event = Event { kind: "alert.dropped", run: None, revision: None, message, detail: None };
            source.store.record(&**connection, &source.identity, event).await?;
        }
        Ok(())
    }
}

fn became(alert: &Alert, claimed: &ClaimedAlert, result: Result<Answer, Undelivered>) -> Sending {
    let Err(error) = result else { return Sending::Sent };
    let after = error.retry_after.unwrap_or_else(|| pause_after(claimed.attempt, fastrand::f64()));
    if claimed.message.is_err() || claimed.age + after > alert.retry_for {
        Sending::Dropped { error: error.reason }
    } else {
        Sending::Again { after, error: error.reason }
    }
}
