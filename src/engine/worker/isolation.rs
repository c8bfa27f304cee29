//! A batch with rows in it that can't take their new values: they are found, and the rest is done.
//!
//! ```text
//! BEGIN · fence · the keys of the interval
//!   SAVEPOINT · a set of them ─► goes through: RELEASE
//!                            └─► fails: ROLLBACK TO, and both halves; a single row goes into quarantine
//! position · COMMIT
//! ```
//!
//! All of it is one transaction, like any batch: rows, quarantine and position are there together or not at all.

use std::sync::atomic::Ordering;
use std::time::Instant;

use serde_json::Value;
use tokio_postgres::Error;

use super::{Tools, Worker};
use crate::engine::batch::{Batch, Committed, Prepared};
use crate::engine::{Leave, Notice, RunError, StopLevel};
use crate::model::{KeyValue, Tolerance, Wanted, counted};
use crate::pg::sqlstate::Said;
use crate::pg::{Connection, ErrorClass, classify};
use crate::plan::bisection::Bisection;
use crate::plan::hours::Opening;
use crate::store::{Culprit, Event, Wish};

/// What came of it.
pub(super) enum Isolated {
    /// The batch is committed, but for the rows in quarantine.
    Committed(Committed),
    /// There are more such rows than the job tolerates: nothing of the batch was kept, and the run is to be paused.
    TooMany {
        /// Why, with the row that was one too many.
        reason: String,
        /// That row's error.
        sqlstate: String,
    },
    /// The operator insists, or the hours have closed: nothing of the batch was kept.
    Interrupted,
}

/// Why a run is to be paused by itself.
pub(super) struct Trip {
    /// In words.
    pub(super) reason: String,
    /// The same without keys and values of rows, where it has some and its SQLSTATE doesn't tell that.
    pub(super) public: Option<String>,
    /// The server's code.
    pub(super) sqlstate: Option<String>,
}

impl Trip {
    pub(super) fn over(error: &RunError) -> Self {
        Self {
            reason: error.in_short(),
            public: error.without_values().map(|_| error.in_public()),
            sqlstate: error.sqlstate(),
        }
    }
}

/// The batch in hand.
struct Isolation<'i> {
    tools: &'i Tools<'i>,
    connection: &'i Connection,
    prepared: &'i Prepared,
    batch: &'i Batch,
    started: Instant,
}

/// What went through so far.
#[derive(Default)]
struct Sum {
    changed: u64,
    unconverged: u64,
}

impl Worker<'_> {
    /// Does the batch set by set.
    pub(super) async fn isolate(&mut self, batch: &Batch) -> Result<Isolated, RunError> {
        let tools = self.tools;
        let super::Session { connection, prepared, .. } = &self.session;
        let started = tools.clock.monotonic();
        let isolation = Isolation { tools, connection, prepared, batch, started };
        let isolated = {
            let mut work = std::pin::pin!(isolation.work());
            tokio::select! {
                biased;
                done = &mut work => done,
                () = interruption(tools) => {
                    connection.cancel().await;
                    work.await
                }
            }
        };
        if !matches!(isolated, Ok(Isolated::Committed(_))) {
            // Where the connection is gone, the next statement tells.
            let _ = connection.batch_execute("ROLLBACK").await;
        }
        isolated
    }

    /// Stores that the run is to be paused, as an operator would: every process at work obeys.
    pub(super) async fn trip(&mut self, trip: Trip) -> Result<Leave, RunError> {
        let Trip { reason, public, sqlstate } = trip;
        let Tools { store, run, .. } = *self.tools;
        let wish = Wish { wanted: Wanted::Pause, by: Some(Wish::OWN.to_owned()), why: Some(reason.clone()) };
        let failed = || RunError::sql("pause the run");
        let connection = self.session.connection();
        let transaction = connection.transaction().await.map_err(failed())?;
        store.set_wanted(&transaction, run, &wish).await?;
        let message = format!("run {run} pauses by itself: {reason}");
        let detail = (sqlstate.is_some() || public.is_some())
            .then(|| serde_json::json!({ "sqlstate": sqlstate, "public": public }));
        let event = Event { detail, ..Event::of_run(run, "run.tripped", message) };
        store.record(&transaction, self.tools.identity, event).await?;
        store.notify_workers(&transaction, Some(run)).await?;
        transaction.commit().await.map_err(failed())?;
        Ok(Leave::Paused(wish))
    }
}

/// Until a batch in hand is to be given up.
pub(super) async fn interruption(tools: &Tools<'_>) {
    tokio::select! {
        () = tools.stop.reached(StopLevel::Cancel) => {}
        () = tools.gate.closing() => {}
    }
}

impl Isolation<'_> {
    async fn work(&self) -> Result<Isolated, RunError> {
        let Self { tools, connection, prepared, batch, .. } = self;
        let Tools { store, sql, job, run, .. } = **tools;
        let failed = |source| RunError::batch(batch, source);
        prepared.open(connection, sql, batch).await.map_err(failed)?;
        // Constraints that wait for the COMMIT must fail with their row. What is ours finds PostgreSQL's own functions.
        let begin = format!("SET CONSTRAINTS ALL IMMEDIATE; {}", sql.as_ourselves());
        connection.batch_execute(&begin).await.map_err(failed)?;
        let (rows, taken) = store.quarantine_room(&***connection, run).await?;
        let most = job.quarantine.rows(rows);
        let keys = self.candidates().await.map_err(failed)?;
        let among = sql.among(batch.shape(), self.within());
        let (mut sum, mut culprits) = (Sum::default(), Vec::new());
        let mut bisection = Bisection::of(keys.len());
        while let Some(set) = bisection.take() {
            if self.is_interrupted() {
                return Ok(Isolated::Interrupted);
            }
            let Err(error) = self.attempt(&among, &keys[set.clone()], &mut sum).await.map_err(failed)? else {
                continue;
            };
            let Some(at) = bisection.failed(set) else { continue };
            let Some(culprit) = self.describe(&keys[at], &error).await.map_err(failed)? else { continue };
            if job.quarantine == Tolerance::default() {
                return Err(RunError::row(&sql.describe_key(&culprit.key), error));
            }
            if taken + culprits.len() as u64 >= most {
                let row = sql.describe_key(&culprit.key);
                let (all, error) = (most + 1, &culprit.error.message);
                let reason = format!(
                    "{all} rows can't take their new values, and max = {most} is tolerated; the last is {row}: {error}"
                );
                let sqlstate = culprit.error.code.clone();
                return Ok(Isolated::TooMany { reason, sqlstate });
            }
            culprits.push(culprit);
        }
        for culprit in &culprits {
            store.quarantine(&***connection, run, culprit).await?;
        }
        failpoint!("isolated.quarantined");
        let changed = (sum.changed, sum.unconverged);
        let committed = Prepared::close(connection, (tools.clock, sql), batch, changed, self.started)
            .await
            .map_err(failed)?;
        tools.spares.store(true, Ordering::SeqCst);
        self.tell(&culprits);
        Ok(Isolated::Committed(committed))
    }

    /// Of a job that restores: the numbers of the chunks in hand.
    fn within(&self) -> (Option<i64>, i64) {
        let number = |key: &KeyValue| key.0.first().and_then(|part| part.parse().ok());
        (self.batch.lower().and_then(number), number(&self.batch.upper).unwrap_or(i64::MAX))
    }

    /// The keys of the batch's rows, each as the literal of a `text[]`.
    async fn candidates(&self) -> Result<Vec<String>, Error> {
        let Self { tools, connection, batch, .. } = self;
        let statement = tools.sql.candidates(batch.shape(), batch.stride(), batch.last_pointer, tools.run);
        let lower = batch.lower().map(|key| &key.0);
        let rows = if batch.shape().has_lower() {
            connection.query(&statement, &[&batch.upper.0, &lower]).await?
        } else {
            connection.query(&statement, &[&batch.upper.0]).await?
        };
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Tries a set: the inner error is that of a row in it, and then nothing of the set was kept.
    async fn attempt(&self, among: &str, keys: &[String], sum: &mut Sum) -> Result<Result<(), Error>, Error> {
        let connection = self.connection;
        // The rows are the author's; ROLLBACK TO takes the path back as well.
        connection.batch_execute(&format!("SAVEPOINT attempt; {}", self.tools.sql.as_author())).await?;
        match connection.query_one(among, &[&keys, &self.tools.run.0]).await {
            Ok(row) => {
                sum.changed += row.get::<_, i64>(0).unsigned_abs();
                sum.unconverged += row.get::<_, i64>(1).unsigned_abs();
                connection
                    .batch_execute(&format!("RELEASE attempt; {}", self.tools.sql.as_ourselves()))
                    .await?;
                Ok(Ok(()))
            }
            Err(error) if classify(&error) == ErrorClass::Data => {
                connection.batch_execute("ROLLBACK TO attempt; RELEASE attempt").await?;
                Ok(Err(error))
            }
            Err(error) => Err(error),
        }
    }

    /// The row as it is; `None` when it is gone by now.
    async fn describe(&self, key: &str, error: &Error) -> Result<Option<Culprit>, Error> {
        let row = self.connection.query_opt(&self.tools.sql.row(), &[&key]).await?;
        Ok(row.map(|row| {
            let (old_values, key): (Value, Vec<String>) = (row.get(0), row.get(1));
            Culprit { key: KeyValue(key), old_values, error: Said::of(error) }
        }))
    }

    fn is_interrupted(&self) -> bool {
        let Tools { stop, gate, .. } = self.tools;
        stop.level() >= StopLevel::Cancel || matches!(gate.opening(), Opening::Closed { .. })
    }

    fn tell(&self, culprits: &[Culprit]) {
        let Some(first) = culprits.first() else { return };
        let rows = counted(culprits.len(), "row");
        let (row, error) = (self.tools.sql.describe_key(&first.key), &first.error.message);
        let such = if culprits.len() > 1 { "the first of them " } else { "" };
        let message = format!("{rows} put into quarantine, {such}{row}: {error}");
        self.tools.observer.notice(Notice::Quarantined { rows: culprits.len(), message: message.clone() });
        self.tools.gate.tell("quarantine.filled", message);
    }
}
