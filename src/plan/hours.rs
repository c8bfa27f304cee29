//! When work may be done: what open hours come to on the days around now.
//!
//! Rules are intervals between two times of the wall clock in their zone. Where that clock is changed, in doubt it is
//! closed. A beginning that comes twice is the later one and an end that comes twice the earlier; those of a blackout are
//! the other way round. A time that is left out is the moment of the change. So whenever it is open, the clock on the wall
//! shows a time that the rules name, and none that a blackout names.
//!
//! Of several hours (the job's, the configuration's, the whole database's) the strictest wins: it is open when all are.

mod cron;
mod intervals;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use self::intervals::Effect;
use super::eta::EtaRange;
use crate::model::Hours;

/// Hours of several sources.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schedule(Vec<(&'static str, Hours)>);

/// Whether it is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    /// It is.
    Open {
        /// Until then; `None`: for good, as far as is looked ahead.
        until: Option<Timestamp>,
    },
    /// It isn't.
    Closed {
        /// Until then; `None`: for good, as far as is looked ahead.
        until: Option<Timestamp>,
        /// Which hours say so.
        reason: String,
    },
}

/// How far is looked ahead, in days: first as far as is usual, then further, five years in the end.
const HORIZONS: [i64; 4] = [8, 40, 400, 1830];

/// Openings that are counted through for an estimate, at the most.
const MOST_OPENINGS: usize = 5000;

impl FromIterator<(&'static str, Hours)> for Schedule {
    fn from_iter<I: IntoIterator<Item = (&'static str, Hours)>>(hours: I) -> Self {
        Self(hours.into_iter().collect())
    }
}

impl Schedule {
    /// Whether it is open at that time, and until when that stays so.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Opening {
        let closed = self.0.iter().find(|(_, hours)| !is_open(hours, now));
        let until = HORIZONS.iter().find_map(|days| self.change_within(now, *days));
        match closed {
            None => Opening::Open { until },
            Some((source, hours)) => Opening::Closed { until, reason: reason(source, hours, now) },
        }
    }

    /// When so much working time is over, if work begins now and goes on whenever it is open. `None`: not within the time
    /// that is looked ahead.
    #[must_use]
    pub fn finish(&self, now: Timestamp, work: Duration) -> Option<Timestamp> {
        let mut left = SignedDuration::try_from(work).ok()?;
        let mut from = now;
        for _ in 0..MOST_OPENINGS {
            match self.at(from) {
                Opening::Open { until: Some(until) } if until.duration_since(from) < left => {
                    left -= until.duration_since(from);
                    from = until;
                }
                Opening::Open { .. } => return from.checked_add(left).ok(),
                Opening::Closed { until, .. } => from = until?,
            }
        }
        None
    }

    /// How long it was open between these; `None`: they lie too far apart to be counted through.
    #[must_use]
    pub fn open_between(&self, from: Timestamp, to: Timestamp) -> Option<Duration> {
        let (mut from, mut open) = (from, SignedDuration::ZERO);
        for _ in 0..MOST_OPENINGS {
            if from >= to {
                return Duration::try_from(open).ok();
            }
            let (until, counts) = match self.at(from) {
                Opening::Open { until } => (until, true),
                Opening::Closed { until, .. } => (until, false),
            };
            let until = until.map_or(to, |until| until.min(to));
            if counts {
                open += until.duration_since(from);
            }
            from = until;
        }
        None
    }

    /// When so much working time is over by the clock, for people; `None`: not within the hours there are.
    #[must_use]
    pub fn describe_finish(&self, now: Timestamp, left: EtaRange) -> Option<String> {
        let end = (self.finish(now, left.low)?, self.finish(now, left.high)?);
        Some(describe_times(end, now, &self.zone()))
    }

    /// The zone to show times in: that of the first hours, or else the machine's.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        self.0.first().map_or_else(TimeZone::system, |(_, hours)| hours.zone.clone())
    }

    /// Whether it is always open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next moment within so many days at which it opens or closes.
    fn change_within(&self, now: Timestamp, days: i64) -> Option<Timestamp> {
        let end = now.checked_add((days * 24).hours()).ok()?;
        let openings: Vec<_> = self.0.iter().map(|(_, hours)| intervals::openings(hours, now, end)).collect();
        let is_open = |at| openings.iter().all(|one| intervals::contain(one, at));
        let open_now = is_open(now);
        let mut edges: Vec<Timestamp> =
            openings.iter().flatten().flat_map(|(begin, end)| [*begin, *end]).collect();
        edges.sort_unstable();
        // The last edge may only be the end of what was looked at.
        edges.into_iter().filter(|edge| *edge > now && *edge < end).find(|edge| is_open(*edge) != open_now)
    }
}

fn is_open(hours: &Hours, at: Timestamp) -> bool {
    at.checked_add(1.second()).is_ok_and(|end| intervals::contain(&intervals::openings(hours, at, end), at))
}

fn reason(source: &str, hours: &Hours, now: Timestamp) -> String {
    let end = now.checked_add(1.second()).unwrap_or(now);
    let blackout = hours.blackout.iter().find(|rule| {
        intervals::contain(
            &intervals::of_rules(std::slice::from_ref(*rule), Effect::Closes, &hours.zone, (now, end)),
            now,
        )
    });
    match blackout {
        Some(rule) => format!("blackout {} of {source} ({})", rule.text, hours.zone_name()),
        None => format!("the hours of {source} are {hours}"),
    }
}

/// A time for people: `today 22:00`, `tomorrow 05:00`, `Thursday 03:40`, `2026-12-28 22:00`.
#[must_use]
pub fn describe_time(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (then, today) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()).date());
    let time = then.strftime("%H:%M").to_string();
    let days = today.until(then.date()).map_or(i32::MAX, |span| span.get_days());
    match days {
        0 => format!("today {time}"),
        1 => format!("tomorrow {time}"),
        2..=6 => then.strftime("%A %H:%M").to_string(),
        _ => then.strftime("%Y-%m-%d %H:%M").to_string(),
    }
}

/// Two times for people; the day is named once where it is the same: `Thursday 03:40 to 04:20`.
#[must_use]
pub fn describe_times((first, last): (Timestamp, Timestamp), now: Timestamp, zone: &TimeZone) -> String {
    let (from, to) = (describe_time(first, now, zone), describe_time(last, now, zone));
    let same_day = first.to_zoned(zone.clone()).date() == last.to_zoned(zone.clone()).date();
    match to.rsplit_once(' ') {
        _ if from == to => from,
        Some((_, time)) if same_day => format!("{from} to {time}"),
        _ => format!("{from} to {to}"),
    }
}
