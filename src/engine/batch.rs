//! One batch: one transaction, sent in one flight.
//!
//! ```text
//!  client ──► BEGIN · fence · rows+checkpoint · COMMIT · bound of the next batch ──► server
//!         ◄── five answers                                                     ◄──
//! ```
//!
//! The fence locks the range's row and fails unless the lease and the checkpoint are what this worker believes they
//! are; then everything after it fails too, and COMMIT rolls back. So a crash at any point, of either side, leaves
//! the rows and the checkpoint together, before the batch or after it. If the answer to COMMIT is lost, nobody
//! guesses: the caller reads the checkpoint.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::maybe_done;
use futures_util::poll;
use tokio_postgres::{Error, Row, Statement};

use super::statements::{JobSql, Pair};
use crate::clock::Clock;
use crate::model::{KeyValue, Lease, Pass, RangeId};
use crate::pg::Connection;
use crate::store::Statements;

/// The statements of a batch, prepared on one connection.
#[derive(Debug)]
pub(super) struct Prepared {
    fence: Statement,
    rows: PreparedPair,
    repair: Option<PreparedPair>,
    bound: PreparedPair,
    tail: PreparedPair,
}

#[derive(Debug)]
struct PreparedPair {
    first: Statement,
    next: Statement,
}

/// What a batch is to do.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    /// The pass it is part of: a sweep changes only what it may.
    pub(super) pass: Pass,
    /// The range it belongs to.
    pub(super) range: RangeId,
    /// The lease it is done under.
    pub(super) lease: Lease,
    /// The range's checkpoint as this worker knows it.
    pub(super) checkpoint: Option<KeyValue>,
    /// Keys greater than this.
    pub(super) lower: Option<KeyValue>,
    /// Keys up to and with this.
    pub(super) upper: KeyValue,
    /// How many keys that is.
    pub(super) seen: u64,
    /// Where the range ends.
    pub(super) range_upper: KeyValue,
    /// Size of the batch after this one.
    pub(super) next_size: u32,
    /// How long a statement may wait for a lock.
    pub(super) lock_timeout: Duration,
    /// How long the rows may take.
    pub(super) statement_timeout: Duration,
}

/// What a committed batch did.
#[derive(Clone, Debug)]
pub(super) struct Committed {
    /// Rows changed.
    pub(super) changed: u64,
    /// From the first byte sent to the answer to COMMIT.
    pub(super) took: Duration,
    /// Where the next batch ends, if it has as many keys as were asked for.
    pub(super) next_upper: Option<KeyValue>,
}

impl Prepared {
    /// Prepares them.
    pub(super) async fn on(connection: &Connection, job: &JobSql, store: &Statements) -> Result<Self, Error> {
        Ok(Self {
            fence: connection.prepare(&store.fence).await?,
            rows: PreparedPair::on(connection, &job.rows).await?,
            repair: match &job.repair {
                Some(repair) => Some(PreparedPair::on(connection, repair).await?),
                None => None,
            },
            bound: PreparedPair::on(connection, &job.bound).await?,
            tail: PreparedPair::on(connection, &job.tail).await?,
        })
    }

    /// The key at `size` keys after `lower`; `None` when fewer are left up to `upper`.
    pub(super) async fn bound(
        &self,
        connection: &Connection,
        lower: Option<&KeyValue>,
        upper: &KeyValue,
        size: u32,
    ) -> Result<Option<KeyValue>, Error> {
        let offset = i64::from(size) - 1;
        let row = match lower {
            None => connection.query_opt(&self.bound.first, &[&upper.0, &offset]).await?,
            Some(lower) => connection.query_opt(&self.bound.next, &[&upper.0, &offset, &lower.0]).await?,
        };
        Ok(row.map(|row| KeyValue(row.get(0))))
    }

    /// Keys in the interval. For the tail of a range, where there are fewer than a batch's.
    pub(super) async fn tail(
        &self,
        connection: &Connection,
        lower: Option<&KeyValue>,
        upper: &KeyValue,
    ) -> Result<u64, Error> {
        let row = match lower {
            None => connection.query_one(&self.tail.first, &[&upper.0]).await?,
            Some(lower) => connection.query_one(&self.tail.next, &[&upper.0, &lower.0]).await?,
        };
        Ok(row.get::<_, i64>(0).unsigned_abs())
    }

    /// Does the batch. On an error nothing of it is stored, unless the error hides the answer to COMMIT: the
    /// checkpoint tells. Not cancellation safe in that sense either: dropped half-way, read the checkpoint.
    pub(super) async fn commit(
        &self,
        connection: &Connection,
        clock: &Clock,
        batch: &Batch,
    ) -> Result<Committed, Error> {
        let statement = match &self.repair {
            Some(repair) if batch.pass > Pass::BACKFILL => repair,
            _ => &self.rows,
        };
        let checkpoint = batch.checkpoint.as_ref().map(|key| &key.0);
        let lower = batch.lower.as_ref().map(|key| &key.0);
        let (seen, offset) = (batch.seen.cast_signed(), i64::from(batch.next_size) - 1);
        let lock_timeout = milliseconds(batch.lock_timeout);
        let statement_timeout = milliseconds(batch.statement_timeout);
        let fence_parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
            [&batch.range.0, &batch.lease.0, &checkpoint, &lock_timeout, &statement_timeout];
        let rows_parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
            [&batch.upper.0, &batch.range.0, &seen, &lower];
        let next_parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&batch.range_upper.0, &offset, &batch.upper.0];

        // The first poll of each future sends its statement; none waits for the answer to the one before.
        let started = clock.monotonic();
        let mut begin = pin!(maybe_done(
            connection.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE, NOT DEFERRABLE")
        ));
        let _ = poll!(begin.as_mut());
        let mut fence = pin!(maybe_done(connection.execute(&self.fence, &fence_parameters)));
        let _ = poll!(fence.as_mut());
        failpoint!("batch.fenced", fence.as_mut().await);
        let mut rows =
            pin!(maybe_done(connection.query_one(statement.for_lower(lower.is_some()), &rows_parameters)));
        let _ = poll!(rows.as_mut());
        failpoint!("batch.rows_changed", rows.as_mut().await);
        let mut commit = pin!(maybe_done(connection.batch_execute("COMMIT")));
        let _ = poll!(commit.as_mut());
        let mut next = pin!(maybe_done(connection.query_opt(&self.bound.next, &next_parameters)));
        let _ = poll!(next.as_mut());
        failpoint!("batch.sent");

        begin.as_mut().await;
        fence.as_mut().await;
        rows.as_mut().await;
        commit.as_mut().await;
        let took = clock.monotonic().saturating_duration_since(started);
        failpoint!("batch.committed");
        next.as_mut().await;

        let taken = "each future was awaited, and is taken once";
        begin.take_output().expect(taken)?;
        fence.take_output().expect(taken)?;
        let row: Row = rows.take_output().expect(taken)?;
        commit.take_output().expect(taken)?;
        // The batch is committed: a failure to look ahead only means to look again.
        let next_upper = next.take_output().expect(taken).ok().flatten().map(|row| KeyValue(row.get(0)));
        Ok(Committed { changed: row.get::<_, i64>(0).unsigned_abs(), took, next_upper })
    }
}

impl PreparedPair {
    async fn on(connection: &Connection, pair: &Pair) -> Result<Self, Error> {
        Ok(Self {
            first: connection.prepare(&pair.first).await?,
            next: connection.prepare(&pair.next).await?,
        })
    }

    fn for_lower(&self, lower: bool) -> &Statement {
        if lower { &self.next } else { &self.first }
    }
}

/// A duration as a setting's value: whole milliseconds, at least one, since 0 would mean no limit.
pub(super) fn milliseconds(duration: Duration) -> String {
    duration.as_millis().max(1).to_string()
}
