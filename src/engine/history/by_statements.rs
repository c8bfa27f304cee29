//! Sections with `transaction:false`: statement by statement, each remembered.
//!
//! ```text
//! begin the section ─► statement: in a transaction with its record ─► … ─► verify ─► record the revision, end the section
//!                          │ the server says that it can't run in one
//!                          └► record that it begins ─► run it alone ─► record that it is done
//! ```
//!
//! A crash leaves at most one statement of which only "begun" is known, and only of the kind that can't run in a
//! transaction. What such a statement leaves behind is looked at: an index that is valid is done, one that is not is
//! dropped and built again; what can be repeated is; of the rest a person must say whether it is done.

use std::time::{Duration, Instant};

use super::attempt::{Attempt, Done, OURSELVES_AGAIN};
use super::execution::Place;
use super::indexes::{self, Concurrent};
use super::statement::{Refusal, Statement, digest, refusal};
use super::{HistoryError, InDoubt};
use crate::engine::{Notice, batch};
use crate::model::Direction;
use crate::pg::ErrorClass;
use crate::pg::search_path::{AS_AUTHOR, KEEP, SESSION_AS_AUTHOR};
use crate::store::{Origin, SectionProgress};

/// For how long a statement outside a transaction waits for others. CREATE INDEX CONCURRENTLY waits for every older
/// transaction, and nobody who reads or writes queues behind it meanwhile; so this is long, but it has an end.
const PATIENCE: Duration = Duration::from_secs(2 * 60 * 60);

/// How often to look whether a statement of a process that died has ended in the server.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Where a section stands when it is begun.
enum Begun {
    /// There is this to go on from.
    Going(SectionProgress),
    /// There is nothing to do.
    Settled(Done),
}

impl Attempt<'_> {
    pub(super) async fn by_statements(&self, statements: &[String]) -> Result<Done, HistoryError> {
        let started = self.now();
        let mut progress = match self.begin_section(started).await? {
            Begun::Going(progress) => progress,
            Begun::Settled(done) => return Ok(done),
        };
        self.compare(statements, &progress)?;
        for (at, sql) in statements.iter().enumerate().skip(progress.done.len()) {
            self.may_go_on()?;
            self.tell_begin(Place { at, of: statements.len() }, sql);
            let callbacks = &self.history.engine.settings.callbacks;
            let statement = Statement::of(statements, at).after(callbacks.before_revision.as_deref());
            self.do_statement(&statement, progress.begun.take()).await?;
        }
        self.end_section(started).await?;
        Ok(Done::Now)
    }

    /// `begun`: the digest of the statement that was begun here before, and may be done.
    async fn do_statement(
        &self,
        statement: &Statement<'_>,
        begun: Option<String>,
    ) -> Result<(), HistoryError> {
        // Names mean in our own looks what they mean in the statement: its path is kept for them.
        self.reset(&format!("{SESSION_AS_AUTHOR}; {};\n{KEEP}", statement.settings)).await?;
        if let Some(begun) = &begun {
            self.await_its_end(statement.sql).await?;
            if self.is_done_after_all(statement, begun).await? {
                self.reset("").await?;
                return self.store_done(statement).await;
            }
        }
        self.let_others_finish(statement.sql).await?;
        let Err(error) = self.in_its_transaction(statement).await else { return Ok(()) };
        self.end("ROLLBACK").await?;
        match refusal(&error) {
            None => Err(error),
            Some(refusal) => self.alone(statement, refusal, begun.as_deref()).await,
        }
    }

    /// Begins or goes on, in a transaction of its own.
    async fn begin_section(&self, started: Instant) -> Result<Begun, HistoryError> {
        let (engine, id, direction) = (self.history.engine, &self.change.revision.id, self.change.direction);
        self.begin("").await?;
        engine.store.lock_revisions(&**self.connection).await?;
        let found = engine.store.neighbours_applied(&**self.connection, id, &self.change.neighbours).await?;
        self.seen.backend.store(found.backend, std::sync::atomic::Ordering::Relaxed);
        let progress = engine.store.begin_section(&**self.connection, id, direction).await?;
        let fresh = progress == SectionProgress::default();
        let (done, sound) = match direction {
            Direction::Up => (found.applied, found.others == self.change.neighbours.len()),
            // Once begun it counts as not applied: nothing may be built on what is half gone.
            Direction::Down => (fresh && !found.applied, found.others == 0),
        };
        if done {
            self.end("ROLLBACK").await?;
            return Ok(Begun::Settled(Done::Before));
        }
        if !sound {
            return Err(HistoryError::Moved { revision: id.clone(), direction });
        }
        match direction {
            Direction::Up if fresh && !self.condition_holds().await? => {
                engine.store.end_section(&**self.connection, id).await?;
                self.record(started, Origin::Skipped).await?;
                return Ok(Begun::Settled(Done::Skipped));
            }
            Direction::Up => {}
            Direction::Down => {
                self.history.refuse_at_work(&**self.connection, id).await?;
                engine.store.forget_revision(&**self.connection, &id.0).await?;
            }
        }
        self.end("COMMIT").await?;
        Ok(Begun::Going(progress))
    }

    /// What is done must be what stands in the file.
    fn compare(&self, statements: &[String], progress: &SectionProgress) -> Result<(), HistoryError> {
        let same = |(at, done): (usize, &String)| statements.get(at).is_some_and(|now| digest(now) == *done);
        match progress.done.iter().enumerate().position(|pair| !same(pair)) {
            None => Ok(()),
            Some(at) => Err(HistoryError::ChangedMidway {
                revision: self.change.revision.id.clone(),
                file: self.change.revision.file.clone(),
                number: at + 1,
                how: "is done",
            }),
        }
    }

    /// The statement and its record, together or not at all.
    async fn in_its_transaction(&self, statement: &Statement<'_>) -> Result<(), HistoryError> {
        self.begin(&self.remember()).await?;
        self.end(&format!("{AS_AUTHOR}; {}", statement.settings)).await?;
        self.execute_one(statement.sql, statement.at, Some(statement.place())).await?;
        self.end(OURSELVES_AGAIN).await?;
        self.observe(statement.sql).await?;
        self.store_done(statement).await?;
        failpoint!("history.statement_recorded");
        self.end("COMMIT").await
    }

    async fn alone(
        &self,
        statement: &Statement<'_>,
        refusal: Refusal,
        begun: Option<&str>,
    ) -> Result<(), HistoryError> {
        self.repair(statement).await?;
        self.reset("").await?;
        // No transaction protects what follows: whoever lost the lock of the history doesn't begin it.
        if self.lock.is_lost() {
            let (revision, direction) = (self.change.revision.id.clone(), self.change.direction);
            return Err(HistoryError::Moved { revision, direction });
        }
        self.mark(statement, Some(&statement.digest), begun).await?;
        failpoint!("history.statement_begun");
        let patience = batch::milliseconds(PATIENCE);
        self.reset(&format!("SET lock_timeout = {patience}; {SESSION_AS_AUTHOR}; {}", statement.settings))
            .await?;
        let result = self.execute_one(statement.sql, statement.at, Some(statement.place())).await;
        match result {
            Ok(()) => {}
            Err(error) if error.class() == ErrorClass::Connection => return Err(error),
            Err(HistoryError::Section(failed)) if refusal == Refusal::Commits => {
                // What it committed before it failed stays.
                return Err(self.in_doubt(statement, Some(failed.source)));
            }
            Err(error) => {
                // The server says that it failed, so it is not done. What it left is seen to before the next attempt.
                self.reset("").await?;
                self.mark(statement, None, Some(&statement.digest)).await?;
                return Err(error);
            }
        }
        failpoint!("history.statement_alone");
        self.reset("").await?;
        self.store_done(statement).await
    }

    /// Stores which statement runs outside a transaction, where none or this one did before.
    async fn mark(
        &self,
        statement: &Statement<'_>,
        digest: Option<&str>,
        before: Option<&str>,
    ) -> Result<(), HistoryError> {
        let (store, id) = (&self.history.engine.store, &self.change.revision.id);
        if store.begin_statement(&**self.connection, id, digest, (statement.at, before)).await? {
            return Ok(());
        }
        Err(HistoryError::Moved { revision: id.clone(), direction: self.change.direction })
    }

    async fn store_done(&self, statement: &Statement<'_>) -> Result<(), HistoryError> {
        let (store, id) = (&self.history.engine.store, &self.change.revision.id);
        if store.finish_statement(&**self.connection, id, &statement.digest, statement.at).await? {
            return Ok(());
        }
        Err(HistoryError::Moved { revision: id.clone(), direction: self.change.direction })
    }

    /// A statement outside a transaction goes on in the server when its process dies. Beside it nothing can be told, and
    /// nothing be done.
    async fn await_its_end(&self, sql: &str) -> Result<(), HistoryError> {
        let engine = self.history.engine;
        let (started, mut told) = (self.now(), None);
        while self.now().saturating_duration_since(started) < PATIENCE {
            let found = self.connection.query_opt(include_str!("running.sql"), &[&sql]).await;
            let Some(row) = found.map_err(|source| self.refused(source))? else { return Ok(()) };
            let session: String = row.get(0);
            if told.as_ref() != Some(&session) {
                let id = &self.change.revision.id;
                let reason = format!("revision {id}: the statement is still being run by {session}");
                engine.observer.notice(Notice::Waiting { reason });
                told = Some(session);
            }
            self.may_go_on()?;
            engine.clock.sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Of a statement that was begun and not recorded as done: whether it is.
    async fn is_done_after_all(&self, statement: &Statement<'_>, begun: &str) -> Result<bool, HistoryError> {
        match self.options.in_doubt {
            InDoubt::Done => return Ok(true),
            InDoubt::Again => return Ok(false),
            InDoubt::Ask if begun != statement.digest => {
                return Err(HistoryError::ChangedMidway {
                    revision: self.change.revision.id.clone(),
                    file: self.change.revision.file.clone(),
                    number: statement.at + 1,
                    how: "was begun",
                });
            }
            InDoubt::Ask => {}
        }
        match Concurrent::read(statement.sql) {
            Concurrent::Repeatable => Ok(false),
            Concurrent::Create { index, table } => {
                let state = indexes::state(self.connection, &index, &table).await;
                Ok(state.map_err(|source| self.refused(source))?.is_some_and(|found| found.valid))
            }
            Concurrent::Drop { index } => {
                let there = indexes::is_there(self.connection, &index).await;
                Ok(!there.map_err(|source| self.refused(source))?)
            }
            Concurrent::Other => Err(self.in_doubt(statement, None)),
        }
    }

    fn in_doubt(&self, statement: &Statement<'_>, source: Option<tokio_postgres::Error>) -> HistoryError {
        HistoryError::InDoubt {
            revision: self.change.revision.id.clone(),
            statement: statement.sql.split_whitespace().collect::<Vec<_>>().join(" "),
            source,
        }
    }

    /// An index that a failed CREATE INDEX CONCURRENTLY left behind, of no use to anybody, makes way for a new one.
    async fn repair(&self, statement: &Statement<'_>) -> Result<(), HistoryError> {
        let Concurrent::Create { index, table } = Concurrent::read(statement.sql) else { return Ok(()) };
        let found = indexes::state(self.connection, &index, &table).await;
        let Some(found) = found.map_err(|source| self.refused(source))? else { return Ok(()) };
        if found.valid || found.being_built {
            return Ok(());
        }
        let reason = format!("the index {} is left from an attempt that failed; dropping it", found.name);
        self.history.engine.observer.notice(Notice::Repairing { reason });
        let patience = batch::milliseconds(PATIENCE);
        self.reset(&format!("SET lock_timeout = {patience}")).await?;
        self.execute_one(&format!("DROP INDEX CONCURRENTLY IF EXISTS {}", found.name), 0, None).await
    }

    async fn end_section(&self, started: Instant) -> Result<(), HistoryError> {
        let (engine, id) = (self.history.engine, &self.change.revision.id);
        self.begin("").await?;
        self.end(AS_AUTHOR).await?;
        let callbacks = &self.history.engine.settings.callbacks;
        self.callback("after_revision", callbacks.after_revision.as_deref()).await?;
        self.verify(true).await?;
        self.end(OURSELVES_AGAIN).await?;
        engine.store.lock_revisions(&**self.connection).await?;
        let neighbours = &self.change.neighbours;
        let found = engine.store.neighbours_applied(&**self.connection, id, neighbours).await?;
        let sound = match self.change.direction {
            Direction::Up => found.others == neighbours.len(),
            Direction::Down => found.others == 0,
        };
        if !engine.store.end_section(&**self.connection, id).await? || !sound {
            return Err(HistoryError::Moved { revision: id.clone(), direction: self.change.direction });
        }
        failpoint!("history.section_ending");
        self.record(started, Origin::Applied).await
    }
}
