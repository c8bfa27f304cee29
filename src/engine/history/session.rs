//! One process at work on the history: connected, alone, and patient with others' locks.

use std::sync::Mutex;
use std::sync::atomic::AtomicI32;
use std::time::{Duration, Instant};

use super::attempt::{Attempt, Done};
use super::lock::HistoryLock;
use super::{ChangeOptions, FailedSection, History, HistoryError};
use crate::engine::{Notice, StopLevel};
use crate::model::{Direction, Revision, RevisionId, Section};
use crate::pg::{Connection, ErrorClass};
use crate::plan::backoff::{BackoffPolicy, GiveUp};
use crate::store::Event;

/// Alone on the database's history, as long as it lives.
pub(super) struct Session<'h> {
    pub(super) history: &'h History<'h>,
    pub(super) options: &'h ChangeOptions<'h>,
    pub(super) connection: Connection,
    lock: HistoryLock,
    /// Looks who is in the way; opened when somebody seems to be.
    monitor: Option<Connection>,
}

/// What is to be done to a schema revision.
pub(super) struct Change<'r> {
    pub(super) revision: &'r Revision,
    pub(super) direction: Direction,
    /// What is run.
    pub(super) section: &'r Section,
    /// What must hold then.
    pub(super) verify: Option<&'r str>,
    /// On the way up, what must be applied; on the way down, what must not.
    pub(super) neighbours: Vec<&'r str>,
}

/// What the attempts at one revision tell each other.
#[derive(Default)]
pub(super) struct Seen {
    /// The backend at work; 0 until it is known.
    pub(super) backend: AtomicI32,
    /// Who was in its way last.
    pub(super) blockers: Mutex<Vec<String>>,
}

impl Change<'_> {
    fn title(&self) -> String {
        format!("{} {}", self.revision.id, self.revision.message)
    }
}

impl<'h> Session<'h> {
    /// Connects, sees to the control schema, and waits until nobody else is at work.
    pub(super) async fn begin(
        history: &'h History<'h>,
        options: &'h ChangeOptions<'h>,
        doing: &str,
    ) -> Result<Self, HistoryError> {
        let mut connection = history.engine.connector.connect(doing).await?;
        history.engine.store.refuse_to_come_first(&connection).await?;
        history.engine.store.install(&mut connection).await?;
        let lock = history.lock(doing).await?;
        Ok(Self { history, options, connection, lock, monitor: None })
    }

    /// An error unless this process is still alone, and is to go on.
    pub(super) fn may_go_on(&self, next: &RevisionId) -> Result<(), HistoryError> {
        if self.lock.is_lost() {
            return Err(HistoryError::LockLost { revision: next.clone() });
        }
        if self.history.engine.stop.is_asked() {
            return Err(HistoryError::Stopped { before: format!("revision {next}") });
        }
        Ok(())
    }

    /// A transaction of ours, rolled back unless committed.
    pub(super) async fn transaction(&mut self) -> Result<tokio_postgres::Transaction<'_>, HistoryError> {
        self.connection.transaction().await.map_err(HistoryError::sql("begin"))
    }

    /// Applies or undoes a schema revision; tries again while others' locks are in the way or the connection is lost.
    pub(super) async fn change(&mut self, change: &Change<'_>) -> Result<Done, HistoryError> {
        let engine = self.history.engine;
        self.may_go_on(&change.revision.id)?;
        engine.observer.notice(Notice::Applying { revision: change.title(), direction: change.direction });
        let (started, seen) = (engine.clock.monotonic(), Seen::default());
        let mut attempts = 0;
        loop {
            let error = match self.try_until_cancelled(change, &seen).await {
                Ok(done) => {
                    let took = engine.clock.monotonic().saturating_duration_since(started);
                    engine.observer.notice(Notice::Applied {
                        revision: change.title(),
                        direction: change.direction,
                        done,
                        took,
                    });
                    return Ok(done);
                }
                Err(error) => error,
            };
            attempts += 1;
            match self.pause(&error, attempts, started) {
                Ok(pause) => self.wait(change, &error, &seen, pause).await?,
                Err(gave_up) => {
                    let error = tell(error, &seen, gave_up.filter(|_| attempts > 1));
                    self.record_failure(change, &error).await;
                    return Err(error);
                }
            }
        }
    }

    /// How long to wait before the next attempt; `Err` when there is none.
    fn pause(
        &self,
        error: &HistoryError,
        attempts: u32,
        started: Instant,
    ) -> Result<Duration, Option<GiveUp>> {
        let policy = match error.class() {
            ErrorClass::Lock => BackoffPolicy::DDL,
            ErrorClass::Connection => BackoffPolicy::CONNECTION,
            _ => return Err(None),
        };
        let elapsed = self.history.engine.clock.monotonic().saturating_duration_since(started);
        policy.delay(attempts, elapsed, fastrand::f64()).map_err(Some)
    }

    /// Waits, says for what, and connects again where the connection was lost.
    async fn wait(
        &mut self,
        change: &Change<'_>,
        error: &HistoryError,
        seen: &Seen,
        pause: Duration,
    ) -> Result<(), HistoryError> {
        let engine = self.history.engine;
        let id = &change.revision.id;
        let lost = error.class() == ErrorClass::Connection;
        let reason = match seen.blockers.lock().expect("no holder can panic").first() {
            _ if lost => format!("revision {id} lost its connection; connecting again"),
            Some(blocker) => format!("revision {id} waits for a lock of {blocker}"),
            None => format!("revision {id} waits for a lock that another session holds"),
        };
        engine.observer.notice(Notice::Waiting { reason });
        tokio::select! {
            () = engine.clock.sleep(pause) => {}
            () = engine.stop.reached(StopLevel::AfterBatch) => {
                return Err(HistoryError::Stopped { before: format!("revision {id}") });
            }
        }
        if lost {
            // One that can't be made is one more attempt that failed.
            if let Ok(connection) = engine.connector.connect("upgrade").await {
                self.connection = connection;
            }
            self.monitor = None;
            if self.lock.is_lost() {
                self.lock = self.history.lock("upgrade").await?;
            }
        }
        Ok(())
    }

    /// One attempt, cancelled in the server when the operator insists, with an eye on who is in its way.
    async fn try_until_cancelled(&mut self, change: &Change<'_>, seen: &Seen) -> Result<Done, HistoryError> {
        let engine = self.history.engine;
        let attempt = Attempt {
            history: self.history,
            options: self.options,
            connection: &self.connection,
            change,
            seen,
        };
        let cancel = self.connection.cancel_handle();
        let mut attempt = std::pin::pin!(attempt.run());
        let done = tokio::select! {
            biased;
            done = &mut attempt => return done,
            never = super::blockers::watch(self.history, &mut self.monitor, seen) => match never {},
            () = engine.stop.reached(StopLevel::Cancel) => {
                cancel.cancel().await;
                attempt.await
            }
        };
        match done {
            Err(error) if error.class() == ErrorClass::Timeout => {
                Err(HistoryError::Stopped { before: format!("revision {} was done", change.revision.id) })
            }
            done => done,
        }
    }

    /// Best effort: the failure itself is what the caller hears of.
    async fn record_failure(&self, change: &Change<'_>, error: &HistoryError) {
        if matches!(error, HistoryError::Stopped { .. }) {
            return;
        }
        let id = &change.revision.id;
        let mut detail = serde_json::json!({
            "direction": change.direction.as_str(),
            "checksum": change.revision.checksum,
            "tool_version": env!("CARGO_PKG_VERSION"),
            "tag": self.options.tag,
        });
        let reason = match error {
            HistoryError::Section(failed) => {
                detail["statement"] = failed.statement.clone().into();
                detail["sqlstate"] = failed.source.code().map(|code| code.code().to_owned()).into();
                detail["blockers"] = failed.blockers.clone().into();
                failed
                    .source
                    .as_db_error()
                    .map_or_else(|| failed.source.to_string(), |e| e.message().to_owned())
            }
            other => other.to_string(),
        };
        let message = match change.direction {
            Direction::Up => format!("revision {id} failed: {reason}"),
            Direction::Down => format!("the undoing of revision {id} failed: {reason}"),
        };
        detail["error"] = reason.into();
        let event =
            Event { kind: "revision.failed", run: None, revision: Some(id), message, detail: Some(detail) };
        let engine = self.history.engine;
        let _ = self.connection.reset("").await;
        let _ = engine.store.record(&*self.connection, engine.identity, event).await;
    }
}

/// The error with what the attempts found out.
fn tell(error: HistoryError, seen: &Seen, gave_up: Option<GiveUp>) -> HistoryError {
    match error {
        HistoryError::Section(failed) => {
            let blockers = if failed.source.code().is_some_and(|code| code.code() == "55P03") {
                seen.blockers.lock().expect("no holder can panic").clone()
            } else {
                Vec::new()
            };
            FailedSection { blockers, gave_up, ..*failed }.into()
        }
        error => error,
    }
}
