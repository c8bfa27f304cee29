//! The clocks of this program, never mixed: the monotonic clock measures durations, the wall clock tells hours,
//! and what is stored (leases, events) is stamped by the database's own clock, which is not here.
//!
//! Everything that asks for the time or sleeps does it through a [`Clock`]; `clippy.toml` forbids the direct calls
//! elsewhere, so that a test can hold a [`Clock::manual`] and move it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Monotonic and wall time, from the machine or from a test. Cheap to clone; clones share one time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<Manual>),
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
        Self(Source::System)
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
            Source::System => system_instant(),
            Source::Manual(manual) => manual.start + manual.elapsed(),
        }
    }

    /// Wall time: for hours and for people. It can jump, both ways.
    #[must_use]
    pub fn wall(&self) -> Timestamp {
        match &self.0 {
            Source::System => system_timestamp(),
            Source::Manual(manual) => manual.epoch + manual.elapsed(),
        }
    }

    /// Waits for `duration` of this clock's time. Safe to cancel: dropping the future has no effect.
    pub async fn sleep(&self, duration: Duration) {
        match &self.0 {
            Source::System => system_sleep(duration).await,
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
}
