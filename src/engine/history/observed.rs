//! Which locks a revision has taken, and which tables it has written anew: looked at in its own transaction, before the
//! commit, and compared with what `plan::lint` told.
//!
//! ```text
//! BEGIN · DECLARE a cursor over pg_class, which reads nothing yet and sees what was before
//!   the section
//!   which locks are ours? · FETCH: what those tables were before · what they are now
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
    let mut before: BTreeMap<String, (String, String)> = BTreeMap::new();
    let mut taken: BTreeMap<String, Taken> = BTreeMap::new();
    for row in rows {
        let text = |at: usize| row.get(at).unwrap_or_default().to_owned();
        if is_of(row, "before") {
            before.insert(text(0), (text(1), text(2)));
        } else if is_of(row, "locked")
            && let Some((table, file)) = before.get(&text(0))
            && let Some(lock) = LockMode::from_catalog(&text(1))
        {
            // A table that is gone has no other file.
            let is_replaced = row.get(2).is_some_and(|now| now != file);
            let one = taken.entry(text(0)).or_insert(Taken { table: table.clone(), lock, is_replaced });
            one.lock = one.lock.max(lock);
        }
    }
    taken.into_values().collect()
}
