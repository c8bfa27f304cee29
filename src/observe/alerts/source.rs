//! What alerts are told from and by: all of it the watcher's own, since it goes on beside whatever the process does.

use std::sync::Arc;
use std::time::Instant;

use super::facts;
use crate::clock::Clock;
use crate::config::{Alert, Settings};
use crate::engine::Observer;
use crate::model::{AlertMessage, AlertStatus};
use crate::pg::Connector;
use crate::plan::alerts::{Occurrence, Subject};
use crate::store::{Identity, Store};

/// What the watcher needs.
pub struct AlertSource {
    pub(super) clock: Clock,
    pub(super) connector: Connector,
    pub(super) store: Store,
    pub(super) settings: Arc<Settings>,
    pub(super) identity: Identity,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) began: Instant,
}

impl AlertSource {
    /// From now on: what happened before is nobody's news.
    #[must_use]
    pub fn new(
        clock: &Clock,
        connector: &Connector,
        settings: &Settings,
        identity: &Identity,
        observer: Arc<dyn Observer>,
    ) -> Self {
        Self {
            clock: clock.clone(),
            connector: connector.clone(),
            store: Store::new(&settings.schema),
            settings: Arc::new(settings.clone()),
            identity: identity.clone(),
            observer,
            began: clock.monotonic(),
        }
    }

    /// The alerts that can be sent from here, each with its place in the configuration.
    pub(super) fn sending(&self) -> impl Iterator<Item = (usize, &Alert)> {
        self.settings.alerts.iter().enumerate().filter(|(_, alert)| alert.target.is_ok())
    }

    /// The message that tells it.
    pub(super) fn message(&self, alert: &Alert, occurrence: &Occurrence) -> AlertMessage {
        let Subject { run, job, table, revision } = occurrence.subject.clone();
        let kind = occurrence.kind;
        let database = self.connector.target().to_string();
        let about = job.as_deref().or(revision.as_deref()).unwrap_or(&database);
        AlertMessage {
            version: AlertMessage::VERSION,
            alert: alert.name.clone(),
            kind,
            status: AlertStatus::Firing,
            severity: kind.severity(),
            id: occurrence.key.clone(),
            title: format!("{}: {about}", kind.title()),
            message: occurrence.message.clone(),
            job,
            run,
            table,
            revision,
            database,
            host: self.identity.host.clone(),
            at: facts::written(occurrence.at),
            detail: serde_json::json!({ "noticed_by": self.identity.to_string() }),
        }
    }
}
