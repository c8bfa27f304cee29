//! The statement that changes a batch's rows, and what it keeps and checks of them on the way.
//!
//! ```text
//! plain:     changed: UPDATE … RETURNING whether the filter holds still
//! keeping:   before: SELECT … FOR UPDATE ─► changed: UPDATE … FROM before ─► kept: INSERT INTO preimage
//! restoring: chunk: what was kept ─► changed: UPDATE … FROM chunk ─► what couldn't be put back stays kept
//! ```
//!
//! What a row held before is read by a locking SELECT of the same statement: it sees the row that the UPDATE
//! overwrites, even one that was written after the statement began. (A subquery in RETURNING would see the statement's
//! snapshot, and RETURNING OLD is there since PostgreSQL 18 only.)

use std::sync::Arc;

use super::keys::KeySql;
use super::{assignments, clause, fill};
use crate::model::{Assignment, Ident, Key, RunId, TableName, Undo};
use crate::pg::quote;
use crate::store::Statements;

/// How a job changes rows.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) table: TableName,
    pub(super) key: Key,
    pub(super) set: Vec<Assignment>,
    pub(super) way: Way,
    /// What is to be kept of old values is read, but not kept: the batch is tried only.
    pub(super) is_tried: bool,
    pub(super) store: Arc<Statements>,
}

#[derive(Clone, Debug)]
pub(super) enum Way {
    /// To what the job's expressions say.
    Set {
        /// What is kept of the old values.
        undo: Undo,
        /// Columns that must keep their values.
        untouched: Vec<Ident>,
    },
    /// To what these runs have kept.
    Restore(Restore),
}

/// Where old values are put back from.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Restore {
    /// The runs that kept them.
    pub(in crate::engine) runs: Vec<RunId>,
    /// Each target's type.
    pub(in crate::engine) types: Vec<String>,
    /// The key of what was kept: its number.
    pub(in crate::engine) chunks: Key,
    /// The table it is in.
    pub(in crate::engine) preimages: TableName,
}

impl Restore {
    /// The chunks of these runs.
    pub(super) fn of_runs(&self) -> String {
        let runs: Vec<String> = self.runs.iter().map(|run| run.0.to_string()).collect();
        format!("run_id OPERATOR(pg_catalog.=) ANY ('{{{}}}'::int8[])", runs.join(", "))
    }
}

impl Change {
    fn keys(&self) -> KeySql<'_> {
        KeySql { key: &self.key, table: &self.table }
    }

    fn name(&self) -> String {
        quote::table(&self.table)
    }

    /// The common table expressions that change the rows at `place` which match `filter`; the one named `changed` has
    /// a row for each, and whether it matches still. `run` is the run's number, in SQL.
    pub(super) fn of(&self, place: &str, filter: &str, wanted: &str, run: &str) -> String {
        let Way::Set { undo, untouched } = &self.way else {
            return self.restored(place, "true");
        };
        let (name, set) = (self.name(), assignments(&self.set));
        if *undo == Undo::None && untouched.is_empty() {
            return format!(
                "WITH changed AS (\n    UPDATE {name} SET {set} WHERE {place} AND {}\n    RETURNING {} AS still_matches\n)",
                clause(wanted),
                clause(filter)
            );
        }
        let table = quote::ident(&self.table.table);
        let qualified = |column: &Ident| format!("{table}.{}", quote::ident(column));
        let texts_of = |columns: Vec<String>| {
            let texts: Vec<_> = columns.iter().map(|column| format!("{column}::text")).collect();
            format!("ARRAY[{}]::text[]", texts.join(", "))
        };
        let numbered = |columns: &[String], name: &str| -> Vec<(String, String)> {
            let one = |(column, at): (&String, usize)| (column.clone(), format!("\"longhaul {name} {at}\""));
            columns.iter().zip(1..).map(one).collect()
        };
        let keys: Vec<String> = self.key.columns.iter().map(|column| qualified(&column.name)).collect();
        let others: Vec<String> = untouched.iter().map(qualified).collect();
        let values = texts_of(self.set.iter().map(|assignment| qualified(&assignment.column)).collect());
        let (key, before) = (numbered(&keys, "key"), numbered(&others, "other"));
        let same: Vec<_> = key.iter().map(|(column, name)| format!("{column} = {name}")).collect();
        let key_text = format!("{}::text", self.keys().qualified_text());
        let mut read: Vec<_> =
            key.iter().chain(&before).map(|(column, name)| format!("{column} AS {name}")).collect();
        let mut returned = vec![format!("{} AS still_matches", clause(filter))];
        if !others.is_empty() {
            let old: Vec<String> = before.into_iter().map(|(_, name)| name).collect();
            // A row value of its own: PostgreSQL takes ROW(…) *<> ROW(…) apart, column by column, and knows no such order.
            let row = format!("ROW({})", others.join(", "));
            read.push(format!("{row} AS \"longhaul row\""));
            let refuse = fill(
                self.store.refuse_touched.trim_end(),
                &[
                    ("key", &key_text),
                    ("columns", &texts(untouched.iter())),
                    // As text only where it is told.
                    ("old", &texts_of(old)),
                    ("new", &texts_of(others)),
                ],
            );
            returned.push(format!(
                "CASE WHEN \"longhaul row\" OPERATOR(pg_catalog.*<>) {row} THEN {refuse} ELSE false END \
                 AS \"longhaul touched\""
            ));
        }
        let mut kept = String::new();
        if *undo == Undo::Preimage {
            read.push(format!("{values} AS \"longhaul old\""));
            returned.push(format!(
                "{key_text} AS \"longhaul key\", \"longhaul old\", {values} AS \"longhaul new\""
            ));
            let keep = fill(
                self.store.keep_preimage.trim_end(),
                &[("run", run), ("columns", &texts(self.set.iter().map(|assignment| &assignment.column)))],
            );
            kept = if self.is_tried { String::new() } else { format!(", {keep}") };
        }
        format!(
            "WITH before AS MATERIALIZED (\n    SELECT {}\n    FROM {name} WHERE {place} AND {} FOR NO KEY UPDATE OF \
             {table}\n), changed AS (\n    UPDATE {name} SET {set}\n    FROM before AS \"longhaul before\" WHERE {}\n    \
             RETURNING {}\n){kept}",
            read.join(", "),
            clause(wanted),
            same.join(" AND "),
            returned.join(", "),
        )
    }

    /// The same for the rows whose keys are in `$1`, each as the literal of a `text[]`, for the run `$2`. In what was
    /// kept they are looked for behind `lower` and up to `upper`.
    pub(super) fn among(&self, filter: &str, (lower, upper): (Option<i64>, i64)) -> String {
        match &self.way {
            Way::Set { .. } => self.of(&self.keys().is_among(), filter, filter, "$2::int8"),
            Way::Restore(_) => {
                let lower =
                    lower.map(|lower| format!("id OPERATOR(pg_catalog.>) {lower} AND ")).unwrap_or_default();
                let place = format!("{lower}id OPERATOR(pg_catalog.<=) {upper} AND $2::int8 IS NOT NULL");
                self.restored(&place, "\"longhaul key\" OPERATOR(pg_catalog.=) ANY ($1::text[])")
            }
        }
    }

    /// Puts back what the chunks at `place` kept, of rows that are `among` those wanted.
    fn restored(&self, place: &str, among: &str) -> String {
        let Way::Restore(restore) = &self.way else { unreachable!("only asked for what restores") };
        let table = quote::ident(&self.table.table);
        let targets = || self.set.iter().zip(&restore.types).zip(1..);
        let set: Vec<_> = targets()
            .map(|((target, type_name), at)| {
                format!("{} = (\"longhaul old\")[{at}]::{type_name}", quote::ident(&target.column))
            })
            .collect();
        let still: Vec<_> = targets()
            .map(|((target, _), at)| {
                let column = quote::ident(&target.column);
                let new = format!("(\"longhaul new\")[{at}]");
                format!(
                    "CASE WHEN {new} IS NULL THEN {table}.{column} IS NULL \
                     ELSE {table}.{column}::text OPERATOR(pg_catalog.=) {new} END"
                )
            })
            .collect();
        let preimages = fill(&self.store.preimages, &[("interval", place), ("runs", &restore.of_runs())]);
        fill(
            self.store.restore.trim_end(),
            &[
                ("preimages", &preimages),
                ("name", &self.name()),
                ("assignments", &set.join(", ")),
                ("same_key", &self.keys().is("\"longhaul key\"::text[]")),
                ("still_written", &still.join(" AND ")),
                ("among", among),
            ],
        )
    }
}

/// Names as a `text[]` in SQL.
fn texts<'n>(names: impl Iterator<Item = &'n Ident>) -> String {
    let names: Vec<_> = names.map(|name| quote::literal(&name.0)).collect();
    format!("ARRAY[{}]::text[]", names.join(", "))
}
