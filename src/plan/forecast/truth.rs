//! A forecast beside what came of it.

use std::time::Duration;

use serde::Serialize;

use super::{Forecast, Span};
use crate::model::{human_count, human_duration, human_size};
use crate::plan::eta::{EtaRange, format_range};

/// What a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Truth {
    /// Seconds in which it might work, from its beginning to its end.
    pub seconds: f64,
    /// Rows changed.
    pub rows: u64,
    /// WAL bytes that the server wrote meanwhile; `None`: not known.
    pub wal: Option<u64>,
}

impl Truth {
    /// The two in a line: `3 to 4 min, took 3 min 20 s; 1.2 GB to 1.5 GB of WAL, …`.
    #[must_use]
    pub fn beside(&self, forecast: &Forecast) -> String {
        let (low, high) = forecast.time.durations();
        let took = Duration::from_secs_f64(self.seconds.clamp(0.0, 3.2e9));
        let mut parts = vec![
            format!(
                "{}, took {}{}",
                format_range(EtaRange { low, high }),
                human_duration(took),
                off(self.seconds, forecast.time)
            ),
            format!("{} rows, changed {}", counts(forecast.rows), human_count(self.rows)),
        ];
        if let Some(wal) = self.wal {
            parts.push(format!("{} of WAL, the server wrote {}", sizes(forecast.wal), human_size(wal)));
        }
        parts.join("; ")
    }
}

/// How far it lies outside, in words; nothing where it lies within.
fn off(seconds: f64, span: Span) -> String {
    if seconds > span.high && span.high > 0.0 {
        format!(" ({:.0} % longer)", (seconds / span.high - 1.0) * 100.0)
    } else if seconds < span.low {
        format!(" ({:.0} % shorter)", (1.0 - seconds / span.low) * 100.0)
    } else {
        String::new()
    }
}

fn whole(number: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is positive")]
    let whole = number.round() as u64;
    whole
}

/// `1,000` or `900 to 1,100`.
#[must_use]
pub(super) fn counts(span: Span) -> String {
    match (human_count(whole(span.low)), human_count(whole(span.high))) {
        (low, high) if low == high => low,
        (low, high) => format!("{low} to {high}"),
    }
}

/// `1.2 GB` or `800 MB to 1.2 GB`.
#[must_use]
pub(super) fn sizes(span: Span) -> String {
    match (human_size(whole(span.low)), human_size(whole(span.high))) {
        (low, high) if low == high => low,
        (low, high) => format!("{low} to {high}"),
    }
}

impl Span {
    /// As a count, for people.
    #[must_use]
    pub fn as_count(self) -> String {
        counts(self)
    }

    /// As a size, for people.
    #[must_use]
    pub fn as_size(self) -> String {
        sizes(self)
    }

    /// As a time, for people.
    #[must_use]
    pub fn as_time(self) -> String {
        let (low, high) = self.durations();
        format_range(EtaRange { low, high })
    }
}
