//! Where a worker stands in its range, and in what order ranges are walked.
//!
//! A range is walked in *windows*. A window is visited once for each *stride*: a share of its rows, each row in exactly
//! one. With one stride no window is kept, and the checkpoint moves with every batch.

use super::KeyValue;

/// In what order a table's rows are visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// By key: positions are key values, and an interval is `lower < key <= upper`.
    Key,
    /// As the rows lie in the table's file: positions are block numbers, and an interval is `lower <= block < upper`.
    Physical,
}

impl Order {
    /// The word it is stored, shown and written in a job's file as.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Physical => "physical",
        }
    }

    /// What [`Self::as_str`] wrote. The column's CHECK constraint lets nothing else be stored.
    #[must_use]
    pub fn stored(text: &str) -> Self {
        if text == Self::Physical.as_str() { Self::Physical } else { Self::Key }
    }
}

/// How far a range is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Everything up to here is done, in every stride; `None`: nothing yet.
    pub checkpoint: Option<KeyValue>,
    /// The window in hand; `None` between windows, and where there are no strides.
    pub window: Option<Window>,
}

/// A piece of a range that is visited stride by stride.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Where it ends; it begins at the checkpoint.
    pub upper: KeyValue,
    /// How many strides it has, at least 2.
    pub strides: u32,
    /// The stride in hand, from 0.
    pub stride: u32,
    /// The stride is done up to here; `None`: nothing of it yet.
    pub checkpoint: Option<KeyValue>,
}

impl Position {
    /// Where the next batch begins; `None`: at the range's beginning.
    #[must_use]
    pub fn next(&self) -> Option<&KeyValue> {
        self.window.as_ref().and_then(|window| window.checkpoint.as_ref()).or(self.checkpoint.as_ref())
    }

    /// Up to where the range is taken: a range may be split behind this, not before it.
    #[must_use]
    pub fn taken(&self) -> Option<&KeyValue> {
        self.window.as_ref().map(|window| &window.upper).or(self.checkpoint.as_ref())
    }

    /// The same once a batch up to `upper` is done.
    #[must_use]
    pub fn after(&self, upper: &KeyValue) -> Self {
        let upper = upper.clone();
        let through = Self { checkpoint: Some(upper.clone()), window: None };
        let Some(window) = &self.window else { return through };
        let (stride, checkpoint) = if window.upper != upper {
            (window.stride, Some(upper))
        } else if window.stride + 1 < window.strides {
            (window.stride + 1, None)
        } else {
            return through;
        };
        let window = Window { stride, checkpoint, ..window.clone() };
        Self { checkpoint: self.checkpoint.clone(), window: Some(window) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn key(n: u32) -> KeyValue {
        KeyValue(vec![n.to_string()])
    }

    fn number(key: Option<&KeyValue>) -> u32 {
        key.map_or(0, |key| key.0[0].parse().unwrap())
    }

    proptest! {
        #[test]
        fn every_key_is_visited_once_in_its_stride_whatever_the_windows_and_batches(
            end in 1_u32..300,
            windows in prop::collection::vec((1_u32..80, 1_u32..9), 1..20),
            batches in prop::collection::vec(1_u32..40, 1..20),
        ) {
            let mut position = Position::default();
            let (mut windows, mut batches) = (windows.into_iter().cycle(), batches.into_iter().cycle());
            let mut visits: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
            while position.window.is_some() || number(position.checkpoint.as_ref()) < end {
                if position.window.is_none() {
                    let (width, strides) = windows.next().unwrap();
                    let upper = key((number(position.checkpoint.as_ref()) + width).min(end));
                    if strides > 1 {
                        position.window = Some(Window { upper, strides, stride: 0, checkpoint: None });
                    }
                }
                let (strides, stride, limit) = match &position.window {
                    Some(window) => (window.strides, window.stride, number(Some(&window.upper))),
                    None => (1, 0, end),
                };
                let lower = number(position.next());
                let upper = (lower + batches.next().unwrap()).min(limit);
                prop_assert!(lower < upper, "a batch holds something");
                for visited in lower + 1..=upper {
                    if visited % strides == stride {
                        visits.entry(visited).or_default().push(stride);
                    }
                }
                position = position.after(&key(upper));
            }
            prop_assert_eq!(visits.len(), end as usize);
            prop_assert!(visits.values().all(|strides| strides.len() == 1));
        }
    }

    #[test]
    fn a_window_is_taken_to_its_end_and_its_strides_begin_anew() {
        let window = Window { upper: key(20), strides: 2, stride: 0, checkpoint: None };
        let position = Position { checkpoint: Some(key(10)), window: Some(window) };
        assert_eq!((number(position.next()), number(position.taken())), (10, 20));
        let position = position.after(&key(15));
        assert_eq!((number(position.next()), number(position.taken())), (15, 20));
        let position = position.after(&key(20));
        assert_eq!((number(position.next()), position.window.as_ref().unwrap().stride), (10, 1));
        let position = position.after(&key(20));
        assert_eq!(position, Position { checkpoint: Some(key(20)), window: None });
    }
}
