//! In how many strides, and in windows of what size, a table is walked.
//!
//! A full page has no room for new row versions, so an ordinary backfill moves every row to another page and writes
//! every index again. With K strides a window is visited K times, and each visit changes 1/K of each page's rows. The
//! first visit moves its rows away; what they leave behind is dead to everyone by the next visit, whose rows find that
//! room on their own page: heap-only updates, and no index is written.
//!
//! Rows that grow need more room than they leave, so the room that the first stride makes is used up little by little:
//! in physical order the strides get smaller, as [`schedule`] computes them. Of 65 rows on a page that each grow by 6 %
//! that moves 7 in 16 visits, where 16 equal strides move 10.
//!
//! [`choose`] says where to begin, from what the table looks like. The [`Interleaver`] of each worker goes on from
//! there with what it sees: the share of heap-only updates in the strides after the first, and how many rows there were
//! to change at all.
//!
//! | constant | value | source |
//! |---|---|---|
//! | [`STRIDES`] | 15 | measured, 2 million rows of 132 bytes, PostgreSQL 15, one worker: 12 strides 12.7 s and x1.15, 15 strides 12.4 s and x1.14, 18 strides 13.3 s and x1.12, one UPDATE 17.9 s and x2.03 |
//! | [`BATCHES_A_STRIDE`] | 8 | ours: the versions before must be dead to the batches that other workers have running; with 4 and two workers 3 % fewer updates were heap-only |
//! | [`LARGEST_WINDOW`], [`SMALLEST_WINDOW`] | 64 MB, 1 MB | measured: from 16 to 64 MB it makes no difference with one worker; smaller ones have batches too small |
//! | [`CACHE_SHARE`] | a quarter | PostgreSQL's own limit for what one scan may take of its buffers |
//! | [`FAIR`] | 50 % | ours: with a smaller share of heap-only updates strides cost more than they save |
//! | [`SPARSE`], [`DENSE`] | 1/8, 1/4 | ours, apart so that the two don't alternate |
//! | [`MOST_REST`] | 16 windows, from 1 by doubling | ours: an ANALYZE's snapshot stops the pruning for a second, a dump's for an hour |

mod adapt;
mod schedule;

pub use adapt::{Change, Interleaver, Seen};
pub use schedule::{Page, Portion, moved, schedule};

use crate::model::counted;

/// Strides where nothing speaks for fewer.
pub const STRIDES: u32 = 15;
/// Batches a stride of a window has at the least.
pub const BATCHES_A_STRIDE: u32 = 8;
/// Bytes of a window at the most, unless the job says so.
pub const LARGEST_WINDOW: u64 = 64 << 20;
/// Bytes of a window at the least.
pub const SMALLEST_WINDOW: u64 = 1 << 20;
/// All windows in hand together take this part of the server's cache at the most.
pub const CACHE_SHARE: u64 = 4;
/// A share of heap-only updates below which strides are of no use.
pub const FAIR: f64 = 0.5;
/// With a smaller share of rows to change, strides are of no use: what is there has room.
pub const SPARSE: f64 = 1.0 / 8.0;
/// With a larger share of rows to change, strides serve.
pub const DENSE: f64 = 1.0 / 4.0;
/// Windows' worth of rows, at the most, before strides are tried again.
pub const MOST_REST: u32 = 16;
/// A key's correlation below which rows that are neighbours by key are none on disk.
const FOLLOWS: f32 = 0.9;
/// A table of fewer pages is done before any of this matters.
pub const SMALL: u64 = 64;

/// What is known of a table before the walk.
#[derive(Clone, Debug, PartialEq)]
pub struct Ground {
    /// Pages it has.
    pub pages: u64,
    /// Bytes a page.
    pub page_bytes: u64,
    /// What a page holds.
    pub page: Page,
    /// The server's cache, in bytes.
    pub cache: u64,
    /// An index that each update must write, so that none is heap-only.
    pub forbidding: Option<String>,
    /// Workers that each have a window in hand.
    pub workers: u32,
    /// By key: how far the key follows the physical order; `None` in physical order, where all do.
    pub correlation: Option<f32>,
    /// The strides can be told: the key has a hash, or the order is physical.
    pub divisible: bool,
}

/// What the job's file asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Strides.
    pub strides: Option<u32>,
    /// Bytes of a window.
    pub window: Option<u64>,
}

/// How a table is walked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Strides; 1: no interleaving.
    pub strides: u32,
    /// Pages of a window.
    pub window_pages: u64,
    /// Pages that a window may grow to.
    pub most_pages: u64,
    /// The strides are the job's wish, and stay as they are.
    pub fixed: bool,
    /// Why, in words.
    pub reason: String,
}

/// Where to begin.
#[must_use]
pub fn choose(ground: &Ground, wishes: Wishes) -> Choice {
    let (strides, reason) = strides(ground, wishes.strides);
    let share = ground.cache / CACHE_SHARE / u64::from(ground.workers.max(1));
    let bytes = wishes.window.unwrap_or_else(|| share.clamp(SMALLEST_WINDOW, LARGEST_WINDOW));
    let page_bytes = ground.page_bytes.max(1);
    let window_pages = (bytes / page_bytes).max(1);
    let most_pages = (share / page_bytes).max(window_pages);
    Choice { strides, window_pages, most_pages, fixed: wishes.strides.is_some(), reason }
}

fn strides(ground: &Ground, wish: Option<u32>) -> (u32, String) {
    if !ground.divisible {
        return (1, "the key's type has no hash to tell strides by".to_owned());
    }
    if let Some(wish) = wish {
        return (wish.max(1), "as the job says".to_owned());
    }
    if let Some(index) = &ground.forbidding {
        return (1, format!("the index {index} is on what is set, so every update writes all indexes"));
    }
    if ground.pages < SMALL {
        return (
            1,
            format!(
                "the table has only {}",
                counted(usize::try_from(ground.pages).unwrap_or(usize::MAX), "page")
            ),
        );
    }
    if let Some(correlation) = ground.correlation
        && correlation.abs() < FOLLOWS
    {
        return (1, format!("rows that are neighbours by key aren't on disk (correlation {correlation:.2})"));
    }
    let Page { rows, row_bytes, free_bytes, .. } = ground.page;
    if rows < 2.0 {
        return (1, "a page holds hardly more than one row".to_owned());
    }
    let strides = u32::try_from(schedule(&ground.page, STRIDES).len()).unwrap_or(STRIDES).max(1);
    let room = match free_bytes / row_bytes.max(1.0) {
        room if room < 0.95 => "no room for more".to_owned(),
        room => format!("room for {room:.0} more"),
    };
    (strides, format!("a page holds {rows:.0} rows and has {room}"))
}

/// Cuts `pages` into at most `workers` pieces of about the same size, none smaller than `least`. Returns where each
/// ends; the last at `pages`. Empty for no pages.
#[must_use]
pub fn pieces(pages: u64, workers: u32, least: u64) -> Vec<u64> {
    if pages == 0 {
        return Vec::new();
    }
    let count = (pages / least.max(1)).clamp(1, u64::from(workers.max(1)));
    (1..=count).map(|piece| pages * piece / count).collect()
}

#[cfg(test)]
mod tests;
