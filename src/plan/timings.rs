//! Whether a timed query has become slower: medians before, during and after a change. Pure.
//!
//! | constant | value | source |
//! |---|---|---|
//! | [`LEAST`] | 3 | ours: the median of fewer is one of them |
//! | [`NOISE`] | 5 ms | ours: nobody notices less, and a busy server varies by as much |

/// Timings before a median of them says something.
pub const LEAST: usize = 3;

/// A difference up to this is none, in seconds.
pub const NOISE: f64 = 0.005;

/// When a query was timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Before the first batch, or the revision.
    Before,
    /// While it goes on.
    During,
    /// Once it is done.
    After,
}

impl Phase {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Before, Self::During, Self::After];

    /// The word it is stored and shown as.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::During => "during",
            Self::After => "after",
        }
    }
}

/// What a query's timings come to, against those before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// There are too few of them, here or before.
    Unknown,
    /// No difference that counts.
    Same,
    /// It takes longer: so many times as long as before.
    Slower {
        /// Above 1.
        times: f64,
    },
}

/// The median of some seconds; `None` of none.
#[must_use]
pub fn median(seconds: &[f64]) -> Option<f64> {
    let mut sorted = seconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[odd / 2]),
        even => Some(f64::midpoint(sorted[even / 2 - 1], sorted[even / 2])),
    }
}

/// Compares medians; `slower` is how many times as long counts.
#[must_use]
pub fn compare(before: &[f64], now: &[f64], slower: f64) -> Verdict {
    if before.len() < LEAST || now.len() < LEAST {
        return Verdict::Unknown;
    }
    match (median(before), median(now)) {
        (Some(before), Some(now)) if now - before > NOISE && now > before * slower => {
            // Of nothing everything is many times.
            Verdict::Slower { times: now / before.max(0.000_1) }
        }
        (Some(_), Some(_)) => Verdict::Same,
        _ => Verdict::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_query_is_slower_when_its_median_is() {
        let before = [0.010, 0.011, 0.500];
        assert_eq!(median(&before), Some(0.011));
        assert_eq!(median(&[4.0, 1.0]), Some(2.5));
        assert_eq!(
            compare(&before, &[0.012, 0.9, 0.011], 2.0),
            Verdict::Same,
            "one that took long is chance"
        );
        assert_eq!(compare(&before, &[0.044; 3], 2.0), Verdict::Slower { times: 0.044 / 0.011 });
        assert_eq!(compare(&[0.0001; 3], &[0.004; 3], 2.0), Verdict::Same, "40 times nothing is nothing");
        assert_eq!(compare(&before[..2], &[9.0; 9], 2.0), Verdict::Unknown);
    }

    proptest! {
        #[test]
        fn the_order_of_timings_says_nothing(mut before in prop::collection::vec(0.0..9.0, 0..9),
                                             now in prop::collection::vec(0.0..9.0, 0..9)) {
            let judged = compare(&before, &now, 2.0);
            before.reverse();
            prop_assert_eq!(compare(&before, &now, 2.0), judged);
        }

        #[test]
        fn what_is_slower_is_so_against_any_faster_past(before in prop::collection::vec(0.0..9.0, 3..9),
                                                        now in prop::collection::vec(0.0..9.0, 3..9)) {
            let faster: Vec<f64> = before.iter().map(|seconds| seconds / 2.0).collect();
            if let Verdict::Slower { .. } = compare(&before, &now, 2.0) {
                let is_slower = matches!(compare(&faster, &now, 2.0), Verdict::Slower { .. });
                prop_assert!(is_slower);
            }
            prop_assert_eq!(compare(&before, &before, 1.5), Verdict::Same, "nothing is slower than itself");
        }
    }
}
