//! Views that read the column. Their own columns keep their names, so that who reads them notices nothing. One whose columns
//! get another type is dropped and made again, with those that stand on it.
//!
//! Whoever reads a view locks it before its table. So does the switch, in both directions, or it would come to a deadlock.

use std::collections::HashSet;

use super::book::Book;
use super::change::Change;
use crate::pg::anatomy::View;

/// What the switch does with views, up and down: first of all, and last.
#[derive(Default)]
pub(super) struct Steps {
    pub(super) first: (Vec<String>, Vec<String>),
    pub(super) last: (Vec<String>, Vec<String>),
}

pub(super) fn steps(change: &Change<'_>, book: &mut Book) -> Steps {
    let mut steps = Steps::default();
    let views = &change.anatomy.views;
    // Lowest first: what stands on a view comes after it.
    let mut falling: HashSet<u32> = HashSet::new();
    for view in views {
        let is_retyped = change.renamed.retyped_views.contains(&view.oid);
        if is_retyped || view.stands_on.iter().any(|under| falling.contains(under)) {
            falling.insert(view.oid);
        }
    }
    let is_in_the_way = |view: &&View| falling.contains(&view.oid) && !can_be_made_again(view);
    let in_the_way: Vec<String> = views.iter().filter(is_in_the_way).map(what_would_be_lost).collect();
    for view in views {
        let definition = view.definition.as_str();
        let after = match change.renamed.views.get(&view.oid) {
            Some(Ok(after)) => change.after(definition, after),
            Some(Err(said)) => {
                let name = &view.name;
                book.by_hand.push(format!("view {name}: {said}; make it read {}", change.new_after));
                continue;
            }
            None => definition,
        };
        match () {
            () if falling.contains(&view.oid) && !in_the_way.is_empty() => book.by_hand.push(format!(
                "view {} gets a column of another type, or stands on one that does: drop and make it again between the switch \
                 and the contract ({}). Its query then is:\n{after}",
                view.name,
                in_the_way.join("; ")
            )),
            () if falling.contains(&view.oid) => {
                let drop = format!("drop view {}", view.name);
                steps.first.0.insert(0, drop.clone());
                steps.first.1.insert(0, drop);
                steps.last.0.extend(made(view, after));
                steps.last.1.extend(made(view, definition));
            }
            () if !view.is_direct => {}
            () if view.is_materialized => book.by_hand.push(format!(
                "materialized view {} can't be replaced in place: between the switch and the contract make it again, with \
                 its indexes and grants, under another name; then drop the one and rename the other, in one transaction. \
                 Its query then is:\n{after}",
                view.name
            )),
            () => {
                steps.first.0.push(replaced(view, after));
                steps.first.1.push(replaced(view, definition));
                if change.new != change.new_after {
                    // The first only locked it: the columns had their names still.
                    steps.last.0.push(replaced(view, after));
                    steps.last.1.push(replaced(view, definition));
                }
            }
        }
    }
    steps
}

fn replaced(view: &View, definition: &str) -> String {
    let options = view.options.join(", ");
    let with = if options.is_empty() { options } else { format!(" with ({options})") };
    format!("create or replace view {}{with} as\n{definition}", view.name)
}

/// With its owner, comment and rights.
fn made(view: &View, definition: &str) -> Vec<String> {
    let name = &view.name;
    let mut statements =
        vec![replaced(view, definition), format!("alter view {name} owner to {}", view.owner)];
    statements.extend(Change::comment(&format!("view {name}"), view.comment.as_ref()));
    statements.extend(view.grants.iter().map(|grant| grant.statement(name, None)));
    statements
}

fn can_be_made_again(view: &View) -> bool {
    !view.is_materialized && view.attached.is_empty()
}

fn what_would_be_lost(view: &View) -> String {
    let what = if view.is_materialized { "its rows".to_owned() } else { view.attached.join(", ") };
    format!("{} would lose {what}", view.name)
}
