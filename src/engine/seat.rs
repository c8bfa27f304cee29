//! What others in this process know of a worker while it works: its backend, and the batch in hand.
//!
//! The lock monitor reads it, notes what the batch waits for and who waits for the batch, and cancels the batch when
//! that takes too long. A cancel that comes too late hits the next batch or nothing: the seat remembers for which batch
//! it was meant, so the worker knows that it gave way and not that its batch was hopeless.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::pg::connect::CancelHandle;
use crate::store::Waits;

/// A worker's place, seen from outside.
#[derive(Default)]
pub(super) struct Seat(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    backend: Option<Backend>,
    /// Batches begun.
    batches: u64,
    began: Option<Instant>,
    waits: Waits,
    /// Whom the batch waits for, in words.
    waits_for: Option<String>,
    gave_way: Option<GaveWay>,
}

struct Backend {
    process_id: i32,
    cancel: std::sync::Arc<CancelHandle>,
}

/// A batch that was cancelled because somebody waited for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GaveWay {
    batch: u64,
    /// Who waited, and how long.
    pub(super) to: String,
}

/// A batch at work.
pub(super) struct AtWork {
    pub(super) process_id: i32,
    pub(super) for_long: Duration,
}

impl Seat {
    /// The worker works through this backend from now on.
    pub(super) fn sit(&self, process_id: i32, cancel: CancelHandle) {
        self.inside(|inside| inside.backend = Some(Backend { process_id, cancel: cancel.into() }));
    }

    /// A batch begins.
    pub(super) fn begin(&self, now: Instant) {
        self.inside(|inside| {
            inside.batches += 1;
            inside.began = Some(now);
            inside.waits = Waits::default();
            inside.waits_for = None;
        });
    }

    /// The batch has ended, either way; what was seen of it.
    pub(super) fn end(&self) -> Waits {
        self.inside(|inside| {
            inside.began = None;
            inside.waits
        })
    }

    /// The batch in hand, if there is one.
    pub(super) fn at_work(&self, now: Instant) -> Option<AtWork> {
        self.inside(|inside| {
            let began = inside.began?;
            let process_id = inside.backend.as_ref()?.process_id;
            Some(AtWork { process_id, for_long: now.saturating_duration_since(began) })
        })
    }

    /// The batch waits for a lock, since so long.
    pub(super) fn waits(&self, since: Duration, waits_for: String) {
        self.inside(|inside| {
            inside.waits.lock_wait = inside.waits.lock_wait.max(since);
            inside.waits_for = Some(waits_for);
        });
    }

    /// Whom the latest batch waited for.
    pub(super) fn waited_for(&self) -> Option<String> {
        self.inside(|inside| inside.waits_for.clone())
    }

    /// So many sessions wait for the batch, the first of them since so long.
    pub(super) fn blocks(&self, sessions: u32, since: Duration) {
        self.inside(|inside| {
            inside.waits.blocked = inside.waits.blocked.max(sessions);
            inside.waits.blocked_for = inside.waits.blocked_for.max(since);
        });
    }

    /// Makes the batch give way: from now on it counts as cancelled for this, and the caller cancels it. `None`: there is
    /// none, or it has been told already.
    pub(super) fn give_way(&self, to: String) -> Option<std::sync::Arc<CancelHandle>> {
        self.inside(|inside| {
            inside.began?;
            if inside.gave_way.as_ref().is_some_and(|gave_way| gave_way.batch == inside.batches) {
                return None;
            }
            inside.gave_way = Some(GaveWay { batch: inside.batches, to });
            inside.backend.as_ref().map(|backend| backend.cancel.clone())
        })
    }

    /// Whether the latest batch, which was cancelled, gave way to somebody: it or the one before was told to.
    pub(super) fn gave_way(&self) -> Option<GaveWay> {
        self.inside(|inside| {
            let batches = inside.batches;
            inside.gave_way.take().filter(|gave_way| gave_way.batch + 1 >= batches)
        })
    }

    fn inside<T>(&self, change: impl FnOnce(&mut Inside) -> T) -> T {
        change(&mut self.0.lock().expect("no holder can panic"))
    }
}
