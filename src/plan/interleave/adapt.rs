//! What a worker learns about its strides as it goes.

use std::fmt;

use super::{Choice, DENSE, FAIR, MOST_REST, SPARSE};

/// Rows changed below which a share of them says nothing.
const ENOUGH: u64 = 500;

/// What a batch showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its stride, of how many.
    pub stride: u32,
    /// 1: it took all rows of its interval.
    pub strides: u32,
    /// Rows that it looked at, as far as is known.
    pub rows: u64,
    /// Rows changed.
    pub changed: u64,
    /// Of these, heap-only ones; `None`: the server doesn't count.
    pub hot: Option<u64>,
}

/// A change of the strides or the window, with its reason.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A larger window: the strides followed each other before the versions of the one before were dead.
    Wider {
        /// Pages from now on.
        pages: u64,
        /// Share of heap-only updates in the later strides.
        share: f64,
    },
    /// No strides for a while: they didn't help.
    Resting {
        /// Share of heap-only updates in the later strides.
        share: f64,
    },
    /// No strides: hardly a row is to be changed here.
    Sparse,
    /// Strides again.
    Again {
        /// From now on.
        strides: u32,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Strides,
    /// Rows to pass before strides are tried again.
    Resting(u64),
    Sparse,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    changed: u64,
    hot: u64,
    counted: bool,
}

impl Tally {
    fn add(&mut self, seen: &Seen) {
        self.changed += seen.changed;
        self.hot += seen.hot.unwrap_or(0);
        self.counted |= seen.hot.is_some();
    }

    fn share(&self) -> Option<f64> {
        (self.counted && self.changed >= ENOUGH).then(|| self.hot as f64 / self.changed as f64)
    }
}

/// Holds the strides and the window's size for one worker. Lost in a crash; the next one begins with the choice.
#[derive(Clone, Debug)]
pub struct Interleaver {
    choice: Choice,
    pages: u64,
    mode: Mode,
    /// Of the window in hand: rows changed, those of the strides after the first, and rows looked at.
    changed: u64,
    later: Tally,
    rows: u64,
    /// Windows to rest for when strides don't help the next time.
    rest: u32,
}

impl Interleaver {
    /// Begins with the choice; `sparse`: few rows are expected to be left, as in a sweep.
    #[must_use]
    pub fn new(choice: Choice, sparse: bool) -> Self {
        let mode = if sparse { Mode::Sparse } else { Mode::Strides };
        let pages = choice.window_pages;
        Self { choice, pages, mode, changed: 0, later: Tally::default(), rows: 0, rest: 1 }
    }

    /// Strides of the next window, and its pages; 1 stride: no window.
    #[must_use]
    pub fn current(&self) -> (u32, u64) {
        let strides = if self.mode == Mode::Strides { self.choice.strides } else { 1 };
        (strides, self.pages)
    }

    /// Takes note of a batch. `window_ended`: it was the last of its window. Says what changes from the next one on.
    pub fn observe(&mut self, seen: &Seen, window_ended: bool) -> Option<Change> {
        if self.choice.strides < 2 {
            return None;
        }
        self.rows += seen.rows;
        if seen.strides < 2 {
            return self.without_strides(seen);
        }
        self.changed += seen.changed;
        if seen.stride > 0 {
            self.later.add(seen);
        }
        if window_ended { self.judge() } else { None }
    }

    fn without_strides(&mut self, seen: &Seen) -> Option<Change> {
        self.rows = 0;
        let again = match self.mode {
            Mode::Strides => return None,
            Mode::Sparse => seen.changed as f64 > seen.rows as f64 * DENSE,
            Mode::Resting(left) => {
                let left = left.saturating_sub(seen.rows);
                self.mode = Mode::Resting(left);
                left == 0
            }
        };
        again.then(|| {
            self.mode = Mode::Strides;
            self.pages = self.choice.window_pages;
            Change::Again { strides: self.choice.strides }
        })
    }

    /// A window is through.
    fn judge(&mut self) -> Option<Change> {
        let (changed, later, rows) = (self.changed, self.later, self.rows);
        (self.changed, self.later, self.rows) = (0, Tally::default(), 0);
        if (changed as f64) < rows as f64 * SPARSE {
            self.mode = Mode::Sparse;
            return Some(Change::Sparse);
        }
        match later.share() {
            Some(share) if share < FAIR && self.pages < self.choice.most_pages => {
                self.pages = (self.pages * 2).min(self.choice.most_pages);
                Some(Change::Wider { pages: self.pages, share })
            }
            Some(share) if share < FAIR && !self.choice.fixed => {
                self.mode = Mode::Resting(rows * u64::from(self.rest));
                self.rest = (self.rest * 2).min(MOST_REST);
                Some(Change::Resting { share })
            }
            Some(share) if share >= FAIR => {
                self.rest = 1;
                None
            }
            _ => None,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| format!("{:.0} %", share * 100.0);
        match self {
            Self::Wider { pages, share } => {
                write!(
                    f,
                    "windows of {pages} pages: only {} of the later strides' updates were heap-only",
                    percent(*share)
                )
            }
            Self::Resting { share } => {
                write!(f, "no strides for a while: only {} of their updates were heap-only", percent(*share))
            }
            Self::Sparse => f.write_str("no strides: hardly a row is left to change here"),
            Self::Again { strides } => write!(f, "{strides} strides again"),
        }
    }
}
