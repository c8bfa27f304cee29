//! What a worker does about an error: decides what it means, waits if waiting helps, and reads the range's position
//! before anything else is done.

use std::time::Duration;

use super::isolation::Trip;
use super::{Held, Session, Step, Worker};
use crate::engine::seat::GaveWay;
use crate::engine::{Leave, Notice, RunError, StopLevel};
use crate::pg::{ConnectError, ErrorClass};
use crate::plan::backoff::BackoffPolicy;
use crate::plan::hours::Opening;

/// So many lock timeouts in a row, and the batch is split (GitLab's three attempts).
const LOCK_FAILURES_BEFORE_SPLIT: u32 = 3;

/// So many connections lost in a row within the same batch, and it is split: its rows may be what brings the server down.
const LOST_BEFORE_SPLIT: u32 = 3;

/// So many, and the circuit opens.
const MOST_LOST: u32 = 6;

/// However often a batch gave way, the next one is tried after a few seconds at the latest.
const MOST_PATIENT: u32 = 8;

/// Failures since the last committed batch.
#[derive(Default)]
pub(super) struct Failures {
    count: u32,
    lock: u32,
    /// Connections that were lost while a batch was at work on them.
    lost: u32,
    gave_way: u32,
    since: Option<std::time::Instant>,
}

impl Worker<'_> {
    /// Decides what an error means, waits if waiting helps, and reads the checkpoint before anything else is done.
    pub(in crate::engine) async fn recover(&mut self, error: RunError) -> Result<Step, RunError> {
        let class = error.class();
        self.tools.observer.notice(Notice::Trouble { class });
        if class == ErrorClass::Fenced {
            return self.reread_after_fence(error).await;
        }
        if class == ErrorClass::Timeout {
            if self.tools.stop.level() >= StopLevel::Cancel {
                return Ok(self.stopped());
            }
            if let Some(gave_way) = self.seat.gave_way() {
                return self.give_way(&gave_way).await;
            }
            if matches!(self.tools.gate.opening(), Opening::Closed { .. }) {
                self.reread().await?;
                return Ok(Step::Waited);
            }
        }
        if error.is_disk_full() {
            // Another attempt would fill what others need.
            return self.trip(Trip::over(&error)).await.map(Step::Leaves);
        }
        self.failures.count += 1;
        let now = self.tools.clock.monotonic();
        let elapsed = now.saturating_duration_since(*self.failures.since.get_or_insert(now));
        let policy = match class {
            ErrorClass::Lock => {
                self.failures.lock += 1;
                if self.failures.lock.is_multiple_of(LOCK_FAILURES_BEFORE_SPLIT) {
                    self.make_smaller("waits for locks");
                }
                BackoffPolicy::LOCK
            }
            ErrorClass::Timeout => {
                if !self.make_smaller("took longer than its statement timeout") {
                    return Err(error);
                }
                BackoffPolicy::LOCK
            }
            ErrorClass::Connection => {
                if matches!(error, RunError::Batch { .. }) {
                    self.failures.lost += 1;
                }
                if self.failures.lost.is_multiple_of(LOST_BEFORE_SPLIT) && self.failures.lost > 0 {
                    self.make_smaller("its connection was lost again and again");
                }
                BackoffPolicy::CONNECTION
            }
            ErrorClass::Resources => BackoffPolicy::RESOURCES,
            _ => return Err(error),
        };
        if self.failures.lost >= MOST_LOST {
            self.reconnect().await?;
            let lost = |error| format!("the connection was lost {MOST_LOST} times in a row: {error}");
            let Trip { reason, public, sqlstate } = Trip::over(&error);
            let trip = Trip { reason: lost(reason), public: public.map(lost), sqlstate };
            return self.trip(trip).await.map(Step::Leaves);
        }
        let pause = match policy.delay(self.failures.count, elapsed, fastrand::f64()) {
            Ok(pause) => pause,
            // Somebody has a row locked for long: no reason to fail, but one to come back later.
            Err(_) if class == ErrorClass::Lock && !self.tools.gate.has_patience(elapsed) => {
                return Ok(Step::Leaves(Leave::HeldTooLong { reason: self.lock_reason(&error) }));
            }
            Err(_) if class == ErrorClass::Lock => policy.cap,
            Err(_) if class == ErrorClass::Resources => {
                return self.trip(Trip::over(&error)).await.map(Step::Leaves);
            }
            Err(_) => return Err(error),
        };
        let reason = match class {
            ErrorClass::Lock => self.lock_reason(&error),
            _ => error.in_public(),
        };
        self.tools.gate.do_now(&format!("waiting: {reason}"));
        let what = format!("tries again: {reason}");
        self.tools.observer.notice(Notice::WorkerDoes { worker: self.number, what });
        self.tools.observer.notice(Notice::Waiting { reason: format!("{reason}; trying again") });
        if self.tools.stop.asked_within(self.tools.clock, pause).await {
            return Ok(self.stopped());
        }
        self.tools.gate.do_now("working");
        if class == ErrorClass::Connection {
            self.reconnect().await?;
        }
        self.reread().await?;
        Ok(Step::Waited)
    }

    /// The error, and who has the lock.
    fn lock_reason(&self, error: &RunError) -> String {
        match self.seat.waited_for() {
            Some(who) => format!("{}, held by {who}", error.in_public()),
            None => error.in_public(),
        }
    }

    /// The batch was cancelled because somebody waited for it: they go first, and the next one is smaller.
    async fn give_way(&mut self, gave_way: &GaveWay) -> Result<Step, RunError> {
        let Some(held) = &self.held else { return Ok(Step::Waited) };
        let range = held.range.id;
        self.failures.gave_way += 1;
        let reason = format!("gave way to {}", gave_way.to);
        self.tools.gate.tally.gave_way();
        if self.failures.gave_way == 1 {
            self.tools.gate.tell("batch.gave_way", format!("a batch {reason}"));
        }
        self.tools.observer.notice(Notice::WorkerDoes { worker: self.number, what: reason.clone() });
        self.tools.observer.notice(Notice::Waiting { reason: reason.clone() });
        self.make_smaller(&reason);
        // They have the lock by then; the policy's doubling keeps a batch from coming back again and again.
        let attempt = self.failures.gave_way.min(MOST_PATIENT);
        let policy = BackoffPolicy::LOCK;
        let pause = policy.delay(attempt, Duration::ZERO, fastrand::f64()).unwrap_or(policy.cap);
        if self.tools.stop.asked_within(self.tools.clock, pause).await {
            return Ok(self.stopped());
        }
        self.reread().await?;
        let waits = self.seat.end();
        self.tools.store.note_waits(&*self.session.connection, range, None, waits).await?;
        Ok(Step::Waited)
    }

    /// The range is another's; or it is still ours, and a batch whose connection was lost has committed after all,
    /// later than the checkpoint was read. Then the work goes on behind it.
    async fn reread_after_fence(&mut self, error: RunError) -> Result<Step, RunError> {
        let Some(range) = self.held.as_ref().map(|held| held.range.id) else { return Err(error) };
        self.reread().await?;
        if self.held.is_some() { Ok(Step::Waited) } else { Err(RunError::LeaseLost { range }) }
    }

    fn make_smaller(&mut self, reason: &str) -> bool {
        let split = self.sizer.split(reason);
        if let Some(resize) = &split {
            self.tools.observer.notice(Notice::Resized { reason: resize.to_string() });
        }
        split.is_some()
    }

    /// A new connection. Not there yet is no error here: the next step fails on the old one, and comes back to
    /// `recover` with the deadline running.
    async fn reconnect(&mut self) -> Result<(), RunError> {
        let tools = self.tools;
        let fresh = async {
            let connection = tools.connector.connect("batches").await?;
            let session = Session::prepare(connection, tools.sql, tools.store).await?;
            let known = tools.store.move_worker(&*session.connection, self.id).await?;
            Ok((session, known))
        };
        match fresh.await {
            Ok((_, false)) => Err(RunError::GivenUp),
            Ok((session, true)) => {
                self.seat.sit(session.process_id, session.connection.cancel_handle());
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
            Ok(row) => self.held = row.map(|range| Held::new(range, lease)),
            Err(error) if error.class() == ErrorClass::Connection => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}
