//! How long to wait before a failed statement or connection is tried again, and when to stop trying.
//!
//! Delays double up to a cap and are spread by jitter, so that workers which failed together do not come back
//! together. The caller counts attempts and measures the time since the first of them; the jitter is an argument.
//!
//! | constant | source |
//! |---|---|
//! | [`BackoffPolicy::LOCK`]: 30 attempts, lock timeouts and deadlocks alike | `online_migrations`' lock retrier |
//! | its cap of 5 s and deadline of 2 min | ours: `online_migrations` waits up to 1 min, far longer than a batch |
//! | [`BackoffPolicy::CONNECTION`]: from 200 ms, doubling | laravel-backfill (250 ms, doubling, on SQLSTATE 08) |
//! | its cap of 10 s and deadline of 5 min | ours: a failover or a restart takes a minute or two |
//! | [`BackoffPolicy::RESOURCES`]: 5 attempts, from 1 s | ours: 15 s are enough for a passing shortage, and each attempt adds to it |
//! | jitter takes up to half of the delay away | "equal jitter", AWS Architecture Blog, 2015 |

use std::time::Duration;

use crate::model::human_duration;

/// How patiently to try again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BackoffPolicy {
    /// The first delay, before jitter.
    pub first: Duration,
    /// What each delay is multiplied by for the next. Less than 1 counts as 1.
    pub factor: f64,
    /// The longest delay.
    pub cap: Duration,
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// No attempt begins later than this after the first.
    pub deadline: Duration,
}

/// It was tried often or long enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("gave up after attempt {attempts} and {}: {limit}", human_duration(*elapsed))]
pub struct GiveUp {
    /// Attempts made.
    pub attempts: u32,
    /// Time since the first of them.
    pub elapsed: Duration,
    /// What ended it.
    pub limit: GiveUpLimit,
}

/// The limit of a [`BackoffPolicy`] that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GiveUpLimit {
    /// No attempt left.
    #[error("at most {most} attempts")]
    Attempts {
        /// Attempts allowed.
        most: u32,
    },
    /// No time left.
    #[error("deadline {}", human_duration(*deadline))]
    Deadline {
        /// Time allowed.
        deadline: Duration,
    },
}

impl BackoffPolicy {
    /// After a lock timeout, a deadlock or a serialization failure: the others go first, and soon it is our turn.
    pub const LOCK: Self = Self {
        first: Duration::from_millis(50),
        factor: 2.0,
        cap: Duration::from_secs(5),
        attempts: 30,
        deadline: Duration::from_secs(120),
    };

    /// After a lock timeout of a schema revision: longer pauses, as others queue behind each attempt. Of the retriers in use
    /// `online_migrations`' (30 attempts) and GitLab's (41, over some 40 minutes) are the most patient; ours ends after ten
    /// minutes at the most.
    pub const DDL: Self = Self {
        first: Duration::from_millis(200),
        factor: 2.0,
        cap: Duration::from_secs(20),
        attempts: 30,
        deadline: Duration::from_secs(600),
    };

    /// After a lost or refused connection. Here the deadline decides; the attempts are a bound that it reaches first.
    pub const CONNECTION: Self = Self {
        first: Duration::from_millis(200),
        factor: 2.0,
        cap: Duration::from_secs(10),
        attempts: 100,
        deadline: Duration::from_secs(300),
    };

    /// After an error for want of disk, memory or another resource. When the attempts are used up the circuit opens: the run
    /// pauses until a person has made room.
    pub const RESOURCES: Self = Self {
        first: Duration::from_secs(1),
        factor: 2.0,
        cap: Duration::from_secs(30),
        attempts: 5,
        deadline: Duration::from_secs(120),
    };

    /// How long to wait before the next attempt, or why there is none.
    ///
    /// `attempt` is the number of attempts that have failed (1 after the first), `elapsed` the time since the first
    /// began, `jitter` a random number in 0..=1: at 0 half of the delay is waited, at 1 all of it. A jitter out of
    /// bounds counts as the nearer bound. The delay ends at the deadline at the latest.
    pub fn delay(&self, attempt: u32, elapsed: Duration, jitter: f64) -> Result<Duration, GiveUp> {
        let give_up = |limit| GiveUp { attempts: attempt, elapsed, limit };
        if attempt >= self.attempts {
            return Err(give_up(GiveUpLimit::Attempts { most: self.attempts }));
        }
        let left = self.deadline.saturating_sub(elapsed);
        if left.is_zero() {
            return Err(give_up(GiveUpLimit::Deadline { deadline: self.deadline }));
        }
        let growth = self.factor.max(1.0).powf(f64::from(attempt.saturating_sub(1)));
        let full = Duration::try_from_secs_f64(self.first.as_secs_f64() * growth).unwrap_or(self.cap);
        // NaN takes the way of the maximum: a broken source of jitter must not make anyone hurry.
        let share = if jitter.is_nan() { 1.0 } else { 0.5 + jitter.clamp(0.0, 1.0) / 2.0 };
        let seconds = full.min(self.cap).as_secs_f64() * share;
        Ok(Duration::try_from_secs_f64(seconds).unwrap_or(self.cap).min(self.cap).min(left))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn policy() -> impl Strategy<Value = BackoffPolicy> {
        (any::<Duration>(), prop::num::f64::ANY, any::<Duration>(), any::<u32>(), any::<Duration>()).prop_map(
            |(first, factor, cap, attempts, deadline)| BackoffPolicy {
                first,
                factor,
                cap,
                attempts,
                deadline,
            },
        )
    }

    /// The whole of a wait, each attempt taking `each`: the times at which attempts began.
    fn attempts(policy: BackoffPolicy, each: Duration, jitter: f64) -> (Vec<Duration>, GiveUp) {
        let mut begins = vec![Duration::ZERO];
        let mut elapsed = each;
        loop {
            let failed = u32::try_from(begins.len()).unwrap();
            match policy.delay(failed, elapsed, jitter) {
                Ok(delay) => elapsed += delay,
                Err(give_up) => return (begins, give_up),
            }
            begins.push(elapsed);
            elapsed += each;
        }
    }

    #[test]
    fn delays_double_up_to_the_cap() {
        let delays: Vec<Duration> =
            (1..10).map(|n| BackoffPolicy::LOCK.delay(n, Duration::ZERO, 1.0).unwrap()).collect();
        assert_eq!(delays, [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000].map(MS));
    }

    #[test]
    fn jitter_takes_up_to_half_of_a_delay_away() {
        let delay = |jitter| BackoffPolicy::LOCK.delay(2, Duration::ZERO, jitter).unwrap();
        assert_eq!([delay(0.0), delay(0.5), delay(1.0)], [50, 75, 100].map(MS));
        assert_eq!([delay(-7.0), delay(7.0), delay(f64::NAN)], [50, 100, 100].map(MS));
    }

    #[test]
    fn the_last_attempt_begins_at_the_deadline_and_giving_up_says_why() {
        let (begins, give_up) = attempts(BackoffPolicy::CONNECTION, MS(1), 1.0);
        assert_eq!(begins.last(), Some(&BackoffPolicy::CONNECTION.deadline));
        assert_eq!(give_up.to_string(), "gave up after attempt 36 and 5 min 00 s: deadline 5 min 00 s");

        let (begins, give_up) = attempts(BackoffPolicy { attempts: 3, ..BackoffPolicy::LOCK }, MS(200), 0.0);
        assert_eq!(begins, [0, 225, 475].map(MS));
        assert_eq!(give_up.to_string(), "gave up after attempt 3 and 675 ms: at most 3 attempts");
    }

    #[test]
    fn the_connection_waits_for_its_deadline_whatever_the_jitter() {
        for jitter in [0.0, 1.0] {
            let (_, give_up) = attempts(BackoffPolicy::CONNECTION, Duration::ZERO, jitter);
            assert!(matches!(give_up.limit, GiveUpLimit::Deadline { .. }), "{give_up}");
        }
    }

    proptest! {
        #[test]
        fn no_delay_passes_the_cap_or_the_deadline(
            policy in policy(), attempt: u32, elapsed: Duration, jitter in prop::num::f64::ANY,
        ) {
            match policy.delay(attempt, elapsed, jitter) {
                Ok(delay) => {
                    prop_assert!(delay <= policy.cap);
                    prop_assert!(elapsed.saturating_add(delay) <= policy.deadline);
                    prop_assert!(attempt < policy.attempts);
                }
                Err(give_up) => {
                    prop_assert_eq!((give_up.attempts, give_up.elapsed), (attempt, elapsed));
                    prop_assert!(attempt >= policy.attempts || elapsed >= policy.deadline);
                }
            }
        }

        #[test]
        fn later_delays_are_no_shorter_at_the_same_jitter(
            policy in policy(), attempt in 1..u32::MAX - 1, jitter in 0.0..=1.0_f64,
        ) {
            let delay = |attempt| policy.delay(attempt, Duration::ZERO, jitter);
            if let (Ok(this), Ok(next)) = (delay(attempt), delay(attempt + 1)) {
                prop_assert!(this <= next);
            }
        }
    }
}
