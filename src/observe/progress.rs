//! The figures of a pass: how far, how fast, how long still. No output here.

use std::time::Duration;

use crate::model::{Pass, human_count};
use crate::plan::eta::{EtaEstimator, EtaRange, format_range};
use crate::store::PassTotals;

/// How far a pass is.
#[derive(Debug)]
pub struct Progress {
    pass: Pass,
    seen: u64,
    changed: u64,
    total: u64,
    began: Duration,
    /// Time in which something held the run: no work, and no part of any rate.
    held: Duration,
    held_since: Option<Duration>,
    estimator: EtaEstimator,
}

impl Progress {
    /// A pass of which `done` was done before, at `now` of the process's monotonic time.
    #[must_use]
    pub fn new(pass: Pass, done: PassTotals, expected: u64, now: Duration) -> Self {
        let mut estimator = EtaEstimator::new();
        estimator.record(Duration::ZERO, done.rows_seen);
        let total = expected.max(done.rows_seen);
        Self {
            pass,
            seen: done.rows_seen,
            changed: done.rows_changed,
            total,
            began: now,
            held: Duration::ZERO,
            held_since: None,
            estimator,
        }
    }

    /// A batch was committed.
    pub fn batch(&mut self, seen: u64, changed: u64, now: Duration) {
        self.seen += seen;
        self.changed += changed;
        self.total = self.total.max(self.seen);
        // The batch that was at work when the hold began.
        let held = self.held + self.held_since.map_or(Duration::ZERO, |since| now.saturating_sub(since));
        self.estimator.record(now.saturating_sub(self.began + held), self.seen);
    }

    /// All processes at work have passed so many keys of it.
    pub fn catch_up(&mut self, seen: u64, now: Duration) {
        if seen > self.seen {
            self.batch(seen - self.seen, 0, now);
        }
    }

    /// Something holds the run from now on.
    pub fn hold(&mut self, now: Duration) {
        self.held_since.get_or_insert(now);
    }

    /// It goes on.
    pub fn go_on(&mut self, now: Duration) {
        if let Some(since) = self.held_since.take() {
            self.held += now.saturating_sub(since);
        }
    }

    /// Keys a second in the last minute, and since this process came; nothing until there is enough to tell from.
    #[must_use]
    pub fn rates(&self) -> (Option<f64>, Option<f64>) {
        (self.estimator.rate_now(), self.estimator.rate_overall())
    }

    /// Working time that is left, once there is enough to tell from.
    #[must_use]
    pub fn time_left(&self) -> Option<EtaRange> {
        self.estimator.estimate(self.total - self.seen)
    }

    /// Which pass.
    #[must_use]
    pub fn pass(&self) -> Pass {
        self.pass
    }

    /// Keys passed.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Keys of the pass, estimated, and at least those that were passed.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Percent done. An estimate never claims the end: only the end does.
    #[must_use]
    pub fn percent(&self) -> u64 {
        (self.seen * 100).checked_div(self.total).unwrap_or(0).min(99)
    }

    /// `620,000 of about 1,000,000 rows, 48,200 rows/s, 8 to 10 s left`.
    #[must_use]
    pub fn describe(&self) -> String {
        let (seen, total) = (human_count(self.seen), human_count(self.total));
        format!("{seen} of about {total} rows, {}, {}", self.rate(), self.left())
    }

    /// `48,200 rows/s`.
    #[must_use]
    pub fn rate(&self) -> String {
        match self.estimator.rate_now() {
            Some(rate) => format!("{} rows/s", whole(rate)),
            None => "- rows/s".to_owned(),
        }
    }

    /// `8 to 10 s left`, once there is enough to tell from.
    #[must_use]
    pub fn left(&self) -> String {
        match self.time_left() {
            Some(range) => format!("{} left", format_range(range)),
            None => "time left unknown".to_owned(),
        }
    }
}

/// A rate for people: `48,200`.
pub(super) fn whole(rate: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate is positive, and saturates"
    )]
    human_count(rate.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_that_was_too_small_never_shows_more_than_99_percent() {
        let mut progress = Progress::new(Pass::BACKFILL, PassTotals::default(), 100, Duration::ZERO);
        progress.batch(250, 250, Duration::from_secs(1));
        assert_eq!((progress.percent(), progress.total()), (99, 250));
    }

    #[test]
    fn time_in_which_the_run_is_held_is_in_no_rate() {
        let mut progress = Progress::new(Pass::BACKFILL, PassTotals::default(), 1_000_000, Duration::ZERO);
        for second in 1..=5 {
            progress.batch(1000, 1000, Duration::from_secs(second));
        }
        progress.hold(Duration::from_secs(5));
        progress.go_on(Duration::from_secs(3605));
        for second in 3606..=3610 {
            progress.batch(1000, 1000, Duration::from_secs(second));
        }
        assert_eq!(progress.rate(), "1,000 rows/s");
    }

    #[test]
    fn what_was_done_before_counts_for_the_share_and_not_for_the_rate() {
        let done = PassTotals { rows_seen: 900_000, ..PassTotals::default() };
        let mut progress = Progress::new(Pass::BACKFILL, done, 1_000_000, Duration::from_secs(50));
        assert_eq!(progress.percent(), 90);
        for second in 1..=10 {
            progress.batch(1000, 1000, Duration::from_secs(50 + second));
        }
        assert_eq!(progress.rate(), "1,000 rows/s");
    }
}
