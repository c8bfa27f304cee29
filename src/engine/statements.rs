//! The SQL of one job on one table: built once from quoted names and the author's expressions.
//!
//! Key values are parameters of type `text[]`, an element a column, cast by PostgreSQL to the column's type: they
//! are compared nowhere else. Intervals are half open, so that the pieces of a range share no row: by key
//! `lower < key <= upper`, whatever the key's type, and in physical order `lower <= block < upper`.
//!
//! A stride is told by a row's key, which never changes, or in physical order by its line pointer, whatever the key is. A row that is written meanwhile may move to another place, and so past
//! its stride: the last stride of a window therefore takes all rows that are left on its pages, and the sweep those
//! that have left them.

use super::batch::Shape;
use crate::model::{Assignment, Job, Key, KeyColumn, Order, TableName, Total};
use crate::pg::catalog::Table;
use crate::pg::quote;
use crate::store::Statements;

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
    /// Rows of the table, and of these still to do, in one count each.
    pub remaining: String,
    /// The totals: for each a left text, a right text and whether they are equal.
    pub totals: Option<String>,
    /// For each grouping: the number of groups, of unequal ones, and examples.
    pub groups: Vec<String>,
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
    /// Sets where the session of a worker finds the operators of the key.
    pub path: String,
    /// What the statements of batches are made of.
    parts: Parts,
}

/// What the statements of batches are made of.
#[derive(Clone, Debug)]
struct Parts {
    oid: u32,
    table: TableName,
    key: Key,
    set: Vec<Assignment>,
    filter: String,
    /// The filter of the closing sweeps, which change less; `None` when they may change nothing.
    repair: Option<String>,
    advance: String,
    same_file: String,
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

/// What a job's statements are built for.
pub(super) struct Subject<'s> {
    pub(super) table: &'s Table,
    pub(super) key: &'s Key,
    /// The job's `where` or its default.
    pub(super) filter: &'s str,
    /// That of the closing sweeps.
    pub(super) repair: Option<&'s str>,
}

impl JobSql {
    /// Builds them.
    #[must_use]
    pub(super) fn new(job: &Job, subject: &Subject<'_>, store: &Statements) -> Self {
        let Subject { table, key, filter, repair } = subject;
        let name = quote::table(&table.name);
        let keys = KeySql { key, table: &table.name };
        let (text, order) = (keys.text(), keys.order(""));
        let interval = |lower, parameter| keys.interval(lower, parameter);
        let taken = "coalesce(r.window_upper, r.checkpoint, r.lower_key)";
        let split = |value: &dyn Fn(&str) -> String| {
            store.split_range.replace("{taken}", &value(taken)).replace("{cut}", &value("$3::text[]"))
        };
        Self {
            bound: Pair::new(|lower| {
                format!(
                    "SELECT {text} FROM {name} WHERE {} ORDER BY {order} OFFSET $2::int8 LIMIT 1",
                    interval(lower, 3)
                )
            }),
            tail: Pair::new(|lower| format!("SELECT count(*) FROM {name} WHERE {}", interval(lower, 2))),
            estimate: format!("EXPLAIN (FORMAT JSON) SELECT FROM {name}"),
            whole: update(&name, &job.set, "true", filter),
            last_key: format!("SELECT {text} FROM {name} ORDER BY {} LIMIT 1", keys.order(" DESC")),
            remaining: format!(
                "SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE {}) FROM {name}",
                clause(filter)
            ),
            totals: totals(&name, &job.verify.totals),
            groups: job.verify.by.iter().map(|by| groups(&name, by, &job.verify.totals)).collect(),
            cuts: format!(
                "SELECT key FROM (SELECT {text} AS key, row_number() OVER (ORDER BY {order}) AS at, \
                 count(*) OVER () AS of FROM {name} TABLESAMPLE SYSTEM ($2::float4)) AS sample \
                 WHERE at * $1::int8 / of > (at - 1) * $1::int8 / of AND at < of ORDER BY at"
            ),
            split_by_key: split(&|array| keys.value(array)),
            split_by_block: split(&|array| format!("({array})[1]::int8")),
            key_hash: format!(
                "SELECT pg_catalog.hash_record(ROW({}))",
                key.columns.iter().map(|c| format!("NULL::{}", c.type_name)).collect::<Vec<_>>().join(", ")
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
            parts: Parts {
                oid: table.oid,
                table: table.name.clone(),
                key: (*key).clone(),
                set: job.set.clone(),
                filter: (*filter).to_owned(),
                repair: repair.map(str::to_owned),
                advance: store.advance.clone(),
                same_file: store.same_file.trim_end().to_owned(),
            },
        }
    }

    /// The statement of a batch: its rows and its position. `$1` upper, `$2` range, `$3` rows seen, `$4` lower (NULL in
    /// the first), `$5` stride; then the position to store: `$6` checkpoint, `$7` the window's end, `$8` strides, `$9`
    /// stride, `$10` the stride's checkpoint; in physical order `$11` the file, and with strides `$12` the last line pointer.
    #[must_use]
    pub(super) fn rows(&self, shape: Shape) -> String {
        let Parts { oid, table, key, set, filter, repair, advance, same_file } = &self.parts;
        let keys = KeySql { key, table };
        // In physical order a row that has moved may be met again: it must not match any more.
        let filter = match repair {
            Some(repair) if shape.repair || shape.order == Order::Physical => repair,
            _ => filter,
        };
        let interval = match shape.order {
            Order::Key => keys.interval(shape.from_key, 4),
            Order::Physical => keys.blocks(),
        };
        let wanted = if shape.strided {
            // The stride first, which leaves a few rows: the planner would ask the author's filter first of all of them.
            format!("CASE WHEN {} THEN {} ELSE false END", keys.stride(shape.order), clause(filter))
        } else {
            filter.to_owned()
        };
        let same_file = match shape.order {
            Order::Key => "true".to_owned(),
            Order::Physical => same_file.replace("{table}", &oid.to_string()),
        };
        advance
            .replace("{range}", "$2::int8")
            .replace("{table}", &oid.to_string())
            .replace("{lower}", "$4")
            .replace("{upper}", "$1")
            .replace("{seen}", "$3::int8")
            .replace("{stride}", "$5::int4")
            .replace("{checkpoint}", "$6")
            .replace("{window_upper}", "$7")
            .replace("{strides}", "$8::int4")
            .replace("{next_stride}", "$9::int4")
            .replace("{stride_checkpoint}", "$10")
            .replace("{same_file}", &same_file)
            .replace("{rows}", &update(&quote::table(table), set, &interval, &wanted))
            .replace("{filter}", &clause(filter))
    }

    /// The table's object id.
    #[must_use]
    pub(super) fn table_oid(&self) -> u32 {
        self.parts.oid
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
        let columns = self.columns();
        let value = |parameter: usize| self.value(&format!("${parameter}::text[]"));
        let upper = format!("{columns} <= {}", value(1));
        if lower { format!("{columns} > {} AND {upper}", value(lower_at)) } else { upper }
    }

    fn columns(&self) -> String {
        row(self.key.columns.iter().map(|column| quote::ident(&column.name)))
    }

    /// The row value in a `text[]`.
    fn value(&self, array: &str) -> String {
        let one = |(column, at): (&KeyColumn, usize)| format!("({array})[{at}]::{}", column.type_name);
        row(self.key.columns.iter().zip(1..).map(one))
    }

    /// Blocks from `$4` to before `$1`: a TID range scan, which PostgreSQL has since version 14.
    fn blocks(&self) -> String {
        let table = quote::ident(&self.table.table);
        let first = |parameter: usize| {
            format!(
                "('(' OPERATOR(pg_catalog.||) (${parameter}::text[])[1] OPERATOR(pg_catalog.||) ',0)')::tid"
            )
        };
        format!(
            "{table}.ctid OPERATOR(pg_catalog.>=) {} AND {table}.ctid OPERATOR(pg_catalog.<) {}",
            first(4),
            first(1)
        )
    }

    /// A number that only depends on the key's value.
    fn hash(&self) -> String {
        let columns = quote::list(self.key.columns.iter().map(|column| &column.name));
        format!("pg_catalog.hash_record(ROW({columns}))")
    }

    /// Whether a row is of stride `$5` of `$8`; in physical order up to line pointer `$12`, since those of the strides
    /// before are done. A remainder has its dividend's sign.
    fn stride(&self, order: Order) -> String {
        let remainder = match (order, self.key.columns.as_slice()) {
            (Order::Physical, _) => {
                let table = quote::ident(&self.table.table);
                // The low byte of the line pointer: block number and line pointer are sent as 4 and 2 bytes. Hardly a
                // page has more than 255; if so, their rows come earlier.
                return format!(
                    "pg_catalog.get_byte(pg_catalog.tidsend({table}.ctid), 5) OPERATOR(pg_catalog.<=) $12::int4"
                );
            }
            (Order::Key, [only]) if INTEGERS.contains(&only.type_name.as_str()) => {
                format!("{}::int8 OPERATOR(pg_catalog.%) $8::int4", quote::ident(&only.name))
            }
            (Order::Key, _) => format!("{}::int8 OPERATOR(pg_catalog.%) $8::int4", self.hash()),
        };
        format!(
            "({remainder}) OPERATOR(pg_catalog.=) ANY (ARRAY[$5::int4, $5::int4 OPERATOR(pg_catalog.-) $8::int4])"
        )
    }
}

/// The integer types, as `format_type` writes them.
const INTEGERS: [&str; 3] = ["smallint", "integer", "bigint"];

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
        "SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE NOT is_equal), \
         coalesce((pg_catalog.array_agg(coalesce(name, 'NULL') ORDER BY name) FILTER (WHERE NOT is_equal))[1:5], '{{}}') \
         FROM (SELECT {by}::text AS name, {} AS is_equal FROM {table} GROUP BY {by}) AS grouped",
        equal.join(" AND "),
        by = clause(by),
    )
}
