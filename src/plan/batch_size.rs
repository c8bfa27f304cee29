//! How many rows the next batch takes.
//!
//! A batch should take a target time: long enough to amortise its round trip, short enough that nobody waits for
//! its locks. The sizer sees how long each batch took (statement and commit, waits for locks included as yet) and
//! moves the size toward the target. One sizer for each worker; it holds no clock and is lost in a crash, after which
//! a new one begins with [`FIRST_SIZE`].
//!
//! | constant | value | source |
//! |---|---|---|
//! | [`FIRST_SIZE`] | 1000 | spirit, gh-ost, pt-osc, GitLab, pgroll |
//! | [`MIN_SIZE`], [`MAX_SIZE`] | 10, 100,000 | spirit, gh-ost |
//! | [`MAX_GROWTH`] | 1.5 a step | spirit (`MaxDynamicStepFactor`) |
//! | [`PANIC_FACTOR`], [`PANIC_DIVISOR`] | 5, 10 | spirit (`DynamicPanicFactor`) |
//! | [`HISTORY`], p90, forgotten after a change | 10 | spirit |
//! | [`ENOUGH`], [`DEAD_BAND`] | 3, 10 % | ours: three agree before the size moves, and noise does not move it |

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use crate::model::{BatchOptions, human_duration};

/// Rows of the first batch, before anything is known.
pub const FIRST_SIZE: u32 = 1000;
/// The default for [`BatchOptions::min`], in rows.
pub const MIN_SIZE: u32 = 10;
/// The default for [`BatchOptions::max`], in rows.
pub const MAX_SIZE: u32 = 100_000;
/// The size grows by this factor at most in one step.
pub const MAX_GROWTH: f64 = 1.5;
/// A single batch that takes longer than this many targets cuts the size at once.
pub const PANIC_FACTOR: u32 = 5;
/// What the size is divided by at such a cut.
pub const PANIC_DIVISOR: u32 = 10;
/// Samples looked back on at the most.
pub const HISTORY: usize = 10;
/// Samples wanted since the last change before the next.
pub const ENOUGH: usize = 3;
/// A correction smaller than this share of the size is left alone.
pub const DEAD_BAND: f64 = 0.1;

/// A change of the batch's size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resize {
    /// Rows before.
    pub from: u32,
    /// Rows from now on; never the same as `from`.
    pub to: u32,
    /// Why; its Display is for people.
    pub reason: ResizeReason,
}

impl fmt::Display for Resize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "batch size {} -> {}: {}", self.from, self.to, self.reason)
    }
}

/// Why the size changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResizeReason {
    /// The p90 lies above the target.
    Slow {
        /// The 90th percentile of the samples.
        p90: Duration,
        /// What it should be.
        target: Duration,
    },
    /// The p90 lies below the target.
    Quick {
        /// The 90th percentile of the samples.
        p90: Duration,
        /// What it should be.
        target: Duration,
    },
    /// One batch took more than [`PANIC_FACTOR`] targets.
    FarTooSlow {
        /// How long it took.
        elapsed: Duration,
        /// How long it should have taken.
        target: Duration,
    },
    /// The caller asked for smaller batches.
    Split {
        /// The caller's reason, like `statement timeout`.
        why: String,
    },
}

/// Holds the size, and the samples since it last changed: [`HISTORY`] at the most.
#[derive(Clone, Debug)]
pub struct BatchSizer {
    limits: BatchOptions,
    size: u32,
    samples: VecDeque<Duration>,
}

impl BatchSizer {
    /// Begins with [`FIRST_SIZE`], within the limits.
    #[must_use]
    pub fn new(limits: BatchOptions) -> Self {
        Self::starting_at(limits, FIRST_SIZE)
    }

    /// Begins with `rows`, within the limits: for a resumed run, or when the limits were changed.
    #[must_use]
    pub fn starting_at(limits: BatchOptions, rows: u32) -> Self {
        let limits = mended(limits);
        Self { limits, size: rows.clamp(limits.min, limits.max), samples: VecDeque::with_capacity(HISTORY) }
    }

    /// Other limits from now on; the size keeps to them at once.
    pub fn set_limits(&mut self, limits: BatchOptions) {
        self.limits = mended(limits);
        let size = self.size.clamp(self.limits.min, self.limits.max);
        if size != self.size {
            self.size = size;
            self.samples.clear();
        }
    }

    /// How long the next batch may take: the slowest of the latest, or the target where nothing is known.
    #[must_use]
    pub fn expected(&self) -> Duration {
        self.samples.iter().max().copied().unwrap_or(self.limits.target)
    }

    /// Rows for the next batch.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Takes note of a finished batch, and says whether the size has changed.
    ///
    /// `rows` are the rows it visited (not only those it changed). The last batch of a range is small: below half the
    /// size it can say that batches are too slow, never that they are quick. A batch that is larger than the size
    /// began before a cut, and is scaled down to the size.
    pub fn observe(&mut self, rows: u32, elapsed: Duration) -> Option<Resize> {
        let target = self.limits.target;
        let elapsed =
            if rows > self.size { elapsed.mul_f64(f64::from(self.size) / f64::from(rows)) } else { elapsed };
        if elapsed > target.saturating_mul(PANIC_FACTOR) {
            return self.resize(self.size / PANIC_DIVISOR, ResizeReason::FarTooSlow { elapsed, target });
        }
        if rows < self.size.div_ceil(2) && elapsed <= target {
            return None;
        }
        if self.samples.len() == HISTORY {
            self.samples.pop_front();
        }
        self.samples.push_back(elapsed);
        if self.samples.len() < ENOUGH {
            return None;
        }
        let p90 = self.p90();
        let factor = (target.as_secs_f64() / p90.as_secs_f64().max(1e-9)).min(MAX_GROWTH);
        if (factor - 1.0).abs() <= DEAD_BAND {
            return None;
        }
        let to = scale(self.size, factor);
        if factor > 1.0 {
            // From one or two rows, half more is no row more.
            self.resize(to.max(self.size.saturating_add(1)), ResizeReason::Quick { p90, target })
        } else {
            self.resize(to, ResizeReason::Slow { p90, target })
        }
    }

    /// Halves the size after a timeout, and forgets the samples. `None`: the size is at its minimum already, and
    /// smaller batches are no way out.
    #[must_use = "None says that the batch can't be made smaller"]
    pub fn split(&mut self, why: impl Into<String>) -> Option<Resize> {
        self.samples.clear();
        self.resize(self.size / 2, ResizeReason::Split { why: why.into() })
    }

    fn resize(&mut self, rows: u32, reason: ResizeReason) -> Option<Resize> {
        let from = self.size;
        let to = rows.clamp(self.limits.min, self.limits.max);
        if to == from {
            return None;
        }
        self.size = to;
        self.samples.clear();
        Some(Resize { from, to, reason })
    }

    /// The nearest rank: the slowest of up to nine samples, the second slowest of ten.
    fn p90(&self) -> Duration {
        let mut sorted: Vec<Duration> = self.samples.iter().copied().collect();
        sorted.sort_unstable();
        let rank = (sorted.len() * 9).div_ceil(10);
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

fn mended(limits: BatchOptions) -> BatchOptions {
    let min = limits.min.max(1);
    let target = limits.target.max(Duration::from_millis(1));
    BatchOptions { target, min, max: limits.max.max(min) }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float becomes an integer by saturating, neither factor is negative, and limits are applied after"
)]
fn scale(rows: u32, factor: f64) -> u32 {
    (f64::from(rows) * factor) as u32
}

impl fmt::Display for ResizeReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slow { p90, target } => {
                write!(f, "batch time {} > target {}", human_duration(*p90), human_duration(*target))
            }
            Self::Quick { p90, target } => {
                write!(f, "batch time {} < target {}", human_duration(*p90), human_duration(*target))
            }
            Self::FarTooSlow { elapsed, target } => {
                let (elapsed, target) = (human_duration(*elapsed), human_duration(*target));
                write!(f, "one batch took {elapsed} > {PANIC_FACTOR} x target {target}")
            }
            Self::Split { why } => f.write_str(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;
    const LIMITS: BatchOptions =
        BatchOptions { target: Duration::from_millis(500), min: MIN_SIZE, max: MAX_SIZE };

    #[test]
    fn three_quick_batches_grow_the_size_by_half_and_say_why() {
        let mut sizer = BatchSizer::new(LIMITS);
        assert_eq!(sizer.observe(1000, MS(20)), None);
        assert_eq!(sizer.observe(1000, Duration::ZERO), None);
        let resize = sizer.observe(1000, MS(50)).unwrap();
        assert_eq!((resize.from, resize.to), (1000, 1500));
        assert_eq!(resize.reason.to_string(), "batch time 50 ms < target 500 ms");
        assert_eq!(sizer.observe(1500, MS(20)), None, "the samples before the change are forgotten");
    }

    #[test]
    fn one_batch_of_more_than_five_targets_cuts_to_a_tenth_at_once() {
        let mut sizer = BatchSizer::new(LIMITS);
        let resize = sizer.observe(1000, MS(2501)).unwrap();
        assert_eq!((resize.from, resize.to), (1000, 100));
        assert_eq!(resize.reason.to_string(), "one batch took 2.5 s > 5 x target 500 ms");
    }

    #[test]
    fn batches_begun_before_a_cut_do_not_cut_again() {
        let mut sizer = BatchSizer::starting_at(LIMITS, 10_000);
        assert!(sizer.observe(10_000, MS(3000)).is_some());
        for _ in 0..HISTORY {
            assert!(sizer.observe(10_000, MS(5000)).is_none());
        }
        assert_eq!(sizer.size(), 1000);
    }

    #[test]
    fn the_small_last_batch_of_a_range_does_not_grow_the_size_but_a_slow_one_shrinks_it() {
        let mut sizer = BatchSizer::new(LIMITS);
        assert!((0..20).all(|_| sizer.observe(499, MS(1)).is_none()));
        assert!((0..3).any(|_| sizer.observe(499, MS(1000)).is_some_and(|resize| resize.to == 500)));
    }

    #[test]
    fn a_time_near_the_target_changes_nothing_nor_does_one_slow_batch_of_ten() {
        let mut sizer = BatchSizer::new(LIMITS);
        for elapsed in [460, 540, 500, 470, 530, 490, 545, 455, 500, 2000, 510, 480] {
            assert_eq!(sizer.observe(1000, MS(elapsed)), None, "{elapsed} ms");
        }
    }

    #[test]
    fn a_split_halves_down_to_the_minimum_and_then_says_so() {
        let mut sizer = BatchSizer::starting_at(LIMITS, 35);
        let halves: Vec<u32> =
            std::iter::from_fn(|| sizer.split("statement timeout").map(|r| r.to)).collect();
        assert_eq!(halves, [17, 10]);
    }

    #[test]
    fn other_limits_are_kept_to_at_once_and_a_batch_is_expected_to_take_what_the_slowest_took() {
        let mut sizer = BatchSizer::starting_at(LIMITS, 1000);
        assert_eq!(sizer.expected(), MS(500));
        sizer.observe(1000, MS(480));
        sizer.observe(1000, MS(510));
        assert_eq!(sizer.expected(), MS(510));
        sizer.set_limits(BatchOptions { max: 200, ..LIMITS });
        assert_eq!((sizer.size(), sizer.expected()), (200, MS(500)));
    }

    #[test]
    fn limits_that_contradict_themselves_are_mended() {
        let sizer = BatchSizer::new(BatchOptions { target: Duration::ZERO, min: 0, max: 0 });
        assert_eq!(sizer.size(), 1);
    }

    proptest! {
        #[test]
        fn the_size_keeps_its_limits_and_never_grows_by_more_than_half(
            start: u32, min in 0..5000_u32, max in 0..200_000_u32,
            batches in prop::collection::vec((any::<u32>(), any::<Duration>(), 0..20_u8), 0..200),
        ) {
            let mut sizer = BatchSizer::starting_at(BatchOptions { min, max, ..LIMITS }, start);
            for (rows, elapsed, kind) in batches {
                let before = sizer.size();
                let resize = match kind {
                    0 => sizer.split("timeout"),
                    1..5 => sizer.observe(rows, elapsed),
                    _ => sizer.observe(before, Duration::from_millis(u64::from(rows % 1500))),
                };
                let after = sizer.size();
                prop_assert!(after >= min.max(1) && after <= max.max(min.max(1)));
                prop_assert!(u64::from(after) * 2 <= (u64::from(before) * 3).max(u64::from(before) * 2 + 2));
                prop_assert_eq!(resize.map(|r| (r.from, r.to)), (before != after).then_some((before, after)));
            }
        }

        #[test]
        fn it_finds_the_size_of_a_linear_server_from_any_start(
            start in 1..200_000_u32, fixed in 0.0..0.25_f64, per_row in 1e-6..0.02_f64,
        ) {
            let mut sizer = BatchSizer::starting_at(LIMITS, start);
            for _ in 0..200 {
                let cost = fixed + per_row * f64::from(sizer.size());
                sizer.observe(sizer.size(), Duration::from_secs_f64(cost));
            }
            let ideal = ((0.5 - fixed) / per_row).clamp(10.0, 100_000.0);
            let ratio = f64::from(sizer.size()) / ideal;
            prop_assert!((0.5..=2.0).contains(&ratio), "{} rows, ideal {ideal}", sizer.size());
        }

        #[test]
        fn under_an_overload_it_only_shrinks(overload in prop::collection::vec(560..60_000_u64, 3..100)) {
            let mut sizer = BatchSizer::starting_at(LIMITS, MAX_SIZE);
            for elapsed in overload {
                let before = sizer.size();
                sizer.observe(before, MS(elapsed));
                prop_assert!(sizer.size() <= before);
            }
            prop_assert!(sizer.size() < MAX_SIZE);
        }
    }
}
