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

use sha2::{Digest, Sha256};

use super::attempt::{Attempt, Done};
use super::indexes::{self, Concurrent};
use super::{HistoryError, InDoubt};
use crate::engine::{Notice, batch};
use crate::model::Direction;
use crate::store::{Origin, SectionProgress};

/// For how long a statement outside a transaction waits for others. CREATE INDEX CONCURRENTLY waits for every older
/// transaction, and nobody who reads or writes queues behind it meanwhile; so this is long, but it has an end.
const PATIENCE: Duration = Duration::from_secs(2 * 60 * 60);

/// The server's answers to a statement that can't run in a transaction block: `active_sql_transaction`, and
/// `invalid_transaction_termination` of a procedure that commits.
const NOT_IN_TRANSACTION: [&str; 2] = ["25001", "2D000"];

impl Attempt<'_> {
    pub(super) async fn by_statements(&self, statements: &[String]) -> Result<Done, HistoryError> {
        let started = self.now();
        let Some(mut progress) = self.begin_section(started).await? else { return Ok(self.settled()) };
        self.compare(statements, &progress)?;
        for (at, statement) in statements.iter().enumerate().skip(progress.done.len()) {
            self.may_go_on()?;
            self.let_others_finish(statement).await;
            let number = at + 1;
            let notice = Notice::Statement { number, of: statements.len(), sql: statement.trim().to_owned() };
            self.history.engine.observer.notice(notice);
            let digest = digest(statement);
            let begun = progress.begun.take().is_some();
            if begun && self.is_done_after_all(statement).await? {
                self.store_done(&digest, at).await?;
                continue;
            }
            if let Err(error) = self.in_its_transaction(statement, &digest, at).await {
                self.end("ROLLBACK").await?;
                if !is_refused_in_transaction(&error) {
                    return Err(error);
                }
                self.alone(statement, &digest, at).await?;
            }
        }
        self.end_section(started).await?;
        Ok(Done::Now)
    }

    /// Begins or goes on, in a transaction of its own. `None`: there is nothing to do, and that is committed.
    async fn begin_section(&self, started: Instant) -> Result<Option<SectionProgress>, HistoryError> {
        let (engine, id, direction) = (self.history.engine, &self.change.revision.id, self.change.direction);
        let found = self.open().await?;
        let progress = engine.store.begin_section(&**self.connection, id, direction).await?;
        let fresh = progress == SectionProgress::default();
        let (done, sound) = match direction {
            Direction::Up => (found.applied, found.others == self.change.neighbours.len()),
            // Once begun it counts as not applied: nothing may be built on what is half gone.
            Direction::Down => (fresh && !found.applied, found.others == 0),
        };
        if done {
            self.end("ROLLBACK").await?;
            return Ok(None);
        }
        if !sound {
            return Err(HistoryError::Moved { revision: id.clone(), direction });
        }
        if direction == Direction::Up && fresh && !self.condition_holds().await? {
            engine.store.end_section(&**self.connection, id).await?;
            self.record(started, Origin::Skipped).await?;
            return Ok(None);
        }
        if direction == Direction::Down {
            engine.store.forget_revision(&**self.connection, &id.0).await?;
        }
        self.end("COMMIT").await?;
        Ok(Some(progress))
    }

    /// What [`Self::begin_section`] found when there was nothing to do.
    fn settled(&self) -> Done {
        match (self.change.direction, &self.change.revision.condition) {
            (Direction::Up, Some(_)) => Done::Skipped,
            _ => Done::Before,
        }
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
            }),
        }
    }

    /// The statement and its record, together or not at all.
    async fn in_its_transaction(&self, statement: &str, digest: &str, at: usize) -> Result<(), HistoryError> {
        self.begin().await?;
        self.execute(statement, at).await?;
        self.end("RESET SESSION AUTHORIZATION; RESET ROLE").await?;
        self.store_done(digest, at).await?;
        failpoint!("history.statement_recorded");
        self.end("COMMIT").await
    }

    async fn alone(&self, statement: &str, digest: &str, at: usize) -> Result<(), HistoryError> {
        let engine = self.history.engine;
        let id = &self.change.revision.id;
        self.repair(statement).await?;
        engine.store.begin_statement(&**self.connection, id, Some(digest)).await?;
        failpoint!("history.statement_begun");
        let patience = batch::milliseconds(PATIENCE);
        self.reset(&format!("SET lock_timeout = {patience}")).await?;
        let result = self.execute(statement, at).await;
        if let Err(error) = &result
            && error.class() != crate::pg::ErrorClass::Connection
        {
            // The server says that it failed, so it is not done. What it left is seen to before the next attempt.
            self.reset("").await?;
            engine.store.begin_statement(&**self.connection, id, None).await?;
        }
        result?;
        failpoint!("history.statement_alone");
        self.reset("").await?;
        self.store_done(digest, at).await
    }

    async fn store_done(&self, digest: &str, at: usize) -> Result<(), HistoryError> {
        let (store, id) = (&self.history.engine.store, &self.change.revision.id);
        if store.finish_statement(&**self.connection, id, digest, at).await? {
            return Ok(());
        }
        Err(HistoryError::Moved { revision: id.clone(), direction: self.change.direction })
    }

    /// Of a statement that was begun and not recorded as done: whether it is.
    async fn is_done_after_all(&self, statement: &str) -> Result<bool, HistoryError> {
        let concurrent = Concurrent::read(statement);
        match (self.options.in_doubt, concurrent) {
            (InDoubt::Done, _) => Ok(true),
            (InDoubt::Again, _) | (InDoubt::Ask, Concurrent::Repeatable) => Ok(false),
            (InDoubt::Ask, Concurrent::Create { index, table }) => {
                let state = indexes::state(self.connection, &index, &table).await;
                Ok(state.map_err(|source| self.refused(source))?.is_some_and(|found| found.valid))
            }
            (InDoubt::Ask, Concurrent::Drop { index }) => {
                let there = indexes::is_there(self.connection, &index).await;
                Ok(!there.map_err(|source| self.refused(source))?)
            }
            (InDoubt::Ask, Concurrent::Other) => Err(HistoryError::InDoubt {
                revision: self.change.revision.id.clone(),
                statement: statement.split_whitespace().collect::<Vec<_>>().join(" "),
            }),
        }
    }

    /// An index that a failed CREATE INDEX CONCURRENTLY left behind, of no use to anybody, makes way for a new one.
    async fn repair(&self, statement: &str) -> Result<(), HistoryError> {
        let Concurrent::Create { index, table } = Concurrent::read(statement) else { return Ok(()) };
        let found = indexes::state(self.connection, &index, &table).await;
        let Some(found) = found.map_err(|source| self.refused(source))? else { return Ok(()) };
        if found.valid || found.being_built {
            return Ok(());
        }
        let reason = format!("the index {} is left from an attempt that failed; dropping it", found.name);
        self.history.engine.observer.notice(Notice::Repairing { reason });
        let patience = batch::milliseconds(PATIENCE);
        self.reset(&format!("SET lock_timeout = {patience}")).await?;
        self.execute(&format!("DROP INDEX CONCURRENTLY IF EXISTS {}", found.name), 0).await
    }

    async fn end_section(&self, started: Instant) -> Result<(), HistoryError> {
        let (engine, id) = (self.history.engine, &self.change.revision.id);
        self.begin().await?;
        self.verify(true).await?;
        self.end("RESET SESSION AUTHORIZATION; RESET ROLE").await?;
        engine.store.end_section(&**self.connection, id).await?;
        failpoint!("history.section_ending");
        self.record(started, Origin::Applied).await
    }
}

fn is_refused_in_transaction(error: &HistoryError) -> bool {
    matches!(error, HistoryError::Section(failed)
        if failed.source.code().is_some_and(|code| NOT_IN_TRANSACTION.contains(&code.code())))
}

/// SHA-256 of the statement, whatever its blanks.
fn digest(statement: &str) -> String {
    let words: Vec<&str> = statement.split_whitespace().collect();
    Sha256::digest(words.join(" ")).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}
