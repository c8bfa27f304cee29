//! A range of what may be: one number would claim to know what nobody knows.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// From `low` to `high`; neither is negative, and `low` is never more than `high`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// If it goes well.
    pub low: f64,
    /// If it goes badly.
    pub high: f64,
}

impl Span {
    /// Of two numbers, in whatever order; what is no number, or negative, is 0.
    #[must_use]
    pub fn of(one: f64, other: f64) -> Self {
        let sound = |number: f64| if number.is_finite() { number.max(0.0) } else { 0.0 };
        let (one, other) = (sound(one), sound(other));
        Self { low: one.min(other), high: one.max(other) }
    }

    /// Just this.
    #[must_use]
    pub fn exact(number: f64) -> Self {
        Self::of(number, number)
    }

    /// Around a number, by these shares of it below and above.
    #[must_use]
    pub fn around(number: f64, below: f64, above: f64) -> Self {
        Self::of(number * (1.0 - below).max(0.0), number * (1.0 + above))
    }

    /// Both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self::of(self.low + other.low, self.high + other.high)
    }

    /// So much of it.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self::of(self.low * factor, self.high * factor)
    }

    /// The product of the two.
    #[must_use]
    pub fn by(self, other: Self) -> Self {
        Self::of(self.low * other.low, self.high * other.high)
    }

    /// Not less than the other.
    #[must_use]
    pub fn at_least(self, other: Self) -> Self {
        Self::of(self.low.max(other.low), self.high.max(other.high))
    }

    /// In between.
    #[must_use]
    pub fn middle(self) -> f64 {
        f64::midpoint(self.low, self.high)
    }

    /// As durations, in seconds.
    #[must_use]
    pub fn durations(self) -> (Duration, Duration) {
        // A hundred years are enough.
        let of = |seconds: f64| Duration::from_secs_f64(seconds.min(3.2e9));
        (of(self.low), of(self.high))
    }
}
