//! How many workers a process has, between two limits: one more while the server has headroom and more workers get
//! more done, fewer when it has not.
//!
//! | constant | value | source |
//! |---|---|---|
//! | [`GROW_BELOW`], [`SHED_FROM`], [`HALVE_FROM`] | 0.4, 0.7, 1.0 of a limit | spirit's bands |
//! | [`SETTLE`] | 15 s | spirit: one more each 15 s |
//! | [`GAIN`] | 10 % of a worker's share | ours: less is noise |
//! | [`LEAVE_ALONE`] | 5 min | ours: what didn't help is tried again when the night has changed |

use std::fmt;
use std::time::Duration;

/// With less load than this there is room for another worker.
pub const GROW_BELOW: f64 = 0.4;
/// From this load on one is too many.
pub const SHED_FROM: f64 = 0.7;
/// From this load on half of them are.
pub const HALVE_FROM: f64 = 1.0;
/// Nothing is changed again for so long.
pub const SETTLE: Duration = Duration::from_secs(15);
/// Another worker must bring at least this share of what each of the others does.
pub const GAIN: f64 = 0.1;
/// After a worker that brought nothing, no other is tried for so long.
pub const LEAVE_ALONE: Duration = Duration::from_secs(300);

/// How many workers there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// At the least; at least 1.
    pub least: u32,
    /// At the most; at least [`Self::least`].
    pub most: u32,
}

impl Bounds {
    /// So many, whatever happens.
    #[must_use]
    pub fn fixed(workers: u32) -> Self {
        Self { least: workers.max(1), most: workers.max(1) }
    }
}

/// What is seen of the server and the work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// The greatest of what is used of a limit, 1.0 being all of it; `None`: nothing tells.
    pub used: Option<f64>,
    /// A batch had to give way to others since the last look.
    pub gave_way: bool,
    /// Rows a second, of all workers of the process, since the last change.
    pub rows_per_second: f64,
}

/// A change of their number.
#[derive(Clone, Debug, PartialEq)]
pub struct Rescale {
    /// Workers before.
    pub from: u32,
    /// Workers from now on.
    pub to: u32,
    /// Why.
    pub reason: RescaleReason,
}

/// Why their number changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RescaleReason {
    /// The server has headroom.
    Headroom(f64),
    /// It has none.
    Load(f64),
    /// Others had to wait for the batches.
    GaveWay,
    /// The last one brought nothing.
    NoGain,
    /// The limits were changed.
    Bounds,
}

impl fmt::Display for Rescale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "workers {} -> {}: ", self.from, self.to)?;
        match self.reason {
            RescaleReason::Headroom(used) => write!(f, "{:.0} % of the load it may have", used * 100.0),
            RescaleReason::Load(used) => write!(f, "the load is at {:.0} % of its limit", used * 100.0),
            RescaleReason::GaveWay => f.write_str("others had to wait for the batches"),
            RescaleReason::NoGain => f.write_str("the last one brought nothing"),
            RescaleReason::Bounds => f.write_str("as it was set"),
        }
    }
}

/// Holds their number.
#[derive(Clone, Debug)]
pub struct Scaler {
    bounds: Bounds,
    workers: u32,
    changed: Duration,
    /// Rows a second before the last worker came.
    before: Option<f64>,
    not_before: Duration,
}

impl Scaler {
    /// Begins with `workers`, at `now` of a monotonic time.
    #[must_use]
    pub fn new(bounds: Bounds, workers: u32, now: Duration) -> Self {
        let workers = workers.clamp(bounds.least, bounds.most);
        Self { bounds, workers, changed: now, before: None, not_before: Duration::ZERO }
    }

    /// How many there are to be.
    #[must_use]
    pub fn workers(&self) -> u32 {
        self.workers
    }

    /// Other limits.
    pub fn set_bounds(&mut self, bounds: Bounds, now: Duration) -> Option<Rescale> {
        if bounds == self.bounds {
            return None;
        }
        self.bounds = bounds;
        self.not_before = Duration::ZERO;
        self.change(self.workers.clamp(bounds.least, bounds.most), RescaleReason::Bounds, now)
    }

    /// Looks at the load, and says if their number changes.
    pub fn observe(&mut self, load: Load, now: Duration) -> Option<Rescale> {
        if now < self.changed + SETTLE {
            return None;
        }
        if let Some(before) = self.before.take() {
            let others = f64::from(self.workers - 1).max(1.0);
            if load.rows_per_second < before * (1.0 + GAIN / others) {
                self.not_before = now + LEAVE_ALONE;
                return self.change(self.workers - 1, RescaleReason::NoGain, now);
            }
        }
        match load.used {
            Some(used) if used >= HALVE_FROM => self.change(self.workers / 2, RescaleReason::Load(used), now),
            _ if load.gave_way => self.change(self.workers - 1, RescaleReason::GaveWay, now),
            Some(used) if used >= SHED_FROM => self.change(self.workers - 1, RescaleReason::Load(used), now),
            Some(used) if used < GROW_BELOW && now >= self.not_before => {
                let change = self.change(self.workers + 1, RescaleReason::Headroom(used), now);
                self.before = change.is_some().then_some(load.rows_per_second);
                change
            }
            _ => None,
        }
    }

    fn change(&mut self, to: u32, reason: RescaleReason, now: Duration) -> Option<Rescale> {
        let (from, to) = (self.workers, to.clamp(self.bounds.least, self.bounds.most));
        if from == to {
            return None;
        }
        self.workers = to;
        self.changed = now;
        self.before = None;
        Some(Rescale { from, to, reason })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: Bounds = Bounds { least: 1, most: 4 };

    fn load(used: f64, rows_per_second: f64) -> Load {
        Load { used: Some(used), gave_way: false, rows_per_second }
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_worker_comes_while_there_is_headroom_and_stays_if_it_brings_something() {
        let mut scaler = Scaler::new(BOUNDS, 2, at(0));
        assert_eq!(scaler.observe(load(0.1, 1000.0), at(14)), None, "too soon");
        let change = scaler.observe(load(0.1, 1000.0), at(15)).unwrap();
        assert_eq!(change.to_string(), "workers 2 -> 3: 10 % of the load it may have");
        assert_eq!(scaler.observe(load(0.1, 1400.0), at(30)).map(|change| change.to), Some(4));
        assert_eq!(scaler.observe(load(0.5, 1900.0), at(45)), None);
    }

    #[test]
    fn one_that_brings_nothing_goes_again_and_is_left_alone() {
        let mut scaler = Scaler::new(BOUNDS, 2, at(0));
        scaler.observe(load(0.1, 1000.0), at(15)).unwrap();
        let change = scaler.observe(load(0.1, 1010.0), at(30)).unwrap();
        assert_eq!((change.to, change.reason), (2, RescaleReason::NoGain));
        assert_eq!(scaler.observe(load(0.1, 1000.0), at(200)), None);
        assert_eq!(scaler.observe(load(0.1, 1000.0), at(330)).map(|change| change.to), Some(3));
    }

    #[test]
    fn load_sheds_one_and_overload_half_and_whoever_had_to_wait_one() {
        let mut scaler = Scaler::new(Bounds { least: 1, most: 8 }, 8, at(0));
        assert_eq!(scaler.observe(load(0.8, 1.0), at(15)).map(|change| change.to), Some(7));
        assert_eq!(scaler.observe(load(1.2, 1.0), at(30)).map(|change| change.to), Some(3));
        let waited = Load { used: None, gave_way: true, rows_per_second: 1.0 };
        assert_eq!(scaler.observe(waited, at(45)).map(|change| change.to), Some(2));
    }

    #[test]
    fn where_nothing_tells_nothing_changes() {
        let mut scaler = Scaler::new(BOUNDS, 2, at(0));
        let blind = Load { used: None, gave_way: false, rows_per_second: 1.0 };
        assert!((1..100).all(|second| scaler.observe(blind, at(second * 20)).is_none()));
        assert_eq!(scaler.set_bounds(Bounds::fixed(1), at(2000)).map(|change| change.to), Some(1));
    }

    proptest! {
        #[test]
        fn their_number_keeps_its_bounds_and_grows_by_one(
            least in 1..5_u32, more in 0..10_u32, start in 0..20_u32,
            seen in prop::collection::vec((0.0..2.0_f64, any::<bool>(), 0.0..1e6_f64, 0..100_u64), 1..60),
        ) {
            let bounds = Bounds { least, most: least + more };
            let (mut scaler, mut now) = (Scaler::new(bounds, start, at(0)), 0);
            for (used, gave_way, rows_per_second, later) in seen {
                now += later;
                let before = scaler.workers();
                let change = scaler.observe(Load { used: Some(used), gave_way, rows_per_second }, at(now));
                let after = scaler.workers();
                prop_assert!((bounds.least..=bounds.most).contains(&after) && after <= before + 1);
                prop_assert_eq!(change.map(|c| (c.from, c.to)), (before != after).then_some((before, after)));
            }
        }
    }
}
