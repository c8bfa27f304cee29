//! Messages of alerts: noticed by whoever looks, once; sent by whoever claims them.
//!
//! What is to be sent is a row, not something in a process's memory: a sender that dies leaves a claim that runs out, and
//! another sends it. One that dies between sending and storing that makes it come twice; nothing makes it come never.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::GenericClient;

use super::{Identity, Store, StoreError, doing};
use crate::model::{AlertMessage, Direction, RunId};

/// A message that this process has claimed.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimedAlert {
    /// Its number.
    pub id: i64,
    /// Which try this is, from 1.
    pub attempt: u32,
    /// What is to be sent; an error: it can't be read.
    pub message: Result<AlertMessage, String>,
    /// How long ago it was noticed.
    pub age: Duration,
}

/// What became of a try to send a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sending {
    /// It was taken.
    Sent,
    /// It wasn't, and is tried again after this time.
    Again {
        /// After this time.
        after: Duration,
        /// Why it wasn't taken.
        error: String,
    },
    /// It wasn't, for too long.
    Dropped {
        /// Why not.
        error: String,
    },
}

/// Something that was told of and lasts.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenAlert {
    /// What it tells of.
    pub occurrence: String,
    /// What was sent; an error: it can't be read.
    pub message: Result<AlertMessage, String>,
    /// How long ago it was noticed.
    pub age: Duration,
}

/// An event of the log, with the run that it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSince {
    /// Its number.
    pub id: i64,
    /// Its word.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// The run.
    pub run: Option<RunId>,
    /// Its job's name.
    pub job: Option<String>,
    /// Its table.
    pub table: Option<String>,
    /// Which way it goes.
    pub direction: Direction,
    /// The revision.
    pub revision: Option<String>,
    /// The sentence.
    pub message: String,
    /// The server's error in it.
    pub sqlstate: Option<String>,
    /// The reason without keys and values of rows, where the sentence has some.
    pub public: Option<String>,
    /// Its reason is that totals differ.
    pub totals_differ: bool,
}

/// A message as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct KeptAlert {
    /// When it was noticed, in the session's time zone.
    pub at: String,
    /// Of which alert.
    pub alert: String,
    /// `firing` or `resolved`.
    pub status: String,
    /// Its kind.
    pub kind: String,
    /// The sentence.
    pub message: Option<String>,
    /// `due`, `sent` or `dropped`.
    pub state: String,
    /// Tries.
    pub attempts: i32,
    /// Why the last of them wasn't taken.
    pub last_error: Option<String>,
}

/// As many events as are read at once.
pub const MOST_EVENTS: usize = 1000;

impl Store {
    /// Up to which event the alert has been looked for. Where it is new, up to those before its process began; `None`: another
    /// process is making it known at this moment.
    pub async fn watch_alert(
        &self,
        client: &impl GenericClient,
        alert: &str,
        uptime: Duration,
    ) -> Result<Option<i64>, StoreError> {
        let row = client
            .query_opt(&self.sql.watch_alert, &[&alert, &uptime.as_secs_f64()])
            .await
            .map_err(doing("make an alert known"))?;
        Ok(row.map(|row| row.get(0)))
    }

    /// Keeps that all events up to `seen` were looked at, but for those of the last minute.
    pub async fn advance_alert(
        &self,
        client: &impl GenericClient,
        alert: &str,
        seen: i64,
    ) -> Result<(), StoreError> {
        let failed = doing("keep how far an alert has looked");
        client.execute(&self.sql.advance_alert, &[&alert, &seen]).await.map_err(failed)?;
        Ok(())
    }

    /// Events of these kinds after one, oldest first, [`MOST_EVENTS`] at the most.
    pub async fn events_since(
        &self,
        client: &impl GenericClient,
        event: i64,
        kinds: &[&str],
    ) -> Result<Vec<EventSince>, StoreError> {
        let rows =
            client.query(&self.sql.events_since, &[&event, &kinds]).await.map_err(doing("read the log"))?;
        Ok(rows
            .iter()
            .map(|row| EventSince {
                id: row.get("id"),
                kind: row.get("kind"),
                at: Timestamp::from_microsecond(row.get("at")).unwrap_or_default(),
                run: row.get::<_, Option<i64>>("run_id").map(RunId),
                job: row.get("job"),
                table: row.get("table_name"),
                direction: row.get::<_, Option<&str>>("direction").map_or(Direction::Up, Direction::stored),
                revision: row.get("revision"),
                message: row.get("message"),
                sqlstate: row.get("sqlstate"),
                public: row.get("public"),
                totals_differ: row.get("totals_differ"),
            })
            .collect())
    }

    /// Keeps a message to be sent, unless somebody did already.
    pub async fn notice_alert(
        &self,
        client: &impl GenericClient,
        identity: &Identity,
        message: &AlertMessage,
    ) -> Result<(), StoreError> {
        let json = serde_json::to_value(message).unwrap_or(Value::Null);
        client
            .execute(
                &self.sql.notice_alert,
                &[
                    &message.alert,
                    &message.id,
                    &message.status.as_str(),
                    &message.kind.as_str(),
                    &message.run,
                    &json,
                    &identity.to_string(),
                ],
            )
            .await
            .map_err(doing("keep an alert's message"))?;
        Ok(())
    }

    /// What the alert has told of that lasts, of these kinds, and not yet that it is over.
    pub async fn open_alerts(
        &self,
        client: &impl GenericClient,
        alert: &str,
        kinds: &[&str],
    ) -> Result<Vec<OpenAlert>, StoreError> {
        let failed = doing("look what alerts have told");
        let rows = client.query(&self.sql.open_alerts, &[&alert, &kinds]).await.map_err(failed)?;
        Ok(rows
            .iter()
            .map(|row| OpenAlert {
                occurrence: row.get("occurrence"),
                message: message(row.get("message")),
                age: age(row.get("seconds")),
            })
            .collect())
    }

    /// Claims the alert's next message for so long; `None`: there is none to be sent now.
    pub async fn claim_alert(
        &self,
        client: &impl GenericClient,
        identity: &Identity,
        alert: &str,
        claim: Duration,
    ) -> Result<Option<ClaimedAlert>, StoreError> {
        let row = client
            .query_opt(&self.sql.claim_alert, &[&alert, &identity.to_string(), &claim.as_secs_f64()])
            .await
            .map_err(doing("claim an alert's message"))?;
        Ok(row.map(|row| ClaimedAlert {
            id: row.get("id"),
            attempt: row.get::<_, i32>("attempts").unsigned_abs(),
            message: message(row.get("message")),
            age: age(row.get("seconds")),
        }))
    }

    /// Keeps what became of a try to send a message. Where somebody else has tried since, only that it was sent counts.
    pub async fn settle_alert(
        &self,
        client: &impl GenericClient,
        (id, attempt): (i64, u32),
        sending: &Sending,
    ) -> Result<(), StoreError> {
        let (state, after, error) = match sending {
            Sending::Sent => ("sent", Duration::ZERO, None),
            Sending::Again { after, error } => ("due", *after, Some(error)),
            Sending::Dropped { error } => ("dropped", Duration::ZERO, Some(error)),
        };
        let attempt = i32::try_from(attempt).unwrap_or(i32::MAX);
        client
            .execute(&self.sql.settle_alert, &[&id, &state, &after.as_secs_f64(), &error, &attempt])
            .await
            .map_err(doing("keep what became of an alert's message"))?;
        Ok(())
    }

    /// Forgets messages of long ago.
    pub async fn forget_alerts(&self, client: &impl GenericClient) -> Result<(), StoreError> {
        client.execute(&self.sql.forget_alerts, &[]).await.map_err(doing("forget old alerts"))?;
        Ok(())
    }

    /// The latest messages, newest first.
    pub async fn kept_alerts(
        &self,
        client: &impl GenericClient,
        most: u32,
    ) -> Result<Vec<KeptAlert>, StoreError> {
        let most = i64::from(most);
        let rows = client.query(&self.sql.list_alerts, &[&most]).await.map_err(doing("list alerts"))?;
        Ok(rows
            .iter()
            .map(|row| KeptAlert {
                at: row.get("at"),
                alert: row.get("alert"),
                status: row.get("status"),
                kind: row.get("kind"),
                message: row.get("message"),
                state: row.get("state"),
                attempts: row.get("attempts"),
                last_error: row.get("last_error"),
            })
            .collect())
    }

    /// How many messages of each alert are in which state.
    pub async fn count_alerts(
        &self,
        client: &impl GenericClient,
    ) -> Result<Vec<(String, String, u64)>, StoreError> {
        let rows = client.query(&self.sql.count_alerts, &[]).await.map_err(doing("count alerts"))?;
        Ok(rows
            .iter()
            .map(|row| (row.get("alert"), row.get("state"), row.get::<_, i64>("messages").unsigned_abs()))
            .collect())
    }

    /// The runs that are not over, oldest first.
    pub async fn unfinished_run_ids(&self, client: &impl GenericClient) -> Result<Vec<RunId>, StoreError> {
        let rows = client
            .query(&self.sql.unfinished_run_ids, &[])
            .await
            .map_err(doing("look for unfinished runs"))?;
        Ok(rows.iter().map(|row| RunId(row.get(0))).collect())
    }
}

fn message(json: Value) -> Result<AlertMessage, String> {
    serde_json::from_value(json).map_err(|error| error.to_string())
}

fn age(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
