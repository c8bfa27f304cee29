//! Ranges: pieces of the key space with their checkpoints and leases.

use std::time::Duration;

use tokio_postgres::{GenericClient, Row};

use super::{Store, StoreError, doing};
use crate::model::{KeyValue, Lease, Pass, RangeId, RunId, WorkerId};

/// A range as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeRow {
    /// Its id.
    pub id: RangeId,
    /// Keys greater than this; `None`: from the beginning.
    pub lower: Option<KeyValue>,
    /// Keys up to and with this one.
    pub upper: KeyValue,
    /// Everything up to and with this key is done.
    pub checkpoint: Option<KeyValue>,
    /// Batches committed.
    pub batches: u64,
    /// Keys passed.
    pub rows_seen: u64,
    /// Rows changed.
    pub rows_changed: u64,
}

/// Sums over the ranges of a pass, or of all passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassTotals {
    /// Ranges planned.
    pub ranges: u64,
    /// Ranges not finished.
    pub open: u64,
    /// Batches committed.
    pub batches: u64,
    /// Keys passed.
    pub rows_seen: u64,
    /// Rows changed.
    pub rows_changed: u64,
    /// Of these, rows that matched the filter still.
    pub rows_unconverged: u64,
}

impl RangeRow {
    /// Where the next batch begins: after the checkpoint, or at the range's beginning.
    #[must_use]
    pub fn position(&self) -> Option<&KeyValue> {
        self.checkpoint.as_ref().or(self.lower.as_ref())
    }

    fn from_row(row: &Row) -> Self {
        let key = |name: &str| row.get::<_, Option<Vec<String>>>(name).map(KeyValue);
        Self {
            id: RangeId(row.get("id")),
            lower: key("lower_key"),
            upper: KeyValue(row.get("upper_key")),
            checkpoint: key("checkpoint"),
            batches: row.get::<_, i64>("batches").unsigned_abs(),
            rows_seen: row.get::<_, i64>("rows_seen").unsigned_abs(),
            rows_changed: row.get::<_, i64>("rows_changed").unsigned_abs(),
        }
    }
}

impl Store {
    /// Adds a range to a pass.
    pub async fn plan_range(
        &self,
        client: &impl GenericClient,
        run: RunId,
        pass: Pass,
        lower: Option<&KeyValue>,
        upper: &KeyValue,
    ) -> Result<(), StoreError> {
        client
            .execute(&self.sql.plan_range, &[&run.0, &pass.0, &lower.map(|key| &key.0), &upper.0])
            .await
            .map_err(doing("plan a range"))?;
        Ok(())
    }

    /// The ranges of the pass that are not finished.
    pub async fn open_ranges(
        &self,
        client: &impl GenericClient,
        run: RunId,
        pass: Pass,
    ) -> Result<Vec<RangeRow>, StoreError> {
        let rows = client
            .query(&self.sql.open_ranges, &[&run.0, &pass.0])
            .await
            .map_err(doing("read the checkpoints"))?;
        Ok(rows.iter().map(RangeRow::from_row).collect())
    }

    /// Takes the first open range of the pass that no living worker holds; `None` when there is none to take.
    pub async fn claim_range(
        &self,
        client: &impl GenericClient,
        run: RunId,
        pass: Pass,
        worker: WorkerId,
    ) -> Result<Option<(RangeRow, Lease)>, StoreError> {
        let lease = Lease::fresh();
        let row = client
            .query_opt(&self.sql.claim_range, &[&run.0, &pass.0, &lease.0, &worker.0])
            .await
            .map_err(doing("claim a range"))?;
        Ok(row.map(|row| (RangeRow::from_row(&row), lease)))
    }

    /// The range as it stands, if the lease still holds it.
    pub async fn read_range(
        &self,
        client: &impl GenericClient,
        range: RangeId,
        lease: Lease,
    ) -> Result<Option<RangeRow>, StoreError> {
        let row = client
            .query_opt(&self.sql.read_range, &[&range.0, &lease.0])
            .await
            .map_err(doing("read a checkpoint"))?;
        Ok(row.map(|row| RangeRow::from_row(&row)))
    }

    /// Marks a range as walked to its end. `false`: the lease is no longer held, and nothing was changed.
    pub async fn finish_range(
        &self,
        client: &impl GenericClient,
        range: RangeId,
        lease: Lease,
    ) -> Result<bool, StoreError> {
        let changed = client
            .execute(&self.sql.finish_range, &[&range.0, &lease.0])
            .await
            .map_err(doing("finish a range"))?;
        Ok(changed == 1)
    }

    /// Lets go of every range that the worker holds, so that another can take them at once.
    pub async fn release_ranges(
        &self,
        client: &impl GenericClient,
        run: RunId,
        worker: WorkerId,
    ) -> Result<(), StoreError> {
        client
            .execute(&self.sql.release_ranges, &[&run.0, &worker.0])
            .await
            .map_err(doing("release ranges"))?;
        Ok(())
    }

    /// Takes every lease of the run away: no batch under one of them can commit any more. Waits for one that is
    /// running.
    pub async fn revoke_leases(&self, client: &impl GenericClient, run: RunId) -> Result<(), StoreError> {
        client.execute(&self.sql.revoke_leases, &[&run.0]).await.map_err(doing("revoke the run's leases"))?;
        Ok(())
    }

    /// The sums of a pass, or of all passes.
    pub async fn totals(
        &self,
        client: &impl GenericClient,
        run: RunId,
        pass: Option<Pass>,
    ) -> Result<PassTotals, StoreError> {
        let row = client
            .query_one(&self.sql.pass_totals, &[&run.0, &pass.map(|pass| pass.0)])
            .await
            .map_err(doing("sum up the progress"))?;
        let count = |name: &str| row.get::<_, i64>(name).unsigned_abs();
        Ok(PassTotals {
            ranges: count("ranges"),
            open: count("open"),
            batches: count("batches"),
            rows_seen: count("rows_seen"),
            rows_changed: count("rows_changed"),
            rows_unconverged: count("rows_unconverged"),
        })
    }

    /// The batches of the last minute: when each ended, counted from the first of them, and the keys passed since.
    pub async fn recent_batches(
        &self,
        client: &impl GenericClient,
        run: RunId,
        pass: Pass,
    ) -> Result<Vec<(Duration, u64)>, StoreError> {
        let rows = client
            .query(&self.sql.recent_batches, &[&run.0, &pass.0])
            .await
            .map_err(doing("read the latest batches"))?;
        Ok(rows
            .iter()
            .map(|row| {
                let at = Duration::try_from_secs_f64(row.get("at")).unwrap_or_default();
                (at, row.get::<_, i64>("rows_seen").unsigned_abs())
            })
            .collect())
    }

    /// Forgets all but the latest `keep` batches of a range.
    pub async fn prune_batches(
        &self,
        client: &impl GenericClient,
        range: RangeId,
        keep: i64,
    ) -> Result<(), StoreError> {
        client
            .execute(&self.sql.prune_batches, &[&range.0, &keep])
            .await
            .map_err(doing("prune the batch log"))?;
        Ok(())
    }
}
