//! Scales: where a value stands on an axis, and which values its marks tell. Pure.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit as Calendar, Zoned};

/// An axis of values, from 0 up to its last mark.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::web) struct Scale {
    /// The marks, evenly spaced: 0 first, the axis' end last.
    pub(in crate::web) marks: Vec<f64>,
}

/// A time axis.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::web) struct TimeAxis {
    /// In microseconds since 1970, as the store tells times.
    pub(in crate::web) from: i64,
    pub(in crate::web) to: i64,
    /// Marks with their texts.
    pub(in crate::web) marks: Vec<(i64, String)>,
}

impl Scale {
    /// An axis that holds 0 and `most`, with two to four steps of 1, 2 or 5 times a power of `base`.
    pub(in crate::web) fn up_to(most: f64, base: f64) -> Self {
        let most = if most.is_finite() && most > 0.0 { most } else { 1.0 };
        // For sizes: the unit below `most`, so that marks are 100 MB and not 97.7 MB.
        let unit = base.powf(most.log(base).floor().max(-3.0));
        let scaled = most / unit;
        let magnitude = 10_f64.powf((scaled / 2.0).log10().floor());
        let fits = |step: &f64| *step * 4.0 >= scaled;
        let step = [1.0, 2.0, 5.0, 10.0, 20.0].map(|n| n * magnitude).into_iter().find(fits);
        let step = step.unwrap_or(scaled);
        let steps = (scaled / step - 1e-9).ceil().max(1.0);
        let mut marks = vec![0.0];
        while (marks.len() as f64) <= steps {
            marks.push(marks.len() as f64 * step * unit);
        }
        Self { marks }
    }

    pub(in crate::web) fn end(&self) -> f64 {
        self.marks.last().copied().unwrap_or(1.0)
    }

    /// The share of the axis, from 0 to 1.
    pub(in crate::web) fn share(&self, value: f64) -> f64 {
        (value / self.end()).clamp(0.0, 1.0)
    }
}

/// Distances between marks of time, in seconds.
const STEPS: [i64; 18] =
    [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800];

impl TimeAxis {
    /// Between these two times, with three to seven marks at full minutes, hours or days of the zone.
    pub(in crate::web) fn between(from: i64, to: i64, zone: &TimeZone) -> Self {
        let to = to.max(from + 1_000_000);
        let seconds = (to - from) / 1_000_000;
        let step = STEPS.into_iter().find(|step| seconds / step <= 6).unwrap_or(seconds / 6 + 1);
        let Ok(begin) = Timestamp::from_microsecond(from).map(|at| at.to_zoned(zone.clone())) else {
            return Self { from, to, marks: Vec::new() };
        };
        // Counted from midnight, so that marks are full hours of the zone.
        let midnight = begin.start_of_day().map_or(from, |start| start.timestamp().as_microsecond());
        let step_us = step * 1_000_000;
        let first = midnight + (from - midnight + step_us - 1).div_euclid(step_us) * step_us;
        let mut marks = Vec::new();
        let mut at = first;
        while at <= to && marks.len() < 12 {
            if let Ok(time) = Timestamp::from_microsecond(at) {
                marks.push((at, label(&time.to_zoned(zone.clone()), step)));
            }
            at += step_us;
        }
        Self { from, to, marks }
    }

    /// The share of the axis, from 0 to 1.
    pub(in crate::web) fn share(&self, at: i64) -> f64 {
        ((at - self.from) as f64 / (self.to - self.from) as f64).clamp(0.0, 1.0)
    }
}

/// The time of day; at midnight, and where a step is a day, the day.
fn label(time: &Zoned, step: i64) -> String {
    let midnight = time.round(Calendar::Day).is_ok_and(|day| day == *time);
    let format = match step {
        86_400.. => "%-d %b",
        _ if midnight => "%-d %b",
        60.. => "%H:%M",
        _ => "%H:%M:%S",
    };
    time.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn marks_are_round_numbers() {
        let marks = |most, base| Scale::up_to(most, base).marks;
        assert_eq!(marks(9800.0, 10.0), [0.0, 5000.0, 10_000.0]);
        assert_eq!(marks(12_300.0, 10.0), [0.0, 5000.0, 10_000.0, 15_000.0]);
        assert_eq!(marks(0.34, 10.0), [0.0, 0.1, 0.2, 0.1 + 0.2, 0.4]);
        assert_eq!(marks(1.0, 10.0), [0.0, 0.5, 1.0]);
        assert_eq!(marks(0.0, 10.0), [0.0, 0.5, 1.0], "nothing happened");
        assert_eq!(marks(f64::NAN, 10.0), [0.0, 0.5, 1.0]);
        let megabyte = 1024.0 * 1024.0;
        assert_eq!(marks(37.0 * megabyte, 1024.0), [0, 10, 20, 30, 40].map(|n| f64::from(n) * megabyte));
    }

    #[test]
    fn times_are_told_at_full_hours_of_the_zone() {
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
        let labels = |from, to| -> Vec<String> {
            TimeAxis::between(at(from), at(to), &zone).marks.into_iter().map(|(_, label)| label).collect()
        };
        assert_eq!(
            labels("2026-11-26T16:07:00Z", "2026-11-26T20:11:00Z"),
            ["22:00", "23:00", "27 Nov", "01:00"],
            "from 21:37 to 01:41 in India"
        );
        assert_eq!(labels("2026-11-26T16:07:01Z", "2026-11-26T16:07:05Z").first().unwrap(), "21:37:01");
        assert_eq!(labels("2026-11-20T00:00:00Z", "2026-11-26T00:00:00Z").len(), 6);
    }

    proptest! {
        #[test]
        fn an_axis_holds_what_it_is_for(most in 1e-6..1e15_f64, base in prop_oneof![Just(10.0), Just(1024.0)]) {
            let scale = Scale::up_to(most, base);
            prop_assert!(scale.end() >= most * 0.999_999);
            prop_assert!((2..=6).contains(&scale.marks.len()), "{:?}", scale.marks);
            prop_assert!(scale.end() <= most * 5.1, "{most} fills a fifth of {}", scale.end());
        }

        #[test]
        fn a_time_axis_has_a_few_marks_within_it(from in 0..4_000_000_000_000_000_i64, seconds in 0..10_000_000_i64) {
            let axis = TimeAxis::between(from, from + seconds * 1_000_000, &TimeZone::UTC);
            prop_assert!(axis.marks.len() <= 8, "{:?}", axis.marks);
            prop_assert!(seconds < 60 || axis.marks.len() >= 2, "{:?}", axis.marks);
            prop_assert!(axis.marks.iter().all(|(at, _)| (axis.from..=axis.to).contains(at)));
        }
    }
}
