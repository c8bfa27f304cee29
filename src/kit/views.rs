//! Views that read the column. Their own columns keep their names, so that who reads them notices nothing.

use super::book::Book;
use super::change::Change;
use crate::pg::anatomy::View;

pub(super) fn carry(change: &Change<'_>, book: &mut Book) {
    for view in &change.anatomy.views {
        let View { oid, name, is_materialized, options, definition, .. } = view;
        let after = match change.renamed.views.get(oid) {
            Some(Ok(after)) => change.after(definition, after),
            Some(Err(said)) => {
                book.by_hand.push(format!("view {name}: {said}; make it read {}", change.new_after));
                continue;
            }
            None => continue,
        };
        if *is_materialized {
            book.by_hand.push(format!(
                "materialized view {name} can't be replaced in place: between the switch and the contract make it again, \
                 with its indexes and grants, under another name; then drop the one and rename the other, in one \
                 transaction. Its query then is:\n{after}"
            ));
            continue;
        }
        let with = if options.is_empty() { String::new() } else { format!(" with ({})", options.join(", ")) };
        let replace = |definition: &str| format!("create or replace view {name}{with} as\n{definition}");
        book.switch.pair(replace(after), replace(definition));
    }
}
