//! How long each statement of a section took, and how much of that it waited for locks of others.
//!
//! The waits are seen by the monitor, which looks some times a second: a wait that is over within a look is not told, and
//! the end of one is known to within [`super::blockers`]' step. Times are those between two answers, as the client saw them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::model::shortened;

/// Statements that are kept one by one: the slowest. An event is read again and again.
const MOST: usize = 100;

/// Characters of a statement that are kept.
const KEPT: usize = 200;

/// A time in which the backend at work waited for a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LockWait {
    pub(super) from: Instant,
    pub(super) to: Instant,
    /// For whom, in few words.
    pub(super) who: String,
}

/// A statement that is through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StatementTime {
    pub(super) sql: String,
    pub(super) took: Duration,
    pub(super) lock_wait: Duration,
}

/// What one revision's statements took so far.
#[derive(Debug, Default)]
pub(super) struct Timing {
    through: Vec<StatementTime>,
    waits: Vec<LockWait>,
}

impl Timing {
    /// Nothing is through: an attempt begins afresh.
    pub(super) fn begin(&mut self) {
        *self = Self::default();
    }

    /// The backend waits for this one now, and has since then.
    pub(super) fn waits(&mut self, from: Instant, now: Instant, who: String) {
        match self.waits.last_mut() {
            // Seen once more; where it began differs by a round trip.
            Some(last) if from <= last.to => {
                last.to = last.to.max(now);
                last.who = who;
            }
            _ => self.waits.push(LockWait { from, to: now, who }),
        }
    }

    /// A statement is through: how long it waited, and for whom last.
    pub(super) fn done(&mut self, sql: &str, began: Instant, ended: Instant) -> (Duration, Option<String>) {
        let (mut lock_wait, mut who) = (Duration::ZERO, None);
        for wait in &self.waits {
            let part = wait.to.min(ended).saturating_duration_since(wait.from.max(began));
            if !part.is_zero() {
                lock_wait += part;
                who = Some(wait.who.clone());
            }
        }
        let took = ended.saturating_duration_since(began);
        self.through.push(StatementTime { sql: shortened(sql, KEPT), took, lock_wait });
        (lock_wait, who)
    }

    /// For the revision's event.
    pub(super) fn in_json(&self) -> Value {
        let one = |time: &StatementTime| {
            json!({
                "sql": time.sql,
                "seconds": rounded(time.took),
                "lock_wait": rounded(time.lock_wait),
            })
        };
        if self.through.len() <= MOST {
            return self.through.iter().map(one).collect();
        }
        let mut times: Vec<Duration> = self.through.iter().map(|time| time.took).collect();
        times.sort_unstable_by(|one, other| other.cmp(one));
        let (slow, rest): (Vec<_>, Vec<_>) = self.through.iter().partition(|time| time.took > times[MOST]);
        let others = StatementTime {
            sql: format!("the other {} statements", rest.len()),
            took: rest.iter().map(|time| time.took).sum(),
            lock_wait: rest.iter().map(|time| time.lock_wait).sum(),
        };
        slow.into_iter().chain([&others]).map(one).collect()
    }
}

/// Seconds, to the millisecond.
fn rounded(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn a_wait_counts_for_the_statement_in_whose_time_it_was() {
        let (mut timing, start) = (Timing::default(), Instant::now());
        let at = |seconds: u32| start + seconds * SECOND;
        timing.waits(at(1), at(2), "psql (pid 1)".to_owned());
        timing.waits(at(1) + SECOND / 50, at(3), "psql (pid 1)".to_owned());
        timing.waits(at(5), at(9), "psql (pid 2)".to_owned());
        assert_eq!(timing.done("SELECT 1", at(0), at(4)), (2 * SECOND, Some("psql (pid 1)".to_owned())));
        // Seen after the statement's end: what reaches into the next one's time is that one's.
        assert_eq!(timing.done("SELECT 2", at(4), at(8)), (3 * SECOND, Some("psql (pid 2)".to_owned())));
        assert_eq!(timing.done("SELECT 3", at(10), at(11)), (Duration::ZERO, None));
        let json = timing.in_json();
        assert_eq!(json[0], json!({ "sql": "SELECT 1", "seconds": 4.0, "lock_wait": 2.0 }));
        timing.begin();
        assert_eq!(timing.in_json(), json!([]));
        // Of many the slowest stand alone, and the sum of all is kept, what they waited for too.
        timing.waits(at(0), at(1), "psql (pid 1)".to_owned());
        for number in 0..150 {
            timing.done("SELECT 1", at(0), at(if number < 3 { 5 } else { 2 }));
        }
        let json = timing.in_json();
        assert_eq!(json.as_array().unwrap().len(), 4);
        assert_eq!(
            json[3],
            json!({ "sql": "the other 147 statements", "seconds": 294.0, "lock_wait": 147.0 })
        );
    }
}
