//! Applied revisions.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use tokio_postgres::{GenericClient, ToStatement};

use super::{Identity, Store, StoreError, doing};
use crate::model::{Revision, RevisionBody, RevisionId};

/// A revision as recorded when it was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedRevision {
    /// The checksum of its file then.
    pub checksum: String,
    /// What was applied; empty where an older version didn't keep it.
    pub content: String,
    /// How it came to be recorded.
    pub origin: String,
    /// When, in the session's time zone.
    pub applied_at: String,
    /// By whom.
    pub applied_by: String,
    /// From which host.
    pub host: String,
}

/// How a revision came to be recorded as applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It ran.
    Applied,
    /// Its condition didn't hold, and nothing was done.
    Skipped,
    /// It was recorded without running.
    Stamped,
}

/// What is recorded of a revision that is applied now.
#[derive(Clone, Debug)]
pub struct Recording<'r> {
    /// The revision.
    pub revision: &'r Revision,
    /// How it came to this.
    pub origin: Origin,
    /// How long it took.
    pub took: Duration,
    /// Figures for programs, beside those of every event of this kind.
    pub detail: Value,
}

/// A revision among others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbours {
    /// Whether it is applied.
    pub applied: bool,
    /// How many of the others are.
    pub others: usize,
    /// Whether statements of it are done, or may be, each by itself.
    pub half: bool,
    /// The process of the server that answered.
    pub backend: i32,
}

impl Origin {
    /// The word it is stored as.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Skipped => "skipped",
            Self::Stamped => "stamped",
        }
    }

    /// The event that tells of it.
    #[must_use]
    pub fn event(self) -> &'static str {
        match self {
            Self::Applied => "revision.applied",
            Self::Skipped => "revision.skipped",
            Self::Stamped => "revision.stamped",
        }
    }
}

impl Recording<'_> {
    /// The sentence for people.
    #[must_use]
    pub fn message(&self) -> String {
        let Revision { id, message, .. } = self.revision;
        match self.origin {
            Origin::Applied => format!("revision {id} was applied: {message}"),
            Origin::Skipped => {
                format!("revision {id} was passed over, as its condition doesn't hold: {message}")
            }
            Origin::Stamped => {
                format!("revision {id} was recorded as applied, without running it: {message}")
            }
        }
    }

    /// `schema` or `data`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.revision.body {
            RevisionBody::Schema(_) => "schema",
            RevisionBody::Data(_) => "data",
        }
    }
}

impl Store {
    /// Every applied revision by its id.
    pub async fn applied(
        &self,
        client: &impl GenericClient,
    ) -> Result<BTreeMap<String, AppliedRevision>, StoreError> {
        let rows =
            client.query(&self.sql.list_revisions, &[]).await.map_err(doing("read the applied revisions"))?;
        let applied = rows.iter().map(|row| {
            let revision = AppliedRevision {
                checksum: row.get("checksum"),
                content: row.get("content"),
                origin: row.get("origin"),
                applied_at: row.get("applied_at"),
                applied_by: row.get("applied_by"),
                host: row.get("host"),
            };
            (row.get("id"), revision)
        });
        Ok(applied.collect())
    }

    /// Keeps every other process from recording or forgetting a revision until the transaction ends; who reads goes on.
    pub async fn lock_revisions(&self, client: &impl GenericClient) -> Result<(), StoreError> {
        client
            .batch_execute(&self.sql.lock_revisions)
            .await
            .map_err(doing("keep others from the applied revisions"))
    }

    /// Whether the revision is applied, how many of `others` are, and who asks.
    pub async fn neighbours_applied(
        &self,
        client: &impl GenericClient,
        revision: &RevisionId,
        others: &[&str],
    ) -> Result<Neighbours, StoreError> {
        self.neighbours_applied_by(client, self.sql.neighbours_applied.as_str(), revision, others).await
    }

    /// The same by the statement prepared.
    pub async fn neighbours_applied_by(
        &self,
        client: &impl GenericClient,
        statement: &(impl ?Sized + ToStatement + Sync + Send),
        revision: &RevisionId,
        others: &[&str],
    ) -> Result<Neighbours, StoreError> {
        let row = client
            .query_one(statement, &[&revision.0, &others])
            .await
            .map_err(doing("read the applied revisions"))?;
        Ok(Neighbours {
            applied: row.get(0),
            others: usize::try_from(row.get::<_, i64>(1)).unwrap_or_default(),
            backend: row.get(2),
            half: row.get(3),
        })
    }

    /// Records a revision as applied, and the event.
    pub async fn record_revision(
        &self,
        client: &impl GenericClient,
        identity: &Identity,
        recording: &Recording<'_>,
    ) -> Result<(), StoreError> {
        self.record_revision_by(client, self.sql.record_revision.as_str(), identity, recording).await
    }

    /// The same by the statement prepared.
    pub async fn record_revision_by(
        &self,
        client: &impl GenericClient,
        statement: &(impl ?Sized + ToStatement + Sync + Send),
        identity: &Identity,
        recording: &Recording<'_>,
    ) -> Result<(), StoreError> {
        let Recording { revision, origin, took, detail } = recording;
        let milliseconds = took.as_secs_f64() * 1000.0;
        let mut figures = serde_json::json!({
            "duration_ms": milliseconds.round(),
            "checksum": revision.checksum,
            "tool_version": env!("CARGO_PKG_VERSION"),
        });
        if let (Some(figures), Some(detail)) = (figures.as_object_mut(), detail.as_object()) {
            figures.extend(detail.clone());
        }
        client
            .execute(
                statement,
                &[
                    &revision.id.0,
                    &recording.kind(),
                    &revision.message,
                    &revision.checksum,
                    &identity.actor,
                    &identity.host,
                    &milliseconds,
                    &env!("CARGO_PKG_VERSION"),
                    &revision.content,
                    &origin.as_str(),
                    &origin.event(),
                    &recording.message(),
                    &figures,
                ],
            )
            .await
            .map_err(doing("record the revision"))?;
        Ok(())
    }

    /// Takes the record of a revision away, and says that it was undone; by `undo_revision` prepared, or its text.
    pub async fn undo_revision_by(
        &self,
        client: &impl GenericClient,
        statement: &(impl ?Sized + ToStatement + Sync + Send),
        identity: &Identity,
        (revision, detail): (&Revision, &Value),
    ) -> Result<(), StoreError> {
        let message = format!("revision {} was undone: {}", revision.id, revision.message);
        client
            .execute(statement, &[&revision.id.0, &identity.actor, &identity.host, &message, detail])
            .await
            .map_err(doing("record that the revision is undone"))?;
        Ok(())
    }

    /// Takes the record of an applied revision away. `false`: there was none.
    pub async fn forget_revision(
        &self,
        client: &impl GenericClient,
        revision: &str,
    ) -> Result<bool, StoreError> {
        let gone = client
            .execute(&self.sql.forget_revision, &[&revision])
            .await
            .map_err(doing("forget the revision"))?;
        Ok(gone > 0)
    }

    /// Takes what the file says now for what was applied.
    pub async fn accept_revision(
        &self,
        client: &impl GenericClient,
        revision: &Revision,
    ) -> Result<(), StoreError> {
        client
            .execute(&self.sql.accept_revision, &[&revision.id.0, &revision.checksum, &revision.content])
            .await
            .map_err(doing("accept the changed revision"))?;
        Ok(())
    }
}
