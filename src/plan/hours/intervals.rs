//! From rules to instants.

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

use super::cron;
use crate::model::{Hours, Rule, Span};

/// From when to before when.
pub(super) type Interval = (Timestamp, Timestamp);

/// What the rules do. In doubt it is closed, so what opens is the shorter reading of a rule and what closes the longer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Opens,
    Closes,
}

/// Whether one of the intervals holds the instant.
pub(super) fn contain(intervals: &[Interval], at: Timestamp) -> bool {
    intervals.iter().any(|(begin, end)| *begin <= at && at < *end)
}

/// The openings that touch the time from `from` to `to`, apart from each other and in order. Only what lies within that
/// time is whole.
pub(super) fn openings(hours: &Hours, from: Timestamp, to: Timestamp) -> Vec<Interval> {
    let open = if hours.open.is_empty() {
        vec![(Timestamp::MIN, Timestamp::MAX)]
    } else {
        of_rules(&hours.open, Effect::Opens, &hours.zone, (from, to))
    };
    without(&open, &of_rules(&hours.blackout, Effect::Closes, &hours.zone, (from, to)))
}

/// The intervals of some rules that touch that time, merged where they meet.
pub(super) fn of_rules(rules: &[Rule], effect: Effect, zone: &TimeZone, touched: Interval) -> Vec<Interval> {
    let mut all: Vec<Interval> =
        rules.iter().flat_map(|rule| of_rule(&rule.span, effect, zone, touched)).collect();
    all.sort_unstable();
    let mut merged: Vec<Interval> = Vec::new();
    for (begin, end) in all {
        match merged.last_mut() {
            Some((_, last)) if begin <= *last => *last = end.max(*last),
            _ => merged.push((begin, end)),
        }
    }
    merged
}

fn of_rule(span: &Span, effect: Effect, zone: &TimeZone, (from, to): Interval) -> Vec<Interval> {
    let (first, last) = (from.to_zoned(zone.clone()).date(), to.to_zoned(zone.clone()).date());
    match span {
        Span::Daily { days, times } => {
            // One that begins on the day before may reach into the first; a change of the date line leaves out another.
            dates(first.saturating_sub(2.days()), last.saturating_add(1.day()))
                .filter(|date| days.contain(*date))
                .filter_map(|date| {
                    let midnight = date.saturating_add(1.day()).to_datetime(jiff::civil::Time::midnight());
                    let (begin, end) = match times {
                        None => (date.to_datetime(jiff::civil::Time::midnight()), midnight),
                        Some(times) if times.is_over_midnight() => {
                            (date.to_datetime(times.begin), midnight.date().to_datetime(times.end))
                        }
                        Some(times) => (date.to_datetime(times.begin), date.to_datetime(times.end)),
                    };
                    interval(begin, end, effect, zone)
                })
                .collect()
        }
        Span::Cron { pattern, minutes } => {
            let covered = cron::day(pattern, *minutes);
            dates(first.saturating_sub((minutes / 1440 + 2).days()), last.saturating_add(1.day()))
                .filter(|date| cron::has_day(pattern, *date))
                .flat_map(|date| {
                    let midnight = date.to_datetime(jiff::civil::Time::midnight());
                    let at = move |seconds: i64| midnight.saturating_add(seconds.seconds());
                    covered
                        .iter()
                        .filter_map(move |(begin, end)| interval(at(*begin), at(*end), effect, zone))
                })
                .collect()
        }
    }
}

fn dates(first: Date, last: Date) -> impl Iterator<Item = Date> {
    first.series(1.day()).take_while(move |date| *date <= last)
}

/// Between two times of the wall clock; `None` where a change of the clock leaves nothing of it.
fn interval(begin: DateTime, end: DateTime, effect: Effect, zone: &TimeZone) -> Option<Interval> {
    let (begins, ends) = match effect {
        Effect::Opens => (Twice::Second, Twice::First),
        Effect::Closes => (Twice::First, Twice::Second),
    };
    let interval = (instant(begin, zone, begins)?, instant(end, zone, ends)?);
    (interval.0 < interval.1).then_some(interval)
}

/// Which of two instants that show the same time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Twice {
    First,
    Second,
}

fn instant(at: DateTime, zone: &TimeZone, twice: Twice) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(at);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(at).ok(),
        // The clock is set back, and shows this twice.
        AmbiguousOffset::Fold { before, after } => {
            let offset = if twice == Twice::Second { after } else { before };
            offset.to_timestamp(at).ok()
        }
        // The clock is set forward, and never shows this. Read by the clock from before, it lies behind the change.
        AmbiguousOffset::Gap { before, .. } => {
            let behind = before.to_timestamp(at).ok()?;
            // The change itself may be that very instant.
            let after = behind.checked_add(1.nanosecond()).ok()?;
            zone.preceding(after).next().map(|change| change.timestamp())
        }
    }
}

/// What is left of the openings.
fn without(open: &[Interval], closed: &[Interval]) -> Vec<Interval> {
    let mut left = Vec::new();
    for &(mut begin, end) in open {
        for &(shut, reopened) in closed {
            if shut < end && begin < reopened {
                if begin < shut {
                    left.push((begin, shut));
                }
                begin = reopened;
            }
        }
        if begin < end {
            left.push((begin, end));
        }
    }
    left
}
