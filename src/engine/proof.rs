//! The proof at the end: in one snapshot, no row is left to do and the totals agree.

use serde::Serialize;
use tokio_postgres::Row;

use super::{JobPlan, Leave, RunError};
use crate::pg::{Connection, ErrorClass, classify, search_path};

/// The figures of a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Rows of the table.
    pub rows: i64,
    /// Of these, rows still to do.
    pub remaining: i64,
    /// The control totals.
    pub totals: Vec<ProvedTotal>,
    /// The control totals by group.
    pub groups: Vec<ProvedGroups>,
    /// The snapshot that all of it was read in, as `pg_current_snapshot()` writes it.
    pub snapshot: String,
    /// The end of the WAL then.
    pub wal_lsn: String,
    /// When, by the database's clock.
    pub at: String,
}

/// A control total with its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    plan: &JobPlan,
    left: impl Future<Output = Leave>,
) -> Result<Result<Proof, Leave>, RunError> {
    let work = async {
        connection
            .batch_execute(
                "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL statement_timeout = 0",
            )
            .await?;
        let read = read(connection, plan).await;
        connection.batch_execute("COMMIT").await?;
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
        (Ok(proof), _) => Ok(Ok(proof)),
        (Err(error), Some(leave)) if classify(&error) == ErrorClass::Timeout => Ok(Err(leave)),
        (Err(error), _) => Err(RunError::sql("take the proof")(error)),
    }
}

async fn read(connection: &Connection, plan: &JobPlan) -> Result<Proof, tokio_postgres::Error> {
    let snapshot = connection
        .query_one(
            "SELECT pg_current_snapshot()::text, pg_current_wal_insert_lsn()::text, \
             to_char(transaction_timestamp(), 'YYYY-MM-DD HH24:MI:SS TZH:TZM')",
            &[],
        )
        .await?;
    connection.batch_execute(search_path::AS_AUTHOR).await?;
    let counts = connection.query_one(&plan.sql.remaining, &[]).await?;
    let totals = match &plan.sql.totals {
        Some(statement) => proved_totals(&connection.query_one(statement, &[]).await?, plan),
        None => Vec::new(),
    };
    let mut groups = Vec::new();
    for (by, statement) in plan.job.verify.by.iter().zip(&plan.sql.groups) {
        let row = connection.query_one(statement, &[]).await?;
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
        snapshot: snapshot.get(0),
        wal_lsn: snapshot.get(1),
        at: snapshot.get(2),
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
