//! A column takes another's place: what it must have of it, and what must name it instead.

use super::book::Book;
use super::change::{Change, KitError, SyncOptions};
use super::defaults::Default;
use super::names::Names;
use super::sync::{Casts, Sync, Truth};
use super::{
    checks, column, defaults, foreign_keys, functions, indexes, policies, publications, statistics, sync,
    triggers, views,
};
use crate::pg::anatomy::Anatomy;
use crate::pg::anatomy::scratch::Renamed;

/// Whether a column of that name can take the place of this one at all; before anything is tried.
pub fn fits(anatomy: &Anatomy, new: &str) -> Result<(), KitError> {
    refuse(&Change::standing_still(anatomy, &Renamed::default(), new))
}

/// What comes from a parent is its parent's.
pub(super) fn refuse_inherited(change: &Change<'_>) -> Result<(), KitError> {
    let Anatomy { table, column, .. } = change.anatomy;
    let of = change.table();
    if !matches!(table.kind.as_str(), "r" | "p") {
        return Err(KitError::unfit(format!("{of} is no table"), "name the table itself"));
    }
    if table.is_partition || column.is_inherited {
        let what = format!("{} of {of} comes from its parent", column.name);
        return Err(KitError::unfit(what, "name the parent: its children follow"));
    }
    Ok(())
}

/// What no second column can take the place of.
pub(super) fn refuse(change: &Change<'_>) -> Result<(), KitError> {
    let Anatomy { table, column, .. } = change.anatomy;
    let (name, of) = (&column.name, change.table());
    let unfit = |what: String, hint: &str| Err(KitError::unfit(what, hint));
    refuse_inherited(change)?;
    if table.columns.contains(&change.new) {
        return unfit(format!("{of} has a column {} already", change.new), "choose another name");
    }
    if column.is_partition_key {
        return unfit(
            format!("{of} is partitioned by {name}"),
            "rename it at once with ALTER TABLE … RENAME COLUMN, in a revision of its own, when no client is there",
        );
    }
    if table.kind == "r" && table.children > 0 {
        return unfit(
            format!("{of} has children that inherit from it, and triggers aren't inherited"),
            "change the children's columns by ALTER TABLE … NO INHERIT first, or rename at once with RENAME COLUMN",
        );
    }
    if column.generated {
        return unfit(
            format!("{name} of {of} is generated: nobody writes it"),
            "add a column that is generated likewise, in a quiet hour since it rewrites the table, and drop this one later",
        );
    }
    Ok(())
}

/// Everything that makes the new column take the old one's place.
pub(super) fn replace(
    change: &Change<'_>,
    casts: &Casts,
    options: &SyncOptions,
    book: &mut Book,
) -> Result<(), KitError> {
    let Anatomy { table, .. } = change.anatomy;
    if change.renamed.adding_rewrites {
        let (type_name, of) = (&change.facts.type_name, change.table());
        return Err(KitError::unfit(
            format!(
                "a column of type {type_name} can't be added to {of} without writing the table anew: a domain with constraints"
            ),
            "take the domain's own type, with the constraint on the table: `longhaul change-type` to it at first",
        ));
    }
    let default = Default::of(change, casts, change.renamed.default_varies);
    let mut names = Names::of(table);
    let wanted = format!("{}_sync_{}", table.name, change.new_after);
    let mut triggers_taken = Names::new(change.anatomy.triggers.iter().map(|trigger| trigger.name.clone()));
    let always = options.always || table.is_subscribed;
    let sync = Sync {
        function: names.fresh(&wanted),
        trigger: sync::place(change, &wanted, &mut triggers_taken, book)?,
        rule: options.both_written,
        always,
        change,
    };
    let renames = [(&change.old, &change.old_after), (&change.new, &change.new_after)];
    let renames = renames.map(|(before, after)| {
        let rename = |from: &str, to: &str| {
            let rename = change.alter(&format!("rename column {} to {}", change.q(from), change.q(to)));
            format!("-- longhaul:allow rename: the columns change their names in one transaction\n{rename}")
        };
        (before != after).then(|| (rename(before, after), rename(after, before)))
    });
    let renames: Vec<(String, String)> = renames.into_iter().flatten().collect();
    let views = views::steps(change, book);
    book.switch.pair(views.first.0, views.last.1);
    book.switch.up(renames.iter().map(|(up, _)| up.clone()).collect::<Vec<_>>());
    column::add_new(change, change.facts, book);
    defaults::carry(change, &default, book);
    let before = sync::sides(change, &default, Truth::Old, casts);
    let after = sync::sides(change, &default, Truth::New, casts);
    sync.write(&before, &after, book);
    triggers::carry(change, book);
    let incoming = foreign_keys::carry(change, &mut names, book);
    let identity = indexes::carry(change, &incoming, &mut names, book)?;
    checks::carry(change, &mut names, book);
    checks::carry_not_null(change, &mut names, book);
    statistics::carry(change, &mut names, book);
    let differ = (row_differs(change, casts, Truth::Old), row_differs(change, casts, Truth::New));
    checks::agree(change, (&differ.0, &differ.1), &mut names, book);
    functions::carry(change, book);
    policies::carry(change, book);
    publications::carry(change, identity, book);
    // First on the way down as well, so that what follows it names the columns as it did before.
    book.switch.pair(Vec::new(), renames.into_iter().rev().map(|(_, down)| down).collect::<Vec<_>>());
    book.switch.pair(views.last.0, views.first.1);
    column::drop_old(change, book);
    book.by_hand.extend(change.anatomy.others.iter().map(|other| {
        format!(
            "{other} depends on {}: the contract stops there until it reads {}",
            change.old, change.new_after
        )
    }));
    if table.is_subscribed && !options.always {
        book.notes
            .push("a subscription writes to the table, so the sync trigger is ENABLE ALWAYS".to_owned());
    }
    Ok(())
}

/// Whether the columns of a row don't agree: the new value is another than the old one gives.
pub(super) fn row_differs(change: &Change<'_>, casts: &Casts, truth: Truth) -> String {
    let (old, new) = match truth {
        Truth::Old => (&change.old, &change.new),
        Truth::New => (&change.old_after, &change.new_after),
    };
    change.differ(&change.q(new), &casts.forward(&change.q(old)))
}
