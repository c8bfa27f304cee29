//! `rename-column`: a column gets another name while clients go on with both.

use super::backfill::{JobDown, JobText};
use super::book::{Book, Page, Running};
use super::change::{BothWritten, Change, KitError};
use super::defaults::Default;
use super::names::Names;
use super::sync::{Casts, Sync, Truth};
use super::{
    checks, column, defaults, foreign_keys, functions, indexes, policies, publications, statistics, sync,
    triggers, views,
};
use crate::pg::anatomy::Anatomy;
use crate::pg::anatomy::scratch::Renamed;

/// What its author decides.
#[derive(Clone, Debug, Default)]
pub struct RenameOptions {
    /// When one statement writes both columns, and differently.
    pub both_written: BothWritten,
    /// The sync trigger fires for what subscriptions and sessions with `session_replication_role = replica` write as well.
    pub always: bool,
}

/// The revisions that rename the column, in order, and what a person must know.
pub fn rename(
    anatomy: &Anatomy,
    renamed: &Renamed,
    new: &str,
    options: &RenameOptions,
) -> Result<(Vec<Page>, Book), KitError> {
    let old = anatomy.column.name.clone();
    let change = Change {
        anatomy,
        renamed,
        old: old.clone(),
        new: new.to_owned(),
        old_after: old,
        new_after: new.to_owned(),
    };
    refuse(&change)?;
    let mut book = Book::default();
    let casts = Casts::default();
    replace(&change, &anatomy.column.type_name, &casts, options, &mut book)?;
    let pages = pages(&change, &casts, options, &book);
    Ok((pages, book))
}

/// What no second column can take the place of.
pub(super) fn refuse(change: &Change<'_>) -> Result<(), KitError> {
    let Anatomy { table, column, .. } = change.anatomy;
    let (name, of) = (&column.name, change.table());
    let unfit = |what: String, hint: &str| Err(KitError::unfit(what, hint));
    if !matches!(table.kind.as_str(), "r" | "p") {
        return unfit(format!("{of} is no table"), "name the table itself");
    }
    if table.columns.contains(&change.new) {
        return unfit(format!("{of} has a column {} already", change.new), "choose another name");
    }
    if column.is_partition_key {
        return unfit(
            format!("{of} is partitioned by {name}"),
            "rename it at once with ALTER TABLE … RENAME COLUMN, in a revision of its own, when no client is there",
        );
    }
    if table.is_partition || column.is_inherited {
        return unfit(
            format!("{name} of {of} comes from its parent"),
            "name the parent: its children follow",
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
    type_name: &str,
    casts: &Casts,
    options: &RenameOptions,
    book: &mut Book,
) -> Result<(), KitError> {
    let Anatomy { table, .. } = change.anatomy;
    let default = Default::of(change, change.renamed.default_varies);
    let taken = [&table.relations, &table.constraints, &table.functions];
    let mut names = Names::new(taken.into_iter().flatten().cloned());
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
    column::add_new(change, type_name, &change.anatomy.column, book);
    defaults::carry(change, &default, book);
    let before = sync::sides(change, &default, Truth::Old, casts);
    let after = sync::sides(change, &default, Truth::New, casts);
    sync.write(&before, &after, book);
    triggers::carry(change, book);
    indexes::carry(change, &mut names, book)?;
    checks::carry(change, &mut names, book);
    checks::carry_not_null(change, &mut names, book);
    foreign_keys::carry(change, &mut names, book);
    statistics::carry(change, &mut names, book);
    let differ = (row_differs(change, casts, Truth::Old), row_differs(change, casts, Truth::New));
    checks::agree(change, (&differ.0, &differ.1), &mut names, book);
    functions::carry(change, book);
    policies::carry(change, book);
    views::carry(change, book);
    publications::carry(change, book);
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

fn row_differs(change: &Change<'_>, casts: &Casts, truth: Truth) -> String {
    let (old, new) = match truth {
        Truth::Old => (&change.old, &change.new),
        Truth::New => (&change.old_after, &change.new_after),
    };
    let (old, new) = (change.q(old), change.q(new));
    match truth {
        Truth::Old => change.differ(&new, &casts.forward(&old)),
        Truth::New => change.differ(&old, &casts.backward(&new)),
    }
}

/// The files, in order.
pub(super) fn pages(change: &Change<'_>, casts: &Casts, options: &RenameOptions, book: &Book) -> Vec<Page> {
    let (table, old, new) = (change.table(), change.q(&change.old), change.q(&change.new));
    let (old_after, new_after) = (change.q(&change.old_after), change.q(&change.new_after));
    let rule = match options.both_written {
        BothWritten::NewWins => {
            format!("{new_after} counts: a client that saves whole rows may send a stale {old} along")
        }
        BothWritten::OldWins => format!("{old} counts"),
        BothWritten::Refuse => "the statement fails if they differ".to_owned(),
    };
    let told = match &change.anatomy.column.default {
        Some(_) => "it differs from its default",
        None => "it is not null",
    };
    let expand = format!(
        "Expand: {old} of {table} is to become {new_after}. From here until the contract the table has both columns, and a \
         trigger keeps them equal, whichever of them a client writes:\n\n\
         \x20 INSERT    a column counts as written when {told}\n\
         \x20 UPDATE    a column counts as written when its value changes\n\
         \x20 both      {rule}\n\
         \x20 neither   {old} counts until the switch, {new_after} from then on\n\n\
         All of it is of the catalog alone, whatever the table's size. ADD COLUMN waits for whoever writes to the table, and \
         whoever writes afterwards finds the trigger: no transaction is left that could write one column without the other."
    );
    let backfill = "Rows written since the expand have both columns already (the trigger sees to it); this fills those \
                    from before.";
    let build = "Indexes CONCURRENTLY, constraints NOT VALID and then validated, foreign keys likewise: nobody waits for \
                 any of it. Statement by statement, each in a transaction of its own. Until the strip both columns have \
                 them; the last constraint here says that the columns agree, and holds for every write from here on.";
    let switch = format!(
        "Switch: what named {old} names {new_after}. Catalog only, one short lock. From here on {new_after} is the truth; \
         both go on being kept equal, so that clients may change over one by one."
    );
    let strip = format!(
        "Strip: the indexes and constraints that {old} had are dropped. For when no client asks for {old} any more (or says \
         ON CONFLICT on it); writing it still works."
    );
    let prove = format!(
        "Proof, before {old} goes: not one row differs. On the way down this fills {old} again, from {new_after}."
    );
    let mut contract = format!(
        "Contract: for when no application reads or writes {old} any more. Its values are in {new_after}; on the way down \
         it comes back empty, is kept equal again, and is filled by the job before this revision."
    );
    if !book.by_hand.is_empty() {
        contract.push_str("\n\nBY HAND, before this can be applied:");
        for item in &book.by_hand {
            contract.push_str(&format!("\n\n  {}", item.replace('\n', "\n  ")));
        }
    }
    let filter = |differ: String| (!change.anatomy.column.is_plain).then_some(differ);
    let is_number = is_number(&change.anatomy.column.type_name) && casts.forward.is_none();
    let mut totals = vec![format!("count({new}) = count({old})")];
    totals.extend(is_number.then(|| format!("sum({new}) = sum({old})")));
    let fill = JobText {
        comment: backfill,
        table: &table,
        set: vec![(new.clone(), casts.forward(&old))],
        filter: filter(row_differs(change, casts, Truth::Old)),
        totals,
        down: JobDown::Keep,
    };
    let check = JobText {
        comment: &prove,
        table: &table,
        set: vec![(old_after.clone(), casts.backward(&new_after))],
        filter: filter(row_differs(change, casts, Truth::New)),
        totals: vec![format!("count({new_after}) = count({old_after})")],
        down: JobDown::Again,
    };
    let named =
        |what: &str| format!("{what} {}.{} to {}", change.anatomy.table.name, change.old, change.new_after);
    [
        Page::schema(named("expand"), "at once", &expand, &book.expand, Running::Together),
        Some(fill.page(named("backfill"), "at once, or at night: it can be interrupted")),
        Page::schema(named("build"), "at once", build, &book.build, Running::Apart),
        Page::schema(
            named("switch"),
            "before the first client that reads only the new name",
            &switch,
            &book.switch,
            Running::Together,
        ),
        Page::schema(
            named("strip"),
            "when no client reads the old name any more",
            &strip,
            &book.unlink.then(&book.strip),
            Running::Apart,
        ),
        Some(check.page(named("prove"), "then")),
        Page::schema(
            named("contract"),
            "when no client writes the old name any more",
            &contract,
            &book.contract,
            Running::Together,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn is_number(type_name: &str) -> bool {
    let numbers =
        ["numeric", "integer", "bigint", "smallint", "money", "real", "double precision", "interval"];
    numbers.iter().any(|number| type_name.starts_with(number)) && !type_name.ends_with("[]")
}
