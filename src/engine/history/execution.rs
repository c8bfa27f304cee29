//! A section's SQL on its way to the server: statement by statement, so that each one's time is known.
//!
//! ```text
//! statement 1 ─► statement 2 ─► … ─► ours       sent without waiting: what follows a failure fails too
//!      ◄── answer     ◄── answer     ◄── answer  each comes as soon as its statement is through
//! ```
//!
//! Several statements in one message have one answer at the end, in which nobody sees when each was through. Where a
//! statement could take a failure back (ROLLBACK TO), the next one isn't sent before the answer to the one before: behind a
//! failure nothing may be done. Where the server could read the text in other statements than we do, it goes as one.

use std::ops::Range;
use std::time::Instant;

use futures_util::TryStreamExt;
use tokio_postgres::error::ErrorPosition;
use tokio_postgres::{SimpleQueryMessage, SimpleQueryStream};

use super::attempt::Attempt;
use super::{FailedSection, HistoryError};
use crate::engine::{Notice, SqlExcerpt};
use crate::manifest;

/// A statement's place among those of its section.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// How many come before it.
    pub(super) at: usize,
    /// Of how many it is one.
    pub(super) of: usize,
}

/// A text of SQL that failed.
pub(super) struct Failed {
    /// Statements of it that were through.
    pub(super) through: usize,
    /// Characters before what was sent.
    pub(super) before: usize,
    pub(super) source: tokio_postgres::Error,
}

impl Attempt<'_> {
    /// Runs a section in the transaction that is open, and tells of each statement.
    pub(super) async fn execute(&self, sql: &str) -> Result<(), HistoryError> {
        let (statements, pieces) = (manifest::statements(sql), pieces(sql));
        // A piece without what is around its statement; a text without any is sent, and is no statement.
        let shown = |number: usize| match statements.get(number) {
            Some(at) if statements.len() == pieces.len() => Some(&sql[at.clone()]),
            Some(_) => Some(sql),
            None => None,
        };
        let run = async {
            let mut answers = Vec::new();
            if !takes_failures_back(sql) {
                for (number, piece) in pieces.iter().enumerate() {
                    answers.push(self.send(sql, (number, piece)).await?);
                }
            }
            let (mut answers, mut began) = (answers.into_iter(), self.now());
            for (number, piece) in pieces.iter().enumerate() {
                let place = Place { at: number, of: pieces.len() };
                if let Some(shown) = shown(number) {
                    self.tell_begin(place, shown);
                }
                let answer = match answers.next() {
                    Some(answer) => answer,
                    None => self.send(sql, (number, piece)).await?,
                };
                self.through(answer).await.map_err(|(done, error)| {
                    // A text that goes as one has several statements.
                    failed(sql, (number + done, piece))(error)
                })?;
                if let Some(shown) = shown(number) {
                    began = self.tell_end(place, shown, began);
                }
            }
            Ok(())
        };
        let done = run.await.map_err(|failed| self.failed(Some(sql), 0, failed));
        self.look_what_is_left(sql);
        done
    }

    /// Runs one statement, which follows `kept` others that stay done whatever happens. Told where it has a place.
    pub(super) async fn execute_one(
        &self,
        sql: &str,
        kept: usize,
        place: Option<Place>,
    ) -> Result<(), HistoryError> {
        let (began, whole) = (self.now(), 0..sql.len());
        let run = async {
            let answer = self.send(sql, (0, &whole)).await?;
            self.through(answer).await.map_err(|(_, error)| failed(sql, (0, &whole))(error))
        };
        let done = run.await.map_err(|failed| self.failed(Some(sql), kept, failed));
        self.look_what_is_left(sql);
        if let Some(place) = place.filter(|_| done.is_ok()) {
            self.tell_end(place, sql, began);
        }
        done
    }

    /// Sends a piece of the text. Doesn't wait for anything.
    async fn send(&self, sql: &str, piece: (usize, &Range<usize>)) -> Result<SimpleQueryStream, Failed> {
        self.connection.simple_query_raw(&sql[piece.1.clone()]).await.map_err(failed(sql, piece))
    }

    /// Waits until it is through; an error comes with the statements that were.
    async fn through(&self, answer: SimpleQueryStream) -> Result<(), (usize, tokio_postgres::Error)> {
        let (mut answer, mut done) = (std::pin::pin!(answer), 0);
        while let Some(message) = answer.try_next().await.map_err(|error| (done, error))? {
            done += usize::from(matches!(message, SimpleQueryMessage::CommandComplete(_)));
        }
        Ok(())
    }

    /// A statement begins.
    pub(super) fn tell_begin(&self, place: Place, sql: &str) {
        let notice = Notice::Statement { number: place.at + 1, of: place.of, sql: sql.trim().to_owned() };
        self.history.engine.observer.notice(notice);
    }

    /// A statement is through. Returns when that was.
    fn tell_end(&self, place: Place, sql: &str, began: Instant) -> Instant {
        let ended = self.now();
        let mut timing = self.seen.timing.lock().expect("no holder can panic");
        let (lock_wait, waited_for) = timing.done(sql, began, ended);
        drop(timing);
        self.history.engine.observer.notice(Notice::StatementDone {
            number: place.at + 1,
            of: place.of,
            sql: sql.trim().to_owned(),
            took: ended.saturating_duration_since(began),
            lock_wait,
            waited_for,
        });
        ended
    }

    fn look_what_is_left(&self, sql: &str) {
        if takes_statements_away(sql) {
            self.connection.forget_prepared();
        }
    }

    pub(super) fn failed(&self, sql: Option<&str>, kept: usize, failed: Failed) -> HistoryError {
        let Failed { through, before, source } = failed;
        let revision = self.change.revision;
        let statement = sql.and_then(|sql| {
            let at = manifest::statements(sql).into_iter().nth(through)?;
            Some(sql[at].chars().take(2_000).collect())
        });
        FailedSection {
            revision: revision.id.clone(),
            direction: self.change.direction,
            file: revision.file.clone(),
            kept,
            statement,
            excerpt: sql.and_then(|sql| excerpt(sql, before, &source)),
            blockers: Vec::new(),
            gave_up: None,
            source,
        }
        .into()
    }
}

/// Where the statements of the text are; all of it as one where ours may not be the server's.
fn pieces(sql: &str) -> Vec<Range<usize>> {
    let statements = manifest::statements(sql);
    if statements.len() < 2 || says(sql, &["STANDARD_CONFORMING_STRINGS"]) {
        return std::iter::once(0..sql.len()).collect();
    }
    statements
}

/// Whether the text says something that may take prepared statements away.
pub(super) fn takes_statements_away(sql: &str) -> bool {
    says(sql, &["DISCARD", "DEALLOCATE"])
}

/// Whether a statement of the text may go on after another has failed: ROLLBACK TO.
pub(super) fn takes_failures_back(sql: &str) -> bool {
    says(sql, &["ROLLBACK"])
}

fn says(sql: &str, words: &[&str]) -> bool {
    manifest::words(sql).iter().any(|word| words.contains(&&*word.to_ascii_uppercase()))
}

/// Makes the `map_err` argument for a piece of the text. Characters are counted only once it has failed: a section may have
/// megabytes, and thousands of pieces.
fn failed(
    sql: &str,
    (through, piece): (usize, &Range<usize>),
) -> impl FnOnce(tokio_postgres::Error) -> Failed {
    let start = piece.start;
    move |source| Failed { through, before: sql[..start].chars().count(), source }
}

fn excerpt(sql: &str, before: usize, error: &tokio_postgres::Error) -> Option<SqlExcerpt> {
    match error.as_db_error()?.position()? {
        ErrorPosition::Original(position) => {
            let position = before + usize::try_from(*position).ok()?.checked_sub(1)?;
            Some(SqlExcerpt { sql: sql.to_owned(), position: position.min(sql.chars().count()) })
        }
        ErrorPosition::Internal { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_goes_in_its_statements_unless_the_server_may_read_others() {
        let sent = |sql: &'static str| pieces(sql).into_iter().map(|at| &sql[at]).collect::<Vec<_>>();
        assert_eq!(
            sent("-- why\nALTER TABLE a ADD b int; -- and\nUPDATE a SET b = ';';\n"),
            ["ALTER TABLE a ADD b int", "UPDATE a SET b = ';'"]
        );
        let body = "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END";
        assert_eq!(
            sent("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT f()"),
            [body, "SELECT f()"]
        );
        let one = "SET LOCAL standard_conforming_strings = off; SELECT 'a\\';b'";
        assert_eq!(sent(one), [one]);
        assert_eq!(sent("  SELECT 1 -- only\n"), ["  SELECT 1 -- only\n"]);
        assert_eq!(sent(""), [""]);
    }

    #[test]
    fn what_may_go_on_behind_a_failure_is_found_outside_of_quotes() {
        assert!(takes_failures_back("SAVEPOINT a; SELECT 1; rollback to a"));
        assert!(!takes_failures_back("SELECT 'ROLLBACK' -- ROLLBACK"));
    }
}
