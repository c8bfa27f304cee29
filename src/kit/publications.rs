//! Publications. One that lists the column publishes both from the expand on, and the new one alone from the contract on.

use super::book::Book;
use super::change::Change;
use crate::pg::anatomy::Publication;

///
/// `identity` sets the replica identity, and sets it back. What a publication names must be in it whenever a row is changed, so
/// that both change in one statement.
pub(super) fn carry(change: &Change<'_>, identity: (Vec<String>, Vec<String>), book: &mut Book) {
    let mut at_once = identity;
    for publication in &change.anatomy.publications {
        let Publication { name, columns, names_column, condition } = publication;
        let (new, old) = (&change.new_after, &change.old_after);
        if columns.is_none() {
            book.notes.push(format!(
                "publication {name}: add {} to the table on each subscriber before the expand, or replication stops there",
                change.new
            ));
        }
        if !names_column {
            continue;
        }
        let after = match (condition, change.renamed.publications.get(name)) {
            (Some(before), Some(Ok(after))) => Some(change.after(before, after).to_owned()),
            (Some(_), Some(Err(said))) => {
                book.by_hand.push(format!("publication {name}: {said}"));
                continue;
            }
            _ => None,
        };
        book.notes
            .push(format!("publication {name} names {old}: its subscribers need {new} before the expand"));
        let replace = |columns_then: &[&String], condition: Option<&str>| {
            let list = columns.as_ref().map(|columns| {
                let before = change.q(&change.old);
                let kept = columns.iter().filter(|column| **column != before).cloned();
                let columns: Vec<String> =
                    kept.chain(columns_then.iter().map(|name| change.q(name))).collect();
                format!(" ({})", columns.join(", "))
            });
            let condition = condition.map(|sql| format!(" where ({sql})")).unwrap_or_default();
            vec![
                format!("alter publication {} drop table {}", change.q(name), change.table()),
                format!(
                    "alter publication {} add table {}{}{condition}",
                    change.q(name),
                    change.table(),
                    list.unwrap_or_default()
                ),
            ]
        };
        let before = condition.as_deref();
        let after = after.as_deref();
        if columns.is_some() {
            book.expand.pair(replace(&[&change.old, &change.new], before), replace(&[&change.old], before));
            book.contract.pair(replace(&[new], after), replace(&[old, new], after));
        }
        if before.is_some() {
            at_once.0.extend(replace(&[old, new], after));
            at_once.1.extend(replace(
                &[old, new],
                change.left(before.unwrap_or_default(), |left| left.publications.get(name)).into(),
            ));
        }
    }
    if !(at_once.0.is_empty() && at_once.1.is_empty()) {
        book.replication.pair(together(&at_once.0), together(&at_once.1));
    }
}

/// Several statements as one, where each is in a transaction of its own.
fn together(statements: &[String]) -> String {
    match statements {
        [only] => only.clone(),
        several => format!("do $at_once$\nbegin\n    {};\nend\n$at_once$", several.join(";\n    ")),
    }
}
