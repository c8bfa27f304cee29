//! The default, and the sequence behind it.
//!
//! A default that gives the same value to both columns of one INSERT stands at both of them throughout: the trigger sees
//! by it which of them the client left out. One that gives another value each time (a sequence, a random uuid) can stand at
//! one only: at the old column until the switch, at the new one from then on.

use super::book::Book;
use super::change::Change;
use super::sync::Casts;
use crate::pg::anatomy::{Identity, Sequence};
use crate::pg::quote;

/// Where the default stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Default {
    /// There is none.
    None,
    /// At both columns, as it is written for the old and for the new one.
    Both(String, String),
    /// At the one that is the truth.
    One,
}

impl Default {
    pub(super) fn of(change: &Change<'_>, casts: &Casts, is_volatile: bool) -> Self {
        match &change.anatomy.column.default {
            _ if change.anatomy.column.identity.is_some() => Self::One,
            None => Self::None,
            Some(_) if is_volatile => Self::One,
            Some(sql) if casts.forward.is_some() => {
                Self::Both(sql.clone(), casts.forward(&format!("({sql})")))
            }
            Some(sql) => Self::Both(sql.clone(), sql.clone()),
        }
    }
}

pub(super) fn carry(change: &Change<'_>, default: &Default, book: &mut Book) {
    let facts = &change.anatomy.column;
    let alter = |name: &str, what: &str| change.alter(&format!("alter column {} {what}", change.q(name)));
    match default {
        Default::None => {}
        // Apart from ADD COLUMN, so that rows from before stay null until the backfill comes to them.
        Default::Both(old, new) => {
            book.expand.up(alter(&change.new, &format!("set default {new}")));
            book.contract.pair(Vec::new(), alter(&change.old_after, &format!("set default {old}")));
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
                let step = |from: &str, to: &str, type_name: &str| {
                    let mut statements =
                        vec![alter(from, "drop default"), alter(to, &format!("set default {sql}"))];
                    statements.extend(belongs(to));
                    statements.extend(
                        owned
                            .filter(|_| is_retyped(change))
                            .map(|sequence| format!("alter sequence {} as {type_name}", sequence.name)),
                    );
                    statements
                };
                book.switch.pair(
                    step(&change.old_after, &change.new_after, &change.facts.type_name),
                    step(&change.new, &change.old, &facts.type_name),
                );
            }
            _ => {}
        },
    }
}

/// The counter goes on where it was: it is read before its sequence goes.
fn move_identity(change: &Change<'_>, identity: Identity, sequence: &Sequence, book: &mut Book) {
    let word = if identity == Identity::Always { "always" } else { "by default" };
    let Sequence { start, increment, min, cache, .. } = sequence;
    // What was as much as the old type holds is as much as the new one holds.
    let most = [i64::from(i16::MAX), i64::from(i32::MAX), i64::MAX];
    let is_most = is_retyped(change) && most.contains(&sequence.max);
    let max = if is_most { String::new() } else { format!(" maxvalue {}", sequence.max) };
    let cycle = if sequence.cycle { " cycle" } else { "" };
    let step = |from: &str, to: &str| {
        let counter = |column: &str| {
            let (table, column) = (quote::literal(&change.table()), quote::literal(column));
            format!("pg_get_serial_sequence({table}, {column})")
        };
        let (from_column, to_column) = (change.q(from), change.q(to));
        let dropped = change.alter(&format!("alter column {from_column} drop identity"));
        let added = change.alter(&format!(
            "alter column {to_column} add generated {word} as identity\n        (start {start} increment {increment} minvalue {min}{max} cache {cache}{cycle})"
        ));
        vec![
            format!("lock table {} in access exclusive mode", change.table()),
            format!(
                "do $identity$\ndeclare\n    counter bigint := pg_sequence_last_value({}::regclass);\nbegin\n    {dropped};\n    {added};\n    if counter is not null then\n        perform setval({}, counter);\n    end if;\nend\n$identity$",
                counter(from),
                counter(to)
            ),
        ]
    };
    book.switch.pair(step(&change.old_after, &change.new_after), step(&change.new, &change.old));
}

/// Whether the column goes from one integer type to another.
fn is_retyped(change: &Change<'_>) -> bool {
    let integers = ["smallint", "integer", "bigint"];
    let (old, new) = (change.anatomy.column.type_name.as_str(), change.facts.type_name.as_str());
    old != new && integers.contains(&old) && integers.contains(&new)
}
