//! The history: schema revisions in a transaction each, data revisions through the engine, in the graph's order.
//!
//! A revision is recorded in the transaction that applies it (a data revision: once its run is signed off), so what
//! is recorded is what is done, wherever the process dies.

mod error;

use std::collections::BTreeSet;
use std::time::Duration;

use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::ErrorPosition;

pub use error::{Gate, HistoryError};

use super::run::{Ended, Engine, RunRequest};
use super::{Notice, SqlExcerpt};
use crate::manifest::Manifest;
use crate::model::{Job, Revision, RevisionBody, RevisionId, SchemaRevision};
use crate::pg::{Connection, ErrorClass, classify};
use crate::plan::backoff::BackoffPolicy;
use crate::store::{Event, StoreError};

/// How often to ask whether another upgrade is done. It is asked, never waited for in the server: a waiter there
/// and a CREATE INDEX CONCURRENTLY would wait for each other.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// The history of one directory on one database.
pub struct History<'h> {
    /// What does the work.
    pub engine: &'h Engine<'h>,
    /// The files.
    pub manifest: &'h Manifest,
}

/// What an upgrade did with one revision.
#[derive(Debug)]
pub enum UpgradeStep {
    /// Applied now.
    Applied(RevisionId),
    /// Another process applied it meanwhile.
    Found(RevisionId),
    /// A data revision that the operator stopped.
    Stopped(Ended),
}

impl History<'_> {
    /// Applies what is pending up to the target: `head`, `heads`, an id or a unique prefix. Stops at the first
    /// revision that fails or is stopped; those before it stay applied.
    pub async fn upgrade(&self, target: &str) -> Result<Vec<UpgradeStep>, HistoryError> {
        let targets = self.targets(target)?;
        let engine = self.engine;
        let mut connection = engine.connector.connect("upgrade").await?;
        engine.store.install(&mut connection).await?;
        let applied = self.applied(&connection).await?;
        let unknown: Vec<String> =
            self.manifest.graph.unknown_applied(&applied).into_iter().map(str::to_owned).collect();
        if !unknown.is_empty() {
            return Err(HistoryError::UnknownApplied { revisions: unknown });
        }
        let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
        let mut steps = Vec::new();
        for id in self.manifest.graph.pending(&applied, &targets) {
            let revision = self.manifest.revision(id).expect("the graph was built from these revisions");
            if engine.stop.is_asked() {
                return Err(HistoryError::Stopped { revision: revision.id.clone() });
            }
            let step = match &revision.body {
                RevisionBody::Schema(schema) => self.apply_schema(&mut connection, revision, schema).await?,
                RevisionBody::Data(job) => match self.run(job, RunRequest::default()).await? {
                    stopped @ Ended::Stopped { .. } => UpgradeStep::Stopped(stopped),
                    Ended::Done { .. } | Ended::AlreadyDone(_) => UpgradeStep::Applied(revision.id.clone()),
                },
            };
            let stopped = matches!(step, UpgradeStep::Stopped(_));
            steps.push(step);
            if stopped {
                break;
            }
        }
        Ok(steps)
    }

    /// Runs a job. One that stands for a revision must have its parents applied, and is recorded when it is done.
    pub async fn run(&self, job: &Job, request: RunRequest) -> Result<Ended, HistoryError> {
        let engine = self.engine;
        let revision = job.revision.as_ref().and_then(|id| self.manifest.revision(&id.0));
        if let Some(revision) = revision {
            let connection = engine.connector.connect("upgrade").await?;
            self.gate(&connection, job, revision).await?;
        }
        let started = engine.clock.monotonic();
        let ended = engine.run(job, request).await?;
        if let (Some(revision), Ended::Done { .. } | Ended::AlreadyDone(_)) = (revision, &ended) {
            let took = engine.clock.monotonic().saturating_duration_since(started);
            let mut connection = engine.connector.connect("upgrade").await?;
            self.record_data(&mut connection, revision, took).await?;
        }
        Ok(ended)
    }

    fn targets(&self, target: &str) -> Result<Vec<String>, HistoryError> {
        let heads = || self.manifest.graph.heads().into_iter().map(str::to_owned).collect::<Vec<_>>();
        match target {
            "heads" => Ok(heads()),
            "head" => match heads() {
                several if several.len() > 1 => Err(HistoryError::SeveralHeads { heads: several }),
                heads => Ok(heads),
            },
            id => Ok(vec![self.manifest.resolve(id)?.to_owned()]),
        }
    }

    async fn applied(&self, connection: &Connection) -> Result<BTreeSet<String>, HistoryError> {
        Ok(self.engine.store.applied(&**connection).await?.into_keys().collect())
    }

    async fn gate(
        &self,
        connection: &Connection,
        job: &Job,
        revision: &Revision,
    ) -> Result<(), HistoryError> {
        // What is refused leaves no control schema behind.
        let applied = match self.engine.store.version(connection).await? {
            None => BTreeSet::new(),
            Some(_) => self.applied(connection).await?,
        };
        let before = self.manifest.graph.pending(&applied, &[&revision.id.0]);
        let missing: Vec<String> =
            before.into_iter().filter(|id| *id != revision.id.0).map(str::to_owned).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Gate { job: job.name.clone(), revision: revision.id.clone(), missing }.into())
    }

    /// One schema revision in one transaction, tried again while others' locks are in the way.
    async fn apply_schema(
        &self,
        connection: &mut Connection,
        revision: &Revision,
        schema: &SchemaRevision,
    ) -> Result<UpgradeStep, HistoryError> {
        let title = format!("{} {}", revision.id, revision.message);
        self.engine.observer.notice(Notice::Applying { revision: title.clone() });
        let started = self.engine.clock.monotonic();
        let mut attempt = 0;
        loop {
            let error = match self.try_until_cancelled(connection, revision, schema).await {
                Ok(true) => {
                    let took = self.engine.clock.monotonic().saturating_duration_since(started);
                    self.engine.observer.notice(Notice::Applied { revision: title, took });
                    return Ok(UpgradeStep::Applied(revision.id.clone()));
                }
                Ok(false) => return Ok(UpgradeStep::Found(revision.id.clone())),
                Err(error) => error,
            };
            attempt += 1;
            let elapsed = self.engine.clock.monotonic().saturating_duration_since(started);
            let pause = match &error {
                HistoryError::Revision { source, .. } if classify(source) == ErrorClass::Lock => {
                    BackoffPolicy::LOCK.delay(attempt, elapsed, fastrand::f64()).ok()
                }
                _ => None,
            };
            let Some(pause) = pause else {
                self.record_failure(connection, revision, &error).await;
                return Err(error);
            };
            let reason =
                format!("revision {} waits for a lock that another session holds; trying again", revision.id);
            self.engine.observer.notice(Notice::Waiting { reason });
            tokio::select! {
                () = self.engine.clock.sleep(pause) => {}
                () = self.engine.stop.reached(super::StopLevel::AfterBatch) => {
                    return Err(HistoryError::Stopped { revision: revision.id.clone() });
                }
            }
        }
    }

    /// [`Self::try_schema`], cancelled in the server when the operator insists.
    async fn try_until_cancelled(
        &self,
        connection: &mut Connection,
        revision: &Revision,
        schema: &SchemaRevision,
    ) -> Result<bool, HistoryError> {
        let stop = self.engine.stop;
        // What the revision before it may have set for its session is not for this one.
        connection.reset().await.map_err(|source| HistoryError::Revision {
            revision: revision.id.clone(),
            file: revision.file.clone(),
            excerpt: None,
            source,
        })?;
        let cancel = connection.cancel_handle();
        let mut attempt = std::pin::pin!(self.try_schema(connection, revision, schema));
        tokio::select! {
            biased;
            done = &mut attempt => return done,
            () = stop.reached(super::StopLevel::Cancel) => cancel.cancel().await,
        }
        match attempt.await {
            Err(HistoryError::Revision { source, .. }) if classify(&source) == ErrorClass::Timeout => {
                Err(HistoryError::Stopped { revision: revision.id.clone() })
            }
            done => done,
        }
    }

    /// `false`: another process has applied it.
    async fn try_schema(
        &self,
        connection: &mut Connection,
        revision: &Revision,
        schema: &SchemaRevision,
    ) -> Result<bool, HistoryError> {
        let engine = self.engine;
        let failed = |sql: &str, source| HistoryError::Revision {
            revision: revision.id.clone(),
            file: revision.file.clone(),
            excerpt: excerpt(sql, &source),
            source,
        };
        let started = engine.clock.monotonic();
        let transaction = self.begin_alone(connection, revision).await?;
        if engine.store.is_applied(&transaction, &revision.id).await? {
            return Ok(false);
        }
        transaction.batch_execute(&schema.up).await.map_err(|source| failed(&schema.up, source))?;
        if let Some(verify) = &schema.verify {
            let answers = transaction.simple_query(verify).await.map_err(|source| failed(verify, source))?;
            hold(revision, &answers)?;
        }
        let took = engine.clock.monotonic().saturating_duration_since(started);
        engine.store.record_revision(&transaction, engine.identity, revision, took).await?;
        let message = format!("revision {} was applied: {}", revision.id, revision.message);
        self.record(&transaction, "revision.applied", revision, message).await?;
        transaction.commit().await.map_err(|source| failed("", source))?;
        Ok(true)
    }

    /// A transaction that no other upgrade of this control schema runs beside. The lock ends with the transaction,
    /// so it can't be left behind, not by a pooler either. While it is asked for, the transaction has no snapshot
    /// between two questions, which is what a CREATE INDEX CONCURRENTLY would wait for.
    async fn begin_alone<'c>(
        &self,
        connection: &'c mut Connection,
        revision: &Revision,
    ) -> Result<tokio_postgres::Transaction<'c>, HistoryError> {
        let engine = self.engine;
        let failed = |source| HistoryError::Revision {
            revision: revision.id.clone(),
            file: revision.file.clone(),
            excerpt: None,
            source,
        };
        let transaction = connection.transaction().await.map_err(failed)?;
        let settings =
            format!("SET LOCAL lock_timeout = {}", super::batch::milliseconds(engine.settings.lock_timeout));
        transaction.batch_execute(&settings).await.map_err(failed)?;
        let ask = "SELECT pg_try_advisory_xact_lock(hashtextextended('longhaul upgrade ' || $1, 0))";
        let mut told = false;
        while !transaction.query_one(ask, &[&engine.store.schema]).await.map_err(failed)?.get::<_, bool>(0) {
            if !told {
                let reason = "another upgrade is at work on this database".to_owned();
                engine.observer.notice(Notice::Waiting { reason });
                told = true;
            }
            if engine.stop.is_asked() {
                return Err(HistoryError::Stopped { revision: revision.id.clone() });
            }
            engine.clock.sleep(ASK_EVERY).await;
        }
        Ok(transaction)
    }

    async fn record_data(
        &self,
        connection: &mut Connection,
        revision: &Revision,
        took: Duration,
    ) -> Result<(), HistoryError> {
        let engine = self.engine;
        let transaction = self.begin_alone(connection, revision).await?;
        if engine.store.is_applied(&transaction, &revision.id).await? {
            return Ok(());
        }
        engine.store.record_revision(&transaction, engine.identity, revision, took).await?;
        let message = format!("revision {} was applied: {}", revision.id, revision.message);
        self.record(&transaction, "revision.applied", revision, message).await?;
        transaction.commit().await.map_err(|source| HistoryError::Revision {
            revision: revision.id.clone(),
            file: revision.file.clone(),
            excerpt: None,
            source,
        })
    }

    /// Best effort: the failure itself is what the caller hears of.
    async fn record_failure(&self, connection: &Connection, revision: &Revision, error: &HistoryError) {
        let reason = match error {
            HistoryError::Revision { source, .. } => {
                source.as_db_error().map_or_else(|| source.to_string(), |e| e.message().to_owned())
            }
            other => other.to_string(),
        };
        let message = format!("revision {} failed: {reason}", revision.id);
        let _ = self.record(&**connection, "revision.failed", revision, message).await;
    }

    async fn record(
        &self,
        client: &impl tokio_postgres::GenericClient,
        kind: &'static str,
        revision: &Revision,
        message: String,
    ) -> Result<(), StoreError> {
        let event = Event { kind, run: None, revision: Some(&revision.id), message, detail: None };
        self.engine.store.record(client, self.engine.identity, event).await
    }
}

/// Each query of the section must return one true.
fn hold(revision: &Revision, answers: &[SimpleQueryMessage]) -> Result<(), HistoryError> {
    let (mut number, mut rows) = (1, 0);
    for answer in answers {
        let found = match answer {
            SimpleQueryMessage::Row(row) => {
                rows += 1;
                match row.try_get(0) {
                    Ok(Some("t")) => continue,
                    Ok(Some("f")) => "false".to_owned(),
                    Ok(value) => value.unwrap_or("NULL").to_owned(),
                    Err(_) => "no column".to_owned(),
                }
            }
            SimpleQueryMessage::CommandComplete(_) if rows > 0 => {
                (number, rows) = (number + 1, 0);
                continue;
            }
            SimpleQueryMessage::CommandComplete(_) => "no row".to_owned(),
            _ => continue,
        };
        return Err(HistoryError::Unverified {
            revision: revision.id.clone(),
            file: revision.file.clone(),
            number,
            found,
        });
    }
    Ok(())
}

fn excerpt(sql: &str, error: &tokio_postgres::Error) -> Option<SqlExcerpt> {
    match error.as_db_error()?.position()? {
        ErrorPosition::Original(position) => {
            let position = usize::try_from(*position).ok()?.checked_sub(1)?;
            Some(SqlExcerpt { sql: sql.to_owned(), position: position.min(sql.chars().count()) })
        }
        ErrorPosition::Internal { .. } => None,
    }
}
