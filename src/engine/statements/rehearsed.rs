//! The statements of a rehearsal: batches without their books, and a look at some of the table's pages.

use super::change::{Change, Way};
use super::keys::StrideSql;
use super::{JobSql, clause};
use crate::engine::batch::Shape;
use crate::pg::quote;

impl JobSql {
    /// A batch without its books: `$1` upper, and where there is a lower bound `$2` lower. What it is to keep of old values
    /// is read and kept nowhere.
    #[must_use]
    pub(in crate::engine) fn rehearsed(
        &self,
        shape: Shape,
        (stride, strides): (u32, u32),
        last_pointer: u32,
    ) -> String {
        let place = self.place(shape, "$2");
        let filter = self.filter(shape);
        let wanted = if shape.strided {
            let of = StrideSql {
                stride: &stride.to_string(),
                strides: &strides.to_string(),
                last_pointer: &last_pointer.to_string(),
            };
            format!(
                "CASE WHEN {} THEN {} ELSE false END",
                self.keys().stride(shape.order, &of),
                clause(filter)
            )
        } else {
            filter.to_owned()
        };
        let change = Change { is_tried: true, ..self.parts.change.clone() };
        let changed = change.of(&place, filter, &wanted, "NULL::int8");
        format!("{changed}\nSELECT pg_catalog.count(*) FROM changed")
    }

    /// Of so large a part of the table's pages (`None`: of all): the rows, those of them still to do, and those of these that
    /// hold a value already in what is set.
    #[must_use]
    pub(in crate::engine) fn sampled(&self, share: Option<f64>) -> String {
        let Change { table, set, .. } = &self.parts.change;
        let filter = clause(&self.parts.filter);
        let held: Vec<String> =
            set.iter().map(|target| format!("{} IS NOT NULL", quote::ident(&target.column))).collect();
        let sampled = share
            .map(|share| format!(" TABLESAMPLE SYSTEM ({}) REPEATABLE (0)", share * 100.0))
            .unwrap_or_default();
        format!(
            "SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE {filter}), \
             pg_catalog.count(*) FILTER (WHERE {filter} AND ({})) FROM {}{sampled}",
            held.join(" OR "),
            quote::table(table)
        )
    }

    /// Bytes that are kept of each row's old values, on average, from some of the table's first rows; `None` where none are.
    #[must_use]
    pub(in crate::engine) fn kept_bytes(&self) -> Option<String> {
        let Change { table, set, way, .. } = &self.parts.change;
        let Way::Set { undo: crate::model::Undo::Preimage, .. } = way else { return None };
        let old: Vec<String> =
            set.iter().map(|target| format!("{}::text", quote::ident(&target.column))).collect();
        let new: Vec<String> =
            set.iter().map(|target| format!("({})::text", clause(&target.expression))).collect();
        let bytes = |array: String| format!("pg_catalog.octet_length(({array})::text)");
        Some(format!(
            "SELECT coalesce(pg_catalog.avg({} OPERATOR(pg_catalog.+) {} OPERATOR(pg_catalog.+) {}), 0)::float8 \
             FROM (SELECT * FROM {} LIMIT 1000) AS {}",
            bytes(self.keys().text()),
            bytes(format!("ARRAY[{}]::text[]", old.join(", "))),
            bytes(format!("ARRAY[{}]::text[]", new.join(", "))),
            quote::table(table),
            quote::ident(&table.table),
        ))
    }
}
