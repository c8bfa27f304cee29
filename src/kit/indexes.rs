//! Indexes, and the keys that they serve: built CONCURRENTLY, under the name that they keep or one for the time being.

use super::book::Book;
use super::change::{Change, KitError};
use super::foreign_keys::Incoming;
use super::names::{Called, Names};
use super::{checks, partitioned};
use crate::pg::anatomy::{Index, IndexConstraint};

/// Returns what sets the replica identity, and sets it back.
pub(super) fn carry(
    change: &Change<'_>,
    incoming: &[Incoming],
    names: &mut Names,
    book: &mut Book,
) -> Result<(Vec<String>, Vec<String>), KitError> {
    let mut identity = (Vec::new(), Vec::new());
    for index in &change.anatomy.indexes {
        let Index { name, definition, is_valid, is_partitioned, .. } = index;
        if index.is_excluding() {
            book.by_hand.push(format!(
                "{name} excludes rows by {}: PostgreSQL can't build such a constraint without locking the table. Drop it \
                 before the contract, and add one with {} in a quiet hour",
                change.old, change.new_after
            ));
            continue;
        }
        if !is_valid {
            book.notes
                .push(format!("index {name} was never built to its end; the new column gets none like it"));
            book.strip.up(format!("drop index concurrently {}", change.beside(name)));
            continue;
        }
        let new = match change.renamed.indexes.get(&index.oid) {
            Some(Ok(new)) => new,
            Some(Err(said)) => {
                book.by_hand.push(format!("index {name}: {said}"));
                continue;
            }
            None => continue,
        };
        let left = change.left(definition, |left| left.indexes.get(&index.oid));
        if *is_partitioned {
            partitioned::carry(change, index, (new, left), names, book)?;
            continue;
        }
        let called = names.successor(name, change);
        let make_new = made(change, index, new, &called.meanwhile);
        let make_old = made(change, index, left, name);
        if index.is_replica_identity {
            identity.0.push(identified(change, &called.meanwhile));
            identity.1.push(identified(change, name));
        }
        if index.is_clustered {
            let by = |name: &str| change.alter(&format!("cluster on {}", change.q(name)));
            book.strip.pair(by(&called.meanwhile), by(name));
        }
        match &index.constraint {
            None => {
                book.build.pair(make_new, dropped(change, &called.meanwhile));
                book.strip.pair(dropped(change, name), make_old);
                if called.meanwhile != called.finally {
                    book.strip.pair(
                        renamed(change, &called.meanwhile, &called.finally),
                        renamed(change, &called.finally, &called.meanwhile),
                    );
                }
            }
            Some(constraint) if constraint.kind == "p" => {
                let make_again = made(change, index, change.after(definition, new), &called.meanwhile);
                let key = PrimaryKey { index, constraint, make_new, make_again, make_old, called };
                key.carry(change, incoming, book);
            }
            Some(constraint) => {
                let add = |mut statements: Vec<String>, name: &str| {
                    statements.push(using_index(change, constraint, name));
                    let on = format!("constraint {} on {}", change.q(name), change.table());
                    statements.extend(Change::comment(&on, constraint.comment.as_ref()));
                    statements
                };
                book.build.pair(add(make_new, &called.meanwhile), checks::dropped(change, &called.meanwhile));
                book.strip.pair(checks::dropped(change, name), add(make_old, name));
                if let (Some(up), Some(down)) = (
                    checks::renamed(change, &called.meanwhile, &called.finally),
                    checks::renamed(change, &called.finally, &called.meanwhile),
                ) {
                    book.strip.pair(up, down);
                }
            }
        }
    }
    Ok(identity)
}

/// A primary key. A table has one only, so that the new column's is a unique index until the strip; then they change places.
struct PrimaryKey<'k> {
    index: &'k Index,
    constraint: &'k IndexConstraint,
    make_new: Vec<String>,
    /// The same after the switch.
    make_again: Vec<String>,
    make_old: Vec<String>,
    called: Called,
}

impl PrimaryKey<'_> {
    /// On the way down the foreign keys to it are taken off and put on again: they hang on the index that goes.
    fn carry(self, change: &Change<'_>, incoming: &[Incoming], book: &mut Book) {
        let Self { index, constraint, make_new, make_again, make_old, called } = self;
        let swap = |from: &str, to: &str, using: &str| {
            change.alter(&format!(
                "drop constraint {}, add constraint {} primary key using index {}{}",
                change.q(from),
                change.q(to),
                change.q(using),
                deferral(constraint)
            ))
        };
        let on = |name: &str| format!("constraint {} on {}", change.q(name), change.table());
        let comment = |name: &str| Change::comment(&on(name), constraint.comment.as_ref());
        let mut up = vec![swap(&index.name, &called.finally, &called.meanwhile)];
        up.extend(comment(&called.finally));
        let meanwhile = format!("{}_old", called.meanwhile);
        let mut down: Vec<String> = incoming.iter().map(|key| key.drop.clone()).collect();
        let renamed =
            |statement: String| statement.replacen(&change.q(&index.name), &change.q(&meanwhile), 1);
        down.extend(make_old.into_iter().map(renamed));
        down.push(swap(&called.finally, &index.name, &meanwhile));
        down.extend(comment(&index.name));
        down.extend(make_again);
        down.extend(incoming.iter().flat_map(|key| key.add.clone()));
        book.build.pair(make_new, dropped(change, &called.meanwhile));
        book.strip.pair(up, down);
    }
}

/// What follows ON in CREATE INDEX as PostgreSQL writes it.
pub(super) fn after_on<'d>(change: &Change<'_>, index: &Index, definition: &'d str) -> &'d str {
    let unique = if index.is_unique { "UNIQUE " } else { "" };
    let prefix = format!("CREATE {unique}INDEX {} ON ", change.q(&index.name));
    definition.strip_prefix(&prefix).unwrap_or(definition)
}

/// `CREATE INDEX` as PostgreSQL writes it, made CONCURRENTLY and under that name.
fn made(change: &Change<'_>, index: &Index, definition: &str, name: &str) -> Vec<String> {
    let unique = if index.is_unique { "unique " } else { "" };
    let rest = after_on(change, index, definition);
    let (columns, condition) = match rest.rfind(" WHERE ") {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let space = index.tablespace.as_ref().map(|space| format!(" TABLESPACE {space}")).unwrap_or_default();
    let mut statements = vec![format!(
        "create {unique}index concurrently {}\n    on {columns}{space}{condition}",
        change.q(name)
    )];
    let full = change.beside(name);
    statements.extend(Change::comment(&format!("index {full}"), index.comment.as_ref()));
    statements.extend(
        index.statistics.iter().map(|(column, target)| {
            format!("alter index {full} alter column {column} set statistics {target}")
        }),
    );
    statements
}

fn identified(change: &Change<'_>, name: &str) -> String {
    change.alter(&format!("replica identity using index {}", change.q(name)))
}

fn deferral(constraint: &IndexConstraint) -> &'static str {
    match (constraint.deferrable, constraint.deferred) {
        (_, true) => " deferrable initially deferred",
        (true, false) => " deferrable",
        (false, false) => "",
    }
}

fn using_index(change: &Change<'_>, constraint: &IndexConstraint, name: &str) -> String {
    let (name, deferral) = (change.q(name), deferral(constraint));
    change.alter(&format!("add constraint {name} unique using index {name}{deferral}"))
}

fn dropped(change: &Change<'_>, name: &str) -> String {
    format!("drop index concurrently {}", change.beside(name))
}

fn renamed(change: &Change<'_>, from: &str, to: &str) -> String {
    format!("alter index {} rename to {}", change.beside(from), change.q(to))
}
