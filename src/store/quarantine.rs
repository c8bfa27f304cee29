//! Rows that can't take their new values, and old values that are kept.

use std::time::Duration;

use serde_json::Value;
use tokio_postgres::{GenericClient, Row};

use super::{Identity, Store, StoreError, doing};
use crate::model::{KeyValue, RunId};
use crate::pg::sqlstate::Said;

/// What becomes of a row in quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It has been done, or there is nothing left to do.
    Settled,
    /// An operator leaves it as it is.
    Dropped,
}

/// A row in quarantine.
#[derive(Clone, Debug)]
pub struct Quarantined {
    /// Its number.
    pub id: i64,
    /// Its key.
    pub key: KeyValue,
    /// Its key as the literal of a `text[]`.
    pub literal: String,
    /// The whole row, as it was.
    pub old_values: Value,
    /// The server's code for why it can't take its new value.
    pub sqlstate: String,
    /// The server's words.
    pub error: String,
    /// How often it was tried.
    pub tries: i32,
    /// held, settled, dropped.
    pub state: String,
    /// By whom it was settled or dropped.
    pub settled_by: Option<String>,
    /// Why.
    pub why: Option<String>,
    /// When it was found.
    pub found_at: String,
    /// When it was tried last.
    pub tried_at: String,
}

/// A row that is put into quarantine.
#[derive(Clone, Debug)]
pub struct Culprit {
    /// Its key.
    pub key: KeyValue,
    /// The whole row.
    pub old_values: Value,
    /// Why it can't take its new value.
    pub error: Said,
}

/// Rows in a run's quarantine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct QuarantineCount {
    /// Still to do.
    pub held: u64,
    /// Left as they are by an operator's decision.
    pub dropped: u64,
}

/// What a run of a job has kept.
#[derive(Clone, Debug)]
pub struct KeptBy {
    /// The run.
    pub run: RunId,
    /// The columns of its key.
    pub key_columns: Vec<String>,
    /// The columns whose values were kept.
    pub columns: Vec<String>,
}

impl Settlement {
    fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Dropped => "dropped",
        }
    }
}

impl Quarantined {
    fn from_row(row: &Row) -> Self {
        Self {
            id: row.get("id"),
            key: KeyValue(row.get("key_value")),
            literal: row.get("literal"),
            old_values: row.get("old_values"),
            sqlstate: row.get("sqlstate"),
            error: row.get("error"),
            tries: row.get("tries"),
            state: row.get("state"),
            settled_by: row.get("settled_by"),
            why: row.get("why"),
            found_at: row.get("found_at"),
            tried_at: row.get("tried_at"),
        }
    }
}

impl Store {
    /// Rows of the run's table as they were estimated, and rows of its quarantine that aren't settled. Until the
    /// transaction ends no other worker of the run asks.
    pub async fn quarantine_room(
        &self,
        client: &impl GenericClient,
        run: RunId,
    ) -> Result<(u64, u64), StoreError> {
        // In a statement of its own: one that has waited for the lock would count what was there before.
        client.execute(&self.sql.lock_run, &[&run.0]).await.map_err(doing("lock the run"))?;
        let row = client
            .query_one(&self.sql.quarantine_room, &[&run.0])
            .await
            .map_err(doing("look into the quarantine"))?;
        Ok((row.get::<_, i64>(0).unsigned_abs(), row.get::<_, i64>(1).unsigned_abs()))
    }

    /// Puts a row into the run's quarantine.
    pub async fn quarantine(
        &self,
        client: &impl GenericClient,
        run: RunId,
        culprit: &Culprit,
    ) -> Result<(), StoreError> {
        let Culprit { key, old_values, error: Said { code, message, detail } } = culprit;
        client
            .execute(&self.sql.quarantine_row, &[&run.0, &key.0, old_values, code, message, detail])
            .await
            .map_err(doing("put a row into quarantine"))?;
        Ok(())
    }

    /// How many rows are in the run's quarantine.
    pub async fn count_quarantine(
        &self,
        client: &impl GenericClient,
        run: RunId,
    ) -> Result<QuarantineCount, StoreError> {
        let row = client
            .query_one(&self.sql.count_quarantine, &[&run.0])
            .await
            .map_err(doing("look into the quarantine"))?;
        let count = |name: &str| row.get::<_, i64>(name).unsigned_abs();
        Ok(QuarantineCount { held: count("held"), dropped: count("dropped") })
    }

    /// The rows in the run's quarantine, in the order in which they were found; in one state, or all.
    pub async fn quarantined(
        &self,
        client: &impl GenericClient,
        run: RunId,
        state: Option<&str>,
    ) -> Result<Vec<Quarantined>, StoreError> {
        let rows = client
            .query(&self.sql.list_quarantine, &[&run.0, &state])
            .await
            .map_err(doing("list the quarantine"))?;
        Ok(rows.iter().map(Quarantined::from_row).collect())
    }

    /// Locks a row of the quarantine until the transaction ends. `false`: it is not held any more.
    pub async fn lock_quarantined(&self, client: &impl GenericClient, id: i64) -> Result<bool, StoreError> {
        let row = client
            .query_opt(&self.sql.lock_quarantined, &[&id])
            .await
            .map_err(doing("lock a row of the quarantine"))?;
        Ok(row.is_some())
    }

    /// Stores that another try has failed, and how.
    pub async fn note_try(
        &self,
        client: &impl GenericClient,
        id: i64,
        Said { code, message, detail }: &Said,
    ) -> Result<(), StoreError> {
        client
            .execute(&self.sql.try_quarantined, &[&id, code, message, detail])
            .await
            .map_err(doing("store how a try ended"))?;
        Ok(())
    }

    /// Takes a row out of quarantine.
    pub async fn settle(
        &self,
        client: &impl GenericClient,
        id: i64,
        (settlement, by, why): (Settlement, &Identity, &str),
    ) -> Result<(), StoreError> {
        client
            .execute(&self.sql.settle_quarantined, &[&id, &settlement.as_str(), &by.to_string(), &why])
            .await
            .map_err(doing("take a row out of quarantine"))?;
        Ok(())
    }

    /// The runs of the job that have kept old values which weren't put back yet.
    pub async fn kept_by(&self, client: &impl GenericClient, job: &str) -> Result<Vec<KeptBy>, StoreError> {
        let rows = client
            .query(&self.sql.preimage_columns, &[&job])
            .await
            .map_err(doing("look what was kept of the old values"))?;
        Ok(rows
            .iter()
            .map(|row| KeptBy { run: RunId(row.get(0)), key_columns: row.get(1), columns: row.get(2) })
            .collect())
    }

    /// Forgets the old values of runs that ended for good so long ago. Returns how many batches they were of.
    pub async fn prune_preimages(
        &self,
        client: &impl GenericClient,
        older_than: Duration,
    ) -> Result<u64, StoreError> {
        client
            .execute(&self.sql.prune_preimages, &[&older_than.as_secs_f64()])
            .await
            .map_err(doing("forget old values"))
    }
}
