//! CHECK constraints, NOT NULL, and the one that both columns agree.

use super::book::Book;
use super::change::Change;
use super::names::Names;
use crate::pg::anatomy::Check;

/// Added for new rows alone, then looked at for all: nobody waits.
pub(super) fn added(change: &Change<'_>, name: &str, definition: &str) -> Vec<String> {
    let name = change.q(name);
    vec![
        change.alter(&format!("add constraint {name} {definition} not valid")),
        change.alter(&format!("validate constraint {name}")),
    ]
}

pub(super) fn dropped(change: &Change<'_>, name: &str) -> String {
    change.alter(&format!("drop constraint {}", change.q(name)))
}

pub(super) fn renamed(change: &Change<'_>, from: &str, to: &str) -> Option<String> {
    (from != to).then(|| change.alter(&format!("rename constraint {} to {}", change.q(from), change.q(to))))
}

pub(super) fn carry(change: &Change<'_>, names: &mut Names, book: &mut Book) {
    for check in &change.anatomy.checks {
        let Check { name, definition, is_validated, comment } = check;
        let new = match change.renamed.checks.get(name) {
            Some(Ok(new)) => new,
            Some(Err(said)) => {
                book.by_hand.push(format!("constraint {name} {definition}: {said}"));
                continue;
            }
            None => continue,
        };
        let called = names.successor(name, change);
        let add = |name: &str, definition: &str| {
            let bare = definition.trim_end_matches(" NOT VALID");
            let mut statements = added(change, name, bare);
            statements.truncate(if *is_validated { 2 } else { 1 });
            let on = format!("constraint {} on {}", change.q(name), change.table());
            statements.extend(Change::comment(&on, comment.as_ref()));
            statements
        };
        book.build.pair(add(&called.meanwhile, new), dropped(change, &called.meanwhile));
        book.strip
            .pair(dropped(change, name), add(name, change.left(definition, |left| left.checks.get(name))));
        if let (Some(up), Some(down)) = (
            renamed(change, &called.meanwhile, &called.finally),
            renamed(change, &called.finally, &called.meanwhile),
        ) {
            book.strip.pair(up, down);
        }
    }
}

/// NOT NULL without a scan under lock: proved by a constraint first, or on 18 by itself.
pub(super) fn made_not_null(change: &Change<'_>, column: &str, names: &mut Names) -> Vec<String> {
    let quoted = change.q(column);
    let table = &change.anatomy.table;
    if table.version >= 180_000 {
        let name = names.fresh(&format!("{}_{column}_not_null", table.name));
        return added(change, &name, &format!("not null {quoted}"));
    }
    let name = names.fresh(&format!("{}_{column}_is_there", table.name));
    let mut statements = added(change, &name, &format!("check ({quoted} is not null)"));
    statements.push(change.alter(&format!("alter column {quoted} set not null")));
    statements.push(dropped(change, &name));
    statements
}

pub(super) fn nullable(change: &Change<'_>, column: &str) -> String {
    change.alter(&format!("alter column {} drop not null", change.q(column)))
}

pub(super) fn carry_not_null(change: &Change<'_>, names: &mut Names, book: &mut Book) {
    if !change.anatomy.column.not_null {
        return;
    }
    book.build.pair(made_not_null(change, &change.new, names), nullable(change, &change.new));
    book.strip.pair(nullable(change, &change.old_after), made_not_null(change, &change.old_after, names));
}

/// From build to strip no write can make the columns differ, whatever becomes of the trigger.
pub(super) fn agree(change: &Change<'_>, differ: (&str, &str), names: &mut Names, book: &mut Book) {
    let name = names.fresh(&format!("{}_{}_agrees", change.anatomy.table.name, change.new_after));
    let add = |differ: &str| added(change, &name, &format!("check (not ({differ}))"));
    book.link.pair(add(differ.0), dropped(change, &name));
    book.strip.pair(dropped(change, &name), add(differ.1));
}
