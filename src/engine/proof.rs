//! The proof at the end: in one snapshot, no row is left to do and the totals agree.

use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::statements::Scope;
use super::{JobPlan, Leave, RunError};
use crate::pg::{Connection, ErrorClass};
use crate::store::{QuarantineCount, Store};

/// The figures of a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Rows of the table.
    pub rows: i64,
    /// Of these, rows still to do.
    pub remaining: i64,
    /// The control totals.
    pub totals: Vec<ProvedTotal>,
    /// The same before the first batch, where the job asks for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Before>,
    /// The control totals by group.
    pub groups: Vec<ProvedGroups>,
    /// Rows in the run's quarantine. They are not among those to do, and stand outside the totals.
    pub quarantined: QuarantineCount,
    /// The snapshot that all of it was read in, as `pg_current_snapshot()` writes it.
    pub snapshot: String,
    /// The end of the WAL then.
    pub wal_lsn: String,
    /// When, by the database's clock.
    pub at: String,
}

/// The control totals before the first batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// The totals. That they agree is not expected yet.
    pub totals: Vec<ProvedTotal>,
    /// The snapshot that they were read in.
    pub snapshot: String,
    /// When, by the database's clock.
    pub at: String,
}

/// A control total with its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvedTotal {
    /// `sum(gross_amount)`
    pub left: String,
    /// Its value, as text; `None`: NULL.
    pub left_value: Option<String>,
    /// `sum(gross_pay)`
    pub right: String,
    /// Its value, as text; `None`: NULL.
    pub right_value: Option<String>,
    /// Whether the two are equal, by the database's own comparison.
    pub equal: bool,
}

/// The totals compared group by group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProvedGroups {
    /// The grouping.
    pub by: String,
    /// How many groups there are.
    pub groups: i64,
    /// How many of them have unequal totals.
    pub unequal: i64,
    /// Up to five of these.
    pub examples: Vec<String>,
}

impl Proof {
    /// Whether every total agrees.
    #[must_use]
    pub fn totals_agree(&self) -> bool {
        self.totals.iter().all(|total| total.equal) && self.groups.iter().all(|groups| groups.unequal == 0)
    }

    /// The totals that don't agree, in words.
    #[must_use]
    pub fn disagreements(&self) -> Vec<String> {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "NULL".to_owned());
        let totals = self.totals.iter().filter(|total| !total.equal).map(|total| {
            let (left, right) = (value(&total.left_value), value(&total.right_value));
            format!("{} is {left}, {} is {right}", total.left, total.right)
        });
        let groups = self.groups.iter().filter(|groups| groups.unequal > 0).map(|groups| {
            let ProvedGroups { by, groups, unequal, examples } = groups;
            format!("by {by}: {unequal} of {groups} groups differ, such as {}", examples.join(", "))
        });
        totals.chain(groups).collect()
    }
}

/// Takes the proof. Reads the whole table once, and once more for each grouping; holds one snapshot meanwhile. When the
/// run is to be left meanwhile, it is cancelled in the server.
pub(super) async fn take(
    connection: &mut Connection,
    (store, plan): (&Store, &JobPlan),
    scope: Scope,
    left: impl Future<Output = Leave>,
) -> Result<Result<Proof, Leave>, RunError> {
    in_one_snapshot(connection, left, async |connection| read(connection, (store, plan), scope).await).await
}

/// Takes the totals as they are before the first batch, in one snapshot.
pub(super) async fn take_before(
    connection: &mut Connection,
    plan: &JobPlan,
    left: impl Future<Output = Leave>,
) -> Result<Result<Before, Leave>, RunError> {
    let read = async |connection: &Connection| {
        let (snapshot, _, at) = snapshot(connection).await?;
        let failed = RunError::sql("take the totals");
        connection.batch_execute(&plan.sql.as_author()).await.map_err(failed)?;
        Ok(Before { totals: read_totals(connection, plan, Scope::default()).await?, snapshot, at })
    };
    in_one_snapshot(connection, left, read).await
}

/// Reads in one snapshot, and gives up when the run is to be left meanwhile.
async fn in_one_snapshot<T>(
    connection: &Connection,
    left: impl Future<Output = Leave>,
    read: impl AsyncFnOnce(&Connection) -> Result<T, RunError>,
) -> Result<Result<T, Leave>, RunError> {
    let failed = RunError::sql("take the totals");
    let work = async {
        connection
            .batch_execute(
                "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL statement_timeout = 0",
            )
            .await
            .map_err(&failed)?;
        let read = read(connection).await;
        connection.batch_execute("COMMIT").await.map_err(&failed)?;
        read
    };
    let mut work = std::pin::pin!(work);
    let (done, leave) = tokio::select! {
        biased;
        done = &mut work => (done, None),
        leave = left => {
            connection.cancel().await;
            (work.await, Some(leave))
        }
    };
    match (done, leave) {
        (Ok(read), _) => Ok(Ok(read)),
        (Err(error), Some(leave)) if error.class() == ErrorClass::Timeout => Ok(Err(leave)),
        (Err(error), _) => Err(error),
    }
}

/// Name and time of the snapshot in hand, and the end of the WAL.
async fn snapshot(connection: &Connection) -> Result<(String, String, String), RunError> {
    let row = connection
        .query_one(
            "SELECT pg_current_snapshot()::text, pg_current_wal_insert_lsn()::text, \
             to_char(transaction_timestamp(), 'YYYY-MM-DD HH24:MI:SS TZH:TZM')",
            &[],
        )
        .await
        .map_err(RunError::sql("take the totals"))?;
    Ok((row.get(0), row.get(1), row.get(2)))
}

async fn read_totals(
    connection: &Connection,
    plan: &JobPlan,
    scope: Scope,
) -> Result<Vec<ProvedTotal>, RunError> {
    let Some(statement) = plan.sql.totals(scope) else { return Ok(Vec::new()) };
    let failed = RunError::sql("take the totals");
    Ok(proved_totals(&connection.query_one(&statement, &[]).await.map_err(failed)?, plan))
}

async fn read(
    connection: &Connection,
    (store, plan): (&Store, &JobPlan),
    scope: Scope,
) -> Result<Proof, RunError> {
    let Scope { run, sample } = scope;
    let failed = RunError::sql("take the proof");
    let (snapshot, wal_lsn, at) = snapshot(connection).await?;
    let before = match run {
        Some(run) => store.before(&**connection, run).await?,
        None => None,
    };
    let quarantined = match run {
        Some(run) => store.count_quarantine(&**connection, run).await?,
        None => QuarantineCount::default(),
    };
    connection.batch_execute(&plan.sql.as_author()).await.map_err(&failed)?;
    // Left out only where there is one: it costs a look for each row.
    let scope = Scope { run: run.filter(|_| quarantined != QuarantineCount::default()), sample };
    let counts = connection.query_one(&plan.sql.remaining(scope), &[]).await.map_err(&failed)?;
    let totals = read_totals(connection, plan, scope).await?;
    let mut groups = Vec::new();
    for (by, statement) in plan.job.verify.by.iter().zip(plan.sql.groups(scope)) {
        let row = connection.query_one(&statement, &[]).await.map_err(&failed)?;
        groups.push(ProvedGroups {
            by: by.clone(),
            groups: row.get(0),
            unequal: row.get(1),
            examples: row.get(2),
        });
    }
    Ok(Proof {
        rows: counts.get(0),
        remaining: counts.get(1),
        totals,
        groups,
        // What another version kept differently is told nowhere rather than wrongly.
        before: before.and_then(|before| serde_json::from_value(before).ok()),
        quarantined,
        snapshot,
        wal_lsn,
        at,
    })
}

fn proved_totals(row: &Row, plan: &JobPlan) -> Vec<ProvedTotal> {
    let of = |(at, total): (usize, &crate::model::Total)| ProvedTotal {
        left: total.left.clone(),
        left_value: row.get(3 * at),
        right: total.right.clone(),
        right_value: row.get(3 * at + 1),
        equal: row.get(3 * at + 2),
    };
    plan.job.verify.totals.iter().enumerate().map(of).collect()
}
