//! The operator's stop: a ladder that only goes up.

use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Clock;

/// How urgently to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum StopLevel {
    /// Work on.
    #[default]
    Go,
    /// Finish the batch, then stop.
    AfterBatch,
    /// Cancel the batch in the server, then stop.
    Cancel,
}

/// The side that stops.
#[derive(Clone, Debug)]
pub struct Stopper(watch::Sender<StopLevel>);

/// The side that is stopped. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<StopLevel>);

impl Stopper {
    /// Both sides.
    #[must_use]
    pub fn new() -> (Self, Stop) {
        let (sender, receiver) = watch::channel(StopLevel::Go);
        (Self(sender), Stop(receiver))
    }

    /// Raises the level; one that is higher already stays.
    pub fn raise(&self, level: StopLevel) {
        self.0.send_modify(|current| *current = level.max(*current));
    }
}

impl Stop {
    /// The level now.
    #[must_use]
    pub fn level(&self) -> StopLevel {
        *self.0.borrow()
    }

    /// Whether any stop was asked for.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.level() > StopLevel::Go
    }

    /// Waits for so long, or until any stop is asked for; whether one is. Cancellation safe.
    pub async fn asked_within(&self, clock: &Clock, duration: Duration) -> bool {
        tokio::select! {
            () = clock.sleep(duration) => {}
            () = self.reached(StopLevel::AfterBatch) => {}
        }
        self.is_asked()
    }

    /// Waits until the level is at least this. Cancellation safe. When nobody can stop us any more, waits for ever.
    pub async fn reached(&self, level: StopLevel) {
        let mut receiver = self.0.clone();
        let reached = receiver.wait_for(|current| *current >= level).await.map(|_| ());
        if reached.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
