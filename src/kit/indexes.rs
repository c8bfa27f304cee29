//! Indexes, and the keys that they serve: built CONCURRENTLY, under the name that they keep or one for the time being.

use super::book::Book;
use super::change::{Change, KitError};
use super::checks;
use super::names::Names;
use crate::pg::anatomy::{Index, IndexConstraint};

pub(super) fn carry(change: &Change<'_>, names: &mut Names, book: &mut Book) -> Result<(), KitError> {
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
        if *is_partitioned {
            return Err(partitioned(change, index));
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
        let called = names.successor(name, change);
        let make_new = made(change, index, new, &called.meanwhile);
        let make_old = made(change, index, definition, name);
        // First, so that it is never without.
        book.strip.pair(placed(change, index, &called.meanwhile), placed(change, index, name));
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
            Some(constraint) if constraint.kind == "p" => return Err(primary(change)),
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
    Ok(())
}

/// `CREATE INDEX` as PostgreSQL writes it, made CONCURRENTLY and under that name.
fn made(change: &Change<'_>, index: &Index, definition: &str, name: &str) -> Vec<String> {
    let unique = if index.is_unique { "unique " } else { "" };
    let prefix = format!("CREATE {}INDEX {} ON ", unique.to_uppercase(), change.q(&index.name));
    let rest = definition.strip_prefix(&prefix).unwrap_or(definition);
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

/// What only one of the two can have.
fn placed(change: &Change<'_>, index: &Index, name: &str) -> Vec<String> {
    let mut statements = Vec::new();
    if index.is_replica_identity {
        statements.push(change.alter(&format!("replica identity using index {}", change.q(name))));
    }
    if index.is_clustered {
        statements.push(change.alter(&format!("cluster on {}", change.q(name))));
    }
    statements
}

fn using_index(change: &Change<'_>, constraint: &IndexConstraint, name: &str) -> String {
    let deferral = match (constraint.deferrable, constraint.deferred) {
        (_, true) => " deferrable initially deferred",
        (true, false) => " deferrable",
        (false, false) => "",
    };
    let name = change.q(name);
    change.alter(&format!("add constraint {name} unique using index {name}{deferral}"))
}

fn dropped(change: &Change<'_>, name: &str) -> String {
    format!("drop index concurrently {}", change.beside(name))
}

fn renamed(change: &Change<'_>, from: &str, to: &str) -> String {
    format!("alter index {} rename to {}", change.beside(from), change.q(to))
}

fn primary(change: &Change<'_>) -> KitError {
    KitError::unfit(
        format!("{} is part of the primary key of {}", change.old, change.table()),
        "rows are walked by that key, and other tables point to it. Rename it at once with ALTER TABLE … RENAME COLUMN, in a \
         revision of its own, when no client is there; or give the table another unique key first",
    )
}

fn partitioned(change: &Change<'_>, index: &Index) -> KitError {
    KitError::unfit(
        format!("{} is partitioned, and its index {} has the column in it", change.table(), index.name),
        "PostgreSQL can't build a partitioned table's index CONCURRENTLY. Drop it, change the column, and build it again \
         leaf by leaf: CREATE INDEX ON ONLY the table, CREATE INDEX CONCURRENTLY on each leaf, ALTER INDEX … ATTACH PARTITION",
    )
}
