//! One attempt at a revision: in one transaction, or statement by statement.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio_postgres::Statement;

use super::execution::{Failed, takes_failures_back, takes_statements_away};
use super::lock::HistoryLock;
use super::session::{Change, Seen};
use super::verify::hold;
use super::{ChangeOptions, History, HistoryError, blockers};
use crate::engine::batch;
use crate::manifest;
use crate::model::{Direction, Section};
use crate::pg::Connection;
use crate::pg::search_path::{AS_AUTHOR, AS_OURSELVES};
use crate::store::{Neighbours, Origin, Recording};

/// How often a table is looked at that others hold in old transactions, before its lock is asked for all the same.
const LOOKS: u32 = 20;

/// Between two of these.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Whatever role and `search_path` the revision took, ours write the record.
pub(super) const OURSELVES_AGAIN: &str =
    "RESET SESSION AUTHORIZATION; RESET ROLE; SET LOCAL search_path = pg_catalog, pg_temp";

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// Applied or undone now.
    Now,
    /// It was so already: by another process, or by this one when the answer to its COMMIT was lost.
    Before,
    /// Its condition doesn't hold; it is recorded, and nothing was done.
    Skipped,
}

/// What an attempt works with.
pub(super) struct Attempt<'a> {
    pub(super) history: &'a History<'a>,
    pub(super) options: &'a ChangeOptions<'a>,
    pub(super) connection: &'a Connection,
    pub(super) lock: &'a HistoryLock,
    pub(super) change: &'a Change<'a>,
    pub(super) seen: &'a Seen,
}

impl Attempt<'_> {
    pub(super) async fn run(&self) -> Result<Done, HistoryError> {
        let done = match self.change.section {
            Section::Transaction(sql) => self.in_transaction(sql).await,
            Section::Statements(statements) => self.by_statements(statements).await,
        };
        if done.is_err() {
            // The next attempt begins afresh; this only lets go of locks at once.
            let _ = self.connection.batch_execute("ROLLBACK").await;
        }
        done
    }

    async fn in_transaction(&self, sql: &str) -> Result<Done, HistoryError> {
        let started = self.now();
        self.seen.taken.lock().expect("no holder can panic").clear();
        self.seen.timing.lock().expect("no holder can panic").begin();
        self.let_others_finish(sql).await?;
        let found = self.open().await?;
        if let Some(done) = self.settle_beforehand(found, started).await? {
            return Ok(done);
        }
        let callbacks = &self.history.engine.settings.callbacks;
        let (before, after) = (callbacks.before_revision.as_deref(), callbacks.after_revision.as_deref());
        let is_plain = before.or(after).or(self.change.verify).is_none();
        if is_plain && !takes_statements_away(sql) && !takes_failures_back(sql) {
            // Nothing has to be seen in between: sent without waiting. What follows a failure fails too.
            let (entered, executed, found, observed) = futures_util::join!(
                self.end(AS_AUTHOR),
                self.execute(sql),
                self.be_alone(),
                self.observe(sql)
            );
            entered?;
            executed?;
            observed?;
            return self.finish(found?, started).await;
        }
        self.end(AS_AUTHOR).await?;
        self.callback("before_revision", before).await?;
        self.execute(sql).await?;
        self.callback("after_revision", after).await?;
        self.verify(false).await?;
        let found = self.be_alone().await?;
        self.observe(sql).await?;
        self.finish(found, started).await
    }

    /// Begins, and looks where the revision stands: one flight.
    async fn open(&self) -> Result<Neighbours, HistoryError> {
        let sql = &self.history.engine.store.sql;
        let look = self.prepared(&sql.neighbours_applied).await?;
        // Prepared before the revision may have taken another role.
        self.prepared(self.recording()).await?;
        let remember = self.remember();
        let (begun, found) = futures_util::join!(self.begin(&remember), self.look(&look));
        begun?;
        found
    }

    /// Where the revision stands.
    async fn look(&self, statement: &Statement) -> Result<Neighbours, HistoryError> {
        let Change { revision, neighbours, .. } = self.change;
        let store = self.history.engine.store;
        let look = store.neighbours_applied_by(&**self.connection, statement, &revision.id, neighbours);
        let found = look.await?;
        self.seen.backend.store(found.backend, Ordering::Relaxed);
        Ok(found)
    }

    /// The statement that records the change.
    fn recording(&self) -> &str {
        let sql = &self.history.engine.store.sql;
        match self.change.direction {
            Direction::Up => &sql.record_revision,
            Direction::Down => &sql.undo_revision,
        }
    }

    async fn prepared(&self, sql: &str) -> Result<Statement, HistoryError> {
        self.connection.prepared(sql).await.map_err(|source| self.refused(source))
    }

    /// A fresh transaction whose waits for locks are short, and that begins with this.
    pub(super) async fn begin(&self, with: &str) -> Result<(), HistoryError> {
        let timeout = batch::milliseconds(self.history.engine.settings.lock_timeout);
        let begun =
            self.connection.begin_afresh(&format!("SET LOCAL lock_timeout = {timeout}; {with}")).await;
        begun.map_err(|source| self.refused(source))
    }

    /// What there is nothing to do for: it is done already, or its condition doesn't hold.
    async fn settle_beforehand(
        &self,
        found: Neighbours,
        started: Instant,
    ) -> Result<Option<Done>, HistoryError> {
        // It ran statement by statement when they were done; all of it at once would do them again.
        if found.half {
            return Err(HistoryError::ChangedMidway {
                revision: self.change.revision.id.clone(),
                file: self.change.revision.file.clone(),
                number: 1,
                how: "is done by itself",
            });
        }
        if self.is_done(found)? {
            self.end("ROLLBACK").await?;
            return Ok(Some(Done::Before));
        }
        match self.change.direction {
            Direction::Down => {
                self.history.refuse_at_work(&**self.connection, &self.change.revision.id).await?;
            }
            Direction::Up if self.condition_holds().await? => {}
            Direction::Up => {
                let found = self.be_alone().await?;
                if self.is_done(found)? {
                    self.end("ROLLBACK").await?;
                    return Ok(Some(Done::Before));
                }
                self.record(started, Origin::Skipped).await?;
                return Ok(Some(Done::Skipped));
            }
        }
        Ok(None)
    }

    /// Whether the history stands as it is to stand. An error where the revision has nothing to stand on, or others stand on
    /// it.
    fn is_done(&self, found: Neighbours) -> Result<bool, HistoryError> {
        let Change { revision, direction, neighbours, .. } = self.change;
        let (done, sound) = match direction {
            Direction::Up => (found.applied, found.others == neighbours.len()),
            Direction::Down => (!found.applied, found.others == 0),
        };
        if !done && !sound {
            return Err(HistoryError::Moved { revision: revision.id.clone(), direction: *direction });
        }
        Ok(done)
    }

    /// Whether the revision is to do anything.
    pub(super) async fn condition_holds(&self) -> Result<bool, HistoryError> {
        let Some(condition) = &self.change.revision.condition else { return Ok(true) };
        self.end(AS_AUTHOR).await?;
        let answers = self.connection.simple_query(condition).await;
        let answers = answers
            .map_err(|source| self.failed(Some(condition), 0, Failed { through: 0, before: 0, source }))?;
        self.end(AS_OURSELVES).await?;
        Ok(hold(&answers).is_ok())
    }

    /// SQL of `[callbacks]`.
    pub(super) async fn callback(&self, name: &str, sql: Option<&str>) -> Result<(), HistoryError> {
        let Some(sql) = sql else { return Ok(()) };
        self.connection.batch_execute(sql).await.map_err(|source| {
            let reason = source.as_db_error().map_or_else(|| source.to_string(), |e| e.message().to_owned());
            HistoryError::Callback { command: name.to_owned(), reason }
        })
    }

    /// `kept`: what was done is committed already.
    pub(super) async fn verify(&self, kept: bool) -> Result<(), HistoryError> {
        let Some(verify) = self.change.verify else { return Ok(()) };
        let revision = self.change.revision;
        let answers = self.connection.simple_query(verify).await;
        let answers = answers
            .map_err(|source| self.failed(Some(verify), 0, Failed { through: 0, before: 0, source }))?;
        hold(&answers).map_err(|not_true| HistoryError::Unverified {
            revision: revision.id.clone(),
            file: revision.file.clone(),
            number: not_true.number,
            found: not_true.found,
            kept,
        })
    }

    async fn finish(&self, found: Neighbours, started: Instant) -> Result<Done, HistoryError> {
        failpoint!("history.section_done");
        if self.is_done(found)? {
            self.end("ROLLBACK").await?;
            return Ok(Done::Before);
        }
        self.record(started, Origin::Applied).await?;
        failpoint!("history.committed");
        Ok(Done::Now)
    }

    /// A process that lost the lock of the history, or an attempt of ours whose connection was cut, may have been at the
    /// same: so, before anything is recorded, it is looked again, and nobody let in between.
    async fn be_alone(&self) -> Result<Neighbours, HistoryError> {
        let sql = &self.history.engine.store.sql;
        let look = self.prepared(&sql.neighbours_applied).await?;
        let alone = format!("{OURSELVES_AGAIN}; {}", sql.lock_revisions);
        let (alone, found) = futures_util::join!(self.end(&alone), self.look(&look));
        alone?;
        found
    }

    /// Records the change and commits: one flight. Where the record fails, the commit is a rollback.
    pub(super) async fn record(&self, started: Instant, origin: Origin) -> Result<(), HistoryError> {
        let (engine, revision) = (self.history.engine, self.change.revision);
        let took = self.now().saturating_duration_since(started);
        self.tell_surprises().await?;
        let statement = self.prepared(self.recording()).await?;
        let (store, identity, client) = (engine.store, engine.identity, &**self.connection);
        let (recorded, committed) = match self.change.direction {
            Direction::Up => {
                let detail = json!({ "tag": self.options.tag, "taken": self.taken(), "statements": self.statements() });
                let recording = Recording { revision, origin, took, detail };
                let record = store.record_revision_by(client, &statement, identity, &recording);
                futures_util::join!(record, self.end("COMMIT"))
            }
            Direction::Down => {
                self.history.give_up_followers(client, &revision.id).await?;
                let detail = json!({
                    "duration_ms": took.as_millis(),
                    "tool_version": env!("CARGO_PKG_VERSION"),
                    "tag": self.options.tag,
                    "taken": self.taken(),
                    "statements": self.statements(),
                });
                let record = store.undo_revision_by(client, &statement, identity, (revision, &detail));
                futures_util::join!(record, self.end("COMMIT"))
            }
        };
        recorded?;
        committed
    }

    /// Who asks for a lock against everybody makes everybody queue behind it while it waits itself. So where an old
    /// transaction is in the way, it is let finish first; for a while.
    pub(super) async fn let_others_finish(&self, sql: &str) -> Result<(), HistoryError> {
        let engine = self.history.engine;
        let tables = manifest::locked_tables(sql);
        for look in 0..LOOKS {
            let found = blockers::in_the_way(self.connection, &tables).await;
            let Some(first) = found.first() else {
                if look > 0 {
                    engine.observer.notice(crate::engine::Notice::GoesOn);
                }
                return Ok(());
            };
            let reason = format!("revision {} lets {first} finish first", self.change.revision.id);
            engine.observer.notice(crate::engine::Notice::Waiting { reason });
            *self.seen.blockers.lock().expect("no holder can panic") = found;
            self.may_go_on()?;
            engine.clock.sleep(LOOK_EVERY).await;
        }
        engine.observer.notice(crate::engine::Notice::GoesOn);
        Ok(())
    }

    /// What each statement took, for the revision's event.
    fn statements(&self) -> serde_json::Value {
        self.seen.timing.lock().expect("no holder can panic").in_json()
    }

    /// Runs a command of ours.
    pub(super) async fn end(&self, command: &str) -> Result<(), HistoryError> {
        self.connection.batch_execute(command).await.map_err(|source| self.refused(source))
    }

    /// Takes back what was set for the session, and sets this.
    pub(super) async fn reset(&self, settings: &str) -> Result<(), HistoryError> {
        self.connection.reset(settings).await.map_err(|source| self.refused(source))
    }

    /// An error of a statement of ours.
    pub(super) fn refused(&self, source: tokio_postgres::Error) -> HistoryError {
        self.failed(None, 0, Failed { through: 0, before: 0, source })
    }

    /// An error if the operator asked to stop, between two statements.
    pub(super) fn may_go_on(&self) -> Result<(), HistoryError> {
        if self.history.engine.stop.is_asked() {
            return Err(HistoryError::Stopped {
                before: format!("revision {} was done", self.change.revision.id),
            });
        }
        Ok(())
    }

    pub(super) fn now(&self) -> Instant {
        self.history.engine.clock.monotonic()
    }
}
