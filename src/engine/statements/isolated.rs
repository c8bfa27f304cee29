//! The statements of a batch that is done set by set, since some of its rows can't take their new values.

use super::change::Way;
use super::keys::StrideSql;
use super::{JobSql, fill};
use crate::engine::batch::Shape;
use crate::model::{Ident, KeyValue, Order, RunId};
use crate::pg::quote;

impl JobSql {
    /// [`Self::rows`] of a batch whose rows were changed before, in its transaction: `$11` how many, `$12` how many of them
    /// still match, and in physical order `$13` the file.
    #[must_use]
    pub(in crate::engine) fn settled(&self, order: Order) -> String {
        let changed = "WITH changed AS (\n    SELECT n OPERATOR(pg_catalog.<=) $12::int8 AS still_matches FROM pg_catalog.generate_series(1, $11::int8) AS n\n)";
        self.advance(order, "$13", changed)
    }

    /// The keys that a batch would visit, each as the literal of a `text[]`, but for those in quarantine: `$1` upper, and
    /// where there is a lower bound `$2` lower. The job's expressions are not asked: they may be what fails.
    #[must_use]
    pub(in crate::engine) fn candidates(
        &self,
        shape: Shape,
        (stride, strides): (u32, u32),
        last_pointer: u32,
        run: RunId,
    ) -> String {
        let place = self.place(shape, "$2");
        if let Way::Restore(restore) = &self.parts.change.way {
            return format!(
                "SELECT \"longhaul key\" FROM ({}) AS kept",
                fill(&self.parts.store.preimages, &[("interval", &place), ("runs", &restore.of_runs())])
            );
        }
        let keys = self.keys();
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
    pub(in crate::engine) fn among(&self, shape: Shape, within: (Option<i64>, i64)) -> String {
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
    pub(in crate::engine) fn row(&self) -> String {
        let table = quote::ident(&self.parts.change.table.table);
        format!(
            "SELECT to_jsonb({table}), $1::text::text[] FROM {} WHERE {}",
            quote::table(&self.parts.change.table),
            self.keys().is("$1::text::text[]")
        )
    }

    /// A row by its key, for people: `id = 4711`.
    #[must_use]
    pub(in crate::engine) fn describe_key(&self, key: &KeyValue) -> String {
        let columns: Vec<Ident> =
            self.parts.change.key.columns.iter().map(|column| column.name.clone()).collect();
        key.describe(&columns)
    }
}

impl Shape {
    /// Of a job's rows by themselves, whichever batch they would be in.
    pub(in crate::engine) const PLAIN: Self =
        Self { order: Order::Key, from_key: true, strided: false, repair: false, spares: false };

    /// Its interval has a lower bound.
    pub(in crate::engine) fn has_lower(self) -> bool {
        self.from_key || self.order == Order::Physical
    }
}
