//! A worker: claims ranges of a pass and walks them batch by batch.
//!
//! [`Worker::step`] is the body of the loop: it does one thing and says what came of it. After any error the range's
//! position is read from the database; what this worker remembers is only trusted as long as nothing went wrong.

mod batches;
mod intervals;
mod isolation;
mod recovery;
mod splitting;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::batch::Prepared;
use super::gate::Gate;
use super::lock_monitor::LockMonitor;
use super::seat::Seat;
use super::statements::JobSql;
use super::stop::{Stop, StopLevel};
use super::vacuum::Vacuum;
use super::walk::Walk;
use super::{Leave, Notice, Observer, RunError};
use crate::clock::Clock;
use crate::model::{BatchOptions, Job, Lease, Order, Pass, RangeId, RunId, WorkerId};
use crate::pg::{Connection, Connector};
use crate::plan::admission::Admission;
use crate::plan::batch_size::BatchSizer;
use crate::plan::interleave::Interleaver;
use crate::store::{Identity, RangeRow, Store};
use batches::Advance;

/// With a limit of rows or WAL a second, batches a second at the least: a burst of many rows, and the flush of what they
/// wrote, makes others wait. With 4 a second traffic beside a paced run had a p99 of four times its own.
const BATCHES_A_SECOND: f64 = 50.0;

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
        let seat = tools.locks.seat(number);
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
        self.tools.observer.notice(Notice::Rested { worker: self.number });
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
        self.tools.observer.notice(Notice::Claimed {
            worker: self.number,
            range: range.id,
            from: range.next().map(ToString::to_string),
            to: range.upper.to_string(),
        });
        self.held = Some(Held::new(range, lease));
        Ok(Step::Advanced)
    }
}
