//! The trigger that keeps both columns equal: one for both directions, BEFORE INSERT OR UPDATE.
//!
//! ADD COLUMN locks the table against everybody, and the trigger is made in the same transaction: whoever wrote to the table
//! before has ended by then, and whoever writes later finds the trigger, however old its snapshot (PostgreSQL takes triggers
//! from the newest catalog). So there is no transaction to wait for before the backfill begins.

use super::book::Book;
use super::change::{BothWritten, Change, KitError};
use super::defaults::Default;
use super::names::Names;
use crate::pg::anatomy::{Function, Trigger};

/// How one side is computed from the other, and how the trigger sees that a client wrote it.
pub(super) struct Side {
    /// The statements that set it from the other side.
    pub(super) assign: String,
    /// It was given in an INSERT, as far as one can tell; `None`: a default that is another each time can't be told from it.
    pub(super) given: Option<String>,
    /// It was changed by an UPDATE.
    pub(super) changed: String,
}

/// Both sides.
pub(super) struct Sides {
    pub(super) old: Side,
    pub(super) new: Side,
    /// They contradict each other; for [`BothWritten::Refuse`].
    pub(super) differ: String,
}

/// Which column holds the truth where nobody has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    Old,
    New,
}

/// The trigger's text: what it does, whichever columns it is for.
pub(super) struct Sync<'c> {
    pub(super) function: String,
    pub(super) trigger: String,
    pub(super) rule: BothWritten,
    /// It fires for what a subscription writes as well.
    pub(super) always: bool,
    pub(super) change: &'c Change<'c>,
}

impl Sync<'_> {
    /// The function while `truth` holds.
    pub(super) fn function(&self, sides: &Sides, truth: Truth) -> String {
        let Sides { old, new, differ } = sides;
        // Where nobody wrote, and where both did and it wins, the truth counts.
        let (believed, other, wins) = match truth {
            Truth::Old => (old, new, self.rule == BothWritten::OldWins),
            Truth::New => (new, old, self.rule != BothWritten::OldWins),
        };
        let unless = |believed: &str, other: &str| {
            if wins { format!("{other}\n           and not ({believed})") } else { other.to_owned() }
        };
        let given = match (&believed.given, &other.given) {
            (Some(believed), Some(other)) => unless(believed, other),
            // Who gives the other one doesn't know the believed one.
            (None, Some(other)) => other.clone(),
            (Some(believed), None) => format!("not ({believed})"),
            (None, None) => "false".to_owned(),
        };
        let changed = unless(&believed.changed, &other.changed);
        let refuse = |both: String| match self.rule {
            BothWritten::Refuse => format!(
                "        if {both} and {differ} then\n            raise exception using errcode = 'check_violation',\n                message = {};\n        end if;\n",
                crate::pg::quote::literal(&format!(
                    "{} was written with two values for one column: {} takes the place of {}",
                    self.change.table(),
                    self.change.new_after,
                    self.change.old
                ))
            ),
            _ => String::new(),
        };
        let indented = |text: &str| text.replace('\n', "\n            ");
        format!(
            "create or replace function {}() returns trigger\nlanguage plpgsql as $sync$\nbegin\n    if tg_op = 'INSERT' then\n{}        if {given} then\n            {}\n        else\n            {}\n        end if;\n    else\n{}        if {changed} then\n            {}\n        else\n            {}\n        end if;\n    end if;\n    return new;\nend\n$sync$",
            self.change.beside(&self.function),
            old.given
                .as_ref()
                .zip(new.given.as_ref())
                .map(|(old, new)| refuse(format!("{old} and {new}")))
                .unwrap_or_default(),
            indented(&believed.assign),
            indented(&other.assign),
            refuse(format!("{} and {}", old.changed, new.changed)),
            indented(&believed.assign),
            indented(&other.assign),
        )
    }

    pub(super) fn create_trigger(&self) -> Vec<String> {
        let table = self.change.table();
        let mut statements = vec![format!(
            "create trigger {}\n    before insert or update on {table}\n    for each row\n    execute function {}()",
            self.change.q(&self.trigger),
            self.change.beside(&self.function)
        )];
        if self.always {
            statements
                .push(self.change.alter(&format!("enable always trigger {}", self.change.q(&self.trigger))));
        }
        statements
    }

    pub(super) fn drop(&self) -> Vec<String> {
        vec![
            format!("drop trigger {} on {}", self.change.q(&self.trigger), self.change.table()),
            format!("drop function {}()", self.change.beside(&self.function)),
        ]
    }

    /// Expand makes it, contract drops it, and the switch turns round what is believed.
    pub(super) fn write(&self, before: &Sides, after: &Sides, book: &mut Book) {
        let mut make = vec![self.function(before, Truth::Old)];
        make.extend(self.create_trigger());
        book.expand.pair(make, self.drop());
        book.switch.pair(self.function(after, Truth::New), self.function(before, Truth::Old));
        let mut again = vec![self.function(after, Truth::New)];
        again.extend(self.create_trigger());
        book.contract.pair(self.drop(), again);
    }
}

/// One column from another of the same meaning.
pub(super) fn sides(change: &Change<'_>, default: &Default, truth: Truth, cast: &Casts) -> Sides {
    let (old, new) = match truth {
        Truth::Old => (&change.old, &change.new),
        Truth::New => (&change.old_after, &change.new_after),
    };
    let field = |row: &str, name: &str| format!("{row}.{}", change.q(name));
    let side = |name: &str, from: &str, cast: &dyn Fn(&str) -> String, holds_default: bool| {
        let given = match default {
            Default::Both(of_old, of_new) => {
                let sql = if name == old { of_old } else { of_new };
                Some(change.differ(&field("new", name), &format!("({sql})")))
            }
            Default::One if holds_default => None,
            Default::One | Default::None => Some(format!("{} is not null", field("new", name))),
        };
        Side {
            assign: format!("{} := {};", field("new", name), cast(&field("new", from))),
            given,
            changed: change.differ(&field("new", name), &field("old", name)),
        }
    };
    Sides {
        old: side(old, new, &|value| cast.backward(value), truth == Truth::Old),
        new: side(new, old, &|value| cast.forward(value), truth == Truth::New),
        differ: change.differ(&field("new", new), &cast.forward(&field("new", old))),
    }
}

/// How values cross from one column to the other: expressions with `$1` for the value; `None`: as they are.
#[derive(Clone, Debug, Default)]
pub(super) struct Casts {
    pub(super) forward: Option<String>,
    pub(super) backward: Option<String>,
}

impl Casts {
    /// The new value of an old one.
    pub(super) fn forward(&self, value: &str) -> String {
        Self::apply(self.forward.as_deref(), value)
    }

    /// The old value of a new one.
    pub(super) fn backward(&self, value: &str) -> String {
        Self::apply(self.backward.as_deref(), value)
    }

    fn apply(expression: Option<&str>, value: &str) -> String {
        expression.map_or_else(|| value.to_owned(), |expression| expression.replace("$1", value))
    }
}

/// A name for the trigger that sorts where it must: triggers of one kind fire in the order of their names. What sets the
/// old column comes before, what reads it after.
pub(super) fn place(
    change: &Change<'_>,
    wanted: &str,
    names: &mut Names,
    book: &mut Book,
) -> Result<String, KitError> {
    let (column, functions) = (&change.anatomy.column.name, &change.anatomy.functions);
    let body = |trigger: &&Trigger| functions.iter().find(|function| function.oid == trigger.function);
    let among: Vec<&Trigger> =
        change.anatomy.triggers.iter().filter(|trigger| trigger.fires_with_sync).collect();
    let sets = |trigger: &&&Trigger| body(trigger).is_some_and(|function| assigns(function, column));
    let reads =
        |trigger: &&&Trigger| trigger.names_column || trigger.has_condition || body(trigger).is_some();
    let writers: Vec<&str> = among.iter().filter(sets).map(|trigger| trigger.name.as_str()).collect();
    let readers: Vec<&str> = among
        .iter()
        .filter(|trigger| !sets(trigger) && reads(trigger))
        .map(|trigger| trigger.name.as_str())
        .collect();
    let fits = |name: &str| {
        writers.iter().all(|writer| *writer < name) && readers.iter().all(|reader| name < *reader)
    };
    let last = writers.iter().max().copied().unwrap_or_default();
    let candidates = [
        wanted.to_owned(),
        format!("aa_{wanted}"),
        format!("00_{wanted}"),
        format!("zz_{wanted}"),
        format!("{last}_{wanted}"),
        format!("{last} "),
    ];
    let found = candidates.into_iter().map(|name| names.fresh(&name)).find(|name| fits(name));
    let name = found.ok_or_else(|| {
        KitError::unfit(
            format!(
                "no trigger can stand between those that set {column} ({}) and those that read it ({}): they fire in the order of their names",
                writers.join(", "),
                readers.join(", ")
            ),
            "rename one of them so that it fires after those that set the column: ALTER TRIGGER … RENAME TO",
        )
    })?;
    for writer in writers {
        book.notes.push(format!(
            "trigger {writer} sets {column}: until the switch it doesn't see what new clients write to {}",
            change.new_after
        ));
    }
    Ok(name)
}

/// Whether the text sets the column of the row at hand: `new.column :=`, or `into new.column`.
fn assigns(function: &Function, column: &str) -> bool {
    let text = function.body.to_lowercase();
    let field = format!("new.{}", column.to_lowercase());
    text.match_indices(&field).any(|(at, _)| {
        let (before, after) = (text[..at].trim_end(), text[at + field.len()..].trim_start());
        let is_set = after.starts_with(":=") || after.starts_with('=') && before.ends_with([';', '\n']);
        let is_statement = before.ends_with([';'])
            || ["then", "else", "begin", "loop"].iter().any(|word| before.ends_with(word));
        is_set || after.starts_with('=') && is_statement || before.ends_with("into")
    })
}
