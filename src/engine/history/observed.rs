//! Which locks a revision has taken, and which tables it has written anew: looked at in its own transaction, before the
//! commit, and compared with what `plan::lint` told.
//!
//! ```text
//! BEGIN · DECLARE a cursor over pg_class, which reads nothing yet and sees what was before
//!   the section
//!   which locks are ours, and what are their tables now? · FETCH: what they were before
//! COMMIT with the record
//! ```
//!
//! A cursor sees what its DECLARE saw and finds its rows when they are fetched, so that the tables needn't be known before
//! and only those that were locked are read. All of it travels with what is sent anyway.

use std::collections::BTreeMap;

use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use super::HistoryError;
use super::attempt::Attempt;
use crate::engine::Notice;
use crate::manifest;
use crate::pg::quote::literal;
use crate::plan::lint::lock::LockMode;
use crate::plan::lint::observed::{Taken, in_json};
use crate::store::Event;

/// What the tables were before. `{schema}`: the control schema, a literal.
const BEFORE: &str = include_str!("observe_before.sql");

/// What was locked, and what it is now.
const AFTER: &str = include_str!("observe_after.sql");

impl Attempt<'_> {
    /// To be said at the beginning of a transaction, for [`Attempt::observe`] at its end.
    pub(super) fn remember(&self) -> String {
        BEFORE.replace("{schema}", &literal(&self.history.engine.store.schema))
    }

    /// Looks at what the transaction has taken. `sql` is what it ran: one that closes all cursors isn't looked at.
    pub(super) async fn observe(&self, sql: &str) -> Result<(), HistoryError> {
        if !is_observable(sql) {
            return Ok(());
        }
        let answers = self.connection.simple_query(AFTER).await.map_err(|source| self.refused(source))?;
        let taken = read(&answers);
        let mut all = self.seen.taken.lock().expect("no holder can panic");
        for one in taken {
            match all.iter_mut().find(|known| known.table == one.table) {
                Some(known) => {
                    known.lock = known.lock.max(one.lock);
                    known.is_replaced |= one.is_replaced;
                }
                None => all.push(one),
            }
        }
        Ok(())
    }

    /// What was taken, for the revision's event.
    pub(super) fn taken(&self) -> serde_json::Value {
        in_json(&self.seen.taken.lock().expect("no holder can panic"))
    }

    /// Tells what was taken and had not been told: to whoever looks, and in the log.
    pub(super) async fn tell_surprises(&self) -> Result<(), HistoryError> {
        let id = &self.change.revision.id;
        let promise = self.options.promises.and_then(|promises| promises.get(id));
        let Some(promise) = promise else { return Ok(()) };
        let surprises = promise.surprises(&self.seen.taken.lock().expect("no holder can panic"));
        let engine = self.history.engine;
        for surprise in surprises {
            let message = format!("revision {id}: {surprise}, which lint had not told");
            engine.observer.notice(Notice::Warning { reason: message.clone() });
            let event =
                Event { kind: "revision.surprised", run: None, revision: Some(id), message, detail: None };
            engine.store.record(&**self.connection, engine.identity, event).await?;
        }
        Ok(())
    }
}

/// Whether the cursor is still there afterwards.
fn is_observable(sql: &str) -> bool {
    !manifest::words(sql).iter().any(|word| word.eq_ignore_ascii_case("close"))
}

fn read(answers: &[SimpleQueryMessage]) -> Vec<Taken> {
    let rows = answers.iter().filter_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let is_of =
        |row: &SimpleQueryRow, column: &str| row.columns().first().is_some_and(|c| c.name() == column);
    let text = |row: &SimpleQueryRow, at: usize| row.get(at).unwrap_or_default().to_owned();
    // The locks come first, and what their tables were follows.
    let (locks, before): (Vec<_>, Vec<_>) = rows.partition(|row| is_of(row, "locked"));
    let before: BTreeMap<String, &SimpleQueryRow> =
        before.into_iter().map(|row| (text(row, 0), row)).collect();
    let mut taken: BTreeMap<String, Taken> = BTreeMap::new();
    for row in locks {
        let known = before.get(&text(row, 0));
        let (Some(known), Some(lock)) = (known, LockMode::from_catalog(&text(row, 1))) else { continue };
        // A table that is gone has no other file.
        let is_replaced = row.get(2).is_some_and(|now| now != text(known, 2));
        let one = taken.entry(text(row, 0)).or_insert(Taken { table: text(known, 1), lock, is_replaced });
        one.lock = one.lock.max(lock);
    }
    taken.into_values().collect()
}
