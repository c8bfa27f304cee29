//! How many rows a run may leave behind.

use std::fmt;

use super::parse_share;

/// How many rows may be in a run's quarantine before it pauses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tolerance {
    /// So many; 0: the first row that can't take its new value stops the run.
    Rows(u32),
    /// So large a part of the table's rows, as they were estimated when the run began; more than 0, at most 1.
    Share(f64),
}

/// Why a text is no tolerance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is neither a number of rows nor a share: write 100 or \"0.1%\"")]
pub struct BadTolerance {
    /// The text as given.
    pub text: String,
}

impl Tolerance {
    /// Rows that a run over so many may leave behind. A share of a small table is one row at the least.
    #[must_use]
    pub fn rows(self, of: u64) -> u64 {
        match self {
            Self::Rows(rows) => rows.into(),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "saturates, and is positive"
            )]
            Self::Share(share) => ((of as f64 * share) as u64).max(1),
        }
    }
}

impl Default for Tolerance {
    fn default() -> Self {
        Self::Rows(0)
    }
}

impl std::str::FromStr for Tolerance {
    type Err = BadTolerance;

    /// Reads `100` or `0.1%`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadTolerance { text: text.to_owned() };
        match text.trim() {
            rows if rows.bytes().all(|b| b.is_ascii_digit()) => {
                rows.parse().map(Self::Rows).map_err(|_| bad())
            }
            share => parse_share(share).map(Self::Share).map_err(|_| bad()),
        }
    }
}

impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows(rows) => write!(f, "{rows}"),
            Self::Share(share) => write!(f, "{}%", share * 100.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tolerance_is_a_number_of_rows_or_a_share_of_them() {
        let rows = |text: &str, of| text.parse::<Tolerance>().map(|tolerance| tolerance.rows(of)).ok();
        assert_eq!(rows("0", 1_000_000), Some(0));
        assert_eq!(rows(" 100 ", 10), Some(100));
        assert_eq!(rows("0.1%", 1_000_000), Some(1000));
        assert_eq!(rows("0.1 %", 10), Some(1));
        for bad in ["", "-1", "0%", "101%", "ten", "1e3", "4294967296"] {
            assert_eq!(rows(bad, 1), None, "{bad}");
        }
    }
}
