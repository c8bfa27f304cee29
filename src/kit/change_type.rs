//! `change-type`: a column gets another type while clients go on with it.
//!
//! Where PostgreSQL needs to change the catalog alone, that is one revision. Everything else goes by a second column, which
//! takes the old one's name at the switch.

use super::book::{Book, Chapter, Page, Running};
use super::change::{Change, KitError, SyncOptions};
use super::names::Names;
use super::story::{Story, pages};
use super::successor::{refuse, replace};
use super::sync::Casts;
use crate::pg::anatomy::scratch::Renamed;
use crate::pg::anatomy::{Anatomy, ColumnFacts};

/// What is to become of a column.
#[derive(Clone, Debug)]
pub struct Retyping {
    /// The type, as SQL writes it.
    pub type_name: String,
    /// The new value, an expression with `$1` for the old one; `None`: a cast.
    pub forward: Option<String>,
    /// The old value, an expression with `$1` for the new one.
    pub backward: String,
    /// The names that the new column has until the switch, and the old one after it.
    pub names: (String, String),
}

impl Retyping {
    /// By casts, unless expressions are given.
    #[must_use]
    pub fn new(
        anatomy: &Anatomy,
        type_name: &str,
        forward: Option<String>,
        backward: Option<String>,
    ) -> Self {
        let Anatomy { table, column, .. } = anatomy;
        let mut names = Names::new(table.columns.iter().cloned());
        let mut fresh = |tail: &str| names.fresh(&format!("{}_{tail}", column.name));
        Self {
            type_name: type_name.to_owned(),
            forward,
            backward: backward.unwrap_or_else(|| format!("$1::{}", column.type_name)),
            names: (fresh("new"), fresh("old")),
        }
    }
}

/// The revision that changes the type in the catalog alone; `None` when something stands on the column that forbids it, or
/// that PostgreSQL would look at every row for. Only for types that [`rewrites`](crate::pg::anatomy::scratch::rewrites) nothing.
#[must_use]
pub fn change_type_at_once(anatomy: &Anatomy, type_name: &str) -> Option<Page> {
    let Anatomy { column, views, policies, checks, others, .. } = anatomy;
    let named_by_triggers = anatomy.triggers.iter().any(|trigger| trigger.names_column);
    let is_free = views.is_empty() && policies.is_empty() && checks.is_empty() && others.is_empty();
    if !is_free || named_by_triggers {
        return None;
    }
    let quoting = anatomy.quoting();
    let table = format!("{}.{}", quoting.name(&anatomy.table.schema), quoting.name(&anatomy.table.name));
    let alter = |type_name: &str| {
        format!("alter table {table} alter column {} type {type_name}", quoting.name(&column.name))
    };
    let mut chapter = Chapter::default();
    chapter.pair(alter(type_name), alter(&column.type_name));
    let comment = format!(
        "PostgreSQL changes {} of {table} from {} to {type_name} in the catalog alone: no row is read or written, and the \
         lock is short. The way down may read or write all of them under its lock; on a large table go back by \
         `longhaul change-type` instead.",
        quoting.name(&column.name),
        column.type_name
    );
    let message = format!("change {}.{} to {type_name}", anatomy.table.name, column.name);
    Page::schema(message, "at once", &comment, &chapter, Running::Together)
}

/// The revisions that change the type by a second column. `renamed` is the trial with the new type and the new column's name,
/// `left` that with the name that the old column gets.
pub fn change_type(
    anatomy: &Anatomy,
    (renamed, left): (&Renamed, &Renamed),
    retyping: &Retyping,
    options: &SyncOptions,
) -> Result<(Vec<Page>, Book), KitError> {
    let facts = facts(anatomy, renamed);
    let (new, old_after) = retyping.names.clone();
    let name = anatomy.column.name.clone();
    let change = Change {
        anatomy,
        facts: &facts,
        renamed,
        left: Some(left),
        old: name.clone(),
        new,
        old_after,
        new_after: name,
    };
    refuse(&change)?;
    // With the type's full name: the trigger meets search paths of all clients.
    let forward = retyping.forward.clone().unwrap_or_else(|| format!("$1::{}", facts.type_name));
    let casts = Casts { forward: Some(forward), backward: Some(retyping.backward.clone()) };
    let mut book = Book::default();
    replace(&change, &casts, options, &mut book)?;
    book.notes.push(format!(
        "until the contract a value that {} can't hold is refused: going back would lose it",
        anatomy.column.type_name
    ));
    book.notes.push(format!(
        "from the expand on a client fails that writes a value of which {} can't be made",
        facts.type_name
    ));
    let story = Story {
        goal: facts.type_name.clone(),
        begins: format!(
            "{} of {} is to be {} instead of {}. From here until the contract the table has a column of each type: {} with \
             the new one until the switch, {} with the old one after it",
            change.q(&change.old),
            change.table(),
            facts.type_name,
            anatomy.column.type_name,
            change.q(&change.new),
            change.q(&change.old_after)
        ),
        old: "the column of the old type".to_owned(),
        new: "the column of the new type".to_owned(),
    };
    let pages = pages(&change, &casts, options, &story, &book);
    Ok((pages, book))
}

/// The new column: what the old one has, as far as its type can have it.
fn facts(anatomy: &Anatomy, renamed: &Renamed) -> ColumnFacts {
    let mut facts = anatomy.column.clone();
    if let Some(column) = &renamed.column {
        facts.type_name.clone_from(&column.type_name);
        facts.is_plain &= column.is_plain;
        facts.collation.clone_from(&column.collation);
        // The copy has its type's own storage; the old one's is kept where both types can be stored out of line.
        facts.storage = facts.storage.filter(|_| column.is_toastable);
        facts.compression = facts.compression.filter(|_| column.is_toastable);
    }
    facts
}
