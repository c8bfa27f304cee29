//! When the work will be done, as a range: one number would claim to know what nobody knows.
//!
//! The estimator sees how many rows were done when, in working time: the caller leaves out the time in which the run
//! was held (paused, throttled, outside its hours), so that a night's pause doesn't look like a slow server. It is
//! lost in a crash; the next process measures for itself.
//!
//! | constant | value | source |
//! |---|---|---|
//! | [`WINDOW`] | 60 s | backfila |
//! | [`LEAST_TIME`], [`LEAST_SAMPLES`] | 5 s, 3 | ours: spirit keeps silent for the first minute, a range can speak sooner |
//! | [`MOST_SAMPLES`] | 128 | ours: one each half second of the window, and a few |
//! | [`MARGIN`] | 2 % | ours: no measurement here is better |

use std::collections::VecDeque;
use std::time::Duration;

/// How far back "now" reaches, in working time.
pub const WINDOW: Duration = Duration::from_secs(60);
/// No estimate before so much working time.
pub const LEAST_TIME: Duration = Duration::from_secs(5);
/// No estimate before so many samples.
pub const LEAST_SAMPLES: u32 = 3;
/// Samples kept at the most.
pub const MOST_SAMPLES: usize = 128;
/// The range reaches at least this share below and above the rates measured.
pub const MARGIN: f64 = 0.02;
/// Samples nearer together than this are one.
const SPACING: Duration = Duration::from_millis(500);
/// The window is cut into so many parts to see how much the rate varies.
const PARTS: u32 = 6;
/// Estimates end here: 100 years.
const HORIZON: Duration = Duration::from_secs(100 * 365 * 86_400);

/// When the rest will be done, in working time from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EtaRange {
    /// If it goes well. Never more than `high`.
    pub low: Duration,
    /// If it goes slowly. At most 100 years.
    pub high: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Duration,
    rows: u64,
}

/// Holds the first sample and those of the last [`WINDOW`].
#[derive(Clone, Debug, Default)]
pub struct EtaEstimator {
    first: Option<Sample>,
    window: VecDeque<Sample>,
    recorded: u32,
}

impl EtaEstimator {
    /// Knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes note that `done_rows` are done in all, `at` working time after the process began its work. Record once
    /// at the beginning, and then as often as you like.
    ///
    /// A time before the last one is ignored. Fewer rows than before (work was given back) begin the measurement anew.
    pub fn record(&mut self, at: Duration, done_rows: u64) {
        let sample = Sample { at, rows: done_rows };
        if let Some(last) = self.window.back() {
            if at < last.at {
                return;
            }
            if done_rows < last.rows {
                *self = Self::default();
            }
        }
        self.first.get_or_insert(sample);
        self.recorded = self.recorded.saturating_add(1);
        // The newest sample is always there; it gives its place to the next while it is near the one before it.
        if let [.., earlier, last] = self.window.make_contiguous()
            && last.at.saturating_sub(earlier.at) < SPACING
        {
            self.window.pop_back();
        }
        self.window.push_back(sample);
        // One sample at or before the window's beginning stays, so that the window is full.
        let begin = at.saturating_sub(WINDOW);
        while self.window.get(1).is_some_and(|second| second.at <= begin) {
            self.window.pop_front();
        }
    }

    /// Rows per second in the last [`WINDOW`] of working time; `None` until it is known well enough.
    #[must_use]
    pub fn rate_now(&self) -> Option<f64> {
        self.rate_since(*self.window.front()?)
    }

    /// Rows per second since the first sample; `None` until it is known well enough.
    #[must_use]
    pub fn rate_overall(&self) -> Option<f64> {
        self.rate_since(self.first?)
    }

    /// When `remaining_rows` will be done. `None` until the rates are known, and while no row has been done in the
    /// last [`WINDOW`].
    ///
    /// The range spans the recent and the overall rate, widened by how much the recent rate varied.
    #[must_use]
    pub fn estimate(&self, remaining_rows: u64) -> Option<EtaRange> {
        let (now, overall) = (self.rate_now()?, self.rate_overall()?);
        if remaining_rows == 0 {
            return Some(EtaRange { low: Duration::ZERO, high: Duration::ZERO });
        }
        if now <= 0.0 {
            return None;
        }
        let spread = self.spread(now);
        let (slower, faster) = (now.min(overall), now.max(overall));
        // However much the rate varied, it is not going to be near zero for the whole rest.
        let slow = (slower - spread).max(slower / 4.0) * (1.0 - MARGIN);
        let fast = (faster + spread) * (1.0 + MARGIN);
        let time = |rate: f64| {
            let seconds = remaining_rows as f64 / rate;
            Duration::try_from_secs_f64(seconds).map_or(HORIZON, |time| time.min(HORIZON))
        };
        Some(EtaRange { low: time(fast), high: time(slow) })
    }

    fn rate_since(&self, from: Sample) -> Option<f64> {
        let (first, last) = (self.first?, self.window.back()?);
        let enough = self.recorded >= LEAST_SAMPLES && last.at.saturating_sub(first.at) >= LEAST_TIME;
        enough.then(|| rate(from, *last))
    }

    /// The standard deviation of the rates in the parts of the window, in rows per second.
    fn spread(&self, mean: f64) -> f64 {
        let (Some(front), Some(back)) = (self.window.front(), self.window.back()) else { return 0.0 };
        let least = back.at.saturating_sub(front.at) / PARTS;
        let (mut begin, mut squares, mut parts) = (*front, 0.0, 0.0);
        for sample in &self.window {
            if sample.at > begin.at && sample.at.saturating_sub(begin.at) >= least {
                squares += (rate(begin, *sample) - mean).powi(2);
                parts += 1.0;
                begin = *sample;
            }
        }
        if parts > 1.0 { (squares / (parts - 1.0)).sqrt() } else { 0.0 }
    }
}

fn rate(from: Sample, to: Sample) -> f64 {
    let seconds = to.at.saturating_sub(from.at).as_secs_f64();
    if seconds > 0.0 { to.rows.saturating_sub(from.rows) as f64 / seconds } else { 0.0 }
}

/// The range for people, as precise as an estimate can be: `about 4 min`, `3 to 5 min`, `1 h 10 min to 1 h 40 min`.
#[must_use]
pub fn format_range(range: EtaRange) -> String {
    let (low, high) = (round(range.low), round(range.high));
    let ((low_number, low_unit), (high_number, high_unit)) = (words(low), words(high));
    let simple = !low_number.contains(' ') && !high_number.contains(' ');
    if high == 0 {
        "under 5 s".to_owned()
    } else if low == 0 {
        format!("under {high_number} {high_unit}")
    } else if low == high {
        format!("about {high_number} {high_unit}")
    } else if simple && low_unit == high_unit {
        format!("{low_number} to {high_number} {high_unit}")
    } else {
        format!("{low_number} {low_unit} to {high_number} {high_unit}")
    }
}

/// Seconds, rounded to what matters at that size.
fn round(time: Duration) -> u64 {
    let seconds = time.as_secs();
    let step = match seconds {
        0..60 => 5,
        60..3600 => 60,
        3600..36_000 => 600,
        36_000..172_800 => 3600,
        _ => 86_400,
    };
    (seconds.saturating_add(step / 2) / step).saturating_mul(step)
}

/// A number and its unit, where the number may hold a larger unit: `("1 h 10", "min")`.
fn words(seconds: u64) -> (String, &'static str) {
    match seconds {
        0..60 => (seconds.to_string(), "s"),
        60..3600 => ((seconds / 60).to_string(), "min"),
        3600..172_800 if seconds.is_multiple_of(3600) => ((seconds / 3600).to_string(), "h"),
        3600..172_800 => (format!("{} h {:02}", seconds / 3600, seconds / 60 % 60), "min"),
        _ => ((seconds / 86_400).to_string(), "days"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn fed(samples: impl IntoIterator<Item = (u64, u64)>) -> EtaEstimator {
        let mut eta = EtaEstimator::new();
        samples.into_iter().for_each(|(second, rows)| eta.record(S(second), rows));
        eta
    }

    #[test]
    fn nothing_is_said_before_three_samples_and_five_seconds() {
        assert_eq!(fed([]).estimate(1000), None);
        assert_eq!(fed([(0, 0), (10, 1000)]).estimate(1000), None);
        assert_eq!(fed([(0, 0), (1, 100), (2, 200), (4, 400)]).estimate(1000), None);
        assert!(fed([(0, 0), (2, 200), (5, 500)]).estimate(1000).is_some());
    }

    #[test]
    fn a_server_that_became_slower_gives_a_range_from_the_overall_to_the_recent_rate() {
        let eta =
            fed((0..=600).map(|s| (s, s * 1000)).chain((601..=660).map(|s| (s, 600_000 + (s - 600) * 100))));
        assert_eq!(eta.rate_now().map(f64::round), Some(100.0));
        assert_eq!(eta.rate_overall().map(f64::round), Some(918.0));
        let range = eta.estimate(90_000).unwrap();
        assert!(range.low < S(98) && range.low > S(90), "{range:?}");
        assert!(range.high > S(900) && range.high < S(930), "{range:?}");
    }

    #[test]
    fn no_row_in_the_last_minute_gives_no_estimate() {
        let eta = fed([(0, 0), (10, 1000), (20, 2000), (81, 2000)]);
        assert_eq!((eta.rate_now(), eta.estimate(1000)), (Some(0.0), None));
    }

    #[test]
    fn work_given_back_begins_the_measurement_anew_and_a_time_before_the_last_is_ignored() {
        let mut eta = fed((0..100).map(|s| (s, s * 1000)));
        eta.record(S(50), 1_000_000);
        assert_eq!(eta.rate_now().map(f64::round), Some(1000.0));
        eta.record(S(101), 500);
        assert_eq!(eta.rate_now(), None);
    }

    #[test]
    fn ranges_read_as_people_say_them() {
        for (low, high, text) in [
            (0, 2, "under 5 s"),
            (1, 21, "under 20 s"),
            (33, 37, "about 35 s"),
            (44, 118, "45 s to 2 min"),
            (235, 245, "about 4 min"),
            (180, 300, "3 to 5 min"),
            (3590, 6000, "1 h to 1 h 40 min"),
            (4200, 6000, "1 h 10 min to 1 h 40 min"),
            (7200, 10_800, "2 to 3 h"),
            (200_000, 400_000, "2 to 5 days"),
        ] {
            assert_eq!(format_range(EtaRange { low: S(low), high: S(high) }), text);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_recorded_the_range_is_one_and_memory_is_bounded(
            samples in prop::collection::vec((0..5000_u64, prop_oneof![0..100_000_u64, any::<u64>()]), 0..600),
            begin: Duration, remaining: u64,
        ) {
            let (mut eta, mut at, mut rows) = (EtaEstimator::new(), begin, 0_u64);
            for (pause, done) in samples {
                at = at.saturating_add(Duration::from_millis(pause % 700 * (pause / 1000)));
                rows = rows.checked_add(done).unwrap_or(done);
                eta.record(at, rows);
                prop_assert!(eta.window.len() <= MOST_SAMPLES);
                prop_assert!(eta.rate_now().is_none_or(|rate| rate.is_finite() && rate >= 0.0));
                if let Some(range) = eta.estimate(remaining) {
                    prop_assert!(range.low <= range.high && range.high <= HORIZON);
                    prop_assert!(!format_range(range).is_empty());
                }
            }
        }

        #[test]
        fn a_constant_rate_gives_a_tight_range_that_holds_the_truth(
            per_second in 200..1_000_000_u64, every in 10..5000_u64, remaining in 1_000_000..1_000_000_000_000_u64,
        ) {
            let mut eta = EtaEstimator::new();
            for at in (0..100_000).step_by(usize::try_from(every).unwrap()) {
                eta.record(Duration::from_millis(at), per_second * at / 1000);
            }
            let range = eta.estimate(remaining).unwrap();
            let truth = remaining as f64 / per_second as f64;
            if truth < HORIZON.as_secs_f64() {
                prop_assert!(range.low.as_secs_f64() <= truth && truth <= range.high.as_secs_f64());
                prop_assert!(range.high.as_secs_f64() <= range.low.as_secs_f64() * 1.1, "{range:?}");
            }
        }
    }
}
