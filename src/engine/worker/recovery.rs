//! What a worker does about an error: decides what it means, waits if waiting helps, and reads the range's position
//! before anything else is done.

use super::{Held, Session, Step, Worker};
use crate::engine::{Notice, RunError, StopLevel};
use crate::pg::{ConnectError, ErrorClass};
use crate::plan::backoff::BackoffPolicy;

/// So many lock timeouts in a row, and the batch is split (GitLab's three attempts).
const LOCK_FAILURES_BEFORE_SPLIT: u32 = 3;

/// Failures since the last committed batch.
#[derive(Default)]
pub(super) struct Failures {
    count: u32,
    lock: u32,
    since: Option<std::time::Instant>,
}

impl Worker<'_> {
    /// Decides what an error means, waits if waiting helps, and reads the checkpoint before anything else is done.
    pub(in crate::engine) async fn recover(&mut self, error: RunError) -> Result<Step, RunError> {
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
