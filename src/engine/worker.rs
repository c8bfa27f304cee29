//! A worker: claims ranges of a pass and walks them batch by batch.
//!
//! [`Worker::step`] is the body of the loop: it does one thing and says what came of it. After any error the
//! checkpoint is read from the database; what this worker remembers is only trusted as long as nothing went wrong.

use std::num::NonZeroU32;
use std::time::Duration;

use super::batch::{Batch, Committed, Prepared};
use super::statements::JobSql;
use super::stop::{Stop, StopLevel};
use super::{Notice, Observer, RunError};
use crate::clock::Clock;
use crate::model::{BatchOptions, Job, KeyValue, Lease, Pass, RunId, WorkerId};
use crate::pg::{ConnectError, Connection, Connector, ErrorClass};
use crate::plan::backoff::BackoffPolicy;
use crate::plan::batch_size::BatchSizer;
use crate::store::{RangeRow, Store};
use crate::throttle::RowRate;

/// Batches kept in the log of each range.
const BATCHES_KEPT: i64 = 10_000;

/// How often the log of batches is pruned, in batches.
const PRUNE_EVERY: u64 = 500;

/// A batch that takes so many times its target is hopeless at its size and is cut off by the server: twice the
/// factor at which the size falls to a tenth.
const STATEMENT_TIMEOUT_FACTOR: u32 = 10;

/// No batch is cut off sooner than this, however short its target: a checkpoint or a cold cache is no reason.
const LEAST_STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);

/// So many lock timeouts in a row, and the batch is split (GitLab's three attempts).
const LOCK_FAILURES_BEFORE_SPLIT: u32 = 3;

/// How often a range is asked for that a dead process's last batch has locked.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// What a step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A batch was committed, or a range claimed or finished.
    Advanced,
    /// No range of the pass is open any more.
    Finished,
    /// Something failed that may pass, and was waited for.
    Waited,
    /// The operator's stop was obeyed; the batch that was running was finished, or cancelled.
    Stopped,
}

/// What a step in a range came to.
enum Walk {
    Batch,
    RangeFinished,
}

/// What a worker works with.
pub(super) struct Tools<'w> {
    pub(super) clock: &'w Clock,
    pub(super) connector: &'w Connector,
    pub(super) store: &'w Store,
    pub(super) sql: &'w JobSql,
    pub(super) observer: &'w dyn Observer,
    pub(super) stop: &'w Stop,
    pub(super) lock_timeout: Duration,
    pub(super) target: Duration,
}

/// A connection with the batch's statements prepared on it.
pub(super) struct Session {
    connection: Connection,
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
    tools: Tools<'w>,
    run: RunId,
    id: WorkerId,
    session: Session,
    sizer: BatchSizer,
    rate: Option<RowRate>,
    held: Option<Held>,
    failures: Failures,
}

/// The range in hand.
struct Held {
    range: RangeRow,
    lease: Lease,
    /// The next batch's end, looked up together with the batch before, and for how many keys.
    next: Option<(KeyValue, u32)>,
}

/// Failures since the last committed batch.
#[derive(Default)]
struct Failures {
    count: u32,
    lock: u32,
    since: Option<std::time::Instant>,
}

impl<'w> Worker<'w> {
    /// A worker that is registered already as `id` on `connection`.
    pub(super) fn new(tools: Tools<'w>, job: &Job, run: RunId, id: WorkerId, session: Session) -> Self {
        // A batch is at most a second's worth of the rate, so that the pace is even.
        let most = job.batch.max.min(job.rows_per_second.unwrap_or(u32::MAX)).max(job.batch.min);
        let sizer = BatchSizer::new(BatchOptions { max: most, ..job.batch });
        let rate = job.rows_per_second.and_then(NonZeroU32::new).map(RowRate::per_second);
        Self { tools, run, id, session, sizer, rate, held: None, failures: Failures::default() }
    }

    /// The id it is registered as.
    pub(super) fn id(&self) -> WorkerId {
        self.id
    }

    /// The connection, for what has to be done between passes.
    pub(super) fn connection(&mut self) -> &mut Connection {
        self.session.connection()
    }

    /// Does one thing.
    pub(super) async fn step(&mut self, pass: Pass) -> Result<Step, RunError> {
        if self.tools.stop.is_asked() {
            return Ok(Step::Stopped);
        }
        let result = match self.held.take() {
            None => self.claim(pass).await,
            Some(mut held) => {
                let walked = self.advance(pass, &mut held).await;
                if !matches!(walked, Ok(Walk::RangeFinished)) {
                    self.held = Some(held);
                }
                walked.map(|_| Step::Advanced)
            }
        };
        match result {
            Ok(step) => {
                self.failures = Failures::default();
                Ok(step)
            }
            Err(error) => self.recover(error).await,
        }
    }

    async fn claim(&mut self, pass: Pass) -> Result<Step, RunError> {
        let claimed =
            self.tools.store.claim_range(&*self.session.connection, self.run, pass, self.id).await?;
        let Some((range, lease)) = claimed else { return self.wait_for_ranges(pass).await };
        failpoint!("range.claimed");
        self.held = Some(Held { range, lease, next: None });
        Ok(Step::Advanced)
    }

    /// There is no range to take. If none is open, the pass is at its end. Else, as only one process is registered for
    /// a run, either this one isn't any more, or a dead one's last batch is still running in the server: until that
    /// has ended, nobody knows where the range stands.
    async fn wait_for_ranges(&self, pass: Pass) -> Result<Step, RunError> {
        let (store, connection) = (self.tools.store, &*self.session.connection);
        let open = store.open_ranges(connection, self.run, pass).await?;
        let Some(range) = open.first() else { return Ok(Step::Finished) };
        if !store.confirm_worker(connection, self.id).await? {
            return Err(RunError::GivenUp);
        }
        let reason = format!("range {} is locked by the last batch of a process that is gone", range.id);
        self.tools.observer.notice(Notice::Waiting { reason });
        tokio::select! {
            () = self.tools.clock.sleep(ASK_EVERY) => Ok(Step::Waited),
            () = self.tools.stop.reached(StopLevel::AfterBatch) => Ok(Step::Stopped),
        }
    }

    /// The next batch of the range in hand, or its end.
    async fn advance(&mut self, pass: Pass, held: &mut Held) -> Result<Walk, RunError> {
        if held.range.checkpoint.as_ref() == Some(&held.range.upper) {
            return self.finish(held).await;
        }
        let (upper, seen) = self.next_interval(held).await?;
        let batch = Batch {
            pass,
            range: held.range.id,
            lease: held.lease,
            checkpoint: held.range.checkpoint.clone(),
            lower: held.range.position().cloned(),
            upper,
            seen,
            range_upper: held.range.upper.clone(),
            next_size: self.sizer.size(),
            lock_timeout: self.tools.lock_timeout,
            statement_timeout: (self.tools.target * STATEMENT_TIMEOUT_FACTOR).max(LEAST_STATEMENT_TIMEOUT),
        };
        let committed = self.commit(&batch).await.map_err(|source| RunError::batch(&batch, source))?;
        self.note(held, batch, &committed);
        if held.range.batches.is_multiple_of(PRUNE_EVERY) {
            self.tools.store.prune_batches(&*self.session.connection, held.range.id, BATCHES_KEPT).await?;
        }
        self.pay(committed.changed).await;
        Ok(Walk::Batch)
    }

    /// Where the next batch ends and how many keys it has: looked ahead with the batch before, or looked up now.
    async fn next_interval(&self, held: &mut Held) -> Result<(KeyValue, u64), RunError> {
        if let Some((upper, keys)) = held.next.take() {
            return Ok((upper, u64::from(keys)));
        }
        let (position, end, size) = (held.range.position(), &held.range.upper, self.sizer.size());
        let Session { connection, prepared } = &self.session;
        let failed = RunError::sql("look up where the batch ends");
        if let Some(upper) = prepared.bound(connection, position, end, size).await.map_err(failed)? {
            return Ok((upper, u64::from(size)));
        }
        let failed = RunError::sql("count the last keys of the range");
        let keys = prepared.tail(connection, position, end).await.map_err(failed)?;
        Ok((end.clone(), keys))
    }

    /// Sends the batch, and cancels it in the server if the operator insists.
    async fn commit(&self, batch: &Batch) -> Result<Committed, tokio_postgres::Error> {
        let mut commit =
            std::pin::pin!(self.session.prepared.commit(&self.session.connection, self.tools.clock, batch));
        tokio::select! {
            biased;
            done = &mut commit => return done,
            () = self.tools.stop.reached(StopLevel::Cancel) => {}
        }
        self.session.connection.cancel().await;
        commit.await
    }

    fn note(&mut self, held: &mut Held, batch: Batch, committed: &Committed) {
        let range = &mut held.range;
        range.batches += 1;
        range.rows_seen += batch.seen;
        range.rows_changed += committed.changed;
        self.tools.observer.notice(Notice::Batch { seen: batch.seen, changed: committed.changed });
        range.checkpoint = Some(batch.upper);
        let looked_ahead = self.sizer.size();
        held.next = committed.next_upper.clone().map(|upper| (upper, batch.next_size));
        let seen = u32::try_from(batch.seen).unwrap_or(u32::MAX);
        if let Some(resize) = self.sizer.observe(seen, committed.took) {
            self.tools.observer.notice(Notice::Resized { reason: resize.to_string() });
            // What was looked ahead has the old size: right for a step up, too much for a fall.
            if resize.to < looked_ahead {
                held.next = None;
            }
        }
    }

    async fn finish(&self, held: &Held) -> Result<Walk, RunError> {
        failpoint!("range.finishing");
        if self.tools.store.finish_range(&*self.session.connection, held.range.id, held.lease).await? {
            failpoint!("range.finished");
            Ok(Walk::RangeFinished)
        } else {
            Err(RunError::LeaseLost { range: held.range.id })
        }
    }

    /// Waits until the rows changed fit the limit. A stop ends the waiting.
    async fn pay(&self, changed: u64) {
        if let Some(rate) = &self.rate {
            tokio::select! {
                () = rate.pay(changed) => {}
                () = self.tools.stop.reached(StopLevel::AfterBatch) => {}
            }
        }
    }

    /// Decides what an error means, waits if waiting helps, and reads the checkpoint before anything else is done.
    async fn recover(&mut self, error: RunError) -> Result<Step, RunError> {
        let class = error.class();
        if class == ErrorClass::Fenced {
            return self.reread_after_fence(error).await;
        }
        if self.tools.stop.level() >= StopLevel::Cancel && class == ErrorClass::Timeout {
            return Ok(Step::Stopped);
        }
        self.failures.count += 1;
        let now = self.tools.clock.monotonic();
        let elapsed = now.saturating_duration_since(*self.failures.since.get_or_insert(now));
        let policy = match class {
            ErrorClass::Lock => {
                self.failures.lock += 1;
                if self.failures.lock.is_multiple_of(LOCK_FAILURES_BEFORE_SPLIT) {
                    self.split("waits for locks");
                }
                BackoffPolicy::LOCK
            }
            ErrorClass::Timeout => {
                if !self.split("took longer than its statement timeout") {
                    return Err(error);
                }
                BackoffPolicy::LOCK
            }
            ErrorClass::Connection => BackoffPolicy::CONNECTION,
            _ => return Err(error),
        };
        let Ok(pause) = policy.delay(self.failures.count, elapsed, fastrand::f64()) else {
            return Err(error);
        };
        self.tools.observer.notice(Notice::Waiting { reason: format!("{}; trying again", error.in_short()) });
        tokio::select! {
            () = self.tools.clock.sleep(pause) => {}
            () = self.tools.stop.reached(StopLevel::AfterBatch) => return Ok(Step::Stopped),
        }
        if class == ErrorClass::Connection {
            self.reconnect().await?;
        }
        self.reread().await?;
        Ok(Step::Waited)
    }

    /// The range is another's; or it is still ours, and a batch whose connection was lost has committed after all,
    /// later than the checkpoint was read. Then the work goes on behind it.
    async fn reread_after_fence(&mut self, error: RunError) -> Result<Step, RunError> {
        let Some(range) = self.held.as_ref().map(|held| held.range.id) else { return Err(error) };
        self.reread().await?;
        if self.held.is_some() { Ok(Step::Waited) } else { Err(RunError::LeaseLost { range }) }
    }

    fn split(&mut self, reason: &str) -> bool {
        let split = self.sizer.split(reason);
        if let Some(resize) = &split {
            self.tools.observer.notice(Notice::Resized { reason: resize.to_string() });
        }
        split.is_some()
    }

    /// A new connection. Not there yet is no error here: the next step fails on the old one, and comes back to
    /// `recover` with the deadline running.
    async fn reconnect(&mut self) -> Result<(), RunError> {
        let tools = &self.tools;
        let fresh = async {
            let connection = tools.connector.connect("batches").await?;
            let session = Session::prepare(connection, tools.sql, tools.store).await?;
            let known = tools.store.move_worker(&*session.connection, self.id).await?;
            Ok((session, known))
        };
        match fresh.await {
            Ok((_, false)) => Err(RunError::GivenUp),
            Ok((session, true)) => {
                self.session = session;
                Ok(())
            }
            Err(RunError::Connect(ConnectError::Standby { .. })) => Ok(()),
            Err(error) if error.class() == ErrorClass::Connection => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes the range's checkpoint from the database. A range that this lease doesn't hold any more is let go:
    /// it was finished with its answer lost, or another has it; the next claim tells.
    async fn reread(&mut self) -> Result<(), RunError> {
        let Some(held) = &self.held else { return Ok(()) };
        let (range, lease) = (held.range.id, held.lease);
        // A COMMIT that was cancelled before it began leaves its transaction behind, failed but open. Where there is
        // none, this is a warning; where the connection is gone, the next statement tells.
        let _ = self.session.connection.batch_execute("ROLLBACK").await;
        match self.tools.store.read_range(&*self.session.connection, range, lease).await {
            Ok(row) => self.held = row.map(|range| Held { range, lease, next: None }),
            Err(error) if error.class() == ErrorClass::Connection => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}
