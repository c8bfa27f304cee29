//! Expand: the new column, with everything that the old one has but its constraints. Contract: the old one goes.

use super::book::Book;
use super::change::Change;
use crate::pg::anatomy::ColumnFacts;

/// How the column is written in ADD COLUMN.
pub(super) fn definition(change: &Change<'_>, name: &str, facts: &ColumnFacts) -> String {
    let collation = facts.collation.as_ref().map(|name| format!(" collate {name}")).unwrap_or_default();
    change.alter(&format!("add column {} {}{collation}", change.q(name), facts.type_name))
}

/// What else the column is given: all of the catalog alone, whatever the table's size.
pub(super) fn attributes(change: &Change<'_>, name: &str, facts: &ColumnFacts) -> Vec<String> {
    let (table, column) = (change.table(), change.q(name));
    let set = |what: String| change.alter(&format!("alter column {column} set {what}"));
    let mut statements = Vec::new();
    statements.extend(facts.storage.as_ref().map(|storage| set(format!("storage {storage}"))));
    statements.extend(facts.compression.as_ref().map(|method| set(format!("compression {method}"))));
    statements.extend(facts.statistics.map(|target| set(format!("statistics {target}"))));
    if !facts.options.is_empty() {
        statements.push(set(format!("({})", facts.options.join(", "))));
    }
    statements.extend(Change::comment(&format!("column {table}.{column}"), facts.comment.as_ref()));
    statements.extend(facts.grants.iter().map(|grant| grant.statement(&table, Some(&column))));
    statements
}

/// The new column comes, and goes again on the way down.
pub(super) fn add_new(change: &Change<'_>, facts: &ColumnFacts, book: &mut Book) {
    let mut up = vec![definition(change, &change.new, facts)];
    up.extend(attributes(change, &change.new, facts));
    book.expand.pair(up, change.alter(&format!("drop column {}", change.q(&change.new))));
}

/// The old column goes, and comes again on the way down, empty until the job before it fills it.
pub(super) fn drop_old(change: &Change<'_>, book: &mut Book) {
    let facts = &change.anatomy.column;
    let mut down = vec![definition(change, &change.old_after, facts)];
    down.extend(attributes(change, &change.old_after, facts));
    book.contract.pair(change.alter(&format!("drop column {}", change.q(&change.old_after))), down);
}
