//! One process at work on the history: connected, alone, and patient with others' locks.

use std::sync::Mutex;
use std::sync::atomic::AtomicI32;
use std::time::Duration;

use super::attempt::{Attempt, Done};
use super::lock::HistoryLock;
use super::patience::Patience;
use super::timing::Timing;
use super::{ChangeOptions, FailedSection, History, HistoryError};
use crate::engine::timings::Timer;
use crate::engine::{Notice, StopLevel};
use crate::model::{Direction, Revision, RevisionId, Section};
use crate::pg::{Connection, ErrorClass};
use crate::plan::backoff::GiveUp;
use crate::plan::lint::observed::Taken;
use crate::plan::timings::Phase;
use crate::store::{Event, Subject, Use};

/// Alone on the database's history, as long as it lives.
pub(super) struct Session<'h> {
    pub(super) history: &'h History<'h>,
    pub(super) options: &'h ChangeOptions<'h>,
    pub(super) connection: Connection,
    doing: &'static str,
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
    /// What the attempt that goes through has taken.
    pub(super) taken: Mutex<Vec<Taken>>,
    /// What its statements took.
    pub(super) timing: Mutex<Timing>,
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
        doing: &'static str,
    ) -> Result<Self, HistoryError> {
        let mut connection = history.engine.connector.connect(doing).await?;
        history.engine.store.refuse_to_come_first(&connection).await?;
        history.engine.store.install(&mut connection).await?;
        history.engine.store.require(&*connection, Use::Record).await?;
        let lock = history.lock(doing).await?;
        Ok(Self { history, options, connection, doing, lock, monitor: None })
    }

    /// The session there is, or another where it was let go.
    pub(super) async fn go_on(
        session: Option<Self>,
        history: &'h History<'h>,
        options: &'h ChangeOptions<'h>,
        doing: &'static str,
    ) -> Result<Self, HistoryError> {
        match session {
            Some(session) => Ok(session),
            None => Self::begin(history, options, doing).await,
        }
    }

    /// Lets others change the history.
    pub(super) async fn end(self) {
        self.lock.release().await;
    }

    /// An error if the operator asked to stop.
    pub(super) fn may_go_on(&self, next: &RevisionId) -> Result<(), HistoryError> {
        if self.history.engine.stop.is_asked() {
            return Err(HistoryError::Stopped { before: format!("revision {next}") });
        }
        Ok(())
    }

    /// Connected, and alone: again, where that was lost.
    async fn restore(&mut self, is_lost: bool, patience: &mut Patience) -> Result<(), HistoryError> {
        if is_lost || self.connection.is_closed() {
            self.monitor = None;
            self.connection = self.history.engine.connector.connect(self.doing).await?;
            patience.connected();
        }
        if self.lock.is_lost() {
            self.lock = self.history.lock(self.doing).await?;
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
        let timer = Timer::new(engine, Subject::Revision(&change.revision.id));
        timer.take(Phase::Before).await;
        self.may_go_on(&change.revision.id)?;
        let started = engine.clock.monotonic();
        let done = tokio::select! {
            done = self.try_until_done(change) => done,
            () = timer.watch() => unreachable!("it watches for ever"),
        };
        if let Ok(done) = done {
            let took = engine.clock.monotonic().saturating_duration_since(started);
            if done == Done::Now {
                timer.take(Phase::After).await;
            }
            let (revision, direction) = (change.title(), change.direction);
            engine.observer.notice(Notice::Applied { revision, direction, done, took });
        }
        done
    }

    async fn try_until_done(&mut self, change: &Change<'_>) -> Result<Done, HistoryError> {
        let engine = self.history.engine;
        let (seen, mut patience, mut is_lost) = (Seen::default(), Patience::default(), false);
        loop {
            let error = match self.try_once(change, &seen, is_lost, &mut patience).await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            is_lost = error.class() == ErrorClass::Connection;
            match patience.failed(error.class(), engine.clock.monotonic(), fastrand::f64()) {
                Ok(pause) => self.wait(change, is_lost, &seen, pause).await?,
                Err(gave_up) => {
                    let error = tell(error, &seen, gave_up);
                    self.record_failure(change, &error).await;
                    return Err(error);
                }
            }
        }
    }

    async fn try_once(
        &mut self,
        change: &Change<'_>,
        seen: &Seen,
        is_lost: bool,
        patience: &mut Patience,
    ) -> Result<Done, HistoryError> {
        self.restore(is_lost, patience).await?;
        self.try_until_cancelled(change, seen).await
    }

    /// Waits, and says for what.
    async fn wait(
        &self,
        change: &Change<'_>,
        is_lost: bool,
        seen: &Seen,
        pause: Duration,
    ) -> Result<(), HistoryError> {
        let engine = self.history.engine;
        let id = &change.revision.id;
        let reason = match seen.blockers.lock().expect("no holder can panic").first() {
            _ if is_lost => format!("revision {id} lost its connection; connecting again"),
            Some(blocker) => format!("revision {id} waits for a lock of {blocker}"),
            None => format!("revision {id} waits for a lock that another session holds"),
        };
        engine.observer.notice(Notice::Waiting { reason });
        if engine.stop.asked_within(engine.clock, pause).await {
            return Err(HistoryError::Stopped { before: format!("revision {id}") });
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
            lock: &self.lock,
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
