//! Batches and events as CSV, for who counts with something else. Times are UTC, with microseconds.

use std::io::Write;

use jiff::Timestamp;

use crate::model::KeyValue;
use crate::store::{LoggedBatch, LoggedEvent};

/// A file of batches, which may be too many to be held at once.
pub struct BatchesCsv<W: Write>(csv::Writer<W>);

/// Begins a file of batches.
pub fn batches_to_csv<W: Write>(out: W) -> Result<BatchesCsv<W>, csv::Error> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record([
        "id",
        "range",
        "pass",
        "stride",
        "from",
        "to",
        "rows_seen",
        "rows_changed",
        "rows_heap_only",
        "wal_bytes",
        "seconds",
        "lock_wait_seconds",
        "blocked_sessions",
        "blocked_seconds",
        "finished_at",
    ])?;
    Ok(BatchesCsv(writer))
}

impl<W: Write> BatchesCsv<W> {
    /// Adds these.
    pub fn write(&mut self, batches: &[LoggedBatch]) -> Result<(), csv::Error> {
        let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
        let key = |key: &[String]| KeyValue(key.to_vec()).to_string();
        for batch in batches {
            self.0.write_record([
                batch.id.to_string(),
                batch.range.to_string(),
                batch.pass.to_string(),
                batch.stride.to_string(),
                batch.lower.as_deref().map(key).unwrap_or_default(),
                key(&batch.upper),
                batch.rows_seen.to_string(),
                batch.rows_changed.to_string(),
                number(batch.rows_hot),
                number(batch.wal_bytes),
                format!("{:.6}", batch.seconds),
                format!("{:.6}", batch.lock_wait),
                batch.blocked.to_string(),
                format!("{:.6}", batch.blocked_for),
                Timestamp::from_microsecond(batch.finished_at).map(|at| at.to_string()).unwrap_or_default(),
            ])?;
        }
        Ok(())
    }

    /// Ends the file.
    pub fn finish(mut self) -> Result<(), csv::Error> {
        Ok(self.0.flush()?)
    }
}

/// Events.
pub fn events_to_csv(events: &[LoggedEvent], out: impl Write) -> Result<(), csv::Error> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(["at", "kind", "run", "revision", "actor", "host", "message", "detail"])?;
    for event in events {
        writer.write_record([
            &event.at,
            &event.kind,
            &event.run.map(|run| run.to_string()).unwrap_or_default(),
            event.revision.as_deref().unwrap_or_default(),
            &event.actor,
            &event.host,
            &event.message,
            &event.detail.as_ref().map(ToString::to_string).unwrap_or_default(),
        ])?;
    }
    Ok(writer.flush()?)
}
