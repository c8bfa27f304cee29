//! What the revisions say about themselves, and which there are.

use super::backfill::{JobDown, JobText};
use super::book::{Book, Page, Running, by_hand};
use super::change::{Change, SyncOptions};
use super::successor::row_differs;
use super::sync::{Casts, Truth};

/// How a change is told.
pub(super) struct Story {
    /// What becomes of the column, in a word.
    pub(super) goal: String,
    /// The first sentence.
    pub(super) begins: String,
    /// What the old column is called in the text.
    pub(super) old: String,
    /// What the new one is called.
    pub(super) new: String,
}

/// The files, in order.
pub(super) fn pages(
    change: &Change<'_>,
    casts: &Casts,
    options: &SyncOptions,
    story: &Story,
    book: &Book,
) -> Vec<Page> {
    let Story { goal, begins, old: told_old, new: told_new } = story;
    let (table, old, new) = (change.table(), change.q(&change.old), change.q(&change.new));
    let (old_after, new_after) = (change.q(&change.old_after), change.q(&change.new_after));
    let rule = options.both_written.tell(told_old, told_new);
    let told = match &change.anatomy.column.default {
        Some(_) => "it differs from its default",
        None => "it is not null",
    };
    let expand = format!(
        "Expand: {begins}. A \
         trigger keeps them equal, whichever of them a client writes:\n\n\
         \x20 INSERT    a column counts as written when {told}\n\
         \x20 UPDATE    a column counts as written when its value changes\n\
         \x20 both      {rule}\n\
         \x20 neither   {told_old} counts until the switch, {told_new} from then on\n\n\
         All of it is of the catalog alone, whatever the table's size. ADD COLUMN waits for whoever writes to the table, and \
         whoever writes afterwards finds the trigger: no transaction is left that could write one column without the other."
    );
    let backfill = "Rows written since the expand have both columns already (the trigger sees to it); this fills those \
                    from before.";
    let build = "Indexes CONCURRENTLY, constraints NOT VALID and then validated, foreign keys likewise: nobody waits for \
                 any of it. Statement by statement, each in a transaction of its own. Until the strip both columns have \
                 them; the last constraint here says that the columns agree, and holds for every write from here on.";
    let switch = format!(
        "Switch: what stood on {told_old} stands on {told_new}. Catalog only, one short lock. From here on {told_new} is the truth; \
         both go on being kept equal, so that clients may change over one by one."
    );
    let strip = format!(
        "Strip: the indexes and constraints that {told_old} had are dropped. For when no client asks for it any more (or says \
         ON CONFLICT on it); writing it still works."
    );
    let prove = format!(
        "Proof, before {old_after} goes: not one row differs. On the way down this fills {old_after} again, from {new_after}."
    );
    let mut contract = format!(
        "Contract: for when no application reads or writes {old_after} any more. Its values are in {new_after}; on the way down \
         it comes back empty, is kept equal again, and is filled by the job before this revision."
    );
    contract.push_str(&by_hand(&book.by_hand));
    let filter = |differ: String| (!change.facts.is_plain || casts.forward.is_some()).then_some(differ);
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
    let named = |what: &str| format!("{what} {}.{} to {goal}", change.anatomy.table.name, change.old);
    [
        Page::schema(named("expand"), "at once", &expand, &book.expand, Running::Together),
        Some(fill.page(named("backfill"), "at once, or at night: it can be interrupted")),
        Page::schema(named("build"), "at once", build, &book.build.then(&book.link), Running::Apart),
        Page::schema(
            named("switch"),
            "then: from here on the new column is the truth",
            &switch,
            &book.switch,
            Running::Together,
        ),
        Page::schema(
            named("strip"),
            "when no client asks for the old column any more",
            &strip,
            &book.replication.then(&book.unlink).then(&book.strip),
            Running::Apart,
        ),
        Some(check.page(named("prove"), "then")),
        Page::schema(
            named("contract"),
            "when no client writes the old column any more",
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
