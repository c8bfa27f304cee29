//! Whether the next batch may begin: one decision from all sources, always with its reason.
//!
//! The sources in their order of weight: a command ends the work, then the hours, then what holds it for a while.

use std::time::Duration;

use crate::model::Wanted;

/// Everything that has a say.
#[derive(Clone, Debug)]
pub struct Situation<'s> {
    /// What an operator wants.
    pub wanted: Wanted,
    /// The hours.
    pub hours: Hours<'s>,
    /// How long the next batch may take, as far as is known.
    pub expected: Duration,
    /// What holds the run, each in words: a signal past its limit, a pause file.
    pub holds: &'s [String],
    /// How long it has been held, and for how long it may be; `None`: for as long as it takes.
    pub held: Option<(Duration, Option<Duration>)>,
}

/// The hours at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hours<'h> {
    /// Open for so long; `None`: for good.
    Open(Option<Duration>),
    /// Closed.
    Closed(&'h str),
}

/// Whether the next batch may begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Now.
    Go,
    /// Not yet.
    Held {
        /// By what.
        reasons: Vec<String>,
    },
    /// Not in this opening of its hours.
    Closed {
        /// Why.
        reason: String,
    },
    /// Held past the limit.
    HeldTooLong {
        /// By what, and for how long.
        reasons: Vec<String>,
    },
    /// An operator has paused the run.
    Paused,
    /// An operator has cancelled it.
    Cancelled,
}

/// Decides.
#[must_use]
pub fn admit(situation: &Situation<'_>) -> Admission {
    match (situation.wanted, &situation.hours) {
        (Wanted::Cancel, _) => Admission::Cancelled,
        (Wanted::Pause, _) => Admission::Paused,
        (Wanted::Work, Hours::Closed(reason)) => Admission::Closed { reason: (*reason).to_owned() },
        // A batch that would not end before closing is not begun.
        (Wanted::Work, Hours::Open(Some(left))) if *left < situation.expected => {
            Admission::Closed { reason: "its hours close before another batch would end".to_owned() }
        }
        (Wanted::Work, Hours::Open(_)) if situation.holds.is_empty() => Admission::Go,
        (Wanted::Work, Hours::Open(_)) => {
            let reasons = situation.holds.to_vec();
            match situation.held {
                Some((held, Some(limit))) if held >= limit => Admission::HeldTooLong { reasons },
                _ => Admission::Held { reasons },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: Duration = Duration::from_millis(500);

    fn open() -> Situation<'static> {
        Situation { wanted: Wanted::Work, hours: Hours::Open(None), expected: BATCH, holds: &[], held: None }
    }

    #[test]
    fn a_batch_that_would_not_end_before_closing_is_not_begun() {
        assert_eq!(admit(&open()), Admission::Go);
        assert_eq!(admit(&Situation { hours: Hours::Open(Some(BATCH)), ..open() }), Admission::Go);
        let soon = Situation { hours: Hours::Open(Some(BATCH / 2)), ..open() };
        assert!(matches!(admit(&soon), Admission::Closed { .. }));
    }

    #[test]
    fn commands_weigh_more_than_hours_and_hours_more_than_holds() {
        let holds = ["replica lag 7 s > 5 s".to_owned()];
        let held = Situation { holds: &holds, ..open() };
        assert_eq!(admit(&held), Admission::Held { reasons: holds.to_vec() });
        let closed = Situation { hours: Hours::Closed("night only"), ..held.clone() };
        assert_eq!(admit(&closed), Admission::Closed { reason: "night only".to_owned() });
        assert_eq!(admit(&Situation { wanted: Wanted::Pause, ..closed.clone() }), Admission::Paused);
        assert_eq!(admit(&Situation { wanted: Wanted::Cancel, ..closed }), Admission::Cancelled);
    }

    #[test]
    fn what_is_held_past_its_limit_ends_for_now() {
        let holds = ["replica lag 7 s > 5 s".to_owned()];
        let held = |time, limit| Situation { holds: &holds, held: Some((time, limit)), ..open() };
        let hour = Duration::from_secs(3600);
        assert!(matches!(admit(&held(BATCH, Some(hour))), Admission::Held { .. }));
        assert!(matches!(admit(&held(hour, Some(hour))), Admission::HeldTooLong { .. }));
        assert!(matches!(admit(&held(hour * 100, None)), Admission::Held { .. }));
    }
}
