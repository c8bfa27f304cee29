//! Which of many items make a statement fail: halves are tried until single ones are left.
//!
//! A set that goes through is done with; one that fails is halved. With `b` culprits among `n` items that takes at most
//! `2 b log2 n` tries more than the one that failed first, and most of the items go through in large sets.

use std::ops::Range;

/// The sets that are still to be tried.
#[derive(Clone, Debug)]
pub struct Bisection {
    /// The next is the last one.
    pending: Vec<Range<usize>>,
}

impl Bisection {
    /// Of so many items, tried together at first.
    #[must_use]
    pub fn of(items: usize) -> Self {
        Self { pending: std::iter::once(0..items).filter(|all| !all.is_empty()).collect() }
    }

    /// The set to be tried now, from the first item on; `None`: all are done with.
    pub fn take(&mut self) -> Option<Range<usize>> {
        self.pending.pop()
    }

    /// The set failed. A single item is the culprit; otherwise both halves will be tried.
    pub fn failed(&mut self, set: Range<usize>) -> Option<usize> {
        if set.len() < 2 {
            return Some(set.start);
        }
        let middle = set.start + set.len() / 2;
        self.pending.extend([middle..set.end, set.start..middle]);
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn exactly_the_culprits_are_found_and_each_other_item_goes_through_once(
            items in 0_usize..600, culprits in prop::collection::btree_set(0_usize..600, 0..20),
        ) {
            let culprits: BTreeSet<usize> = culprits.into_iter().filter(|at| *at < items).collect();
            let mut bisection = Bisection::of(items);
            let (mut found, mut through, mut tries) = (Vec::new(), vec![0; items], 0.0);
            while let Some(set) = bisection.take() {
                tries += 1.0;
                if set.clone().any(|at| culprits.contains(&at)) {
                    found.extend(bisection.failed(set));
                } else {
                    set.for_each(|at| through[at] += 1);
                }
            }
            prop_assert_eq!(&found, &culprits.iter().copied().collect::<Vec<_>>());
            prop_assert!((0..items).all(|at| through[at] == usize::from(!culprits.contains(&at))));
            let most = 1.0 + 2.0 * found.len() as f64 * (items.max(1) as f64).log2().ceil();
            prop_assert!(tries <= most, "{} tries, {} at most", tries, most);
        }
    }
}
