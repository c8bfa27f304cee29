//! SIGINT, SIGTERM and SIGHUP: the first finishes the batch, the second cancels it, the third leaves at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use super::exit;
use super::failure::Failure;
use crate::engine::{Notice, Observer, Stop, StopLevel, Stopper};

/// Listens from now on, for what has nothing to finish: the first raises the stop, the second leaves at once. Called once by a
/// process.
pub(crate) fn listen_for_the_end() -> Result<Stop, Failure> {
    let (stopper, stop) = Stopper::new();
    let heard = AtomicU8::new(0);
    ctrlc::set_handler(move || match heard.fetch_add(1, Ordering::SeqCst) {
        0 => stopper.raise(StopLevel::AfterBatch),
        _ => std::process::exit(exit::INTERRUPTED.into()),
    })
    .map_err(|error| Failure::new(exit::FAILED, "can't listen for signals").because(&error))?;
    Ok(stop)
}

/// Listens from now on. Called once by a process.
pub(crate) fn listen(observer: Arc<dyn Observer>) -> Result<Stop, Failure> {
    let (stopper, stop) = Stopper::new();
    let heard = AtomicU8::new(0);
    ctrlc::set_handler(move || match heard.fetch_add(1, Ordering::SeqCst) {
        0 => {
            stopper.raise(StopLevel::AfterBatch);
            observer
                .notice(Notice::Stopping { how: "finishing the batch, then stopping; again to cancel it" });
        }
        1 => {
            stopper.raise(StopLevel::Cancel);
            observer.notice(Notice::Stopping {
                how: "cancelling the batch in the server; again to leave at once",
            });
        }
        _ => {
            observer.notice(Notice::Leaving);
            std::process::exit(exit::INTERRUPTED.into());
        }
    })
    .map_err(|error| Failure::new(exit::FAILED, "can't listen for signals").because(&error))?;
    Ok(stop)
}
