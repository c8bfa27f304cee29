//! Foreign keys, from the column and to it: NOT VALID first, then validated beside everybody's work.

use super::book::Book;
use super::change::Change;
use super::names::Names;
use crate::pg::anatomy::ForeignKey;

/// A foreign key that refers to the new column, as it is in the end.
pub(super) struct Incoming {
    pub(super) add: Vec<String>,
    pub(super) drop: String,
}

pub(super) fn carry(change: &Change<'_>, names: &mut Names, book: &mut Book) -> Vec<Incoming> {
    let mut incoming = Vec::new();
    for key in &change.anatomy.foreign_keys {
        if key.is_partitioned && change.anatomy.table.version < 180_000 || key.sets {
            let why = if key.sets {
                "its ON DELETE names columns"
            } else {
                "before PostgreSQL 18 a partitioned table's can't be added NOT VALID"
            };
            book.by_hand.push(format!(
                "foreign key {} of {}: {why}; add it anew for the new column",
                key.name, key.table
            ));
            continue;
        }
        let own_table = change.table() == key.table;
        let called = if own_table {
            names.successor(&key.name, change)
        } else {
            Names::new(key.taken.iter().cloned()).successor(&key.name, change)
        };
        let definition = rewritten(change, key, &change.new);
        let alter = |what: String| format!("alter table {} {what}", key.table);
        let add = |name: &str, definition: &str| {
            let quoted = change.q(name);
            let bare = definition.trim_end_matches(" NOT VALID");
            let mut statements = vec![alter(format!("add constraint {quoted} {bare} not valid"))];
            if key.is_validated {
                statements.push(alter(format!("validate constraint {quoted}")));
            }
            let on = format!("constraint {quoted} on {}", key.table);
            statements.extend(Change::comment(&on, key.comment.as_ref()));
            statements
        };
        let drop = |name: &str| alter(format!("drop constraint {}", change.q(name)));
        book.link.pair(add(&called.meanwhile, &definition), drop(&called.meanwhile));
        book.unlink.pair(drop(&key.name), add(&key.name, &rewritten(change, key, &change.old_after)));
        if called.meanwhile != called.finally {
            let rename = |from: &str, to: &str| {
                alter(format!("rename constraint {} to {}", change.q(from), change.q(to)))
            };
            book.unlink
                .pair(rename(&called.meanwhile, &called.finally), rename(&called.finally, &called.meanwhile));
        }
        if key.refers_here {
            let definition = rewritten(change, key, &change.new_after);
            incoming.push(Incoming { add: add(&called.finally, &definition), drop: drop(&called.finally) });
        }
    }
    incoming
}

/// The definition with the new column; PostgreSQL writes its beginning in one way only.
fn rewritten(change: &Change<'_>, key: &ForeignKey, new: &str) -> String {
    let list = |columns: &[String], is_here: bool| {
        let name = |column: &String| match column {
            column if is_here && *column == change.old => change.q(new),
            column => change.q(column),
        };
        columns.iter().map(name).collect::<Vec<_>>().join(", ")
    };
    let start = |here: bool| {
        format!(
            "FOREIGN KEY ({}) REFERENCES {}({})",
            list(&key.columns, here && key.is_own),
            key.referenced,
            list(&key.referenced_columns, here && key.refers_here)
        )
    };
    let rest = key.definition.strip_prefix(&start(false)).unwrap_or_default();
    format!("{}{rest}", start(true))
}
