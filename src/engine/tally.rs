//! What a process has done and seen since it last wrote it down: the heart stores it, and the charts are drawn from it.
//!
//! Only figures for people: a crash loses those of some seconds, and no progress.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::BatchDone;
use crate::plan::pressure::{Bound, Observed};
use crate::store::NewSample;

/// How often a sample is stored.
const EVERY: Duration = Duration::from_secs(10);

/// In the first minute of a process: short runs are to have charts too.
const EVERY_AT_FIRST: Duration = Duration::from_secs(1);

/// How long that is.
const AT_FIRST: Duration = Duration::from_secs(60);

/// The beats of the heart come a little early or late.
const SLACK: Duration = Duration::from_millis(100);

/// What a process has done and seen.
pub(super) struct Tally {
    /// This stay of the process at the run: a number of a process comes again.
    pub(super) stay: uuid::Uuid,
    began: Instant,
    inside: Mutex<Inside>,
}

struct Inside {
    since: Instant,
    sample: NewSample,
    observed: BTreeMap<String, Observed>,
}

impl Tally {
    pub(super) fn new(now: Instant) -> Self {
        let inside = Inside { since: now, sample: NewSample::default(), observed: BTreeMap::new() };
        Self { stay: uuid::Uuid::new_v4(), began: now, inside: Mutex::new(inside) }
    }

    /// A batch was committed.
    pub(super) fn batch(&self, batch: &BatchDone) {
        let mut inside = self.inside();
        let sample = &mut inside.sample;
        sample.batches += 1;
        sample.rows_seen += batch.seen;
        sample.rows_changed += batch.changed;
        sample.wal_bytes += batch.wal_bytes;
        sample.batch_time += batch.took;
        sample.longest_batch = sample.longest_batch.max(batch.took);
        sample.lock_wait += batch.waits.lock_wait;
        sample.longest_blocked = sample.longest_blocked.max(batch.waits.blocked_for);
    }

    /// A batch was cancelled, since others waited for it.
    pub(super) fn gave_way(&self) {
        self.inside().sample.gave_way += 1;
    }

    /// Signals were read: of each the value that was nearest to its limit is kept.
    pub(super) fn observe(&self, readings: &[Observed]) {
        let mut inside = self.inside();
        for reading in readings {
            let kept = inside.observed.entry(reading.signal.clone()).or_insert_with(|| reading.clone());
            let value = match reading.bound {
                Bound::Above(_) => kept.value.max(reading.value),
                Bound::Below(_) => kept.value.min(reading.value),
                Bound::Other(_) => reading.value,
            };
            *kept = Observed { value, ..reading.clone() };
        }
    }

    /// A sample, if one is due, or with `last` in any case where something happened; the count begins anew.
    pub(super) fn take(&self, now: Instant, last: bool) -> Option<NewSample> {
        let mut inside = self.inside();
        let elapsed = now.saturating_duration_since(inside.since);
        let young = now.saturating_duration_since(self.began) < AT_FIRST;
        let every = if young { EVERY_AT_FIRST } else { EVERY };
        let due = elapsed + SLACK >= every || (last && inside.sample.batches > 0);
        if !due {
            return None;
        }
        inside.since = now;
        let sample = std::mem::take(&mut inside.sample);
        let signals = std::mem::take(&mut inside.observed).into_values().collect();
        Some(NewSample { stay: self.stay, time: elapsed, signals, ..sample })
    }

    fn inside(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.inside.lock().expect("no holder can panic")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RangeId;
    use crate::plan::pressure::Unit;
    use crate::store::Waits;

    fn batch(took: u64) -> BatchDone {
        BatchDone {
            worker: 0,
            range: RangeId(1),
            seen: 100,
            changed: 90,
            hot: None,
            wal_bytes: 1000,
            took: Duration::from_millis(took),
            waits: Waits::default(),
        }
    }

    fn lag(value: f64) -> Observed {
        Observed { signal: "replica lag".to_owned(), value, bound: Bound::Above(5.0), unit: Unit::Seconds }
    }

    #[test]
    fn a_sample_holds_what_came_since_the_one_before() {
        let began = crate::clock::Clock::system().monotonic();
        let tally = Tally::new(began);
        let at = |seconds| began + Duration::from_secs(seconds);
        tally.batch(&batch(10));
        tally.batch(&batch(30));
        tally.observe(&[lag(4.0)]);
        tally.observe(&[lag(1.0)]);
        assert_eq!(tally.take(began + Duration::from_millis(300), false), None, "not yet due");
        let sample = tally.take(at(1), false).unwrap();
        assert_eq!((sample.batches, sample.rows_seen, sample.rows_changed), (2, 200, 180));
        assert_eq!(sample.batch_time, Duration::from_millis(40));
        assert_eq!(sample.longest_batch, Duration::from_millis(30));
        assert_eq!(sample.signals, [lag(4.0)], "the worst of them");
        let empty = tally.take(at(2), false).unwrap();
        assert_eq!((empty.batches, empty.time), (0, Duration::from_secs(1)), "nothing happened is told too");
        assert_eq!(tally.take(at(60), false).unwrap().time, Duration::from_secs(58));
        assert_eq!(tally.take(at(65), false), None, "later each ten seconds");
        assert_eq!(tally.take(at(65), true), None, "and at the end only what happened");
        tally.batch(&batch(10));
        assert_eq!(tally.take(at(66), true).unwrap().batches, 1);
    }
}
