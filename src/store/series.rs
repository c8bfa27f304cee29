//! What runs did over time: samples that processes at work store, the holds between them, and the batches that are kept.
//! For charts, reports and metrics; nothing here decides anything.

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio_postgres::GenericClient;
use uuid::Uuid;

use super::{Identity, Store, StoreError, doing};
use crate::model::RunId;
use crate::plan::pressure::{Observed, Unit};

/// A process that has stored nothing of itself for so long is gone: three samples.
const GONE: &str = "30 seconds";

/// What a process did and saw in a stretch of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewSample {
    /// One stay of the process at the run.
    pub stay: Uuid,
    /// The stretch: it ends now.
    pub time: Duration,
    /// Workers registered.
    pub workers: usize,
    /// Batches committed.
    pub batches: u64,
    /// Keys passed.
    pub rows_seen: u64,
    /// Rows changed.
    pub rows_changed: u64,
    /// WAL that the server wrote while batches ran, in bytes.
    pub wal_bytes: u64,
    /// How long the batches took, in all.
    pub batch_time: Duration,
    /// The longest of them.
    pub longest_batch: Duration,
    /// How long batches were seen to wait for locks of others, in all.
    pub lock_wait: Duration,
    /// The longest that a session was seen to wait for a batch.
    pub longest_blocked: Duration,
    /// Batches that gave way to others.
    pub gave_way: u64,
    /// The signals, each at its worst.
    pub signals: Vec<Observed>,
}

/// The part of a run's time that is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Not before, in microseconds since 1970 by the database's clock; `None`: from the run's beginning.
    pub from: Option<i64>,
    /// Not after; `None`: up to now.
    pub to: Option<i64>,
}

/// A stretch of a run's time.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Point {
    /// Where it begins, in microseconds since 1970 by the database's clock.
    pub at: i64,
    /// How long it is, in seconds.
    pub seconds: f64,
    /// Workers of all processes.
    pub workers: i64,
    /// Batches committed.
    pub batches: i64,
    /// Keys passed a second.
    pub rows_per_second: f64,
    /// Bytes of WAL a second.
    pub wal_per_second: f64,
    /// Seconds a batch, on average.
    pub mean_batch: f64,
    /// Seconds of the longest batch.
    pub longest_batch: f64,
    /// Seconds a batch waited for locks of others, on average.
    pub mean_lock_wait: f64,
    /// Seconds that a session was seen to wait for a batch, at the longest.
    pub longest_blocked: f64,
    /// Batches that gave way to others.
    pub gave_way: i64,
}

/// A signal in a stretch of a run's time.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct SignalPoint {
    /// Where the stretch begins, in microseconds since 1970 by the database's clock.
    pub at: i64,
    /// The signal's worst value in it.
    pub value: f64,
    /// Its limit.
    pub limit: f64,
}

/// A signal over a run's time.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalSeries {
    /// The signal: `replica lag`.
    pub signal: String,
    /// What values and limit are.
    pub unit: Unit,
    /// In order of time.
    pub points: Vec<SignalPoint>,
}

/// A time in which something held a process at work on a run.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct HoldPeriod {
    /// When it began, in microseconds since 1970 by the database's clock.
    pub began: i64,
    /// When it ended; `None`: it lasts.
    pub ended: Option<i64>,
    /// Where the process ran.
    pub host: String,
    /// What held it: words that don't change while it lasts.
    pub signals: Vec<String>,
    /// In words, with figures.
    pub message: String,
}

/// A stay of a process at a run.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Stay {
    /// As whom.
    pub actor: String,
    /// Where.
    pub host: String,
    /// The process there.
    pub process_id: i32,
    /// From when, in microseconds since 1970 by the database's clock.
    pub began: i64,
    /// Up to when it told of itself.
    pub ended: i64,
    /// Workers, at the most.
    pub workers: i32,
    /// Batches committed.
    pub batches: i64,
    /// Rows changed.
    pub rows_changed: i64,
}

/// A batch that is kept in the log of its range.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct LoggedBatch {
    /// Its number, which grows with time.
    pub id: i64,
    /// Its range.
    pub range: i64,
    /// Its pass, from 0.
    pub pass: i32,
    /// Its stride, from 0.
    pub stride: i32,
    /// Its first position, exclusive or, in physical order, inclusive; `None`: from the beginning.
    pub lower: Option<Vec<String>>,
    /// Its last position.
    pub upper: Vec<String>,
    /// Keys passed.
    pub rows_seen: i64,
    /// Rows changed.
    pub rows_changed: i64,
    /// Of these, those that stayed on their pages; `None`: not counted.
    pub rows_hot: Option<i64>,
    /// WAL that the server wrote meanwhile, in bytes; `None`: not known.
    pub wal_bytes: Option<i64>,
    /// Seconds from its beginning to just before its COMMIT.
    pub seconds: f64,
    /// Seconds that it was seen to wait for locks of others.
    pub lock_wait: f64,
    /// Sessions that were seen to wait for it.
    pub blocked: i32,
    /// Seconds that the first of them waited.
    pub blocked_for: f64,
    /// When it ended, in microseconds since 1970 by the database's clock.
    pub finished_at: i64,
}

impl Store {
    /// What is read from here on agrees with itself, until [`Self::end_look`].
    pub async fn begin_look(&self, client: &impl GenericClient) -> Result<(), StoreError> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        client.batch_execute(begin).await.map_err(doing("begin to read"))
    }

    /// Ends what [`Self::begin_look`] began.
    pub async fn end_look(&self, client: &impl GenericClient) -> Result<(), StoreError> {
        client.batch_execute("ROLLBACK").await.map_err(doing("end reading"))
    }

    /// Keeps a sample.
    pub async fn record_sample(
        &self,
        client: &impl GenericClient,
        (run, identity): (RunId, &Identity),
        sample: &NewSample,
    ) -> Result<(), StoreError> {
        let signals: Map<String, Value> = sample
            .signals
            .iter()
            .map(|one| {
                (
                    one.signal.clone(),
                    json!([one.value, one.bound.limit(), one.unit.as_str(), one.bound.operator()]),
                )
            })
            .collect();
        client
            .execute(
                &self.sql.record_sample,
                &[
                    &run.0,
                    &sample.time.as_secs_f64(),
                    &sample.stay,
                    &identity.host,
                    &i32::try_from(identity.process_id).unwrap_or(i32::MAX),
                    &i32::try_from(sample.workers).unwrap_or(i32::MAX),
                    &sample.batches.cast_signed(),
                    &sample.rows_seen.cast_signed(),
                    &sample.rows_changed.cast_signed(),
                    &sample.wal_bytes.cast_signed(),
                    &sample.batch_time.as_secs_f64(),
                    &sample.longest_batch.as_secs_f64(),
                    &sample.lock_wait.as_secs_f64(),
                    &sample.longest_blocked.as_secs_f64(),
                    &sample.gave_way.cast_signed(),
                    &Value::Object(signals),
                    &identity.actor,
                ],
            )
            .await
            .map_err(doing("keep a sample"))?;
        Ok(())
    }

    /// A run over time, in at most `points` stretches of equal length, in order; stretches without a sample are left out.
    pub async fn series(
        &self,
        client: &impl GenericClient,
        (run, span): (RunId, Span),
        points: u32,
    ) -> Result<Vec<Point>, StoreError> {
        let rows = client
            .query(&self.sql.series, &[&run.0, &span.from, &span.to, &points.max(1).cast_signed()])
            .await
            .map_err(doing("read what the run did over time"))?;
        Ok(rows
            .iter()
            .map(|row| Point {
                at: row.get("at"),
                seconds: row.get("seconds"),
                workers: row.get("workers"),
                batches: row.get("batches"),
                rows_per_second: row.get("rows_per_second"),
                wal_per_second: row.get("wal_per_second"),
                mean_batch: row.get("mean_batch"),
                longest_batch: row.get("longest_batch"),
                mean_lock_wait: row.get("mean_lock_wait"),
                longest_blocked: row.get("longest_blocked"),
                gave_way: row.get("gave_way"),
            })
            .collect())
    }

    /// The signals of a run over time, in the same stretches as [`Self::series`] has them, by name.
    pub async fn signal_series(
        &self,
        client: &impl GenericClient,
        (run, span): (RunId, Span),
        points: u32,
    ) -> Result<Vec<SignalSeries>, StoreError> {
        let rows = client
            .query(&self.sql.signal_series, &[&run.0, &span.from, &span.to, &points.max(1).cast_signed()])
            .await
            .map_err(doing("read the signals over time"))?;
        let mut all: Vec<SignalSeries> = Vec::new();
        for row in &rows {
            let signal: &str = row.get("signal");
            let point = SignalPoint {
                at: row.get("at"),
                // What is no number in JSON: NaN, infinity.
                value: row.get::<_, Option<f64>>("value").unwrap_or(f64::NAN),
                limit: row.get::<_, Option<f64>>("bound").unwrap_or(f64::NAN),
            };
            match all.last_mut().filter(|last| last.signal == signal) {
                Some(last) => last.points.push(point),
                None => all.push(SignalSeries {
                    signal: signal.to_owned(),
                    unit: Unit::stored(row.get::<_, Option<&str>>("unit").unwrap_or_default()),
                    points: vec![point],
                }),
            }
        }
        Ok(all)
    }

    /// The holds of a run, oldest first.
    pub async fn holds(
        &self,
        client: &impl GenericClient,
        run: RunId,
    ) -> Result<Vec<HoldPeriod>, StoreError> {
        let rows = client
            .query(&self.sql.list_holds, &[&run.0, &GONE])
            .await
            .map_err(doing("read the run's holds"))?;
        Ok(rows
            .iter()
            .map(|row| HoldPeriod {
                began: row.get("began"),
                ended: row.get("ended"),
                host: row.get("host"),
                signals: row.get("signals"),
                message: row.get("message"),
            })
            .collect())
    }

    /// Who was at work on a run, the first first.
    pub async fn stays(&self, client: &impl GenericClient, run: RunId) -> Result<Vec<Stay>, StoreError> {
        let rows = client
            .query(&self.sql.list_stays, &[&run.0])
            .await
            .map_err(doing("read who was at work on the run"))?;
        Ok(rows
            .iter()
            .map(|row| Stay {
                actor: row.get("actor"),
                host: row.get("host"),
                process_id: row.get("process_id"),
                began: row.get("began"),
                ended: row.get("ended"),
                workers: row.get("workers"),
                batches: row.get("batches"),
                rows_changed: row.get("rows_changed"),
            })
            .collect())
    }

    /// The batches of a run that are kept, newest first; with `before`, those older than that one.
    pub async fn batches(
        &self,
        client: &impl GenericClient,
        (run, before): (RunId, Option<i64>),
        limit: i64,
    ) -> Result<Vec<LoggedBatch>, StoreError> {
        let rows = client
            .query(&self.sql.list_batches, &[&run.0, &before, &limit])
            .await
            .map_err(doing("read the run's batches"))?;
        Ok(rows
            .iter()
            .map(|row| LoggedBatch {
                id: row.get("id"),
                range: row.get("range_id"),
                pass: row.get("pass"),
                stride: row.get("stride"),
                lower: row.get("lower_key"),
                upper: row.get("upper_key"),
                rows_seen: row.get("rows_seen"),
                rows_changed: row.get("rows_changed"),
                rows_hot: row.get("rows_hot"),
                wal_bytes: row.get("wal_bytes"),
                seconds: row.get("duration"),
                lock_wait: row.get("lock_wait"),
                blocked: row.get("blocked"),
                blocked_for: row.get("blocked_for"),
                finished_at: row.get("finished_at"),
            })
            .collect())
    }
}
