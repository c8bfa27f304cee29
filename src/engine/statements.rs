//! The SQL of one job on one table: built once from quoted names and the author's expressions.
//!
//! Key values are parameters of type `text[]`, an element a column, cast by PostgreSQL to the column's type: they
//! are compared nowhere else. Intervals are half open, `lower < key <= upper`, so that the pieces of a range share
//! no key whatever the key's type.

use crate::model::{Assignment, Job, Key, KeyColumn, TableName, Total};
use crate::pg::quote;
use crate::store::Statements;

/// The statements of a job.
#[derive(Clone, Debug)]
pub struct JobSql {
    /// `$1` upper, `$2` offset, `$3` lower (absent in `first`): the key at that offset, or no row.
    pub bound: Pair,
    /// `$1` upper, `$2` lower (absent in `first`): keys in the interval.
    pub tail: Pair,
    /// `$1` upper, `$2` range, `$3` rows seen, `$4` lower (NULL in `first`): a batch's rows and its checkpoint.
    pub rows: Pair,
    /// The same for the closing sweeps, which change less; `None` when they may change nothing.
    pub repair: Option<Pair>,
    /// EXPLAIN of all rows: how many there are, as the planner estimates it without a scan.
    pub estimate: String,
    /// The change on all rows at once: never run, only prepared, before the control schema is there.
    pub whole: String,
    /// The last key of the table, or no row.
    pub last_key: String,
    /// Rows of the table, and of these still to do, in one count each.
    pub remaining: String,
    /// The totals: for each a left text, a right text and whether they are equal.
    pub totals: Option<String>,
    /// For each grouping: the number of groups, of unequal ones, and examples.
    pub groups: Vec<String>,
}

/// A statement for the beginning of the key space, and the same from a key onwards.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Without a lower bound.
    pub first: String,
    /// From a lower bound.
    pub next: String,
}

impl Pair {
    fn new(build: impl Fn(bool) -> String) -> Self {
        Self { first: build(false), next: build(true) }
    }
}

impl JobSql {
    /// Builds them. `filter` is the job's `where` or its default, `repair` that of the closing sweeps.
    #[must_use]
    pub fn new(
        job: &Job,
        table: &TableName,
        key: &Key,
        filter: &str,
        repair: Option<&str>,
        store: &Statements,
    ) -> Self {
        let name = quote::table(table);
        let keys = KeySql { key, table };
        let text = keys.text();
        let order = keys.order("");
        let interval = |lower, parameter| keys.interval(lower, parameter);
        let rows = |filter: &str| {
            Pair::new(|lower| {
                let update = update(&name, &job.set, &interval(lower, 4), filter);
                store
                    .advance
                    .replace("{range}", "$2::int8")
                    .replace("{lower}", "$4")
                    .replace("{upper}", "$1")
                    .replace("{seen}", "$3::int8")
                    .replace("{rows}", &update)
                    .replace("{filter}", &clause(filter))
            })
        };
        Self {
            bound: Pair::new(|lower| {
                format!(
                    "SELECT {text} FROM {name} WHERE {} ORDER BY {order} OFFSET $2::int8 LIMIT 1",
                    interval(lower, 3)
                )
            }),
            tail: Pair::new(|lower| format!("SELECT count(*) FROM {name} WHERE {}", interval(lower, 2))),
            rows: rows(filter),
            repair: repair.map(rows),
            estimate: format!("EXPLAIN (FORMAT JSON) SELECT FROM {name}"),
            whole: update(&name, &job.set, "true", filter),
            last_key: format!("SELECT {text} FROM {name} ORDER BY {} LIMIT 1", keys.order(" DESC")),
            remaining: format!("SELECT count(*), count(*) FILTER (WHERE {}) FROM {name}", clause(filter)),
            totals: totals(&name, &job.verify.totals),
            groups: job.verify.by.iter().map(|by| groups(&name, by, &job.verify.totals)).collect(),
        }
    }
}

/// `UPDATE … SET … WHERE …` over an interval.
fn update(table: &str, set: &[Assignment], interval: &str, filter: &str) -> String {
    format!("UPDATE {table} SET {} WHERE {interval} AND {}", assignments(set), clause(filter))
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

struct KeySql<'k> {
    key: &'k Key,
    table: &'k TableName,
}

impl KeySql<'_> {
    /// The key as `text[]`.
    fn text(&self) -> String {
        let parts: Vec<_> =
            self.key.columns.iter().map(|column| format!("{}::text", quote::ident(&column.name))).collect();
        format!("ARRAY[{}]", parts.join(", "))
    }

    /// Qualified, since a bare name in ORDER BY means an output column first: `array`, of the one in [`Self::text`].
    fn order(&self, direction: &str) -> String {
        let table = quote::ident(&self.table.table);
        let one = |column: &KeyColumn| format!("{table}.{}{direction}", quote::ident(&column.name));
        self.key.columns.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    /// `lower < key AND key <= upper` with `$1` for upper and `$lower_at` for lower, as row values: the form that
    /// an index serves in one descent.
    fn interval(&self, lower: bool, lower_at: usize) -> String {
        let columns = row(self.key.columns.iter().map(|column| quote::ident(&column.name)));
        let value = |parameter: usize| {
            row(self
                .key
                .columns
                .iter()
                .zip(1..)
                .map(|(column, at)| format!("(${parameter}::text[])[{at}]::{}", column.type_name)))
        };
        let upper = format!("{columns} <= {}", value(1));
        if lower { format!("{columns} > {} AND {upper}", value(lower_at)) } else { upper }
    }
}

fn row(parts: impl Iterator<Item = String>) -> String {
    let parts: Vec<_> = parts.collect();
    match parts.as_slice() {
        [only] => only.clone(),
        several => format!("({})", several.join(", ")),
    }
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
        "SELECT count(*), count(*) FILTER (WHERE NOT is_equal), \
         coalesce((array_agg(coalesce(name, 'NULL') ORDER BY name) FILTER (WHERE NOT is_equal))[1:5], '{{}}') \
         FROM (SELECT {by}::text AS name, {} AS is_equal FROM {table} GROUP BY {by}) AS grouped",
        equal.join(" AND "),
        by = clause(by),
    )
}
