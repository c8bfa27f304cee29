//! Batches and events as CSV, for who counts with something else. Times are UTC, with microseconds.

use std::io::Write;

use jiff::Timestamp;

use crate::model::KeyValue;
use crate::store::{LoggedBatch, LoggedEvent};

/// A file of batches, which may be too many to be held at once.
pub struct BatchesCsv<W: Write>(csv::Writer<W>, Cells);

/// Whom cells are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cells {
    /// Programs: as they are.
    Plain,
    /// Spreadsheets, which take some texts for formulas.
    Harmless,
}

impl Cells {
    /// A cell's text, as OWASP has it ("CSV Injection"): an apostrophe in front of what begins with `=`, `+`, `-`, `@`, a tab
    /// or a line break.
    #[must_use]
    pub fn text(self, text: &str) -> String {
        if self == Self::Harmless && text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
            format!("'{text}")
        } else {
            text.to_owned()
        }
    }
}

/// Begins a file of batches.
pub fn batches_to_csv<W: Write>(out: W, cells: Cells) -> Result<BatchesCsv<W>, csv::Error> {
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
    Ok(BatchesCsv(writer, cells))
}

impl<W: Write> BatchesCsv<W> {
    /// Adds these.
    pub fn write(&mut self, batches: &[LoggedBatch]) -> Result<(), csv::Error> {
        let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
        let key = |key: &[String]| self.1.text(&KeyValue(key.to_vec()).to_string());
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
                utc(batch.finished_at),
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
pub fn events_to_csv(events: &[LoggedEvent], out: impl Write, cells: Cells) -> Result<(), csv::Error> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(["at", "kind", "run", "revision", "actor", "host", "message", "detail"])?;
    for event in events {
        writer.write_record([
            utc(event.microseconds),
            event.kind.clone(),
            event.run.map(|run| run.to_string()).unwrap_or_default(),
            cells.text(event.revision.as_deref().unwrap_or_default()),
            cells.text(&event.actor),
            cells.text(&event.host),
            cells.text(&event.message),
            event.detail.as_ref().map(ToString::to_string).unwrap_or_default(),
        ])?;
    }
    Ok(writer.flush()?)
}

fn utc(microseconds: i64) -> String {
    Timestamp::from_microsecond(microseconds).map(|at| at.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Cells;

    #[test]
    fn no_spreadsheet_takes_a_cell_for_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"] {
            assert_eq!(Cells::Harmless.text(text), format!("'{text}"));
        }
        assert_eq!(Cells::Harmless.text("id = 1"), "id = 1");
        assert_eq!(Cells::Plain.text("=1"), "=1");
    }
}
