//! Values of signals as people read them.

use std::time::Duration;

use crate::model::{human_count, human_duration};

/// What the values of a signal are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// Bytes a second.
    BytesPerSecond,
    /// Things.
    Count,
    /// Things a minute.
    PerMinute,
    /// Part of one.
    Share,
    /// A number of the user's own.
    Number,
    /// 1 true, 0 false.
    Truth,
    /// The status of an HTTP answer; 0: no answer.
    Status,
}

const SIZES: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];

/// Digits after the point at the most, in pursuit of a difference.
const MOST_DECIMALS: usize = 6;

impl Unit {
    /// All of them with the words that they are stored as.
    const NAMES: [(Self, &'static str); 9] = [
        (Self::Seconds, "seconds"),
        (Self::Bytes, "bytes"),
        (Self::BytesPerSecond, "bytes_per_second"),
        (Self::Count, "count"),
        (Self::PerMinute, "per_minute"),
        (Self::Share, "share"),
        (Self::Number, "number"),
        (Self::Truth, "truth"),
        (Self::Status, "status"),
    ];

    /// The word that it is stored as.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(unit, _)| *unit == self).map_or("number", |(_, name)| name)
    }

    /// The unit stored as this word; a word of a newer version is a mere number.
    #[must_use]
    pub fn stored(word: &str) -> Self {
        Self::NAMES.iter().find(|(_, name)| *name == word).map_or(Self::Number, |(unit, _)| *unit)
    }

    /// One value as people read it: `7.2 s`, `1.3 GB`, `30 %`.
    #[must_use]
    pub fn describe(self, value: f64) -> String {
        self.text(value, 1)
    }

    /// Value and limit, with so many digits that two that differ look different.
    pub(super) fn shown(self, value: f64, limit: f64) -> (String, String) {
        let mut decimals = 1;
        loop {
            let texts = (self.text(value, decimals), self.text(limit, decimals));
            #[expect(clippy::float_cmp, reason = "the same number looks the same")]
            if texts.0 != texts.1 || value == limit || decimals == MOST_DECIMALS {
                return texts;
            }
            decimals += 1;
        }
    }

    fn text(self, value: f64, decimals: usize) -> String {
        if !value.is_finite() {
            return value.to_string();
        }
        match self {
            Self::Seconds => seconds(value, decimals),
            Self::Bytes => bytes(value, decimals),
            Self::BytesPerSecond => format!("{}/s", bytes(value, decimals)),
            Self::Share => format!("{} %", trimmed(value * 100.0, decimals)),
            Self::PerMinute => format!("{}/min", trimmed(value, decimals)),
            Self::Count => match Duration::try_from_secs_f64(value) {
                Ok(whole) if value.fract() == 0.0 => human_count(whole.as_secs()),
                _ => trimmed(value, decimals),
            },
            Self::Number => trimmed(value, decimals),
            Self::Truth => if value > 0.0 { "true" } else { "false" }.to_owned(),
            Self::Status if value == 0.0 => "no answer".to_owned(),
            Self::Status => format!("{value:.0}"),
        }
    }
}

/// Without zeros that say nothing.
fn trimmed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if decimals == 0 {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn seconds(value: f64, decimals: usize) -> String {
    match value {
        1.0..60.0 => format!("{} s", trimmed(value, decimals)),
        0.0..1.0 => format!("{} ms", trimmed(value * 1000.0, decimals - 1)),
        _ => Duration::try_from_secs_f64(value)
            .map_or_else(|_| format!("{} s", trimmed(value, decimals)), human_duration),
    }
}

fn bytes(value: f64, decimals: usize) -> String {
    let (mut value, mut at) = (value, 0);
    while value.abs() >= 1024.0 && at + 1 < SIZES.len() {
        value /= 1024.0;
        at += 1;
    }
    format!("{} {}", trimmed(value, decimals), SIZES[at])
}

#[cfg(test)]
mod tests {
    use super::Unit;

    #[test]
    fn values_read_well_and_differ_where_they_do() {
        let shown = |unit: Unit, value, limit| {
            let (value, limit) = unit.shown(value, limit);
            format!("{value} > {limit}")
        };
        assert_eq!(shown(Unit::Seconds, 7.2, 5.0), "7.2 s > 5 s");
        assert_eq!(shown(Unit::Seconds, 0.25, 0.1), "250 ms > 100 ms");
        assert_eq!(shown(Unit::Seconds, 5.001, 5.0), "5.001 s > 5 s");
        assert_eq!(shown(Unit::Seconds, 754.0, 600.0), "12 min 34 s > 10 min 00 s");
        assert_eq!(shown(Unit::Bytes, 1.3 * 1024_f64.powi(3), 1024_f64.powi(3)), "1.3 GB > 1 GB");
        assert_eq!(shown(Unit::BytesPerSecond, 20_971_520.0, 10_485_760.0), "20 MB/s > 10 MB/s");
        assert_eq!(shown(Unit::Count, 1234.0, 100.0), "1,234 > 100");
        assert_eq!(shown(Unit::Count, 120.0, 80.5), "120 > 80.5");
        assert_eq!(shown(Unit::Share, 0.3, 0.024), "30 % > 2.4 %");
        assert_eq!(shown(Unit::Number, 0.0, 10.0), "0 > 10");
        assert_eq!(shown(Unit::Truth, 1.0, 0.0), "true > false");
        assert_eq!(shown(Unit::Status, 0.0, 200.0), "no answer > 200");
        assert_eq!(shown(Unit::Number, f64::NAN, 1.0), "NaN > 1");
    }
}
