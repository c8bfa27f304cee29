//! How often a revision is tried again, and how long to wait before each attempt.

use std::time::{Duration, Instant};

use crate::pg::ErrorClass;
use crate::plan::backoff::{BackoffPolicy, GiveUp, GiveUpLimit};

/// Connections that one revision may lose while it is at work. A server that fails over takes one or two; a revision that
/// makes the server crash must not make it crash for minutes.
const MOST_LOSSES: u32 = 5;

/// What went wrong with one revision so far. A trouble is counted from its first failure: how long the revision had been at
/// work before is not its fault.
#[derive(Debug, Default)]
pub(super) struct Patience {
    attempts: u32,
    losses: u32,
    trouble: Option<Trouble>,
}

#[derive(Debug)]
struct Trouble {
    class: ErrorClass,
    failures: u32,
    since: Instant,
}

impl Patience {
    /// An attempt failed: how long to wait before the next; `Err` when there is none.
    pub(super) fn failed(
        &mut self,
        class: ErrorClass,
        now: Instant,
        jitter: f64,
    ) -> Result<Duration, Option<GiveUp>> {
        let policy = match class {
            ErrorClass::Lock => BackoffPolicy::DDL,
            ErrorClass::Connection => BackoffPolicy::CONNECTION,
            _ => return Err(None),
        };
        self.attempts += 1;
        let fresh = || Trouble { class, failures: 0, since: now };
        let trouble = self.trouble.take_if(|trouble| trouble.class == class).unwrap_or_else(fresh);
        let trouble = self.trouble.insert(Trouble { failures: trouble.failures + 1, ..trouble });
        let elapsed = now.saturating_duration_since(trouble.since);
        if class == ErrorClass::Connection && self.losses >= MOST_LOSSES {
            let limit = GiveUpLimit::Attempts { most: MOST_LOSSES + 1 };
            return Err(Some(GiveUp { attempts: self.attempts, elapsed, limit }));
        }
        let delay = policy.delay(trouble.failures, elapsed, jitter);
        delay.map_err(|gave_up| (self.attempts > 1).then_some(gave_up))
    }

    /// A lost connection was made again.
    pub(super) fn connected(&mut self) {
        self.losses += 1;
        self.trouble = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn a_connection_lost_after_hours_of_work_is_made_again() {
        let (mut patience, start) = (Patience::default(), start());
        let pause = patience.failed(ErrorClass::Connection, start + 600 * MINUTE, 1.0);
        assert_eq!(pause, Ok(Duration::from_millis(200)));
    }

    #[test]
    fn an_outage_is_given_five_minutes_from_its_beginning_and_each_one_anew() {
        let (mut patience, start) = (Patience::default(), start());
        let mut lost = |after| patience.failed(ErrorClass::Connection, start + after, 1.0);
        lost(Duration::ZERO).unwrap();
        lost(4 * MINUTE).unwrap();
        let gave_up = lost(5 * MINUTE).unwrap_err().unwrap();
        assert_eq!(gave_up.to_string(), "gave up after attempt 3 and 5 min 00 s: deadline 5 min 00 s");
        patience.connected();
        patience.failed(ErrorClass::Connection, start + 9 * MINUTE, 1.0).unwrap();
    }

    #[test]
    fn a_revision_that_loses_each_connection_is_given_up() {
        let (mut patience, start) = (Patience::default(), start());
        for _ in 0..MOST_LOSSES {
            patience.failed(ErrorClass::Connection, start, 0.0).unwrap();
            patience.connected();
        }
        let gave_up = patience.failed(ErrorClass::Connection, start, 0.0).unwrap_err().unwrap();
        assert_eq!(gave_up.to_string(), "gave up after attempt 6 and 0 ms: at most 6 attempts");
    }

    #[test]
    fn a_lock_is_asked_for_ten_minutes_from_the_first_refusal() {
        let (mut patience, start) = (Patience::default(), start());
        let mut refused = |after| patience.failed(ErrorClass::Lock, start + after, 1.0);
        refused(30 * MINUTE).unwrap();
        refused(39 * MINUTE).unwrap();
        let gave_up = refused(40 * MINUTE).unwrap_err().unwrap();
        assert_eq!(gave_up.to_string(), "gave up after attempt 3 and 10 min 00 s: deadline 10 min 00 s");
    }

    #[test]
    fn what_no_repetition_mends_is_not_repeated() {
        let mut patience = Patience::default();
        assert_eq!(patience.failed(ErrorClass::Data, start(), 1.0), Err(None));
    }
}
