//! The nights of a run: when its hours opened and closed.

use jiff::{Timestamp, ToSpan};

use crate::plan::hours::{Opening, Schedule};

/// How far is looked back, in days: a week's rules come by once.
const BACK: i64 = 8;

/// Openings that are walked through at the most.
const MOST: usize = 400;

/// An interval in which the hours were open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Night {
    pub(super) opened: Timestamp,
    /// `None`: they still are.
    pub(super) closed: Option<Timestamp>,
}

/// The nights that opened after `from` and up to now, oldest first. Where it is always open there is none.
pub(super) fn nights(schedule: &Schedule, from: Timestamp, now: Timestamp) -> Vec<Night> {
    let mut nights = Vec::new();
    if schedule.is_empty() {
        return nights;
    }
    let back = now.checked_sub((BACK * 24).hours()).unwrap_or(now);
    let mut at = from.max(back);
    let mut opened = None;
    for _ in 0..MOST {
        let (until, is_open) = match schedule.at(at) {
            Opening::Open { until } => (until, true),
            Opening::Closed { until, .. } => (until, false),
        };
        let next = until.filter(|until| *until <= now);
        match (is_open, next) {
            (true, Some(next)) => nights.extend(opened.map(|opened| Night { opened, closed: Some(next) })),
            (true, None) => {
                nights.extend(opened.map(|opened| Night { opened, closed: None }));
                break;
            }
            (false, Some(next)) => opened = Some(next),
            (false, None) => break,
        }
        at = next.unwrap_or(now);
    }
    nights
}
