//! Views that read the column. Their own columns keep their names, so that who reads them notices nothing; one whose columns
//! get another type has to be dropped and made again.

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
        let retyped = change.renamed.retyped_views.contains(oid);
        if retyped && !view.attached.is_empty() {
            book.by_hand.push(format!(
                "view {name} gets a column of another type: it must be dropped and made again, and with it {}; between \
                 the switch and the contract. Its query stays:\n{after}",
                view.attached.join(", ")
            ));
            continue;
        }
        let with = if options.is_empty() { String::new() } else { format!(" with ({})", options.join(", ")) };
        let replace = |definition: &str| format!("create or replace view {name}{with} as\n{definition}");
        if retyped {
            let again = |definition: &str| {
                let mut statements = vec![format!("drop view {name}"), replace(definition)];
                statements.push(format!("alter view {name} owner to {}", view.owner));
                statements.extend(Change::comment(&format!("view {name}"), view.comment.as_ref()));
                statements.extend(view.grants.iter().map(|grant| {
                    let option = if grant.grantable { " with grant option" } else { "" };
                    format!("grant {} on {name} to {}{option}", grant.privilege, grant.role)
                }));
                statements
            };
            book.switch.pair(again(after), again(definition));
            continue;
        }
        book.switch.pair(replace(after), replace(definition));
    }
}
