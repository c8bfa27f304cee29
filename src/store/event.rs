//! The append-only log: who did what, when, from where.

use serde_json::Value;
use tokio_postgres::{GenericClient, Row};

use super::{Identity, Store, StoreError, doing};
use crate::model::{RevisionId, RunId};

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event<'e> {
    /// A word for filters: `run.started`, `revision.applied`.
    pub kind: &'static str,
    /// The run it concerns.
    pub run: Option<RunId>,
    /// The revision it concerns.
    pub revision: Option<&'e RevisionId>,
    /// A sentence for people.
    pub message: String,
    /// Figures for programs.
    pub detail: Option<Value>,
}

impl Event<'_> {
    /// One that concerns a run, without figures.
    #[must_use]
    pub fn of_run(run: RunId, kind: &'static str, message: String) -> Self {
        Self { kind, run: Some(run), revision: None, message, detail: None }
    }
}

/// An event as stored.
#[derive(Clone, Debug, serde::Serialize)]
pub struct LoggedEvent {
    /// When, in the session's time zone.
    pub at: String,
    /// The same in microseconds since 1970.
    #[serde(skip)]
    pub microseconds: i64,
    /// Its word.
    pub kind: String,
    /// The run.
    pub run: Option<i64>,
    /// The revision.
    pub revision: Option<String>,
    /// By whom.
    pub actor: String,
    /// From which host.
    pub host: String,
    /// The sentence.
    pub message: String,
    /// The figures.
    pub detail: Option<Value>,
}

impl Store {
    /// Appends an event. In a transaction, it is kept only if that commits.
    pub async fn record(
        &self,
        client: &impl GenericClient,
        identity: &Identity,
        event: Event<'_>,
    ) -> Result<(), StoreError> {
        client
            .execute(
                &self.sql.record_event,
                &[
                    &event.kind,
                    &event.run.map(|run| run.0),
                    &event.revision.map(|revision| revision.0.as_str()),
                    &identity.actor,
                    &identity.host,
                    &event.message,
                    &event.detail,
                ],
            )
            .await
            .map_err(doing("record an event"))?;
        Ok(())
    }

    /// All events, oldest first; with `about`, those of that job or revision.
    pub async fn events(
        &self,
        client: &impl GenericClient,
        about: Option<&str>,
    ) -> Result<Vec<LoggedEvent>, StoreError> {
        let rows = client.query(&self.sql.list_events, &[&about]).await.map_err(doing("read the log"))?;
        Ok(rows.iter().map(LoggedEvent::from_row).collect())
    }

    /// The latest events, newest first; with `about`, those of that job or revision.
    pub async fn latest_events(
        &self,
        client: &impl GenericClient,
        about: Option<&str>,
        limit: i64,
    ) -> Result<Vec<LoggedEvent>, StoreError> {
        let rows = client.query(&self.sql.latest_events, &[&about, &limit]).await;
        Ok(rows.map_err(doing("read the log"))?.iter().map(LoggedEvent::from_row).collect())
    }
}

impl LoggedEvent {
    pub(super) fn from_row(row: &Row) -> Self {
        Self {
            at: row.get("at"),
            microseconds: row.get("microseconds"),
            kind: row.get("kind"),
            run: row.get("run_id"),
            revision: row.get("revision"),
            actor: row.get("actor"),
            host: row.get("host"),
            message: row.get("message"),
            detail: row.get("detail"),
        }
    }
}
