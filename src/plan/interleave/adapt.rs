//! What a worker learns about its strides as it goes.

use std::fmt;

use super::{Choice, DENSE, FAIR, GOOD, REST, SPARSE};

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
    /// Half as many strides: the first of them hardly moved a row.
    Fewer {
        /// From now on.
        strides: u32,
    },
    /// Twice as many strides: with fewer, the first moved too many rows.
    More {
        /// From now on.
        strides: u32,
    },
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
    strides: u32,
    pages: u64,
    /// So few strides are known to be too few.
    too_few: u32,
    mode: Mode,
    first: Tally,
    later: Tally,
    rows: u64,
}

impl Interleaver {
    /// Begins with the choice; `sparse`: few rows are expected to be left, as in a sweep.
    #[must_use]
    pub fn new(choice: Choice, sparse: bool) -> Self {
        let mode = if sparse { Mode::Sparse } else { Mode::Strides };
        let (strides, pages) = (choice.strides, choice.window_pages);
        let (first, later) = (Tally::default(), Tally::default());
        Self { choice, strides, pages, too_few: 1, mode, first, later, rows: 0 }
    }

    /// Strides of the next window, and its pages; 1 stride: no window.
    #[must_use]
    pub fn current(&self) -> (u32, u64) {
        let strides = if self.mode == Mode::Strides { self.strides } else { 1 };
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
        if seen.stride == 0 {
            self.first.add(seen);
        } else {
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
            Change::Again { strides: self.strides }
        })
    }

    /// A window is through.
    fn judge(&mut self) -> Option<Change> {
        let (first, later, rows) = (self.first, self.later, self.rows);
        (self.first, self.later, self.rows) = (Tally::default(), Tally::default(), 0);
        if ((first.changed + later.changed) as f64) < rows as f64 * SPARSE {
            self.mode = Mode::Sparse;
            return Some(Change::Sparse);
        }
        match later.share() {
            Some(share) if share < FAIR && self.pages < self.choice.most_pages => {
                self.pages = (self.pages * 2).min(self.choice.most_pages);
                Some(Change::Wider { pages: self.pages, share })
            }
            Some(share) if share < FAIR && !self.choice.fixed => {
                self.mode = Mode::Resting(rows * u64::from(REST));
                Some(Change::Resting { share })
            }
            Some(_) if !self.choice.fixed => self.number(first.share()?),
            _ => None,
        }
    }

    /// Fewer strides read less; more move fewer rows in the first of them.
    fn number(&mut self, first: f64) -> Option<Change> {
        if first >= GOOD && self.strides / 2 > self.too_few {
            self.strides /= 2;
            return Some(Change::Fewer { strides: self.strides });
        }
        if first < FAIR && self.strides < self.choice.strides {
            self.too_few = self.strides;
            self.strides = (self.strides * 2).min(self.choice.strides);
            return Some(Change::More { strides: self.strides });
        }
        None
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| format!("{:.0} %", share * 100.0);
        match self {
            Self::Fewer { strides } => {
                write!(f, "{strides} strides: the first of more had room on its pages")
            }
            Self::More { strides } => write!(f, "{strides} strides: the first of fewer moved too many rows"),
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
