//! Other triggers of the table. One that fires on UPDATE OF the old column fires on either while both are written; a WHEN
//! names the new one from the switch on.

use super::book::Book;
use super::change::Change;
use crate::pg::anatomy::Trigger;

pub(super) fn carry(change: &Change<'_>, book: &mut Book) {
    for trigger in change.anatomy.triggers.iter().filter(|trigger| trigger.names_column) {
        let after = match change.renamed.triggers.get(&trigger.oid) {
            Some(Ok(after)) => change.after(&trigger.definition, after).to_owned(),
            Some(Err(said)) => {
                book.by_hand.push(format!("trigger {}: {said}", trigger.name));
                continue;
            }
            None => continue,
        };
        let before = trigger.definition.clone();
        let names = |old: &str| -> Vec<String> {
            let name = |column: &String| if *column == change.old { old.to_owned() } else { column.clone() };
            trigger.update_of.iter().map(name).collect()
        };
        if !trigger.update_of.contains(&change.old) {
            book.switch.pair(replaced(change, trigger, &after), replaced(change, trigger, &before));
            continue;
        }
        let both_before = widened(change, &before, &names(&change.old), &change.new);
        let both_after = widened(change, &after, &names(&change.new_after), &change.old_after);
        book.expand.pair(replaced(change, trigger, &both_before), replaced(change, trigger, &before));
        book.switch.pair(replaced(change, trigger, &both_after), replaced(change, trigger, &both_before));
        book.contract.pair(replaced(change, trigger, &after), replaced(change, trigger, &both_after));
    }
}

/// The definition with one more column in UPDATE OF.
fn widened(change: &Change<'_>, definition: &str, columns: &[String], another: &str) -> String {
    let list = columns.iter().map(|column| change.q(column)).collect::<Vec<_>>().join(", ");
    let found = format!("UPDATE OF {list} ");
    definition.replacen(&found, &format!("UPDATE OF {list}, {} ", change.q(another)), 1)
}

/// Replaced in place where PostgreSQL can; on or off as it was.
fn replaced(change: &Change<'_>, trigger: &Trigger, definition: &str) -> Vec<String> {
    let name = change.q(&trigger.name);
    let on = format!("trigger {name} on {}", change.table());
    let mut statements = Vec::new();
    if trigger.is_constraint {
        statements.push(format!("drop {on}"));
        statements.push(definition.to_owned());
        statements.extend(Change::comment(&on, trigger.comment.as_ref()));
    } else {
        statements.push(definition.replacen("CREATE TRIGGER", "CREATE OR REPLACE TRIGGER", 1));
    }
    let state = match trigger.enabled.as_str() {
        "D" => "disable",
        "R" => "enable replica",
        "A" => "enable always",
        _ => return statements,
    };
    statements.push(change.alter(&format!("{state} trigger {name}")));
    statements
}
