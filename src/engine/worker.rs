//! A worker: claims ranges of a pass and walks them batch by batch.
//!
//! [`Worker::step`] is the body of the loop: it does one thing and says what came of it. After any error the range's
//! position is read from the database; what this worker remembers is only trusted as long as nothing went wrong.

mod intervals;
mod isolation;
mod recovery;
mod splitting;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::batch::{Batch, Committed, Prepared};
use super::gate::Gate;
use super::lock_monitor::LockMonitor;
use super::seat::Seat;
use super::statements::JobSql;
use super::stop::{Stop, StopLevel};
use super::vacuum::Vacuum;
use super::walk::{self, Walk};
use super::{Leave, Notice, Observer, RunError};
use crate::clock::Clock;
use crate::model::{BatchOptions, Job, Lease, Order, Pass, RangeId, RunId, WorkerId};
use crate::pg::{Connection, Connector, ErrorClass, classify};
use crate::plan::admission::Admission;
use crate::plan::batch_size::BatchSizer;
use crate::plan::interleave::{Interleaver, Seen};
use crate::store::{Identity, RangeRow, Store, Waits};
use isolation::Isolated;

/// Batches kept in the log of each range.
const BATCHES_KEPT: i64 = 10_000;

/// How often the log of batches is pruned, in batches.
const PRUNE_EVERY: u64 = 500;

/// With a limit of rows or WAL a second, batches a second at the least: a burst of many rows, and the flush of what they
/// wrote, makes others wait. With 4 a second traffic beside a paced run had a p99 of four times its own.
const BATCHES_A_SECOND: f64 = 50.0;

/// A batch that takes so many times its target is hopeless at its size and is cut off by the server: twice the
/// factor at which the size falls to a tenth.
const STATEMENT_TIMEOUT_FACTOR: u32 = 10;

/// How often to look whether the key is there still.
const LOOK_FOR_THE_KEY: Duration = Duration::from_secs(2);

/// No batch is cut off sooner than this, however short its target: a checkpoint or a cold cache is no reason.
const LEAST_STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);

/// What a step came to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// A batch was committed, or a range claimed, finished or split.
    Advanced,
    /// No range of the pass is open any more.
    Finished,
    /// Something failed that may pass, or holds the run, or others are still at work, and that was waited for.
    Waited,
    /// There are more workers than there are to be, and this one rests.
    Rests,
    /// Another worker of this process has failed.
    GivesUp,
    /// The run is to be left; the batch that was running was finished, or cancelled.
    Leaves(Leave),
}

/// How a worker's walk through a pass ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Walked {
    /// No range of the pass is open any more.
    Through,
    /// It rests until more workers are wanted.
    Rests,
    /// Another worker of this process has failed.
    GivesUp,
    /// The run is to be left.
    Leaves(Leave),
}

/// What a step in a range came to.
enum Advance {
    Batch,
    RangeFinished,
    /// Nothing was done, and it is to be looked at again why.
    Nothing,
    /// More rows than the job tolerates can't take their new values.
    Tripped(Leave),
}

/// What the workers of a process share.
pub(super) struct Tools<'w> {
    pub(super) clock: &'w Clock,
    pub(super) connector: &'w Connector,
    pub(super) store: &'w Store,
    pub(super) sql: &'w JobSql,
    pub(super) observer: &'w dyn Observer,
    pub(super) stop: &'w Stop,
    /// Set when one of them has failed: the others stop after their batch.
    pub(super) failed: AtomicBool,
    /// Set when rows of the run are in quarantine: batches pass over them.
    pub(super) spares: AtomicBool,
    pub(super) identity: &'w Identity,
    pub(super) gate: &'w Gate<'w>,
    pub(super) locks: &'w LockMonitor<'w>,
    pub(super) walk: &'w Walk,
    pub(super) vacuum: &'w Vacuum<'w>,
    pub(super) lock_timeout: Duration,
    pub(super) job: &'w Job,
    pub(super) run: RunId,
}

/// A connection with the batch's statements prepared on it.
pub(super) struct Session {
    pub(super) connection: Connection,
    prepared: Prepared,
    process_id: i32,
}

impl Session {
    pub(super) async fn prepare(
        connection: Connection,
        sql: &JobSql,
        store: &Store,
    ) -> Result<Self, RunError> {
        let failed = RunError::sql("prepare a batch");
        let prepared = Prepared::on(&connection, sql, &store.sql).await.map_err(failed)?;
        let failed = RunError::sql("ask for the backend's number");
        let process_id = connection.query_one("SELECT pg_backend_pid()", &[]).await.map_err(failed)?.get(0);
        Ok(Self { connection, prepared, process_id })
    }

    pub(super) fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

/// A worker on one connection.
pub(super) struct Worker<'w> {
    tools: &'w Tools<'w>,
    id: WorkerId,
    /// From 0: the last come rest first.
    number: u32,
    session: Session,
    seat: Arc<Seat>,
    sizer: BatchSizer,
    /// WAL bytes a row, as the last batch had it.
    wal_of_row: f64,
    /// When the key was last seen to be there.
    key_seen: Option<Instant>,
    /// Of the order that the ranges in hand are in.
    interleaver: (Order, Interleaver),
    held: Option<Held>,
    /// The range that nobody held when this worker last had none to take.
    unheld: Option<RangeId>,
    failures: recovery::Failures,
}

/// The range in hand.
struct Held {
    range: RangeRow,
    lease: Lease,
    ahead: intervals::Ahead,
}

impl Held {
    fn new(range: RangeRow, lease: Lease) -> Self {
        Self { range, lease, ahead: intervals::Ahead::default() }
    }
}

impl<'w> Worker<'w> {
    /// A worker that is registered already as `id` on the session's connection.
    pub(super) fn new(tools: &'w Tools<'w>, (id, number): (WorkerId, u32), session: Session) -> Self {
        let sizer = BatchSizer::new(tools.job.batch);
        let order = tools.walk.order;
        let interleaver = (order, tools.walk.interleaver(order, Pass::BACKFILL));
        let failures = recovery::Failures::default();
        let seat = tools.locks.seat();
        seat.sit(session.process_id, session.connection.cancel_handle());
        let (held, unheld, wal_of_row) = (None, None, 0.0);
        let key_seen = None;
        Self {
            tools,
            id,
            number,
            session,
            seat,
            sizer,
            wal_of_row,
            key_seen,
            interleaver,
            held,
            unheld,
            failures,
        }
    }

    /// Its number among those of its process, from 0.
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// The connection, for what has to be done between passes.
    pub(super) fn connection(&mut self) -> &mut Connection {
        &mut self.session.connection
    }

    /// Forgets the range in hand, which was ended under it.
    pub(super) fn let_go(&mut self) {
        self.held = None;
    }

    /// Steps through the pass.
    pub(super) async fn walk(&mut self, pass: Pass) -> Result<Walked, RunError> {
        let order = self.tools.walk.order;
        if self.held.is_none() {
            self.interleaver = (order, self.tools.walk.interleaver(order, pass));
        }
        loop {
            match self.step(pass).await {
                Ok(Step::Advanced | Step::Waited) => {}
                Ok(Step::Finished) => return Ok(Walked::Through),
                Ok(Step::Rests) => return Ok(Walked::Rests),
                Ok(Step::GivesUp) => return Ok(Walked::GivesUp),
                Ok(Step::Leaves(leave)) => return Ok(Walked::Leaves(leave)),
                Err(error) => {
                    self.tools.failed.store(true, Ordering::SeqCst);
                    return Err(error);
                }
            }
        }
    }

    /// Does one thing, if it may.
    pub(super) async fn step(&mut self, pass: Pass) -> Result<Step, RunError> {
        let Tools { gate, stop, failed, .. } = self.tools;
        if stop.is_asked() {
            return Ok(self.stopped());
        }
        if failed.load(Ordering::SeqCst) {
            return Ok(Step::GivesUp);
        }
        if self.number >= *gate.workers().borrow() {
            return self.rest().await;
        }
        match gate.admit(self.sizer.expected()) {
            Ok(Admission::Go) => {}
            Ok(_) => {
                gate.wait(stop).await;
                return Ok(Step::Waited);
            }
            Err(leave) => return Ok(Step::Leaves(leave)),
        }
        self.fit_size();
        let result = match self.held.take() {
            None => self.claim(pass).await,
            Some(mut held) => {
                let advanced = self.advance(pass, &mut held).await;
                if !matches!(advanced, Ok(Advance::RangeFinished)) {
                    self.held = Some(held);
                }
                advanced.map(|advance| match advance {
                    Advance::Batch | Advance::RangeFinished => Step::Advanced,
                    Advance::Nothing => Step::Waited,
                    Advance::Tripped(leave) => Step::Leaves(leave),
                })
            }
        };
        match result {
            Ok(step) => {
                self.failures = recovery::Failures::default();
                Ok(step)
            }
            Err(error) => self.recover(error).await,
        }
    }

    /// The operator's signal is obeyed.
    fn stopped(&self) -> Step {
        Step::Leaves(Leave::Signal { cancelled: self.tools.stop.level() >= StopLevel::Cancel })
    }

    /// Lets others have the range in hand: fewer workers are wanted.
    async fn rest(&mut self) -> Result<Step, RunError> {
        if let Some(held) = self.held.take() {
            let Tools { store, run, .. } = self.tools;
            match store.release_ranges(&*self.session.connection, *run, &[self.id]).await {
                Ok(()) => {}
                Err(error) => {
                    self.held = Some(held);
                    return self.recover(error.into()).await;
                }
            }
        }
        Ok(Step::Rests)
    }

    /// Keeps batches to what the pace in force allows: with a limit a second they are small, so that no burst goes out.
    fn fit_size(&mut self) {
        let Tools { gate, job, .. } = self.tools;
        let of_limit = |limit: Option<f64>, unit: f64| match limit {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "saturates, and is positive"
            )]
            Some(limit) if unit > 0.0 => (limit / BATCHES_A_SECOND / unit) as u32,
            _ => u32::MAX,
        };
        let rows = of_limit(gate.rates.rows(), 1.0);
        let wal = of_limit(gate.rates.wal_bytes(), self.wal_of_row);
        let max = job.batch.max.min(rows).min(wal).max(job.batch.min);
        self.sizer.set_limits(BatchOptions { target: gate.pace().target, max, ..job.batch });
    }

    async fn claim(&mut self, pass: Pass) -> Result<Step, RunError> {
        let Tools { store, run, .. } = self.tools;
        let claimed = store.claim_range(&*self.session.connection, *run, pass, self.id).await?;
        let Some((range, lease)) = claimed else { return self.find_work(pass).await };
        failpoint!("range.claimed");
        if range.order != self.interleaver.0 {
            // Planned by a process that chose otherwise.
            self.interleaver = (range.order, self.tools.walk.interleaver(range.order, pass));
        }
        self.held = Some(Held::new(range, lease));
        Ok(Step::Advanced)
    }

    /// The next batch of the range in hand, or its end.
    async fn advance(&mut self, pass: Pass, held: &mut Held) -> Result<Advance, RunError> {
        if held.range.is_through() {
            return self.finish(held).await;
        }
        self.look_for_the_key().await?;
        let interval = self.next_interval(held).await?;
        let mut range = held.range.clone();
        range.position.window = interval.window;
        let batch = Batch {
            pass,
            range,
            lease: held.lease,
            upper: interval.upper,
            seen: interval.keys,
            last_pointer: interval.last_pointer,
            next_size: interval.next_size,
            spares: self.tools.spares.load(Ordering::SeqCst),
            lock_timeout: self.tools.lock_timeout,
            statement_timeout: (self.tools.gate.pace().target * STATEMENT_TIMEOUT_FACTOR)
                .max(LEAST_STATEMENT_TIMEOUT),
        };
        self.seat.begin(self.tools.clock.monotonic());
        let (committed, is_whole) = match self.commit(&batch).await {
            Err(error) if classify(&error) == ErrorClass::Data => {
                match Box::pin(self.isolate(&batch)).await {
                    Ok(Isolated::Committed(committed)) => (Ok(committed), false),
                    Ok(Isolated::Interrupted) => {
                        self.seat.end();
                        return Ok(Advance::Nothing);
                    }
                    Ok(Isolated::TooMany { reason }) => {
                        self.seat.end();
                        return self.trip(reason).await.map(Advance::Tripped);
                    }
                    Err(error) => (Err(error), false),
                }
            }
            committed => (committed.map_err(|source| RunError::batch(&batch, source)), true),
        };
        let waits = self.seat.end();
        let committed = committed?;
        self.note(held, &batch, &committed, waits).await?;
        if is_whole {
            self.size(held, &batch, committed.took.saturating_sub(waits.lock_wait));
            self.adapt(&batch, &committed).await?;
        }
        if held.range.batches.is_multiple_of(PRUNE_EVERY) {
            self.tools.store.prune_batches(&*self.session.connection, held.range.id, BATCHES_KEPT).await?;
        }
        self.pay(&committed).await;
        Ok(Advance::Batch)
    }

    /// An error if the key is gone that the table is walked by: without its index each batch would read the whole table, and
    /// nothing would keep two rows from having the same key. Looked for every few seconds.
    async fn look_for_the_key(&mut self) -> Result<(), RunError> {
        let Tools { clock, sql, .. } = self.tools;
        let now = clock.monotonic();
        if self.key_seen.is_some_and(|seen| now.saturating_duration_since(seen) < LOOK_FOR_THE_KEY) {
            return Ok(());
        }
        let failed = RunError::sql("look for the key's index");
        let client = &*self.session.connection;
        if client.query_opt(&sql.key_index, &[]).await.map_err(failed)?.is_none() {
            return Err(RunError::KeyGone { index: sql.key_name().to_owned() });
        }
        self.key_seen = Some(now);
        Ok(())
    }

    /// Sends the batch, and cancels it in the server if the operator insists or the hours close.
    async fn commit(&mut self, batch: &Batch) -> Result<Committed, tokio_postgres::Error> {
        let Tools { clock, sql, stop, gate, .. } = self.tools;
        let Session { connection, prepared, .. } = &mut self.session;
        let mut commit = std::pin::pin!(prepared.commit(connection, (clock, sql), batch));
        tokio::select! {
            biased;
            done = &mut commit => return done,
            () = stop.reached(StopLevel::Cancel) => {}
            () = gate.closing() => {}
        }
        connection.cancel().await;
        commit.await
    }

    async fn note(
        &mut self,
        held: &mut Held,
        batch: &Batch,
        committed: &Committed,
        waits: Waits,
    ) -> Result<(), RunError> {
        let range = &mut held.range;
        range.batches += 1;
        range.rows_seen += batch.seen;
        range.rows_changed += committed.changed;
        range.position = committed.position.clone();
        self.tools.observer.notice(Notice::Batch { seen: batch.seen, changed: committed.changed });
        self.tools.gate.note(batch.seen);
        self.tools.vacuum.note(committed.changed, committed.hot);
        self.wal_of_row = committed.wal_bytes as f64 / batch.seen.max(1) as f64;
        if waits != Waits::default() {
            let client = &*self.session.connection;
            self.tools.store.note_waits(client, held.range.id, Some(committed.id), waits).await?;
        }
        held.ahead.found(committed.next_upper.clone(), batch.next_size);
        Ok(())
    }

    /// Fits the size of the batches to come to how long this one took.
    fn size(&mut self, held: &mut Held, batch: &Batch, took: Duration) {
        let looked_ahead = self.sizer.size();
        let seen = u32::try_from(batch.seen).unwrap_or(u32::MAX);
        if let Some(resize) = self.sizer.observe(seen, took) {
            self.tools.observer.notice(Notice::Resized { reason: resize.to_string() });
            // What was looked ahead has the old size: right for a step up, too much for a fall.
            if resize.to < looked_ahead {
                held.ahead.forget();
            }
        }
    }

    /// Learns from the batch how well the strides serve, and says so when they change.
    async fn adapt(&mut self, batch: &Batch, committed: &Committed) -> Result<(), RunError> {
        let (stride, strides) = batch.stride();
        let seen = Seen { stride, strides, rows: batch.seen, changed: committed.changed, hot: committed.hot };
        let window_ended = strides > 1 && committed.position.window.is_none();
        let Some(change) = self.interleaver.1.observe(&seen, window_ended) else { return Ok(()) };
        let Tools { walk, store, run, observer, .. } = self.tools;
        let client = &*self.session.connection;
        let change = walk::explain(client, &change).await;
        store.describe_walk(client, *run, &walk.describe(Some(&change))).await?;
        observer.notice(Notice::Resized { reason: change });
        Ok(())
    }

    async fn finish(&self, held: &Held) -> Result<Advance, RunError> {
        failpoint!("range.finishing");
        if self.tools.store.finish_range(&*self.session.connection, held.range.id, held.lease).await? {
            failpoint!("range.finished");
            Ok(Advance::RangeFinished)
        } else {
            Err(RunError::LeaseLost { range: held.range.id })
        }
    }

    /// Waits until what the batch did fits the limits. A stop ends the waiting.
    async fn pay(&self, committed: &Committed) {
        let Tools { gate, stop, .. } = self.tools;
        tokio::select! {
            () = gate.rates.pay(committed.changed, committed.wal_bytes) => {}
            () = stop.reached(StopLevel::AfterBatch) => {}
        }
    }
}
