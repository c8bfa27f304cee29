//! Ranges: pieces of the key space with their checkpoints and leases.

use std::time::Duration;

use tokio_postgres::{GenericClient, Row};

use super::worker::ttl;
use super::{Store, StoreError, doing};
use crate::model::{KeyValue, Lease, Order, Pass, Position, RangeId, RunId, Window, WorkerId};

/// A range as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeRow {
    /// Its id.
    pub id: RangeId,
    /// In what order it is walked, and what its positions are therefore.
    pub order: Order,
    /// In physical order: the file that the block numbers are of.
    pub file_node: u32,
    /// Where it begins; `None`: at the beginning.
    pub lower: Option<KeyValue>,
    /// Where it ends.
    pub upper: KeyValue,
    /// How far it is done.
    pub position: Position,
    /// A registered worker has it, alive or not.
    pub held: bool,
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
    /// Of these, rows whose new version stayed on its page.
    pub rows_hot: u64,
    /// Of the rows changed, those that matched the filter still.
    pub rows_unconverged: u64,
    /// WAL that the server wrote while the batches ran, in bytes.
    pub wal_bytes: u64,
    /// Batches that gave way to others who waited for them.
    pub gave_way: u64,
    /// The longest that a session was seen to wait for a batch.
    pub longest_blocked: Duration,
    /// How long batches were seen to wait for locks of others, in all.
    pub lock_wait: Duration,
}

/// A range as the map shows it.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct MappedRange {
    /// Its number.
    pub id: i64,
    /// Where it begins, for people; `None`: at the beginning.
    pub from: Option<String>,
    /// Where it ends.
    pub to: String,
    /// It is done.
    pub finished: bool,
    /// The part of it that is done, from 0 to 1; `None`: begun, and not known how far.
    pub share: Option<f64>,
    /// The process that has it now, with its host.
    pub held_by: Option<(String, i32)>,
    /// Batches committed.
    pub batches: u64,
    /// Keys passed.
    pub rows_seen: u64,
    /// Rows changed.
    pub rows_changed: u64,
}

/// A range to be.
#[derive(Clone, Debug)]
pub struct NewRange {
    /// In what order it is walked.
    pub order: Order,
    /// In physical order: the file that the block numbers are of; else 0.
    pub file_node: u32,
    /// Where it begins; `None`: at the beginning.
    pub lower: Option<KeyValue>,
    /// Where it ends.
    pub upper: KeyValue,
}

impl RangeRow {
    /// Where the next batch begins: behind what is done, or at the range's beginning.
    #[must_use]
    pub fn next(&self) -> Option<&KeyValue> {
        self.position.next().or(self.lower.as_ref())
    }

    /// Up to where a worker has it in hand.
    #[must_use]
    pub fn taken(&self) -> Option<&KeyValue> {
        self.position.taken().or(self.lower.as_ref())
    }

    /// Up to where everything is done, for people; `None`: nothing yet.
    #[must_use]
    pub fn standing(&self, key_columns: &[String]) -> Option<String> {
        let done = self.position.checkpoint.as_ref().or(self.lower.as_ref())?;
        match self.order {
            Order::Key => Some(format!("{} {done}", key_columns.join(", "))),
            Order::Physical if done.block() == Some(0) => None,
            Order::Physical => Some(format!("block {done}")),
        }
    }

    /// Whether everything in it is done.
    #[must_use]
    pub fn is_through(&self) -> bool {
        self.position.checkpoint.as_ref() == Some(&self.upper)
    }

    fn from_row(row: &Row) -> Self {
        let key = |name: &str| row.get::<_, Option<Vec<String>>>(name).map(KeyValue);
        let window = key("window_upper").map(|upper| Window {
            upper,
            strides: row.get::<_, i32>("strides").unsigned_abs(),
            stride: row.get::<_, i32>("stride").unsigned_abs(),
            checkpoint: key("stride_checkpoint"),
        });
        Self {
            id: RangeId(row.get("id")),
            order: Order::stored(row.get("walk_order")),
            file_node: row.get("file_node"),
            lower: key("lower_key"),
            upper: KeyValue(row.get("upper_key")),
            position: Position { checkpoint: key("checkpoint"), window },
            held: row.get("held"),
            batches: row.get::<_, i64>("batches").unsigned_abs(),
            rows_seen: row.get::<_, i64>("rows_seen").unsigned_abs(),
            rows_changed: row.get::<_, i64>("rows_changed").unsigned_abs(),
        }
    }
}

impl MappedRange {
    fn from_row(row: &Row) -> Self {
        let key = |name: &str| row.get::<_, Option<Vec<String>>>(name).map(KeyValue);
        let (lower, upper) = (key("lower_key"), key("upper_key"));
        let (finished, batches) = (row.get("finished"), row.get::<_, i64>("batches").unsigned_abs());
        let number = |name: &str| f64::from(row.get::<_, i32>(name));
        let order = Order::stored(row.get("walk_order"));
        let place = |key: &Option<KeyValue>| match key.as_ref()?.0.as_slice() {
            [only] => only.parse::<f64>().ok(),
            _ => None,
        };
        let part = || {
            // Blocks begin with 0; where keys begin nobody knows.
            let lower = place(&lower).or((order == Order::Physical).then_some(0.0))?;
            let (upper, checkpoint) = (place(&upper)?, place(&key("checkpoint")).unwrap_or(lower));
            // Of the window in hand its strides count, and the one in hand as far as it has come.
            let window = place(&key("window_upper")).map_or(0.0, |end| {
                let of_stride = place(&key("stride_checkpoint")).unwrap_or(checkpoint) - checkpoint;
                (number("stride") * (end - checkpoint) + of_stride) / number("strides").max(1.0)
            });
            Some(((checkpoint + window - lower) / (upper - lower).max(1.0)).clamp(0.0, 1.0))
        };
        let share = if finished {
            Some(1.0)
        } else if batches == 0 {
            Some(0.0)
        } else {
            part()
        };
        let process_id: Option<i32> = row.get("process_id");
        Self {
            id: row.get("id"),
            from: lower.map(|key| key.to_string()),
            to: upper.map(|key| key.to_string()).unwrap_or_default(),
            finished,
            share,
            held_by: row.get::<_, Option<String>>("host").zip(process_id),
            batches,
            rows_seen: row.get::<_, i64>("rows_seen").unsigned_abs(),
            rows_changed: row.get::<_, i64>("rows_changed").unsigned_abs(),
        }
    }
}

/// Ranges that were cut have a later number than what lies behind them: each is put behind the one that ends where it
/// begins.
fn in_order(ranges: Vec<MappedRange>) -> Vec<MappedRange> {
    let mut by_start: std::collections::HashMap<Option<String>, Vec<MappedRange>> =
        std::collections::HashMap::new();
    let starts: Vec<Option<String>> = ranges.iter().map(|range| range.from.clone()).collect();
    for range in ranges.into_iter().rev() {
        by_start.entry(range.from.clone()).or_default().push(range);
    }
    let mut ordered = Vec::with_capacity(starts.len());
    for start in starts {
        let mut next = by_start.get_mut(&start).and_then(Vec::pop);
        while let Some(range) = next {
            let end = Some(range.to.clone());
            ordered.push(range);
            next = by_start.get_mut(&end).and_then(Vec::pop);
        }
    }
    ordered
}

impl Store {
    /// The ranges of a pass in the order of the table.
    pub async fn map_of_ranges(
        &self,
        client: &impl GenericClient,
        run: RunId,
        pass: Pass,
    ) -> Result<Vec<MappedRange>, StoreError> {
        let rows = client
            .query(&self.sql.list_ranges, &[&run.0, &pass.0, &ttl()])
            .await
            .map_err(doing("read the ranges"))?;
        Ok(in_order(rows.iter().map(MappedRange::from_row).collect()))
    }

    /// Adds a range to a pass.
    pub async fn plan_range(
        &self,
        client: &impl GenericClient,
        run: RunId,
        pass: Pass,
        range: &NewRange,
    ) -> Result<(), StoreError> {
        let NewRange { order, file_node, lower, upper } = range;
        let lower = lower.as_ref().map(|key| &key.0);
        client
            .execute(&self.sql.plan_range, &[&run.0, &pass.0, &order.as_str(), file_node, &lower, &upper.0])
            .await
            .map_err(doing("plan a range"))?;
        Ok(())
    }

    /// Ends every open range of the pass where it stands: what is left of it is for the next pass.
    pub async fn close_ranges(
        &self,
        client: &impl GenericClient,
        run: RunId,
        pass: Pass,
    ) -> Result<(), StoreError> {
        client.execute(&self.sql.close_ranges, &[&run.0, &pass.0]).await.map_err(doing("end a pass"))?;
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

    /// Lets go of every range that the workers hold, so that others can take them at once.
    pub async fn release_ranges(
        &self,
        client: &impl GenericClient,
        run: RunId,
        workers: &[WorkerId],
    ) -> Result<(), StoreError> {
        client
            .execute(&self.sql.release_ranges, &[&run.0, &super::worker::ids(workers)])
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
        let seconds = |name: &str| Duration::try_from_secs_f64(row.get(name)).unwrap_or_default();
        Ok(PassTotals {
            ranges: count("ranges"),
            open: count("open"),
            batches: count("batches"),
            rows_seen: count("rows_seen"),
            rows_changed: count("rows_changed"),
            rows_hot: count("rows_hot"),
            rows_unconverged: count("rows_unconverged"),
            wal_bytes: count("wal_bytes"),
            gave_way: count("gave_way"),
            longest_blocked: seconds("longest_blocked"),
            lock_wait: seconds("lock_wait"),
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
