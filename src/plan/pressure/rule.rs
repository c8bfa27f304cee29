//! What a signal is measured by.

use std::time::Duration;

use super::{RELEASE, STALE, Unit};

/// A signal's limit, and how it is applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// What people call it: `replica lag`. No two rules of one verdict have the same.
    pub signal: String,
    /// What its values are.
    pub unit: Unit,
    /// Past what it holds.
    pub bound: Bound,
    /// The part of the limit at which it lets go again, from 0 to 1.
    pub release: f64,
    /// Somebody gave the limit; it is no default.
    pub explicit: bool,
    /// It tells how loaded the server is, step by step, and so counts for the load.
    pub gradient: bool,
    /// An older reading is none.
    pub stale_after: Duration,
}

/// Past what a signal holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// Above this.
    Above(f64),
    /// Below this.
    Below(f64),
    /// At anything else.
    Other(f64),
}

impl Rule {
    /// A limit that somebody gave, above which the signal holds. Let go at [`RELEASE`], stale after [`STALE`], no part of
    /// the load.
    #[must_use]
    pub fn above(signal: impl Into<String>, unit: Unit, limit: f64) -> Self {
        Self {
            signal: signal.into(),
            unit,
            bound: Bound::Above(limit),
            release: RELEASE,
            explicit: true,
            gradient: false,
            stale_after: STALE,
        }
    }
}

impl Bound {
    /// The limit.
    #[must_use]
    pub fn limit(self) -> f64 {
        match self {
            Self::Above(limit) | Self::Below(limit) | Self::Other(limit) => limit,
        }
    }

    /// How the reason writes it: `>`, `<` or `≠`.
    #[must_use]
    pub fn operator(self) -> &'static str {
        match self {
            Self::Above(_) => ">",
            Self::Below(_) => "<",
            Self::Other(_) => "≠",
        }
    }

    /// Whether the value is past it. What is no number is.
    pub(super) fn is_passed_by(self, value: f64) -> bool {
        let within = match self {
            Self::Above(limit) => value <= limit,
            Self::Below(limit) => value >= limit,
            #[expect(clippy::float_cmp, reason = "codes are whole numbers")]
            Self::Other(limit) => value == limit,
        };
        !within
    }

    /// The bound of a signal that holds already: further away from trouble, by `release`.
    pub(super) fn let_go(self, release: f64) -> Self {
        let release = release.clamp(f64::MIN_POSITIVE, 1.0);
        match self {
            Self::Above(limit) => Self::Above(limit * release),
            Self::Below(limit) => Self::Below(limit / release),
            Self::Other(limit) => Self::Other(limit),
        }
    }
}
