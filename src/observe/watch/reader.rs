//! Reads snapshots: on one connection, once a second and whenever something is notified.

use std::collections::HashMap;

use super::snapshot::{EventView, RunView, Snapshot};
use crate::engine::row_limits;
use crate::model::{RunId, human_duration};
use crate::observe::{Source, Standing};
use crate::pg::{self, Connection, Connector};
use crate::store::{CHANNEL, StoreError};

/// How many events of the log are read.
const EVENTS: i64 = 60;

/// Whatever it looks for, no look takes longer.
const LONGEST: &str = "SET statement_timeout = '5s'";

/// Reads what the live view shows.
pub struct Reader<'r> {
    source: Source<'r>,
    connector: &'r Connector,
    job: Option<&'r str>,
    connection: Option<Connection>,
    /// Runs that are over don't change: they are read once.
    over: HashMap<RunId, RunView>,
}

impl<'r> Reader<'r> {
    /// A reader of all jobs' runs, or of one job's.
    #[must_use]
    pub fn new(source: Source<'r>, connector: &'r Connector, job: Option<&'r str>) -> Self {
        Self { source, connector, job, connection: None, over: HashMap::new() }
    }

    /// How things stand; why that can't be told, in words. After an error another connection is made.
    pub async fn read(&mut self) -> Result<Snapshot, String> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(self.connector).await?,
        };
        let snapshot = self.snapshot(&connection).await.map_err(|error| told(&error, error.hint()))?;
        self.connection = Some(connection);
        Ok(snapshot)
    }

    /// Waits for a notification; for ever where there is no connection. Cancellation safe.
    pub async fn notified(&self) {
        match &self.connection {
            Some(connection) => connection.notified().await,
            None => std::future::pending().await,
        }
    }

    async fn snapshot(&mut self, connection: &Connection) -> Result<Snapshot, StoreError> {
        let (store, client) = (self.source.store, &**connection);
        if !store.is_readable(connection).await? {
            let at = clock(store.now(client).await.ok());
            return Ok(Snapshot { at, ..Snapshot::default() });
        }
        let mut blocked = self.blocked(connection).await?;
        let mut runs = Vec::new();
        for run in store.runs(client, self.job).await? {
            if let Some(known) = self.over.get(&run.id).filter(|known| known.state == run.state) {
                runs.push(known.clone());
                continue;
            }
            let standing = self.source.standing(connection, run).await?;
            let view = self.view(connection, &standing, blocked.remove(&standing.run.id)).await?;
            if view.is_over() {
                self.over.insert(view.run, view.clone());
            }
            runs.push(view);
        }
        runs.sort_by_key(RunView::is_over);
        let events = store.latest_events(client, self.job, EVENTS).await?;
        let at = clock(store.now(client).await.ok());
        Ok(Snapshot { at, runs, events: events.iter().map(EventView::of).collect() })
    }

    async fn view(
        &self,
        connection: &Connection,
        standing: &Standing,
        blocked: Option<Vec<String>>,
    ) -> Result<RunView, StoreError> {
        let database = self.source.store.database_settings(&**connection).await?;
        let settings = self.source.settings;
        let run = &standing.run;
        let job = self.source.manifest.and_then(|manifest| manifest.job(&run.job, &settings.dirs).ok());
        let limits = row_limits(job, settings, (&run.settings, &database));
        Ok(RunView::of(standing, limits, blocked.unwrap_or_default()))
    }

    /// Who waits for batches of a run, and whom its batches wait for.
    async fn blocked(&self, connection: &Connection) -> Result<HashMap<RunId, Vec<String>>, StoreError> {
        let backends = self.source.store.backends(&**connection).await?;
        let mut told: HashMap<RunId, Vec<String>> = HashMap::new();
        if backends.is_empty() {
            return Ok(told);
        }
        let ours: Vec<i32> = backends.iter().map(|(_, backend)| *backend).collect();
        // What may not be seen is not told; the rest is worth showing without it.
        for waiting in pg::waiting(connection, &ours).await.unwrap_or_default() {
            let Some((run, _)) = backends.iter().find(|(_, backend)| *backend == waiting.ours) else {
                continue;
            };
            let time = human_duration(waiting.since);
            let text = if waiting.ours_waits {
                format!("a batch has waited {time} for a lock of {}", waiting.who)
            } else {
                format!("{} has waited {time} for a batch", waiting.who)
            };
            told.entry(*run).or_default().push(text);
        }
        Ok(told)
    }
}

async fn connect(connector: &Connector) -> Result<Connection, String> {
    let connection = connector.connect("watch").await.map_err(|error| told(&error, error.hint()))?;
    let begin = format!("{LONGEST}; LISTEN {CHANNEL}");
    connection.batch_execute(&begin).await.map_err(|error| told(&error, None))?;
    Ok(connection)
}

/// The error, what is behind it and what to do, in one line.
fn told(error: &dyn std::error::Error, hint: Option<String>) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    match hint {
        Some(hint) => format!("{text} ({hint})"),
        None => text,
    }
}

fn clock(at: Option<jiff::Timestamp>) -> String {
    at.map(|at| at.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S").to_string())
        .unwrap_or_default()
}
