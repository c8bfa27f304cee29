//! One batch: one transaction, sent in one flight.
//!
//! ```text
//!  client ──► BEGIN · fence · rows+position · COMMIT · bound of the next batch ──► server
//!         ◄── five answers                                                   ◄──
//! ```
//!
//! The fence locks the range's row and fails unless the lease, the number of batches and the range's end are what this
//! worker believes they are; then everything after it fails too, and COMMIT rolls back. So a crash at any point, of
//! either side, leaves the rows and the position together, before the batch or after it. If the answer to COMMIT is
//! lost, nobody guesses: the caller reads the position.

use std::collections::HashMap;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::future::maybe_done;
use futures_util::poll;
use tokio_postgres::{Error, Row, Statement};

use super::statements::{JobSql, Pair};
use crate::clock::Clock;
use crate::model::{KeyValue, Lease, Order, Pass, Position};
use crate::pg::{Connection, quote, search_path};
use crate::store::{RangeRow, Statements};

/// The statements of a batch, prepared on one connection.
#[derive(Debug)]
pub(super) struct Prepared {
    /// Begins a transaction, if this is the session that the statements were prepared in: a pooler may have given us
    /// another, in which their names are another process's. Then it fails, and so does what is sent behind it.
    begin: String,
    fence: Statement,
    /// Prepared when first needed: a run uses few of the shapes.
    rows: HashMap<Shape, Statement>,
    bound: PreparedPair,
    tail: PreparedPair,
}

#[derive(Debug)]
struct PreparedPair {
    first: Statement,
    next: Statement,
}

/// What kind of statement changes a batch's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question that the statement's text depends on")]
pub(super) struct Shape {
    /// What its interval is of.
    pub(super) order: Order,
    /// By key: the interval has a lower bound.
    pub(super) from_key: bool,
    /// It takes one stride of the interval, not all of it.
    pub(super) strided: bool,
    /// It is part of a closing sweep, which changes only what it may.
    pub(super) repair: bool,
    /// It passes over rows that are in quarantine.
    pub(super) spares: bool,
}

/// What a batch is to do.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    /// The pass it is part of.
    pub(super) pass: Pass,
    /// The range it belongs to, as this worker knows it, with the window that the batch opens or is in.
    pub(super) range: RangeRow,
    /// The lease it is done under.
    pub(super) lease: Lease,
    /// Up to here.
    pub(super) upper: KeyValue,
    /// How many keys that is, of the stride.
    pub(super) seen: u64,
    /// In physical order: the stride takes what is up to this line pointer of each page.
    pub(super) last_pointer: u32,
    /// By key and without strides: the size of the batch after this one, whose end is looked up on the way.
    pub(super) next_size: Option<u32>,
    /// There are rows in quarantine.
    pub(super) spares: bool,
    /// How long a statement may wait for a lock.
    pub(super) lock_timeout: Duration,
    /// How long the rows may take.
    pub(super) statement_timeout: Duration,
}

impl Batch {
    /// From here on; `None`: from the beginning.
    pub(super) fn lower(&self) -> Option<&KeyValue> {
        self.range.next()
    }

    /// The stride it takes, of how many.
    pub(super) fn stride(&self) -> (u32, u32) {
        self.range.position.window.as_ref().map_or((0, 1), |window| (window.stride, window.strides))
    }

    pub(super) fn shape(&self) -> Shape {
        let order = self.range.order;
        let (stride, strides) = self.stride();
        // In physical order the last stride takes whatever is left on the window's pages.
        let takes_all = strides == 1 || order == Order::Physical && stride + 1 == strides;
        Shape {
            order,
            from_key: order == Order::Key && self.lower().is_some(),
            strided: !takes_all,
            repair: self.pass > Pass::BACKFILL,
            spares: self.spares,
        }
    }
}

/// What a committed batch did.
#[derive(Clone, Debug)]
pub(super) struct Committed {
    /// Rows changed.
    pub(super) changed: u64,
    /// Of these, those whose new version stayed on its page; `None` where the server doesn't count.
    pub(super) hot: Option<u64>,
    /// Where the range stands now.
    pub(super) position: Position,
    /// The number it is logged under.
    pub(super) id: i64,
    /// WAL that the server wrote meanwhile, in bytes: that of others counts, since it can't be told apart.
    pub(super) wal_bytes: u64,
    /// From the first byte sent to the answer to COMMIT.
    pub(super) took: Duration,
    /// Where the next batch ends, if it has as many keys as were asked for.
    pub(super) next_upper: Option<KeyValue>,
}

impl Prepared {
    /// Prepares them.
    pub(super) async fn on(connection: &Connection, job: &JobSql, store: &Statements) -> Result<Self, Error> {
        let own = quote::quoted(&format!("longhaul {}", uuid::Uuid::new_v4()));
        connection.batch_execute(&format!("PREPARE {own} AS SELECT; {}", job.path)).await?;
        Ok(Self {
            begin: format!("BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE, NOT DEFERRABLE; EXECUTE {own}"),
            fence: connection.prepare(&store.fence).await?,
            rows: HashMap::new(),
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

    /// The statement for batches of this shape.
    async fn rows(
        &mut self,
        connection: &Connection,
        sql: &JobSql,
        shape: Shape,
    ) -> Result<Statement, Error> {
        if let Some(statement) = self.rows.get(&shape) {
            return Ok(statement.clone());
        }
        let statement = search_path::prepare_as_author(connection, &sql.rows(shape)).await?;
        connection.batch_execute(&sql.path).await?;
        self.rows.insert(shape, statement.clone());
        Ok(statement)
    }

    /// Begins the batch's transaction behind its fence, for what takes more than one statement.
    pub(super) async fn open(
        &self,
        connection: &Connection,
        sql: &JobSql,
        batch: &Batch,
    ) -> Result<(), Error> {
        connection.batch_execute(&self.begin).await?;
        connection.execute(&self.fence, &Fence::of(batch, sql).parameters()).await?;
        Ok(())
    }

    /// Ends it, with the batch's position: so many rows were changed in it, and so many of them still match.
    pub(super) async fn close(
        connection: &Connection,
        (clock, sql): (&Clock, &JobSql),
        batch: &Batch,
        (changed, unconverged): (u64, u64),
        started: Instant,
    ) -> Result<Committed, Error> {
        let stored = Stored::of(batch);
        let (changed, unconverged) = (changed.cast_signed(), unconverged.cast_signed());
        let mut parameters = stored.parameters();
        parameters.extend([&changed as Parameter<'_>, &unconverged]);
        if batch.range.order == Order::Physical {
            parameters.push(&batch.range.file_node);
        }
        let row = connection.query_one(&sql.settled(batch.range.order), &parameters).await?;
        failpoint!("isolated.settled");
        connection.batch_execute("COMMIT").await?;
        failpoint!("isolated.committed");
        let took = clock.monotonic().saturating_duration_since(started);
        Ok(Committed::from_row(&row, stored.position.clone(), (took, None)))
    }

    /// Does the batch. On an error nothing of it is stored, unless the error hides the answer to COMMIT: the stored
    /// position tells. Not cancellation safe in that sense either: dropped half-way, read the position.
    pub(super) async fn commit(
        &mut self,
        connection: &Connection,
        (clock, sql): (&Clock, &JobSql),
        batch: &Batch,
    ) -> Result<Committed, Error> {
        let shape = batch.shape();
        let statement = self.rows(connection, sql, shape).await?;
        let range = &batch.range;
        let fence = Fence::of(batch, sql);
        let fence_parameters = fence.parameters();
        let stored = Stored::of(batch);
        let mut rows_parameters = stored.parameters();
        let last_pointer = batch.last_pointer.cast_signed();
        if range.order == Order::Physical {
            rows_parameters.push(&range.file_node);
        }
        if range.order == Order::Physical && shape.strided {
            rows_parameters.push(&last_pointer);
        }
        let next_size = batch.next_size.filter(|_| batch.upper != range.upper);
        let offset = i64::from(next_size.unwrap_or(1)) - 1;
        let next_parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&range.upper.0, &offset, &batch.upper.0];

        // The first poll of each future sends its statement; none waits for the answer to the one before.
        let started = clock.monotonic();
        let mut begin = pin!(maybe_done(connection.batch_execute(&self.begin)));
        let _ = poll!(begin.as_mut());
        let mut fence = pin!(maybe_done(connection.execute(&self.fence, &fence_parameters)));
        let _ = poll!(fence.as_mut());
        // In the order in which they were sent: an answer that nobody takes keeps those behind it from being read.
        failpoint!("batch.fenced", {
            begin.as_mut().await;
            fence.as_mut().await;
        });
        let mut rows = pin!(maybe_done(connection.query_one(&statement, &rows_parameters)));
        let _ = poll!(rows.as_mut());
        failpoint!("batch.rows_changed", {
            begin.as_mut().await;
            fence.as_mut().await;
            rows.as_mut().await;
        });
        let mut commit = pin!(maybe_done(connection.batch_execute("COMMIT")));
        let _ = poll!(commit.as_mut());
        let mut next = pin!(maybe_done(async {
            match next_size {
                Some(_) => connection.query_opt(&self.bound.next, &next_parameters).await,
                None => Ok(None),
            }
        }));
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
        Ok(Committed::from_row(&row, stored.position.clone(), (took, next_upper)))
    }
}

impl Committed {
    fn from_row(row: &Row, position: Position, (took, next_upper): (Duration, Option<KeyValue>)) -> Self {
        let changed = row.get::<_, i64>(0).unsigned_abs();
        Self {
            changed,
            // Those of subtransactions that were rolled back are counted as well.
            hot: row.get::<_, Option<i64>>(1).map(|hot| hot.unsigned_abs().min(changed)),
            id: row.get(4),
            wal_bytes: (row.get::<_, i64>(3) - row.get::<_, i64>(2)).unsigned_abs(),
            position,
            took,
            next_upper,
        }
    }
}

type Parameter<'p> = &'p (dyn tokio_postgres::types::ToSql + Sync);

/// The parameters of a batch's fence.
struct Fence<'b> {
    batch: &'b Batch,
    batches: i64,
    table: u32,
    lock_timeout: String,
    statement_timeout: String,
    role: Option<&'b str>,
    joins_by_key: bool,
}

impl<'b> Fence<'b> {
    fn of(batch: &'b Batch, sql: &'b JobSql) -> Self {
        Self {
            batch,
            batches: batch.range.batches.cast_signed(),
            table: sql.table_oid(),
            lock_timeout: milliseconds(batch.lock_timeout),
            statement_timeout: milliseconds(batch.statement_timeout),
            role: sql.role.as_deref(),
            joins_by_key: sql.reads_first(),
        }
    }

    fn parameters(&self) -> [Parameter<'_>; 9] {
        let Batch { range, lease, .. } = self.batch;
        [
            &range.id.0,
            &lease.0,
            &self.batches,
            &range.upper.0,
            &self.table,
            &self.lock_timeout,
            &self.statement_timeout,
            &self.role,
            &self.joins_by_key,
        ]
    }
}

/// What a batch stores of itself: `$1` to `$10` of its statement.
struct Stored<'b> {
    batch: &'b Batch,
    seen: i64,
    lower: Option<&'b Vec<String>>,
    stride: i32,
    strides: i32,
    position: Position,
    /// The parts of the position.
    checkpoint: Option<Vec<String>>,
    window_upper: Option<Vec<String>>,
    next_stride: i32,
    stride_checkpoint: Option<Vec<String>>,
}

impl<'b> Stored<'b> {
    fn of(batch: &'b Batch) -> Self {
        let (stride, strides) = batch.stride();
        let position = batch.range.position.after(&batch.upper);
        let parts = |key: Option<&KeyValue>| key.map(|key| key.0.clone());
        let window = position.window.as_ref();
        Self {
            batch,
            seen: batch.seen.cast_signed(),
            lower: batch.lower().map(|key| &key.0),
            stride: stride.cast_signed(),
            strides: strides.cast_signed(),
            checkpoint: parts(position.checkpoint.as_ref()),
            window_upper: parts(window.map(|window| &window.upper)),
            next_stride: window.map_or(0, |window| window.stride.cast_signed()),
            stride_checkpoint: parts(window.and_then(|window| window.checkpoint.as_ref())),
            position,
        }
    }

    fn parameters(&self) -> Vec<Parameter<'_>> {
        vec![
            &self.batch.upper.0,
            &self.batch.range.id.0,
            &self.seen,
            &self.lower,
            &self.stride,
            &self.checkpoint,
            &self.window_upper,
            &self.strides,
            &self.next_stride,
            &self.stride_checkpoint,
        ]
    }
}

impl PreparedPair {
    async fn on(connection: &Connection, pair: &Pair) -> Result<Self, Error> {
        Ok(Self {
            first: connection.prepare(&pair.first).await?,
            next: connection.prepare(&pair.next).await?,
        })
    }
}

/// A duration as a setting's value: whole milliseconds, at least one, since 0 would mean no limit.
pub(super) fn milliseconds(duration: Duration) -> String {
    duration.as_millis().max(1).to_string()
}
