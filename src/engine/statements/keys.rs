//! Keys in SQL: their values as text, their intervals, and the strides that rows fall into.

use crate::model::{Key, KeyColumn, Order, TableName};
use crate::pg::quote;

/// The integer types, as `format_type` writes them.
const INTEGERS: [&str; 3] = ["smallint", "integer", "bigint"];

/// A stride in SQL: parameters, or the numbers themselves.
pub(super) struct StrideSql<'s> {
    pub(super) stride: &'s str,
    pub(super) strides: &'s str,
    pub(super) last_pointer: &'s str,
}

/// A key of a table.
#[derive(Clone, Copy)]
pub(super) struct KeySql<'k> {
    pub(super) key: &'k Key,
    pub(super) table: &'k TableName,
}

impl KeySql<'_> {
    /// The key as `text[]`.
    pub(super) fn text(&self) -> String {
        let parts: Vec<_> =
            self.key.columns.iter().map(|column| format!("{}::text", quote::ident(&column.name))).collect();
        format!("ARRAY[{}]", parts.join(", "))
    }

    /// The same, where a subquery's columns could have the same names.
    pub(super) fn qualified_text(&self) -> String {
        let parts: Vec<_> = self.qualified("").map(|column| format!("{column}::text")).collect();
        format!("ARRAY[{}]", parts.join(", "))
    }

    /// Qualified, since a bare name in ORDER BY means an output column first: `array`, of the one in [`Self::text`].
    pub(super) fn order(&self, direction: &str) -> String {
        self.qualified(direction).collect::<Vec<_>>().join(", ")
    }

    fn qualified(&self, suffix: &str) -> impl Iterator<Item = String> {
        let table = quote::ident(&self.table.table);
        self.key.columns.iter().map(move |column| format!("{table}.{}{suffix}", quote::ident(&column.name)))
    }

    /// `lower < key AND key <= upper`, with `$1` for upper and this parameter for lower, as row values: the form that
    /// an index serves in one descent.
    pub(super) fn interval(&self, lower: Option<&str>) -> String {
        let value = |parameter: &str| self.value(&format!("{parameter}::text[]"));
        let upper = format!("{} <= {}", self.columns(), value("$1"));
        match lower {
            Some(lower) => format!("{} > {} AND {upper}", self.columns(), value(lower)),
            None => upper,
        }
    }

    fn columns(&self) -> String {
        row(self.key.columns.iter().map(|column| quote::ident(&column.name)))
    }

    /// The row value in a `text[]`.
    pub(super) fn value(&self, array: &str) -> String {
        row(self.values(array).into_iter())
    }

    fn values(&self, array: &str) -> Vec<String> {
        let one = |(column, at): (&KeyColumn, usize)| format!("({array})[{at}]::{}", column.type_name);
        self.key.columns.iter().zip(1..).map(one).collect()
    }

    /// `table.key = value`, the value in a `text[]`.
    pub(super) fn is(&self, array: &str) -> String {
        format!("{} = {}", row(self.qualified("")), self.value(array))
    }

    /// The key is one of those in `$1`, each the literal of a `text[]`.
    pub(super) fn is_among(&self) -> String {
        format!(
            "{} IN (SELECT {} FROM pg_catalog.unnest($1::text[]) AS wanted(key))",
            row(self.qualified("")),
            self.values("wanted.key::text[]").join(", ")
        )
    }

    /// Blocks from the one in this parameter to before `$1`: a TID range scan, which PostgreSQL has since version 14.
    pub(super) fn blocks(&self, lower: &str) -> String {
        let table = quote::ident(&self.table.table);
        let first = |parameter: &str| {
            format!(
                "('(' OPERATOR(pg_catalog.||) ({parameter}::text[])[1] OPERATOR(pg_catalog.||) ',0)')::tid"
            )
        };
        format!(
            "{table}.ctid OPERATOR(pg_catalog.>=) {} AND {table}.ctid OPERATOR(pg_catalog.<) {}",
            first(lower),
            first("$1")
        )
    }

    /// A number that only depends on the key's value.
    fn hash(&self) -> String {
        let columns = quote::list(self.key.columns.iter().map(|column| &column.name));
        format!("pg_catalog.hash_record(ROW({columns}))")
    }

    /// Whether a row is of this stride; in physical order up to its last line pointer, since those of the strides before
    /// are done. A remainder has its dividend's sign.
    pub(super) fn stride(&self, order: Order, of: &StrideSql<'_>) -> String {
        let StrideSql { stride, strides, last_pointer } = of;
        let remainder = match (order, self.key.columns.as_slice()) {
            (Order::Physical, _) => {
                let table = quote::ident(&self.table.table);
                // The low byte of the line pointer: block number and line pointer are sent as 4 and 2 bytes. Hardly a
                // page has more than 255; if so, their rows come earlier.
                return format!(
                    "pg_catalog.get_byte(pg_catalog.tidsend({table}.ctid), 5) <= {last_pointer}::int4"
                );
            }
            (Order::Key, [only]) if INTEGERS.contains(&only.type_name.as_str()) => {
                format!("{}::int8 OPERATOR(pg_catalog.%) {strides}::int4", quote::ident(&only.name))
            }
            (Order::Key, _) => format!("{}::int8 OPERATOR(pg_catalog.%) {strides}::int4", self.hash()),
        };
        format!(
            "({remainder}) OPERATOR(pg_catalog.=) ANY (ARRAY[{stride}::int4, {stride}::int4 OPERATOR(pg_catalog.-) {strides}::int4])"
        )
    }
}

fn row(parts: impl Iterator<Item = String>) -> String {
    let parts: Vec<_> = parts.collect();
    match parts.as_slice() {
        [only] => only.clone(),
        several => format!("({})", several.join(", ")),
    }
}
