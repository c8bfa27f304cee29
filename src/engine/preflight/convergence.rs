//! Once its row is done, the filter is false: or else the run could never prove its end, and a second visit would
//! change a row twice.

use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use super::{Finding, Preflight, PreflightError};
use crate::engine::statements::{clause, default_filter};
use crate::model::{Assignment, Key};
use crate::pg::catalog::Table;
use crate::pg::quote;
use crate::pg::search_path::{AS_AUTHOR, prepare_as_author};

/// How many rows are tried, and how many where these take too long; by key from the table's beginning, so that it
/// costs the same on any table.
const SAMPLES: [u32; 3] = [1000, 50, 2];

/// How long a sample may take: the first batch is to come soon, however slow the author's expressions.
const PATIENCE: &str = "SET LOCAL statement_timeout = '500ms'";

/// Whether rows that are found unconverged at the end may be done again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Yes, those that match this filter: the expressions read no column that the job sets and give the same value
    /// each time, and a row that has it doesn't match, so no row is changed twice.
    Where(String),
    /// No: each row may be done exactly once (`salary * 1.1`), and rows left at the end are reported.
    ReportOnly,
}

impl Preflight<'_> {
    pub(super) async fn convergence(
        &self,
        table: &Table,
        key: &Key,
        set: &[(&Assignment, &str)],
        filter: &str,
    ) -> Result<Repair, PreflightError> {
        let varies = self.varies(table, key, set).await?;
        let left = self.rows_left_in_sample(table, key, set, filter).await?;
        if left.is_some_and(|left| left > 0) || varies == Some(true) && self.job.filter.is_none() {
            return Err(self.endless(left.unwrap_or(0), set).into());
        }
        if varies != Some(false) || left.is_none() || self.reads_targets(table, set).await? {
            return Ok(Repair::ReportOnly);
        }
        let distinct = default_filter(set);
        match self.filter_expression(table, &distinct).await {
            Ok(()) if self.job.filter.is_none() => Ok(Repair::Where(distinct)),
            Ok(()) => Ok(Repair::Where(format!("{} AND {}", clause(filter), clause(&distinct)))),
            Err(PreflightError::Finding(_)) => Ok(Repair::ReportOnly),
            Err(error) => Err(error),
        }
    }

    fn endless(&self, left: i64, set: &[(&Assignment, &str)]) -> Finding {
        let (message, hint) = match (&self.job.filter, set.first()) {
            (None, Some((assignment, _))) => (
                "the expressions give another value each time, or write, so no row would ever count as done"
                    .to_owned(),
                format!(
                    "write a `where` that is false for a row that has its new values, like \"{} IS NULL\"",
                    assignment.column
                ),
            ),
            _ => (
                format!(
                    "{left} rows (of the first {} at most) would still match it after they were done",
                    SAMPLES[0]
                ),
                "write `where` so that it is false for a row that has its new values".to_owned(),
            ),
        };
        self.finding("[job] where", message).hint(hint)
    }

    /// A row computed from the author's expressions. In a transaction of its own that can't write, so that trying a
    /// job takes no number from a sequence and keeps nothing of what a function does.
    async fn compute(&self, statement: &str) -> Result<Row, tokio_postgres::Error> {
        self.client.batch_execute(&format!("BEGIN READ ONLY; {PATIENCE}; {AS_AUTHOR}")).await?;
        let row = self.client.query_one(statement, &[]).await;
        self.client.batch_execute("ROLLBACK").await?;
        row
    }

    /// Whether the expressions give other values from one transaction to the next, like `now()` or `random()`, or
    /// can't be computed without writing, like `nextval()`. `None`: they are too slow to tell.
    async fn varies(
        &self,
        table: &Table,
        key: &Key,
        set: &[(&Assignment, &str)],
    ) -> Result<Option<bool>, PreflightError> {
        let values: Vec<_> =
            set.iter().map(|(assignment, _)| format!("{}::text", clause(&assignment.expression))).collect();
        let order = quote::list(key.columns.iter().map(|column| &column.name));
        for sample in SAMPLES {
            let statement = format!(
                "SELECT pg_catalog.md5(pg_catalog.string_agg(sample.digest, '' ORDER BY sample.digest)) FROM \
                 (SELECT pg_catalog.md5(ROW({})::text) AS digest FROM {} ORDER BY {order} LIMIT {sample}) AS sample",
                values.join(", "),
                quote::table(&table.name),
            );
            match self.in_two_transactions(&statement).await {
                Ok([first, second]) => return Ok(Some(first.get::<_, Option<String>>(0) != second.get(0))),
                Err(error) => match error.code() {
                    Some(code) if *code == SqlState::QUERY_CANCELED => {}
                    Some(code) if *code == SqlState::READ_ONLY_SQL_TRANSACTION => return Ok(Some(true)),
                    // A value that can't be computed is told better by its batch, with the row.
                    Some(_) => return Ok(Some(false)),
                    None => {
                        return Err(PreflightError::Sql { doing: "try the job on a sample", source: error });
                    }
                },
            }
        }
        Ok(None)
    }

    /// A row computed twice on the same snapshot, in two transactions: what live writers do meanwhile makes no
    /// difference, only what changes from one transaction to the next.
    async fn in_two_transactions(&self, statement: &str) -> Result<[Row; 2], tokio_postgres::Error> {
        const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
        let compute = async {
            self.client.batch_execute(&format!("{BEGIN}; {PATIENCE}; {AS_AUTHOR}")).await?;
            let snapshot: String =
                self.client.query_one("SELECT pg_catalog.pg_export_snapshot()", &[]).await?.get(0);
            // The snapshot's name is the server's own, made of digits and dashes.
            let begin = format!("{BEGIN}; SET TRANSACTION SNAPSHOT '{snapshot}'; {PATIENCE}; {AS_AUTHOR}");
            self.witness.batch_execute(&begin).await?;
            // Side by side: neither transaction stands idle for as long as the other computes.
            let (first, second) = tokio::try_join!(
                self.client.query_one(statement, &[]),
                self.witness.query_one(statement, &[])
            )?;
            Ok([first, second])
        };
        let rows = compute.await;
        self.witness.batch_execute("ROLLBACK").await?;
        self.client.batch_execute("ROLLBACK").await?;
        rows
    }

    /// Whether an expression reads a target: it does if it can't be prepared on the table without its targets.
    async fn reads_targets(
        &self,
        table: &Table,
        set: &[(&Assignment, &str)],
    ) -> Result<bool, PreflightError> {
        let others: Vec<_> = table
            .columns
            .iter()
            .filter(|column| !column.generated)
            .filter(|column| set.iter().all(|(assignment, _)| assignment.column != column.name))
            .map(|column| quote::ident(&column.name))
            .collect();
        for (assignment, _) in set {
            let statement = format!(
                "SELECT {} FROM (SELECT {} FROM {}) AS {}",
                clause(&assignment.expression),
                others.join(", "),
                quote::table(&table.name),
                quote::ident(&table.name.table),
            );
            match prepare_as_author(self.client, &statement).await {
                Ok(_) => {}
                // Any refusal counts: what can't be shown to be repeatable is not repeated.
                Err(error) if error.code().is_some() => return Ok(true),
                Err(source) => return Err(PreflightError::Sql { doing: "prepare an expression", source }),
            }
        }
        Ok(false)
    }

    /// Of a sample, the rows that match the filter now and would still match with their new values; `None` when it
    /// can't be computed, as for expressions that name the schema or a system column.
    async fn rows_left_in_sample(
        &self,
        table: &Table,
        key: &Key,
        set: &[(&Assignment, &str)],
        filter: &str,
    ) -> Result<Option<i64>, PreflightError> {
        let columns: Vec<_> = table
            .columns
            .iter()
            .map(|column| match set.iter().find(|(assignment, _)| assignment.column == column.name) {
                None => quote::ident(&column.name),
                Some((assignment, type_name)) => {
                    let name = quote::ident(&column.name);
                    format!("{}::{type_name} AS {name}", clause(&assignment.expression))
                }
            })
            .collect();
        let alias = quote::ident(&table.name.table);
        let order = quote::list(key.columns.iter().map(|column| &column.name));
        for sample in SAMPLES {
            let statement = format!(
                "SELECT pg_catalog.count(*) FROM (SELECT {} FROM (SELECT * FROM {} ORDER BY {order} LIMIT {sample}) AS {alias} \
                 WHERE {filter}) AS {alias} WHERE {filter}",
                columns.join(", "),
                quote::table(&table.name),
                filter = clause(filter),
            );
            match self.compute(&statement).await {
                Ok(row) => return Ok(Some(row.get(0))),
                Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => {}
                Err(error) if error.code().is_some() => return Ok(None),
                Err(source) => return Err(PreflightError::Sql { doing: "try the job on a sample", source }),
            }
        }
        Ok(None)
    }
}
