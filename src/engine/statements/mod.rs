//! The SQL of one job on one table: built once from quoted names and the author's expressions.
//!
//! Key values are parameters of type `text[]`, an element a column, cast by PostgreSQL to the column's type: they
//! are compared nowhere else. Intervals are half open, so that the pieces of a range share no row: by key
//! `lower < key <= upper`, whatever the key's type, and in physical order `lower <= block < upper`.
//!
//! A stride is told by a row's key, which never changes, or in physical order by its line pointer, whatever the key is. A row that is written meanwhile may move to another place, and so past
//! its stride: the last stride of a window therefore takes all rows that are left on its pages, and the sweep those
//! that have left them.

mod change;
mod isolated;
mod keys;
mod proof;
mod rehearsed;

use std::sync::Arc;

use super::batch::Shape;
use crate::model::{Assignment, Ident, Job, Key, Order, Total, Undo, Untouched};
use crate::pg::catalog::Table;
use crate::pg::{quote, search_path};
use crate::store::Statements;
pub(super) use change::Restore;
use change::{Change, Way};
use keys::{KeySql, StrideSql};
pub(super) use proof::Scope;

/// The statements of a job.
#[derive(Clone, Debug)]
pub struct JobSql {
    /// `$1` upper, `$2` offset, `$3` lower (absent in `first`): the key at that offset, or no row.
    pub bound: Pair,
    /// `$1` upper, `$2` lower (absent in `first`): keys in the interval.
    pub tail: Pair,
    /// EXPLAIN of all rows: how many there are, as the planner estimates it without a scan.
    pub estimate: String,
    /// The change on all rows at once: never run, only prepared, before the control schema is there.
    pub whole: String,
    /// The last key of the table, or no row.
    pub last_key: String,
    /// `$1` how many: keys that cut the table into as many pieces of about the same size, from a sample of its blocks.
    pub cuts: String,
    /// `$1` range, `$2` its end, `$3` where to cut it: by key.
    pub split_by_key: String,
    /// The same in physical order.
    pub split_by_block: String,
    /// The hash of a key's types, or an error where one has none.
    pub key_hash: String,
    /// The file and the pages of the table now.
    pub extent: String,
    /// The role whose rights the job's SQL is to have.
    pub role: Option<String>,
    /// Sets where the session of a worker finds the operators of the key.
    pub path: String,
    /// A row if the key's index is there, unique and valid.
    pub key_index: String,
    /// What the other statements are made of.
    parts: Parts,
}

/// What the statements of batches and of proofs are made of.
#[derive(Clone, Debug)]
struct Parts {
    oid: u32,
    change: Change,
    filter: String,
    /// The filter of the closing sweeps, which change less; `None` when they may change nothing.
    repair: Option<String>,
    totals: Vec<Total>,
    by: Vec<String>,
    store: Arc<Statements>,
}

/// A statement for the beginning of the key space, and the same from a key onwards.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Without a lower bound.
    pub first: String,
    /// From a lower bound.
    pub next: String,
}

/// What a job's statements are built for.
pub(super) struct Subject<'s> {
    pub(super) table: &'s Table,
    pub(super) key: &'s Key,
    /// The job's `where` or its default.
    pub(super) filter: &'s str,
    /// That of the closing sweeps.
    pub(super) repair: Option<&'s str>,
    /// Where a job that restores takes the old values from.
    pub(super) restore: Option<Restore>,
}

impl JobSql {
    /// Builds them.
    #[must_use]
    pub(super) fn new(job: &Job, subject: Subject<'_>, store: &Statements) -> Self {
        let Subject { table, key, filter, repair, restore } = subject;
        let store = Arc::new(store.clone());
        // What is walked: the table, or what was kept of it.
        let (walked, walked_key, condition) = match &restore {
            None => (table.name.clone(), key.clone(), String::new()),
            Some(restore) => {
                (restore.preimages.clone(), restore.chunks.clone(), format!(" AND {}", restore.of_runs()))
            }
        };
        let name = quote::table(&walked);
        let keys = KeySql { key: &walked_key, table: &walked };
        let (text, order) = (keys.text(), keys.order(""));
        let interval = |lower| format!("{}{condition}", keys.interval(lower));
        let all = condition.replacen(" AND", " WHERE", 1);
        let taken = "coalesce(r.window_upper, r.checkpoint, r.lower_key)";
        let split = |value: &dyn Fn(&str) -> String| {
            fill(&store.split_range, &[("taken", &value(taken)), ("cut", &value("$3::text[]"))])
        };
        let change = Change {
            table: table.name.clone(),
            key: key.clone(),
            set: job.set.clone(),
            way: match restore {
                Some(restore) => Way::Restore(restore),
                None => Way::Set { undo: job.undo, untouched: untouched(job, table) },
            },
            is_tried: false,
            store: Arc::clone(&store),
        };
        Self {
            bound: Pair {
                first: format!(
                    "SELECT {text} FROM {name} WHERE {} ORDER BY {order} OFFSET $2::int8 LIMIT 1",
                    interval(None)
                ),
                next: format!(
                    "SELECT {text} FROM {name} WHERE {} ORDER BY {order} OFFSET $2::int8 LIMIT 1",
                    interval(Some("$3"))
                ),
            },
            tail: Pair {
                first: format!("SELECT count(*) FROM {name} WHERE {}", interval(None)),
                next: format!("SELECT count(*) FROM {name} WHERE {}", interval(Some("$2"))),
            },
            estimate: match &change.way {
                Way::Set { .. } => format!("EXPLAIN (FORMAT JSON) SELECT FROM {name}"),
                // So few that they can be counted; told as EXPLAIN tells it.
                Way::Restore(_) => format!(
                    "SELECT json_build_array(json_build_object('Plan', json_build_object('Plan Rows', count(*)))) \
                     FROM {name}{all}"
                ),
            },
            whole: format!(
                "UPDATE {} SET {} WHERE {}",
                quote::table(&table.name),
                assignments(&job.set),
                clause(filter)
            ),
            last_key: format!("SELECT {text} FROM {name}{all} ORDER BY {} LIMIT 1", keys.order(" DESC")),
            cuts: format!(
                "SELECT key FROM (SELECT {text} AS key, row_number() OVER (ORDER BY {order}) AS at, \
                 count(*) OVER () AS of FROM {name} TABLESAMPLE SYSTEM ($2::float4)) AS sample \
                 WHERE at * $1::int8 / of > (at - 1) * $1::int8 / of AND at < of ORDER BY at"
            ),
            split_by_key: split(&|array| keys.value(array)),
            split_by_block: split(&|array| format!("({array})[1]::int8")),
            key_hash: format!(
                "SELECT pg_catalog.hash_record(ROW({}))",
                walked_key
                    .columns
                    .iter()
                    .map(|c| format!("NULL::{}", c.type_name))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            extent: format!(
                "SELECT coalesce(pg_relation_filenode({oid}::regclass), 0::oid), \
                 pg_relation_size({oid}::regclass) / current_setting('block_size')::int8",
                oid = table.oid
            ),
            path: {
                let schemas = key.schemas.iter().map(|schema| quote::quoted(schema) + ", ");
                format!("SET search_path = pg_catalog, {}pg_temp", schemas.collect::<String>())
            },
            role: job.role.as_ref().map(|role| role.0.clone()),
            key_index: format!(
                "SELECT FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid \
                 WHERE i.indrelid = {} AND c.relname = {} AND i.indisunique AND i.indisvalid AND i.indislive",
                table.oid,
                quote::literal(&key.index)
            ),
            parts: Parts {
                oid: table.oid,
                change,
                filter: filter.to_owned(),
                repair: repair.map(str::to_owned),
                totals: job.verify.totals.clone(),
                by: job.verify.by.clone(),
                store,
            },
        }
    }

    /// The statement of a batch: its rows and its position. `$1` upper, `$2` range, `$3` rows seen, `$4` lower (NULL in
    /// the first), `$5` stride; then the position to store: `$6` checkpoint, `$7` the window's end, `$8` strides, `$9`
    /// stride, `$10` the stride's checkpoint; in physical order `$11` the file, and with strides `$12` the last line pointer.
    #[must_use]
    pub(super) fn rows(&self, shape: Shape) -> String {
        let keys = self.keys();
        let filter = self.filter(shape);
        let run = fill(self.parts.store.run_of_range.trim_end(), &[("range", "$2::int8")]);
        let place = self.place(shape, "$4");
        let wanted = if shape.strided {
            let of = StrideSql { stride: "$5", strides: "$8", last_pointer: "$12" };
            // The stride first, which leaves a few rows: the planner would ask the author's filter first of all of them.
            format!("CASE WHEN {} THEN {} ELSE false END", keys.stride(shape.order, &of), clause(filter))
        } else {
            filter.to_owned()
        };
        let spares = shape.spares && matches!(self.parts.change.way, Way::Set { .. });
        let wanted = if spares { self.only_spared(&run, &wanted) } else { wanted };
        self.advance(shape.order, "$11", &self.parts.change.of(&place, filter, &wanted, &run))
    }

    fn advance(&self, order: Order, file: &str, changed: &str) -> String {
        let Parts { oid, change, store, .. } = &self.parts;
        let oid = oid.to_string();
        let name = quote::literal(&quote::table(&change.table));
        let mut same = fill(store.same_table.trim_end(), &[("name", &name), ("table", &oid)]);
        if order == Order::Physical {
            same += " AND ";
            same += &fill(store.same_file.trim_end(), &[("table", &oid), ("file", file)]);
        }
        fill(
            &store.advance,
            &[
                ("range", "$2::int8"),
                ("table", &oid),
                ("lower", "$4"),
                ("upper", "$1"),
                ("seen", "$3::int8"),
                ("stride", "$5::int4"),
                ("checkpoint", "$6"),
                ("window_upper", "$7"),
                ("strides", "$8::int4"),
                ("next_stride", "$9::int4"),
                ("stride_checkpoint", "$10"),
                ("same_table", &same),
                ("changed", changed),
            ],
        )
    }

    /// Where a batch's rows are: an interval that ends with `$1`, and begins with this parameter if it has a lower bound.
    fn place(&self, shape: Shape, lower: &str) -> String {
        match (&self.parts.change.way, shape.order) {
            (Way::Restore(restore), _) => {
                let chunks = KeySql { key: &restore.chunks, table: &restore.preimages };
                chunks.interval(shape.from_key.then_some(lower))
            }
            (_, Order::Key) => self.keys().interval(shape.from_key.then_some(lower)),
            (_, Order::Physical) => self.keys().blocks(lower),
        }
    }

    /// The condition, asked of rows outside the quarantine only: the expressions in it may be what fails for those inside, and a
    /// join or an AND would leave it to the planner which comes first.
    fn only_spared(&self, run: &str, condition: &str) -> String {
        format!("CASE WHEN {} THEN {} ELSE false END", self.spared(run), clause(condition))
    }

    /// A row is not in the quarantine of the run, which is given in SQL.
    fn spared(&self, run: &str) -> String {
        let key = self.keys().qualified_text();
        fill(self.parts.store.spared.trim_end(), &[("run", run), ("key", &key)])
    }

    fn keys(&self) -> KeySql<'_> {
        KeySql { key: &self.parts.change.key, table: &self.parts.change.table }
    }

    /// What a row must match to be changed.
    fn filter(&self, shape: Shape) -> &str {
        // In physical order a row that has moved may be met again: it must not match any more.
        match &self.parts.repair {
            Some(repair) if shape.repair || shape.order == Order::Physical => repair,
            _ => &self.parts.filter,
        }
    }

    /// Whether a batch reads its rows before it changes them, to keep or to compare what they held.
    #[must_use]
    pub(super) fn reads_first(&self) -> bool {
        match &self.parts.change.way {
            Way::Set { undo, untouched } => *undo != Undo::None || !untouched.is_empty(),
            Way::Restore(_) => false,
        }
    }

    /// What follows in this transaction is the author's: its names, and its rights.
    #[must_use]
    pub(super) fn as_author(&self) -> String {
        let role = self.role.as_ref().map(|role| format!("; SET LOCAL ROLE {}", quote::quoted(role)));
        format!("{}{}", search_path::AS_AUTHOR, role.unwrap_or_default())
    }

    /// What follows in this transaction is ours again.
    #[must_use]
    pub(super) fn as_ourselves(&self) -> String {
        let role = if self.role.is_some() { "; RESET ROLE" } else { "" };
        format!("{}{role}", self.path.replacen("SET ", "SET LOCAL ", 1))
    }

    /// The name of the key's index.
    #[must_use]
    pub(super) fn key_name(&self) -> &str {
        &self.parts.change.key.index
    }

    /// The table's object id.
    #[must_use]
    pub(super) fn table_oid(&self) -> u32 {
        self.parts.oid
    }
}

/// Takes a role for the session.
pub(super) fn act_as(role: &Ident) -> String {
    format!("SET ROLE {}", quote::ident(role))
}

/// The columns that must keep their values.
fn untouched(job: &Job, table: &Table) -> Vec<Ident> {
    match &job.verify.untouched {
        Untouched::Unasked => Vec::new(),
        Untouched::These(columns) => columns.clone(),
        Untouched::All => {
            let is_set = |column: &Ident| job.set.iter().any(|assignment| assignment.column == *column);
            let columns = table.columns.iter().filter(|column| !column.generated);
            columns.map(|column| column.name.clone()).filter(|column| !is_set(column)).collect()
        }
    }
}

/// The template with `{name}` replaced by the text of that name, in one go: a text is put in as it is, whatever
/// braces its author wrote. Braces around anything else stay.
pub(super) fn fill(template: &str, texts: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        filled.push_str(&rest[..at]);
        let found = texts
            .iter()
            .find(|(name, _)| rest[at + 1..].strip_prefix(name).is_some_and(|after| after.starts_with('}')));
        if let Some((name, text)) = found {
            filled.push_str(text);
            rest = &rest[at + name.len() + 2..];
        } else {
            filled.push('{');
            rest = &rest[at + 1..];
        }
    }
    filled.push_str(rest);
    filled
}

/// `"a" = (…), "b" = (…)`.
fn assignments(set: &[Assignment]) -> String {
    let one = |a: &Assignment| format!("{} = {}", quote::ident(&a.column), clause(&a.expression));
    set.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The author's expression, kept apart from ours: a line comment in it ends at the line break.
pub(super) fn clause(expression: &str) -> String {
    format!("({expression}\n)")
}

/// The default filter: some target is distinct from what it would become, cast as the assignment would cast it, so
/// that `numeric(12,2)` is compared after rounding.
pub(super) fn default_filter(set: &[(&Assignment, &str)]) -> String {
    let one = |(assignment, type_name): &(&Assignment, &str)| {
        format!(
            "{} IS DISTINCT FROM {}::{type_name}",
            quote::ident(&assignment.column),
            clause(&assignment.expression)
        )
    };
    set.iter().map(one).collect::<Vec<_>>().join(" OR ")
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn what_is_put_into_a_template_is_not_looked_through_again() {
        let texts = [("rows", "SET a = '{range}'"), ("range", "7")];
        assert_eq!(fill("{rows} OF {range} {other} {", &texts), "SET a = '{range}' OF 7 {other} {");
    }
}
