//! `rename-column`: a column gets another name while clients go on with both.

use super::book::{Book, Page};
use super::change::{Change, KitError, SyncOptions};
use super::story::{Story, pages};
use super::successor::{refuse, replace};
use super::sync::Casts;
use crate::pg::anatomy::Anatomy;
use crate::pg::anatomy::scratch::Renamed;

/// The revisions that rename the column, in order, and what a person must know. `renamed` is the trial with the new name.
pub fn rename(
    anatomy: &Anatomy,
    renamed: &Renamed,
    new: &str,
    options: &SyncOptions,
) -> Result<(Vec<Page>, Book), KitError> {
    let old = anatomy.column.name.clone();
    let change = Change::standing_still(anatomy, renamed, new);
    refuse(&change)?;
    let mut book = Book::default();
    let casts = Casts::default();
    replace(&change, &casts, options, &mut book)?;
    let (old, new) = (change.q(&old), change.q(new));
    let story = Story {
        goal: new.clone(),
        begins: format!(
            "{old} of {} is to be called {new}. From here until the contract the table has both columns",
            change.table()
        ),
        old,
        new,
    };
    let pages = pages(&change, &casts, options, &story, &book);
    Ok((pages, book))
}
