//! The default, and the sequence behind it.
//!
//! A default that gives the same value to both columns of one INSERT stands at both of them throughout: the trigger sees
//! by it which of them the client left out. One that gives another value each time (a sequence, a random uuid) can stand at
//! one only: at the old column until the switch, at the new one from then on.

use super::book::Book;
use super::change::Change;
use crate::pg::anatomy::{Identity, Sequence};

/// Where the default stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Default {
    /// There is none.
    None,
    /// At both columns.
    Both(String),
    /// At the one that is the truth.
    One,
}

impl Default {
    pub(super) fn of(change: &Change<'_>, is_volatile: bool) -> Self {
        match &change.anatomy.column.default {
            _ if change.anatomy.column.identity.is_some() => Self::One,
            None => Self::None,
            Some(_) if is_volatile => Self::One,
            Some(sql) => Self::Both(sql.clone()),
        }
    }
}

pub(super) fn carry(change: &Change<'_>, default: &Default, book: &mut Book) {
    let facts = &change.anatomy.column;
    let alter = |name: &str, what: &str| change.alter(&format!("alter column {} {what}", change.q(name)));
    match default {
        Default::None => {}
        // Apart from ADD COLUMN, so that rows from before stay null until the backfill comes to them.
        Default::Both(sql) => {
            book.expand.up(alter(&change.new, &format!("set default {sql}")));
            book.contract.pair(Vec::new(), alter(&change.old_after, &format!("set default {sql}")));
        }
        Default::One => match (facts.identity, &facts.sequence, &facts.default) {
            (Some(identity), Some(sequence), _) => move_identity(change, identity, sequence, book),
            (_, sequence, Some(sql)) => {
                let owned = sequence.as_ref().filter(|sequence| sequence.owned);
                let belongs = |name: &str| {
                    owned.map(|sequence| {
                        format!(
                            "alter sequence {} owned by {}.{}",
                            sequence.name,
                            change.table(),
                            change.q(name)
                        )
                    })
                };
                let step = |from: &str, to: &str| {
                    let mut statements =
                        vec![alter(from, "drop default"), alter(to, &format!("set default {sql}"))];
                    statements.extend(belongs(to));
                    statements
                };
                book.switch.pair(
                    step(&change.old_after, &change.new_after),
                    step(&change.new_after, &change.old_after),
                );
            }
            _ => {}
        },
    }
}

/// The counter goes on where it was: it is read before its sequence goes.
fn move_identity(change: &Change<'_>, identity: Identity, sequence: &Sequence, book: &mut Book) {
    let word = if identity == Identity::Always { "always" } else { "by default" };
    let Sequence { start, increment, min, max, cache, .. } = sequence;
    let cycle = if sequence.cycle { " cycle" } else { "" };
    let step = |from: &str, to: &str| {
        let (table, from_column, to_column) = (change.table(), change.q(from), change.q(to));
        let name = |column: &str| {
            let (table, column) = (crate::pg::quote::literal(&table), crate::pg::quote::literal(column));
            format!("pg_get_serial_sequence({table}, {column})")
        };
        vec![
            format!(
                "create temporary table longhaul_counter on commit drop as\n    select coalesce(pg_sequence_last_value({}::regclass), 0) as value",
                name(from)
            ),
            change.alter(&format!("alter column {from_column} drop identity")),
            change.alter(&format!(
                "alter column {to_column} add generated {word} as identity\n    (start {start} increment {increment} minvalue {min} maxvalue {max} cache {cache}{cycle})"
            )),
            format!(
                "select setval({}, value) from longhaul_counter where value <> 0",
                name(to)
            ),
            "drop table longhaul_counter".to_owned(),
        ]
    };
    book.switch.pair(step(&change.old_after, &change.new_after), step(&change.new_after, &change.old_after));
}
