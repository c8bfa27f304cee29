//! Parts of what is stored, a page at a time: for those who look at it, who may be many and whose lines may be slow.

use jiff::tz::TimeZone;
use tokio_postgres::GenericClient;

use super::{LoggedEvent, Store, StoreError, doing};
use crate::model::{Direction, KeyValue, RunId, RunState};

/// Which events are asked for; what is `None` doesn't matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventsOf<'f> {
    /// Of this run.
    pub run: Option<RunId>,
    /// Of this revision.
    pub revision: Option<&'f str>,
    /// Whose kind begins with this word: `run` for `run.started`.
    pub kind: Option<&'f str>,
    /// Before that one.
    pub before: Option<i64>,
}

/// An event with its number.
#[derive(Clone, Debug)]
pub struct NumberedEvent {
    /// Its number, which grows with time.
    pub id: i64,
    /// The event.
    pub event: LoggedEvent,
}

/// A run of a job, among others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRun {
    /// Its id.
    pub id: RunId,
    /// Where it stands.
    pub state: RunState,
    /// Whether it does the job or takes it back.
    pub direction: Direction,
    /// By whom it was begun, and from where.
    pub started_by: String,
    /// When, in the session's time zone.
    pub started_at: String,
    /// When it ended or stopped last.
    pub finished_at: Option<String>,
}

/// A row in quarantine, without what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantinedKey {
    /// Its number.
    pub id: i64,
    /// Its key.
    pub key: KeyValue,
    /// The server's code for why it can't take its new value.
    pub sqlstate: String,
    /// The server's words.
    pub error: String,
    /// How often it was tried.
    pub tries: i32,
    /// held, settled, dropped.
    pub state: String,
    /// By whom it was settled or dropped.
    pub settled_by: Option<String>,
    /// Why.
    pub why: Option<String>,
    /// When it was found, in the session's time zone.
    pub found_at: String,
    /// When it was tried last.
    pub tried_at: String,
}

impl Store {
    /// The latest events, newest first.
    pub async fn recent_events(
        &self,
        client: &impl GenericClient,
        of: EventsOf<'_>,
        limit: i64,
    ) -> Result<Vec<NumberedEvent>, StoreError> {
        let EventsOf { run, revision, kind, before } = of;
        let rows = client
            .query(&self.sql.recent_events, &[&run.map(|run| run.0), &revision, &kind, &before, &limit])
            .await
            .map_err(doing("read the log"))?;
        Ok(rows
            .iter()
            .map(|row| NumberedEvent { id: row.get("id"), event: LoggedEvent::from_row(row) })
            .collect())
    }

    /// The runs of a job, newest first.
    pub async fn runs_of_job(
        &self,
        client: &impl GenericClient,
        job: &str,
        limit: i64,
    ) -> Result<Vec<ListedRun>, StoreError> {
        let rows = client
            .query(&self.sql.runs_of_job, &[&job, &limit])
            .await
            .map_err(doing("list the job's runs"))?;
        let run = |row: &tokio_postgres::Row| {
            Ok(ListedRun {
                id: RunId(row.get("id")),
                state: row.get::<_, &str>("state").parse()?,
                direction: Direction::stored(row.get("direction")),
                started_by: row.get("started_by"),
                started_at: row.get("started_at"),
                finished_at: row.get("finished_at"),
            })
        };
        rows.iter().map(run).collect()
    }

    /// Rows of a run's quarantine behind that one, in the order in which they were found.
    pub async fn quarantine_keys(
        &self,
        client: &impl GenericClient,
        (run, after): (RunId, i64),
        limit: i64,
    ) -> Result<Vec<QuarantinedKey>, StoreError> {
        let rows = client
            .query(&self.sql.quarantine_keys, &[&run.0, &after, &limit])
            .await
            .map_err(doing("read the quarantine"))?;
        Ok(rows
            .iter()
            .map(|row| QuarantinedKey {
                id: row.get("id"),
                key: KeyValue(row.get("key_value")),
                sqlstate: row.get("sqlstate"),
                error: row.get("error"),
                tries: row.get("tries"),
                state: row.get("state"),
                settled_by: row.get("settled_by"),
                why: row.get("why"),
                found_at: row.get("found_at"),
                tried_at: row.get("tried_at"),
            })
            .collect())
    }

    /// The zone of times that are told as text. One that the time zone database here doesn't know counts as UTC.
    pub async fn zone(&self, client: &impl GenericClient) -> Result<TimeZone, StoreError> {
        let failed = doing("ask for the time zone");
        let row = client.query_one(&self.sql.read_zone, &[]).await.map_err(failed)?;
        Ok(TimeZone::get(row.get(0)).unwrap_or(TimeZone::UTC))
    }
}
