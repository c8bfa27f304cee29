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
mod keys;

use std::sync::Arc;

use super::batch::Shape;
use crate::model::{Assignment, Ident, Job, Key, KeyValue, Order, Pass, RunId, Total, Untouched};
use crate::pg::catalog::Table;
use crate::pg::{quote, search_path};
use crate::store::Statements;
pub(super) use change::Restore;
use change::{Change, Way};
use keys::{KeySql, StrideSql};

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

/// What a proof looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Scope {
    /// The run whose quarantine is left out.
    pub(super) run: Option<RunId>,
    /// Only so large a part of the table's pages, more than 0 and at most 1; `None`: all of it.
    pub(super) sample: Option<f64>,
}

impl Scope {
    /// The same pages in every statement.
    fn sampled(self) -> String {
        self.sample
            .map(|share| format!(" TABLESAMPLE SYSTEM ({}) REPEATABLE (0)", share * 100.0))
            .unwrap_or_default()
    }
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
            estimate: format!("EXPLAIN (FORMAT JSON) SELECT FROM {name}{all}"),
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
        let place = match (&self.parts.change.way, shape.order) {
            (Way::Restore(restore), _) => {
                let chunks = KeySql { key: &restore.chunks, table: &restore.preimages };
                chunks.interval(shape.from_key.then_some("$4"))
            }
            (_, Order::Key) => keys.interval(shape.from_key.then_some("$4")),
            (_, Order::Physical) => keys.blocks("$4"),
        };
        let spares = shape.spares && matches!(self.parts.change.way, Way::Set { .. });
        let place = if spares { format!("{place} AND {}", self.spared(&run)) } else { place };
        let wanted = if shape.strided {
            let of = StrideSql { stride: "$5", strides: "$8", last_pointer: "$12" };
            // The stride first, which leaves a few rows: the planner would ask the author's filter first of all of them.
            format!("CASE WHEN {} THEN {} ELSE false END", keys.stride(shape.order, &of), clause(filter))
        } else {
            filter.to_owned()
        };
        self.advance(shape.order, "$11", &self.parts.change.of(&place, filter, &wanted, &run))
    }

    /// The same for a batch whose rows were changed before, in its transaction: `$11` how many, `$12` how many of them
    /// still match, and in physical order `$13` the file.
    #[must_use]
    pub(super) fn settled(&self, order: Order) -> String {
        let changed = "WITH changed AS (\n    SELECT n OPERATOR(pg_catalog.<=) $12::int8 AS still_matches FROM pg_catalog.generate_series(1, $11::int8) AS n\n)";
        self.advance(order, "$13", changed)
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

    /// The keys that a batch would visit, each as the literal of a `text[]`, but for those in quarantine: `$1` upper, and
    /// where there is a lower bound `$2` lower. The job's expressions are not asked: they may be what fails.
    #[must_use]
    pub(super) fn candidates(
        &self,
        shape: Shape,
        (stride, strides): (u32, u32),
        last_pointer: u32,
        run: RunId,
    ) -> String {
        let keys = self.keys();
        let lower = shape.has_lower().then_some("$2");
        if let Way::Restore(restore) = &self.parts.change.way {
            let chunks = KeySql { key: &restore.chunks, table: &restore.preimages };
            return format!(
                "SELECT \"longhaul key\" FROM ({}) AS kept",
                fill(
                    &self.parts.store.preimages,
                    &[("interval", &chunks.interval(lower)), ("runs", &restore.of_runs())]
                )
            );
        }
        let place = match shape.order {
            Order::Key => keys.interval(lower),
            Order::Physical => keys.blocks("$2"),
        };
        let of = StrideSql {
            stride: &stride.to_string(),
            strides: &strides.to_string(),
            last_pointer: &last_pointer.to_string(),
        };
        let of_stride = if shape.strided { keys.stride(shape.order, &of) } else { "true".to_owned() };
        format!(
            "SELECT {}::text FROM {} WHERE {place} AND {of_stride} AND {} ORDER BY {}",
            keys.text(),
            quote::table(&self.parts.change.table),
            self.spared(&run.0.to_string()),
            keys.order("")
        )
    }

    /// Changes the rows with these keys, as a batch of that pass would: `$1` the keys, each as the literal of a `text[]`,
    /// `$2` the run. Of a job that restores, `within` are the numbers of the chunks in hand. Returns how many were
    /// changed, and how many of them match still.
    #[must_use]
    pub(super) fn among(&self, shape: Shape, within: (Option<i64>, i64)) -> String {
        let changed = self.parts.change.among(self.filter(shape), within);
        let used = match self.parts.change.way {
            Way::Set { .. } => "$2::int8 IS NOT NULL",
            Way::Restore(_) => "true",
        };
        format!(
            "{changed}\nSELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE still_matches) FROM changed WHERE {used}"
        )
    }

    /// The row with the key whose `text[]` literal is `$1`, as it is now, as JSON, and its key; no row where there is none.
    #[must_use]
    pub(super) fn row(&self) -> String {
        let table = quote::ident(&self.parts.change.table.table);
        format!(
            "SELECT to_jsonb({table}), $1::text::text[] FROM {} WHERE {}",
            quote::table(&self.parts.change.table),
            self.keys().is("$1::text::text[]")
        )
    }

    /// A row by its key, for people: `id = 4711`.
    #[must_use]
    pub(super) fn describe_key(&self, key: &KeyValue) -> String {
        let columns: Vec<Ident> =
            self.parts.change.key.columns.iter().map(|column| column.name.clone()).collect();
        key.describe(&columns)
    }

    /// Rows of the table, and of these still to do, in one count each. Those in quarantine count as rows.
    #[must_use]
    pub(super) fn remaining(&self, scope: Scope) -> String {
        let Parts { change, filter, .. } = &self.parts;
        if let Way::Restore(restore) = &change.way {
            let (rows, runs) = ("coalesce(pg_catalog.sum(rows), 0)::int8", restore.of_runs());
            return format!("SELECT {rows}, {rows} FROM {} WHERE {runs}", quote::table(&restore.preimages));
        }
        let spared = self.but_quarantined(" AND ", scope.run);
        let name = quote::table(&change.table);
        format!(
            "SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE {}{spared}) FROM {name}{}",
            clause(filter),
            scope.sampled()
        )
    }

    /// The totals, but for the rows in quarantine: for each a left text, a right text and whether they are
    /// equal. `None` where there are none.
    #[must_use]
    pub(super) fn totals(&self, scope: Scope) -> Option<String> {
        totals(&self.outside(scope), &self.parts.totals)
    }

    /// For each grouping: the number of groups, of unequal ones, and examples.
    #[must_use]
    pub(super) fn groups(&self, scope: Scope) -> Vec<String> {
        let outside = self.outside(scope);
        self.parts.by.iter().map(|by| groups(&outside, by, &self.parts.totals)).collect()
    }

    /// The table, without the rows in quarantine.
    fn outside(&self, scope: Scope) -> String {
        let name = quote::table(&self.parts.change.table);
        format!("{name}{}{}", scope.sampled(), self.but_quarantined(" WHERE ", scope.run))
    }

    fn but_quarantined(&self, joint: &str, run: Option<RunId>) -> String {
        run.map(|run| format!("{joint}{}", self.spared(&run.0.to_string()))).unwrap_or_default()
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

impl Shape {
    /// Of batches that take all rows of an interval by key, in that pass.
    pub(super) fn plain(pass: Pass) -> Self {
        Self {
            order: Order::Key,
            from_key: true,
            strided: false,
            repair: pass > Pass::BACKFILL,
            spares: false,
        }
    }

    fn has_lower(self) -> bool {
        self.from_key || self.order == Order::Physical
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

fn totals(table: &str, totals: &[Total]) -> Option<String> {
    let one = |total: &Total| {
        let (left, right) = (clause(&total.left), clause(&total.right));
        format!("{left}::text, {right}::text, {left} IS NOT DISTINCT FROM {right}")
    };
    let columns: Vec<_> = totals.iter().map(one).collect();
    (!columns.is_empty()).then(|| format!("SELECT {} FROM {table}", columns.join(", ")))
}

fn groups(table: &str, by: &str, totals: &[Total]) -> String {
    let equal: Vec<_> = totals
        .iter()
        .map(|t| format!("{} IS NOT DISTINCT FROM {}", clause(&t.left), clause(&t.right)))
        .collect();
    format!(
        "SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE NOT is_equal), \
         coalesce((pg_catalog.array_agg(coalesce(name, 'NULL') ORDER BY name) FILTER (WHERE NOT is_equal))[1:5], '{{}}') \
         FROM (SELECT {by}::text AS name, {} AS is_equal FROM {table} GROUP BY {by}) AS grouped",
        equal.join(" AND "),
        by = clause(by),
    )
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
