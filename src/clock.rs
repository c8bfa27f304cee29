//! The clocks of this program, never mixed: the monotonic clock measures durations, the wall clock tells hours,
//! and what is stored (leases, events) is stamped by the database's own clock, which is not here. Hosts whose clocks
//! differ must agree about hours all the same, so the wall clock can be corrected by what the database says
//! ([`Clock::correct`]).
//!
//! Everything that asks for the time or sleeps does it through a [`Clock`]; `clippy.toml` forbids the direct calls
//! elsewhere, so that a test can hold a [`Clock::manual`] and move it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// Hours are looked at again at least so often while something waits for them: the wall clock can be set.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Monotonic and wall time, from the machine or from a test. Cheap to clone; clones share one time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    /// With milliseconds to be added to the wall clock.
    System(Arc<AtomicI64>),
    Manual(Arc<Manual>),
    Fast(Fast),
}

/// Wall time that runs ahead; durations are the machine's.
#[derive(Clone, Copy, Debug)]
struct Fast {
    start: Instant,
    epoch: Timestamp,
    factor: u32,
}

#[derive(Debug)]
struct Manual {
    start: Instant,
    epoch: Timestamp,
    elapsed: Mutex<Duration>,
    moved: tokio::sync::Notify,
}

impl Clock {
    /// The machine's clocks.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System(Arc::default()))
    }

    /// A clock whose wall time begins at `epoch` and goes `factor` times as fast, so that a test sees several nights.
    #[must_use]
    pub fn fast(epoch: Timestamp, factor: u32) -> Self {
        Self(Source::Fast(Fast { start: system_instant(), epoch, factor: factor.max(1) }))
    }

    /// A clock that stands at `epoch` until [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual(epoch: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(Manual {
            start: system_instant(),
            epoch,
            elapsed: Mutex::new(Duration::ZERO),
            moved: tokio::sync::Notify::new(),
        })))
    }

    /// Monotonic time: for durations.
    #[must_use]
    pub fn monotonic(&self) -> Instant {
        match &self.0 {
            Source::System(_) | Source::Fast(_) => system_instant(),
            Source::Manual(manual) => manual.start + manual.elapsed(),
        }
    }

    /// Wall time: for hours and for people. It can jump, both ways.
    #[must_use]
    pub fn wall(&self) -> Timestamp {
        match &self.0 {
            Source::System(behind) => {
                system_timestamp() + SignedDuration::from_millis(behind.load(Ordering::SeqCst))
            }
            Source::Manual(manual) => manual.epoch + manual.elapsed(),
            Source::Fast(Fast { start, epoch, factor }) => {
                *epoch + system_instant().saturating_duration_since(*start) * *factor
            }
        }
    }

    /// Sets the wall clock, for this program, to what the database's says: several hosts then keep the same hours,
    /// whatever their own clocks show. A test's clock is right by definition and stays as it is.
    pub fn correct(&self, database: Timestamp) {
        if let Source::System(behind) = &self.0 {
            let difference = database.duration_since(system_timestamp()).as_millis();
            behind.store(i64::try_from(difference).unwrap_or(0), Ordering::SeqCst);
        }
    }

    /// Waits until the wall clock shows `at`, also if it is set meanwhile. Cancellation safe.
    pub async fn sleep_until(&self, at: Timestamp) {
        loop {
            let Ok(left) = Duration::try_from(at.duration_since(self.wall())) else { return };
            match &self.0 {
                _ if left.is_zero() => return,
                Source::System(_) => self.sleep(left.min(LOOK_AGAIN)).await,
                Source::Manual(_) => self.sleep(left).await,
                Source::Fast(fast) => self.sleep((left / fast.factor).min(LOOK_AGAIN)).await,
            }
        }
    }

    /// Waits for `duration` of this clock's time. Safe to cancel: dropping the future has no effect.
    pub async fn sleep(&self, duration: Duration) {
        match &self.0 {
            Source::System(_) | Source::Fast(_) => system_sleep(duration).await,
            Source::Manual(manual) => {
                let due = manual.elapsed() + duration;
                loop {
                    // Listening begins before the check, so that a move between the two is not missed.
                    let moved = manual.moved.notified();
                    if manual.elapsed() >= due {
                        return;
                    }
                    moved.await;
                }
            }
        }
    }

    /// Moves a manual clock forward and wakes the sleepers whose time has come. On the machine's clock it does
    /// nothing: that one moves by itself.
    pub fn advance(&self, duration: Duration) {
        if let Source::Manual(manual) = &self.0 {
            *manual.elapsed.lock().expect("no holder of this lock can panic") += duration;
            manual.moved.notify_waiters();
        }
    }
}

impl Manual {
    fn elapsed(&self) -> Duration {
        *self.elapsed.lock().expect("no holder of this lock can panic")
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's monotonic clock")]
fn system_instant() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's wall clock")]
fn system_timestamp() -> Timestamp {
    Timestamp::now()
}

#[expect(clippy::disallowed_methods, reason = "the one place that sleeps")]
async fn system_sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_sleepers_only_when_it_is_moved_far_enough() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep(Duration::from_secs(10)).await;
                clock.wall()
            }
        });
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(9));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1));
        assert_eq!(sleeper.await.unwrap(), Timestamp::UNIX_EPOCH + Duration::from_secs(10));
    }

    #[tokio::test]
    async fn a_fast_clock_is_waited_for_by_its_own_hours() {
        let clock = Clock::fast(Timestamp::UNIX_EPOCH, 100_000);
        let morning = Timestamp::UNIX_EPOCH + Duration::from_secs(3600);
        clock.sleep_until(morning).await;
        assert!(clock.wall() >= morning);
    }

    #[test]
    fn the_wall_clock_is_corrected_by_what_the_database_says() {
        let clock = Clock::system();
        let ahead = system_timestamp() + Duration::from_secs(600);
        clock.clone().correct(ahead);
        // What is kept is a difference in whole milliseconds.
        let off = clock.wall().duration_since(ahead);
        assert!((-2..60_000).contains(&off.as_millis()), "{off:?}");
    }
}
