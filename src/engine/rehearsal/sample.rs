//! How many rows are to be done, from some of the table's pages, and how long it takes to read it.

use std::time::Duration;

use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use super::super::statements::Scope;
use super::super::{JobPlan, RunError};
use crate::clock::Clock;
use crate::pg::Connection;
use crate::plan::forecast::Span;

/// Pages that are looked at, and how many where these take too long. A table of fewer is counted.
const PAGES: [u64; 3] = [8192, 512, 32];

/// How long a look may take.
const PATIENCE: &str = "5s";

/// What each further process of a parallel scan brings.
const PARALLEL_GAIN: f64 = 0.4;

/// What a look has shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sample {
    /// Rows to be done.
    pub(super) rows: Span,
    /// Rows of the table.
    pub(super) all_rows: f64,
    /// Of the rows to be done, those that hold a value already; `None`: there is none to do.
    pub(super) overwritten: Option<f64>,
    /// Seconds that reading the whole table would take.
    pub(super) reading: f64,
    /// Bytes that are kept of each row's old values.
    pub(super) kept: Option<f64>,
}

/// Looks at it; `None`: even a few pages take too long, or the expressions fail on a row.
pub(super) async fn take(
    clock: &Clock,
    connection: &Connection,
    plan: &JobPlan,
) -> Result<Option<Sample>, RunError> {
    let failed = RunError::sql("look at some of the table's rows");
    let explained: Value = connection.query_one(&plan.sql.estimate, &[]).await.map_err(&failed)?.get(0);
    let estimated = explained.pointer("/0/Plan/Plan Rows").and_then(Value::as_f64).unwrap_or(0.0);
    let pages = plan.storage.pages;
    for most in PAGES {
        let share = (pages > most).then(|| most as f64 / pages as f64);
        let began = clock.monotonic();
        let row = match look(connection, plan, &plan.sql.sampled(share)).await {
            Ok(row) => row,
            Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => continue,
            Err(error) if error.code().is_some() => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let took = clock.monotonic().saturating_duration_since(began);
        let kept = match plan.sql.kept_bytes() {
            Some(statement) => look(connection, plan, &statement).await.ok().map(|row| row.get::<_, f64>(0)),
            None => None,
        };
        let processes = workers_planned(connection, plan).await;
        return Ok(Some(Sample { kept, ..judge(&row, (share, most), estimated, (took, processes)) }));
    }
    Ok(None)
}

fn judge(
    row: &Row,
    (share, pages): (Option<f64>, u64),
    estimated: f64,
    (took, processes): (Duration, f64),
) -> Sample {
    let count = |at: usize| row.get::<_, i64>(at) as f64;
    let (seen, wanted, held) = (count(0), count(1), count(2));
    let part = if seen > 0.0 { wanted / seen } else { 0.0 };
    let parallel = 1.0 + PARALLEL_GAIN * processes;
    let (rows, all_rows) = if share.is_none() {
        (Span::exact(wanted), seen)
    } else {
        // Pages are drawn, not rows: as wrong as if all rows of a page were alike.
        let off = 2.0 * (part * (1.0 - part) / pages as f64).sqrt();
        (Span::of((part - off) * estimated, (part + off).min(1.0) * estimated), estimated)
    };
    Sample {
        rows,
        all_rows,
        overwritten: (wanted > 0.0).then(|| held / wanted),
        reading: took.as_secs_f64() / share.unwrap_or(1.0) / parallel,
        kept: None,
    }
}

/// In a transaction that can't write, with the author's names and rights.
async fn look(
    connection: &Connection,
    plan: &JobPlan,
    statement: &str,
) -> Result<Row, tokio_postgres::Error> {
    let begin = format!(
        "BEGIN READ ONLY; SET LOCAL statement_timeout = '{PATIENCE}'; SET LOCAL max_parallel_workers_per_gather = 0; {}",
        plan.sql.as_author()
    );
    connection.batch_execute(&begin).await?;
    let row = connection.query_one(statement, &[]).await;
    connection.batch_execute("ROLLBACK").await?;
    row
}

/// Processes beside the first that the server would scan the table with for the proof.
async fn workers_planned(connection: &Connection, plan: &JobPlan) -> f64 {
    let statement = format!("EXPLAIN (FORMAT JSON) {}", plan.sql.remaining(Scope::default()));
    let begin = format!("BEGIN READ ONLY; {}", plan.sql.as_author());
    if connection.batch_execute(&begin).await.is_err() {
        return 0.0;
    }
    let row = connection.query_one(&statement, &[]).await;
    // A connection that is gone fails in what comes next.
    let _ = connection.batch_execute("ROLLBACK").await;
    row.map_or(0.0, |row| planned(&row.get::<_, Value>(0)))
}

fn planned(plan: &Value) -> f64 {
    match plan {
        Value::Object(fields) => {
            let own = fields.get("Workers Planned").and_then(Value::as_f64).unwrap_or(0.0);
            fields.values().map(planned).fold(own, f64::max)
        }
        Value::Array(all) => all.iter().map(planned).fold(0.0, f64::max),
        _ => 0.0,
    }
}
