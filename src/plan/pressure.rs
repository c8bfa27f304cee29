//! Whether the server's health lets a run go on: readings against limits, one judgement a signal.
//!
//! ```text
//! Reading ──note──► Judge (limit, last value, holding or not) ──judge──► Verdict: holds, warnings, load
//! ```
//!
//! - A signal **holds** past its limit and lets go only at a lower value, so that the run does not flap around the limit.
//! - **A signal that cannot be read is not fine**: what was never read holds at once, what was not read for a while holds
//!   too. "There is no replica" is an answer; "this role may not see the replicas" is none.
//! - A limit that somebody gave is kept or the run waits. A default that rights do not allow to watch is passed over, and
//!   warned of once.
//!
//! Times are durations since some start of the caller's monotonic clock.
//!
//! | constant | source |
//! |---|---|
//! | [`LAG_RELEASE`]: a replica's lag lets go at half of its limit | graph-node's throttle, 60 s and 30 s |
//! | [`RELEASE`]: the others at 80 % | ours: further than the noise of a count, near enough to go on soon |
//! | [`STALE`]: 15 s | spirit: three polls of 5 s |
//! | lag is no part of the load | spirit: "a budget, not a load gauge" |

mod judge;
mod rule;
#[cfg(test)]
mod tests;
mod unit;

use std::time::Duration;

pub use judge::Judge;
pub use rule::{Bound, Rule};
pub use unit::Unit;

/// The part of its limit at which a replica's lag lets go.
pub const LAG_RELEASE: f64 = 0.5;

/// The part of their limits at which other signals let go.
pub const RELEASE: f64 = 0.8;

/// A reading that is older than this is none.
pub const STALE: Duration = Duration::from_secs(15);

/// What came of reading a signal.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// It was read.
    Value {
        /// In the unit of the signal's rule.
        value: f64,
        /// Whose value it is, for the reason: `standby reporting1`; may be empty.
        detail: String,
    },
    /// There is nothing that could be too much: no replica, no archive.
    NotApplicable {
        /// Why.
        why: String,
    },
    /// It can't be read.
    Unreadable {
        /// Why.
        why: String,
        /// Asking again won't help: rights are missing, or the question is wrong.
        definitive: bool,
    },
}

/// A signal that says: not now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The signal: `replica lag`.
    pub signal: String,
    /// Signal, observed value, operator and limit: `replica lag 7.2 s > 5 s (standby reporting1)`.
    pub reason: String,
}

/// A signal as it was last read, beside its limit, for charts and metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The signal: `replica lag`.
    pub signal: String,
    /// In the unit.
    pub value: f64,
    /// Past what it holds, in the unit.
    pub bound: Bound,
    /// What both are.
    pub unit: Unit,
}

/// What all signals say together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// Why nothing new may begin; empty: go on.
    pub holds: Vec<Hold>,
    /// What is not watched, said once.
    pub warnings: Vec<String>,
    /// The greatest part of its limit that a gradient signal has reached, 1 at the limit; `None`: none was read.
    pub load: Option<f64>,
    /// What was read and is not old.
    pub observed: Vec<Observed>,
}

/// How old a reading may be of a signal that is read this often: three readings, and [`STALE`] at least.
#[must_use]
pub fn stale_after(every: Duration) -> Duration {
    STALE.max(every.saturating_mul(3))
}

/// What they say together at `now`: one that holds is enough.
pub fn verdict<'j>(judges: impl IntoIterator<Item = &'j mut Judge>, now: Duration) -> Verdict {
    let mut verdict = Verdict::default();
    for judge in judges {
        if let Some(reason) = judge.judge(now) {
            verdict.holds.push(Hold { signal: judge.rule().signal.clone(), reason });
        }
        verdict.warnings.extend(judge.warning());
        verdict.observed.extend(judge.observed(now));
        verdict.load = verdict.load.into_iter().chain(judge.load(now)).reduce(f64::max);
    }
    verdict
}
