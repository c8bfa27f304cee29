//! All signals of one run: read when they are due, judged whenever somebody asks.

use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};

use super::source::Source;
use super::texts;
use crate::model::Limits;
use crate::pg::{Connection, ErrorClass, classify, sqlstate};
use crate::plan::pressure::{Judge, Reading, Verdict, verdict};

/// For how long one signal may keep the others waiting. The server gives up on a statement after 1 s; longer silence is
/// a server, or a network, that doesn't answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Before each reading. Local to a transaction: a pooler would hand a session's settings on to others. Read-only, since
/// some of the SQL is the user's.
const BEGIN: &str = "BEGIN READ ONLY; SET LOCAL statement_timeout = '1s'; SET LOCAL lock_timeout = '500ms'";

/// The connection is of no more use; what was read before grows old.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// It is lost, or the server stops.
    #[error("the connection that reads the server's health is lost")]
    Lost(#[source] tokio_postgres::Error),
    /// No answer came.
    #[error("the server has not answered for {} s", PATIENCE.as_secs())]
    Silent,
}

/// The signals of one run.
pub struct Signals {
    table: u32,
    /// What the judges' times are counted from.
    start: Option<Instant>,
    sources: Vec<Source>,
    /// A reading was cut off: its transaction may still be open.
    cut_off: bool,
}

impl Signals {
    /// The signals that these limits ask for, for a run over the table with this oid. Until [`Signals::sample`] has read
    /// them once, all of them hold.
    #[must_use]
    pub fn new(limits: &Limits, table: u32) -> Self {
        Self { table, start: None, sources: Source::all(limits), cut_off: false }
    }

    /// Other limits from now on. What was read stays, and is judged by the new ones; what is new holds until it is read.
    pub fn set_limits(&mut self, limits: &Limits) {
        let mut before = std::mem::take(&mut self.sources);
        self.sources = Source::all(limits);
        for source in &mut self.sources {
            if let Some(at) = before.iter().position(|old| old.reads_as(source)) {
                source.inherit(before.swap_remove(at));
            }
        }
    }

    /// Reads the signals that are due at `now`, at most some seconds long. To be called each second, with a connection
    /// that nothing else uses. One signal that fails is noted and the others are read; an error says that another
    /// connection is needed.
    ///
    /// Cancellation safe: what was not read is read the next time.
    pub async fn sample(&mut self, connection: &Connection, now: Instant) -> Result<(), SampleError> {
        let at = self.since_start(now);
        if std::mem::replace(&mut self.cut_off, true) {
            // Its error, if it has one, is that of the next statement too.
            let _ = tokio::time::timeout(PATIENCE, connection.batch_execute("ROLLBACK"))
                .await
                .map_err(|_| SampleError::Silent)?;
        }
        let due = self.sources.iter_mut().filter(|source| source.is_due(at));
        let (over_sql, elsewhere): (Vec<_>, Vec<_>) = due.partition(|source| source.needs_the_database());
        let table = self.table;
        let over_sql = async {
            for source in over_sql {
                read(source, connection, table, at).await?;
            }
            Ok(())
        };
        let (result, _) = join(over_sql, join_all(elsewhere.into_iter().map(|source| ask(source, at)))).await;
        self.cut_off = false;
        result
    }

    /// What the readings say at `now`. Warnings come once.
    pub fn verdict(&mut self, now: Instant) -> Verdict {
        let at = self.since_start(now);
        verdict(self.sources.iter_mut().flat_map(Source::judges), at)
    }

    fn since_start(&mut self, now: Instant) -> Duration {
        now.saturating_duration_since(*self.start.get_or_insert(now))
    }
}

/// Reads one source in a transaction of its own.
async fn read(
    source: &mut Source,
    connection: &Connection,
    table: u32,
    at: Duration,
) -> Result<(), SampleError> {
    // Also when it fails: one that takes long each time must not come before the others each time.
    source.was_asked(at);
    let reading = async {
        connection.batch_execute(BEGIN).await?;
        let readings = source.read(connection, table, at).await;
        connection.batch_execute("ROLLBACK").await?;
        readings
    };
    match tokio::time::timeout(PATIENCE, reading).await {
        Err(_) => Err(SampleError::Silent),
        Ok(Ok(readings)) => {
            source.note(at, readings);
            Ok(())
        }
        Ok(Err(error)) if classify(&error) == ErrorClass::Connection => Err(SampleError::Lost(error)),
        Ok(Err(error)) => {
            // A plan that no longer fits is made anew.
            connection.forget_prepared();
            source.fail(at, &unreadable(&error, &source.texts()));
            Ok(())
        }
    }
}

/// Asks a source that is not the database.
async fn ask(source: &mut Source, at: Duration) {
    source.was_asked(at);
    if let Some(readings) = source.ask().await {
        source.note(at, readings);
    }
}

/// An error of the server's as a reading. Rights that are missing, and SQL that doesn't fit, are so the next time as well.
fn unreadable(error: &tokio_postgres::Error, secrets: &[String]) -> Reading {
    let said = error.as_db_error().map_or_else(|| error.to_string(), |db| db.message().to_owned());
    let said = texts::concealed(&said, secrets);
    match classify(error) {
        ErrorClass::Rights => {
            let hint = sqlstate::hint(error).unwrap_or_default();
            Reading::Unreadable { why: format!("{said}; {hint}"), definitive: true }
        }
        ErrorClass::Definition => Reading::Unreadable { why: said, definitive: true },
        _ => Reading::Unreadable { why: said, definitive: false },
    }
}

impl Source {
    /// The same reading for each of its signals.
    fn fail(&mut self, at: Duration, reading: &Reading) {
        self.judges().for_each(|judge: &mut Judge| judge.note(at, reading.clone()));
    }
}
