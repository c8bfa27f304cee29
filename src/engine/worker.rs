//! A worker: claims ranges of a pass and walks them batch by batch.
//!
//! [`Worker::step`] is the body of the loop: it does one thing and says what came of it. After any error the range's
//! position is read from the database; what this worker remembers is only trusted as long as nothing went wrong.

mod intervals;
mod recovery;
mod splitting;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::batch::{Batch, Committed, Prepared};
use super::statements::JobSql;
use super::stop::{Stop, StopLevel};
use super::vacuum::Vacuum;
use super::walk::{self, Walk};
use super::{Notice, Observer, RunError};
use crate::clock::Clock;
use crate::model::{BatchOptions, Job, Lease, Order, Pass, RangeId, RunId, WorkerId};
use crate::pg::{Connection, Connector};
use crate::plan::batch_size::BatchSizer;
use crate::plan::interleave::{Interleaver, Seen};
use crate::store::{RangeRow, Store};
use crate::throttle::RowRate;

/// Batches kept in the log of each range.
const BATCHES_KEPT: i64 = 10_000;

/// How often the log of batches is pruned, in batches.
const PRUNE_EVERY: u64 = 500;

/// With a limit of rows a second, batches a second at the least: a burst of many rows, and the flush of what they
/// wrote, makes others wait. With 4 a second traffic beside a paced run had a p99 of four times its own.
const BATCHES_A_SECOND: u32 = 50;

/// A batch that takes so many times its target is hopeless at its size and is cut off by the server: twice the
/// factor at which the size falls to a tenth.
const STATEMENT_TIMEOUT_FACTOR: u32 = 10;

/// No batch is cut off sooner than this, however short its target: a checkpoint or a cold cache is no reason.
const LEAST_STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);

/// What a step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A batch was committed, or a range claimed, finished or split.
    Advanced,
    /// No range of the pass is open any more.
    Finished,
    /// Something failed that may pass, or others are still at work, and that was waited for.
    Waited,
    /// The operator's stop was obeyed, or another worker of this process has failed; the batch that was running was
    /// finished, or cancelled.
    Stopped,
}

/// What a step in a range came to.
enum Advance {
    Batch,
    RangeFinished,
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
    pub(super) rate: Option<RowRate>,
    pub(super) walk: &'w Walk,
    pub(super) vacuum: Vacuum<'w>,
    pub(super) lock_timeout: Duration,
    pub(super) target: Duration,
    pub(super) run: RunId,
}

/// A connection with the batch's statements prepared on it.
pub(super) struct Session {
    pub(super) connection: Connection,
    prepared: Prepared,
}

impl Session {
    pub(super) async fn prepare(
        connection: Connection,
        sql: &JobSql,
        store: &Store,
    ) -> Result<Self, RunError> {
        let failed = RunError::sql("prepare a batch");
        let prepared = Prepared::on(&connection, sql, &store.sql).await.map_err(failed)?;
        Ok(Self { connection, prepared })
    }

    pub(super) fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

/// A worker on one connection.
pub(super) struct Worker<'w> {
    tools: &'w Tools<'w>,
    id: WorkerId,
    session: Session,
    sizer: BatchSizer,
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
    pub(super) fn new(tools: &'w Tools<'w>, job: &Job, id: WorkerId, session: Session) -> Self {
        let most =
            job.rows_per_second.map_or(job.batch.max, |rate| job.batch.max.min(rate / BATCHES_A_SECOND));
        let sizer = BatchSizer::new(BatchOptions { max: most.max(job.batch.min), ..job.batch });
        let order = tools.walk.order;
        let interleaver = (order, tools.walk.interleaver(order, Pass::BACKFILL));
        let failures = recovery::Failures::default();
        Self { tools, id, session, sizer, interleaver, held: None, unheld: None, failures }
    }

    /// The id it is registered as.
    pub(super) fn id(&self) -> WorkerId {
        self.id
    }

    /// The connection, for what has to be done between passes.
    pub(super) fn connection(&mut self) -> &mut Connection {
        &mut self.session.connection
    }

    /// Forgets the range in hand, which was ended under it.
    pub(super) fn let_go(&mut self) {
        self.held = None;
    }

    /// Steps through the pass. `false`: stopped.
    pub(super) async fn walk(&mut self, pass: Pass) -> Result<bool, RunError> {
        let order = self.tools.walk.order;
        self.interleaver = (order, self.tools.walk.interleaver(order, pass));
        loop {
            match self.step(pass).await {
                Ok(Step::Advanced | Step::Waited) => {}
                Ok(Step::Stopped) => return Ok(false),
                Ok(Step::Finished) => return Ok(true),
                Err(error) => {
                    self.tools.failed.store(true, Ordering::SeqCst);
                    return Err(error);
                }
            }
        }
    }

    /// Does one thing.
    pub(super) async fn step(&mut self, pass: Pass) -> Result<Step, RunError> {
        if self.tools.stop.is_asked() || self.tools.failed.load(Ordering::SeqCst) {
            return Ok(Step::Stopped);
        }
        let result = match self.held.take() {
            None => self.claim(pass).await,
            Some(mut held) => {
                let advanced = self.advance(pass, &mut held).await;
                if !matches!(advanced, Ok(Advance::RangeFinished)) {
                    self.held = Some(held);
                }
                advanced.map(|_| Step::Advanced)
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
            lock_timeout: self.tools.lock_timeout,
            statement_timeout: (self.tools.target * STATEMENT_TIMEOUT_FACTOR).max(LEAST_STATEMENT_TIMEOUT),
        };
        let committed = self.commit(&batch).await.map_err(|source| RunError::batch(&batch, source))?;
        self.note(held, &batch, &committed).await?;
        if held.range.batches.is_multiple_of(PRUNE_EVERY) {
            self.tools.store.prune_batches(&*self.session.connection, held.range.id, BATCHES_KEPT).await?;
        }
        self.pay(committed.changed).await;
        Ok(Advance::Batch)
    }

    /// Sends the batch, and cancels it in the server if the operator insists.
    async fn commit(&mut self, batch: &Batch) -> Result<Committed, tokio_postgres::Error> {
        let Tools { clock, sql, stop, .. } = self.tools;
        let Session { connection, prepared } = &mut self.session;
        let mut commit = std::pin::pin!(prepared.commit(connection, (clock, sql), batch));
        tokio::select! {
            biased;
            done = &mut commit => return done,
            () = stop.reached(StopLevel::Cancel) => {}
        }
        connection.cancel().await;
        commit.await
    }

    async fn note(&mut self, held: &mut Held, batch: &Batch, committed: &Committed) -> Result<(), RunError> {
        let range = &mut held.range;
        range.batches += 1;
        range.rows_seen += batch.seen;
        range.rows_changed += committed.changed;
        range.position = committed.position.clone();
        self.tools.observer.notice(Notice::Batch { seen: batch.seen, changed: committed.changed });
        self.tools.vacuum.note(committed.changed, committed.hot);
        let looked_ahead = self.sizer.size();
        held.ahead.found(committed.next_upper.clone(), batch.next_size);
        let seen = u32::try_from(batch.seen).unwrap_or(u32::MAX);
        if let Some(resize) = self.sizer.observe(seen, committed.took) {
            self.tools.observer.notice(Notice::Resized { reason: resize.to_string() });
            // What was looked ahead has the old size: right for a step up, too much for a fall.
            if resize.to < looked_ahead {
                held.ahead.forget();
            }
        }
        self.adapt(batch, committed).await
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

    /// Waits until the rows changed fit the limit. A stop ends the waiting.
    async fn pay(&self, changed: u64) {
        if let Some(rate) = &self.tools.rate {
            tokio::select! {
                () = rate.pay(changed) => {}
                () = self.tools.stop.reached(StopLevel::AfterBatch) => {}
            }
        }
    }
}
