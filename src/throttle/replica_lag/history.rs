//! Where the primary was when.

use std::collections::VecDeque;
use std::time::Duration;

/// What is older is forgotten; a replica that is behind by more is behind by this much at the least. At a reading a second
/// it is an hour, more than any limit that is of use.
const MOST: usize = 3600;

/// Each position of the primary's WAL, with the time it was first seen at.
#[derive(Debug, Default)]
pub(super) struct History {
    seen: VecDeque<(Duration, i64)>,
}

impl History {
    /// The primary is at `position`, in bytes.
    pub(super) fn note(&mut self, at: Duration, position: i64) {
        match self.seen.back() {
            Some((_, last)) if *last == position => return,
            // Another server: after a failover its WAL may begin where the old one's was not yet.
            Some((_, last)) if *last > position => self.seen.clear(),
            _ => {}
        }
        self.seen.push_back((at, position));
        if self.seen.len() > MOST {
            self.seen.pop_front();
        }
    }

    /// By how many seconds a replica at `position` is behind. `measured` is what PostgreSQL measured last.
    pub(super) fn behind(&self, position: i64, measured: Option<f64>, now: Duration) -> f64 {
        let first_missing = self.seen.partition_point(|(_, seen)| *seen <= position);
        match self.seen.get(first_missing) {
            None => 0.0,
            Some((at, _)) => now.saturating_sub(*at).as_secs_f64().max(measured.unwrap_or(0.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AT: fn(u64) -> Duration = Duration::from_secs;

    fn history(positions: &[i64]) -> History {
        let mut history = History::default();
        for (second, position) in (0..).zip(positions) {
            history.note(AT(second), *position);
        }
        history
    }

    #[test]
    fn paused_replay_is_seen_though_nothing_is_measured() {
        let history = history(&[100, 200, 300, 400]);
        assert!(
            (history.behind(200, None, AT(3)) - 1.0).abs() < 1e-9,
            "what came at 2 is missing since then"
        );
        assert!(
            (history.behind(200, Some(0.001), AT(9)) - 7.0).abs() < 1e-9,
            "the old measure tells nothing"
        );
        assert!((history.behind(200, Some(30.0), AT(3)) - 30.0).abs() < 1e-9, "what was before we looked");
    }

    #[test]
    fn who_has_everything_is_not_behind() {
        let history = history(&[100, 200, 200, 200]);
        assert!(history.behind(200, Some(60.0), AT(600)).abs() < 1e-9);
        assert!(history.behind(250, Some(60.0), AT(600)).abs() < 1e-9);
    }

    #[test]
    fn another_server_begins_anew() {
        let history = history(&[5000, 100]);
        assert!(history.behind(100, None, AT(50)).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn the_lag_never_falls_while_nothing_is_replayed(
            steps in prop::collection::vec(0_i64..100, 1..60), position in 0_i64..500,
        ) {
            let (mut history, mut primary, mut last) = (History::default(), 0, 0.0);
            for (second, step) in (0..).zip(steps) {
                primary += step;
                history.note(AT(second), primary);
                let behind = history.behind(position, None, AT(second));
                prop_assert!(behind >= last);
                prop_assert!(position < primary || behind == 0.0);
                last = behind;
            }
        }
    }
}
