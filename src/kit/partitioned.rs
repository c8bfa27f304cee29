//! Indexes of partitioned tables. PostgreSQL can't build one CONCURRENTLY: the parent's is made alone, each partition's
//! CONCURRENTLY, and attached. A partition that comes meanwhile gets its own by itself.

use super::book::Book;
use super::change::{Change, KitError};
use super::indexes::after_on;
use super::names::{Called, Names};
use crate::pg::anatomy::{Index, Leaf};

/// `new` and `old` are the definitions with the new column and with the old one after the switch.
pub(super) fn carry(
    change: &Change<'_>,
    index: &Index,
    (new, old): (&str, &str),
    names: &mut Names,
    book: &mut Book,
) -> Result<(), KitError> {
    if index.constraint.is_some() || index.leaves.iter().any(|leaf| leaf.is_partitioned) {
        return Err(KitError::unfit(
            format!(
                "{} is partitioned, and {} is {}",
                change.table(),
                index.name,
                if index.constraint.is_some() {
                    "a key of it"
                } else {
                    "an index of more than one level of it"
                }
            ),
            "PostgreSQL can't build that beside everybody's work. Drop it, change the column, and make it again in a quiet hour",
        ));
    }
    let parent = names.successor(&index.name, change);
    let leaves: Vec<(&Leaf, Called)> =
        index.leaves.iter().map(|leaf| (leaf, names.successor(&leaf.index, change))).collect();
    let meanwhile = |called: &Called| called.meanwhile.clone();
    let make_new = made(
        change,
        index,
        new,
        &parent.meanwhile,
        leaves.iter().map(|(leaf, called)| (*leaf, meanwhile(called))),
    );
    let make_old =
        made(change, index, old, &index.name, index.leaves.iter().map(|leaf| (leaf, leaf.index.clone())));
    let drop = |name: &str| format!("drop index {}", change.beside(name));
    book.build.pair(make_new, drop(&parent.meanwhile));
    book.strip.pair(drop(&index.name), make_old);
    let schema = &change.anatomy.table.schema;
    let all = leaves.iter().map(|(leaf, called)| (&leaf.schema, called)).chain([(schema, &parent)]);
    for (schema, called) in all.filter(|(_, called)| called.meanwhile != called.finally) {
        let rename = |from: &str, to: &str| {
            format!("alter index {}.{} rename to {}", change.q(schema), change.q(from), change.q(to))
        };
        book.strip
            .pair(rename(&called.meanwhile, &called.finally), rename(&called.finally, &called.meanwhile));
    }
    Ok(())
}

/// The parent's, and each partition's under its name.
fn made<'l>(
    change: &Change<'_>,
    index: &Index,
    definition: &str,
    name: &str,
    leaves: impl Iterator<Item = (&'l Leaf, String)>,
) -> Vec<String> {
    let unique = if index.is_unique { "unique " } else { "" };
    let rest = after_on(change, index, definition).trim_start_matches("ONLY ");
    let columns = rest.strip_prefix(&change.table()).unwrap_or(rest);
    let mut statements =
        vec![format!("create {unique}index {}\n    on only {}{columns}", change.q(name), change.table())];
    for (leaf, leaf_name) in leaves {
        let quoted = change.q(&leaf_name);
        statements
            .push(format!("create {unique}index concurrently {quoted}\n    on {}{columns}", leaf.table));
        statements.push(format!(
            "alter index {} attach partition {}.{quoted}",
            change.beside(name),
            change.q(&leaf.schema)
        ));
    }
    statements.extend(Change::comment(&format!("index {}", change.beside(name)), index.comment.as_ref()));
    statements
}
