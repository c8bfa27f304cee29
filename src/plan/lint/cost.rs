//! How long a table's rows keep a statement busy, by the bytes there are.
//!
//! The rates are a cold table on storage in a network: 125 MB/s is what a volume of the clouds' general kind reads unless
//! more is paid for. A rewrite writes the heap, its WAL, and all indexes anew, a third of that or less; an index's build
//! reads once, sorts and writes. On a warm cache all are several times faster: `tests/it/lint/sizes.rs` has the server take
//! no longer than is told. They tell seconds from hours, and no more than that.

use std::time::Duration;

use crate::model::human_duration;

/// Bytes a second of a table that is looked through.
const SCAN: u64 = 100_000_000;

/// Bytes a second, heap and indexes, of a table that is written anew.
const REWRITE: u64 = 25_000_000;

/// Bytes a second of the table that an index is built over.
const BUILD: u64 = 40_000_000;

/// Bytes a second of a table whose rows are looked up in another.
const LOOK_UP: u64 = 20_000_000;

/// Rows a second that an UPDATE or DELETE gets through, with the indexes of an ordinary table.
const WRITES: u64 = 30_000;

/// What takes less keeps nobody waiting for longer than an ordinary query may.
pub(crate) const HARMLESS: Duration = Duration::from_millis(200);

/// What a statement does to the rows of a table while it holds its lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Work {
    /// Nothing.
    None,
    /// The old file is thrown away.
    Empty,
    /// All are looked at.
    Scan,
    /// All are looked up in another table.
    LookUp,
    /// An index is built.
    Build,
    /// The table and all its indexes are written anew.
    Rewrite,
}

/// How long, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Estimate {
    /// About so long.
    About(Duration),
    /// The size of the table isn't known.
    Unknown,
}

impl Work {
    /// The table has another file afterwards.
    pub(crate) fn replaces_file(self) -> bool {
        matches!(self, Self::Empty | Self::Rewrite)
    }

    /// One word, for programs.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Empty => "empty",
            Self::Scan => "scan",
            Self::LookUp => "look-up",
            Self::Build => "build",
            Self::Rewrite => "rewrite",
        }
    }

    /// With a heap of so many bytes, and so many in all.
    pub(crate) fn takes(self, heap: u64, total: u64) -> Duration {
        let milliseconds = |bytes: u64, rate: u64| Duration::from_millis(bytes.saturating_mul(1000) / rate);
        match self {
            Self::None | Self::Empty => Duration::ZERO,
            Self::Scan => milliseconds(heap, SCAN),
            Self::LookUp => milliseconds(heap, LOOK_UP),
            Self::Build => milliseconds(heap, BUILD),
            Self::Rewrite => milliseconds(total, REWRITE),
        }
    }
}

/// How long an UPDATE or DELETE of so many rows takes.
pub(crate) fn writing(rows: u64) -> Duration {
    Duration::from_millis(rows.saturating_mul(1000) / WRITES)
}

impl Estimate {
    /// Nobody notices.
    pub(crate) fn is_harmless(self) -> bool {
        matches!(self, Self::About(time) if time < HARMLESS)
    }

    /// One after the other.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::About(one), Self::About(other)) => Self::About(one + other),
            _ => Self::Unknown,
        }
    }

    /// In words.
    pub(crate) fn words(self) -> String {
        match self {
            Self::About(time) if time < Duration::from_millis(1) => "a moment".to_owned(),
            Self::About(time) => format!("about {}", human_duration(time)),
            Self::Unknown => "as long as the table is large (its size isn't known here)".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_rows_are_harmless_and_a_gigabyte_is_not() {
        let takes = |work: Work, heap, total| Estimate::About(work.takes(heap, total));
        assert!(takes(Work::Rewrite, 8_192, 24_576).is_harmless());
        assert!(!takes(Work::Scan, 1 << 30, 1 << 30).is_harmless());
        assert_eq!(takes(Work::Rewrite, 1 << 30, 2 << 30).words(), "about 1 min 25 s");
        assert!(!Estimate::Unknown.is_harmless());
        assert_eq!(Estimate::Unknown.and(Estimate::About(HARMLESS)), Estimate::Unknown);
    }
}
