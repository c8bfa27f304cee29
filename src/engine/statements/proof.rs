//! What a proof asks of a table: rows left to do, and the totals.

use super::change::Way;
use super::{JobSql, Parts, clause};
use crate::model::{RunId, Total};
use crate::pg::quote;

/// What a proof looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::engine) struct Scope {
    /// The run whose quarantine is left out.
    pub(in crate::engine) run: Option<RunId>,
    /// Only so large a part of the table's pages, more than 0 and at most 1; `None`: all of it.
    pub(in crate::engine) sample: Option<f64>,
}

impl Scope {
    /// The same pages in every statement.
    fn sampled(self) -> String {
        self.sample
            .map(|share| format!(" TABLESAMPLE SYSTEM ({}) REPEATABLE (0)", share * 100.0))
            .unwrap_or_default()
    }
}

impl JobSql {
    /// Rows of the table, and of these still to do, in one count each. Those in quarantine count as rows.
    #[must_use]
    pub(in crate::engine) fn remaining(&self, scope: Scope) -> String {
        let Parts { change, filter, .. } = &self.parts;
        if let Way::Restore(restore) = &change.way {
            let (rows, runs) = ("coalesce(pg_catalog.sum(rows), 0)::int8", restore.of_runs());
            return format!("SELECT {rows}, {rows} FROM {} WHERE {runs}", quote::table(&restore.preimages));
        }
        let wanted = match scope.run {
            Some(run) => self.only_spared(&run.0.to_string(), filter),
            None => clause(filter),
        };
        let (name, sampled) = (quote::table(&change.table), scope.sampled());
        format!(
            "SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE {wanted}) FROM {name}{sampled}"
        )
    }

    /// The totals, but for the rows in quarantine: for each a left text, a right text and whether they are
    /// equal. `None` where there are none.
    #[must_use]
    pub(in crate::engine) fn totals(&self, scope: Scope) -> Option<String> {
        totals(&self.outside(scope), &self.parts.totals)
    }

    /// For each grouping: the number of groups, of unequal ones, and examples.
    #[must_use]
    pub(in crate::engine) fn groups(&self, scope: Scope) -> Vec<String> {
        let outside = self.outside(scope);
        self.parts.by.iter().map(|by| groups(&outside, by, &self.parts.totals)).collect()
    }

    /// The table, without the rows in quarantine.
    fn outside(&self, scope: Scope) -> String {
        let name = quote::table(&self.parts.change.table);
        let spared = scope.run.map(|run| format!(" WHERE {}", self.spared(&run.0.to_string())));
        format!("{name}{}{}", scope.sampled(), spared.unwrap_or_default())
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
