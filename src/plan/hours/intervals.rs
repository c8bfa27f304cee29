//! From rules to instants.

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

use crate::model::{Hours, Rule, Span};

/// From when to before when.
pub(super) type Interval = (Timestamp, Timestamp);

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
        of_rules(&hours.open, &hours.zone, from, to)
    };
    without(&open, &of_rules(&hours.blackout, &hours.zone, from, to))
}

/// The intervals of some rules that touch that time, merged where they meet.
pub(super) fn of_rules(rules: &[Rule], zone: &TimeZone, from: Timestamp, to: Timestamp) -> Vec<Interval> {
    let mut all: Vec<Interval> = rules.iter().flat_map(|rule| of_rule(&rule.span, zone, from, to)).collect();
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

fn of_rule(span: &Span, zone: &TimeZone, from: Timestamp, to: Timestamp) -> Vec<Interval> {
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
                    interval(begin, end, zone)
                })
                .collect()
        }
        Span::Cron { pattern, minutes } => {
            // The pattern is matched against what the wall clock shows, which is written as if it were UTC: what a change
            // of that clock means is decided here, and the same for every rule.
            let wall = |date: Date| date.to_zoned(TimeZone::UTC);
            let Ok(start) = wall(first.saturating_sub((minutes / 1440 + 2).days())) else {
                return Vec::new();
            };
            let Ok(stop) = wall(last.saturating_add(2.days())) else { return Vec::new() };
            pattern
                .iter_from(start, croner::Direction::Forward)
                .take_while(|at| *at < stop)
                .filter_map(|at| {
                    let begin = at.datetime();
                    interval(begin, begin.saturating_add(minutes.minutes()), zone)
                })
                .collect()
        }
    }
}

fn dates(first: Date, last: Date) -> impl Iterator<Item = Date> {
    first.series(1.day()).take_while(move |date| *date <= last)
}

/// Between two times of the wall clock; `None` where a change of the clock leaves nothing of it.
fn interval(begin: DateTime, end: DateTime, zone: &TimeZone) -> Option<Interval> {
    let interval = (instant(begin, zone, Edge::Begin)?, instant(end, zone, Edge::End)?);
    (interval.0 < interval.1).then_some(interval)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    Begin,
    End,
}

fn instant(at: DateTime, zone: &TimeZone, edge: Edge) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(at);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(at).ok(),
        // The clock is set back, and shows this twice.
        AmbiguousOffset::Fold { before, after } => {
            let offset = if edge == Edge::Begin { after } else { before };
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
