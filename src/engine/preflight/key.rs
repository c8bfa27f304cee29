//! There is a key to walk by: unique, never NULL, and served by an index.

use std::collections::BTreeSet;

use super::{Preflight, PreflightError};
use crate::model::{Ident, Key};
use crate::pg::catalog::{Table, UniqueIndex};

const PLACE: &str = "[job] key";

impl Preflight<'_> {
    pub(super) fn key(&self, table: &Table) -> Result<Key, PreflightError> {
        match &self.job.key {
            Some(wanted) => self.wanted_key(table, wanted),
            None => self.default_key(table),
        }
    }

    /// The primary key, or else the unique index with the fewest columns; the catalog lists them in that order.
    fn default_key(&self, table: &Table) -> Result<Key, PreflightError> {
        if let Some(index) = table.indexes.iter().find(|index| index.is_key()) {
            return Ok(index.key.clone());
        }
        let lacks: Vec<_> = table.indexes.iter().map(UniqueIndex::lack).collect();
        let message = format!("`{}` has no key to walk by", table.name);
        let mend = "give it a primary key, or a unique index (built CONCURRENTLY) on NOT NULL columns";
        let hint =
            if lacks.is_empty() { mend.to_owned() } else { format!("{mend}; so far {}", lacks.join("; ")) };
        Err(self.finding(PLACE, message).hint(hint).into())
    }

    fn wanted_key(&self, table: &Table, wanted: &[Ident]) -> Result<Key, PreflightError> {
        for column in wanted {
            if table.column(column).is_none() {
                return Err(self.missing_column(PLACE, table, column).into());
            }
        }
        let names: BTreeSet<_> = wanted.iter().collect();
        let fits = |index: &&UniqueIndex| {
            index.key.columns.iter().map(|c| &c.name).collect::<BTreeSet<_>>() == names
        };
        let candidates: Vec<_> = table.indexes.iter().filter(fits).collect();
        if let Some(index) = candidates.iter().find(|index| index.is_key()) {
            return Ok(index.key.clone());
        }
        let described = wanted.iter().map(|column| column.0.as_str()).collect::<Vec<_>>().join(", ");
        let (message, hint) = match candidates.first() {
            Some(index) if !index.nullable.is_empty() => {
                let message = format!("the key ({described}) may be NULL, and such rows would be left out");
                (message, format!("{}; add NOT NULL, or choose another key", index.lack()))
            }
            Some(index) => {
                let hint = format!("{}; choose another key, or build another index", index.lack());
                (format!("the key ({described}) can't be walked by"), hint)
            }
            None => {
                let keys: Vec<_> =
                    table.indexes.iter().filter(|i| i.is_key()).map(|i| i.key.describe()).collect();
                let hint = match keys.as_slice() {
                    [] => {
                        "none could serve: build a unique index (CONCURRENTLY) on NOT NULL columns".to_owned()
                    }
                    keys => format!("the keys that could serve are: ({})", keys.join("), (")),
                };
                (format!("no unique index of `{}` is on ({described})", table.name), hint)
            }
        };
        Err(self.finding(PLACE, message).hint(hint).into())
    }
}

impl UniqueIndex {
    fn is_key(&self) -> bool {
        self.unfit.is_none() && self.nullable.is_empty()
    }

    /// What it lacks as a key, in words.
    fn lack(&self) -> String {
        let name = &self.key.index;
        match (&self.unfit, self.nullable.as_slice()) {
            (Some(unfit), _) => format!("{name} can't serve: {unfit}"),
            (None, [column]) => format!("{name} has the column {column}, which may be NULL"),
            (None, several) => {
                let names: Vec<_> = several.iter().map(|column| column.0.as_str()).collect();
                format!("{name} has the columns {}, which may be NULL", names.join(", "))
            }
        }
    }
}
