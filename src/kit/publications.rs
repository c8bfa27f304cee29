//! Publications. One that lists the column, or has it in its condition, publishes the new one from the contract on.

use super::book::Book;
use super::change::Change;
use crate::pg::anatomy::Publication;

pub(super) fn carry(change: &Change<'_>, book: &mut Book) {
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
        book.notes.push(format!(
            "publication {name} publishes {new} instead of {old} from the contract on: its subscribers need the column by then"
        ));
        let replace = |condition: Option<&str>, to: &str| {
            let list = columns.as_ref().map(|columns| {
                let before = change.q(&change.old);
                let columns: Vec<String> = columns
                    .iter()
                    .map(|column| if *column == before { change.q(to) } else { column.clone() })
                    .collect();
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
        book.contract.pair(replace(after.as_deref(), new), replace(condition.as_deref(), old));
    }
}
