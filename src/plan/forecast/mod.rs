//! What a run will come to, as ranges: from what a few batches showed that were rolled back, and from what is known of the
//! table.
//!
//! A batch that is rolled back shows what it costs to find rows, to change one that has to move, to write a page into the
//! WAL that was not touched since the last checkpoint, and what triggers take. It can't show a heap-only update in a page
//! that an earlier stride has made room in: that takes a COMMIT. Its cost is told from that of the one that moves, and how
//! many rows move from the strides' schedule (`plan::interleave`).
//!
//! ```text
//! one worker = pages · image + strides · rows · looking + moving · moved + staying · heap-only + triggers + batches
//! run        = one worker / speed-up, or what a limit allows; a sweep; the proof
//! ```
//!
//! | constant | value | source |
//! |---|---|---|
//! | [`INDEX_COST`] | 0.9 | fitted to `scripts/bench plan` on one machine, PostgreSQL 15: an entry in an index beside the change of the row itself |
//! | [`PRUNING`] | 0.6 | fitted likewise: what pruning adds to a heap-only update, of the change itself |
//! | [`HEAP_ONLY_WAL`] | 105 bytes | measured, 4 million rows of 132 bytes: 1.33 GB less images and moved rows |
//! | [`CROWDED`] | 0.45 | fitted to one table of the bench, 1 million rows with an index on what is set: 25 s on a quiet machine where the batches tried say 19, and more on a busy one: that index grows, pages split, dead entries are looked for, a VACUUM runs beside |
//! | [`GAIN`] | 0.75 | measured, two workers on two cores: 1.7 times one |
//! | [`BOOKS`] | 3 ms, 700 bytes | fitted: fence, books, COMMIT and its flush |

mod cost;
mod effects;
mod span;
#[cfg(test)]
mod tests;
mod truth;

pub use effects::{Advice, Effect};
pub use span::Span;
pub use truth::Truth;

use serde::{Deserialize, Serialize};

/// An entry in an index costs so much of what changing the row itself costs.
pub const INDEX_COST: f64 = 0.9;
/// What a heap-only update costs more by the pruning of its page.
pub const PRUNING: f64 = 0.6;
/// What moving a row costs more where all rows move.
pub const CROWDED: f64 = 0.45;
/// WAL bytes of a heap-only update, its share of the pruning included.
pub const HEAP_ONLY_WAL: f64 = 105.0;
/// What each worker after the first brings.
pub const GAIN: f64 = 0.75;
/// Seconds a batch that are not spent on its rows.
pub const BOOKS: f64 = 0.003;
/// WAL bytes of a batch's books.
const BOOKS_WAL: f64 = 700.0;

/// What the batches tried showed, of one worker; times in seconds, sizes in bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// How many.
    pub batches: u32,
    /// Rows that they changed.
    pub rows: f64,
    /// To look at a row and at whether it is the stride's turn.
    pub looking: f64,
    /// To change a row that has to move, without triggers, in pages that are in the WAL already.
    pub moving: f64,
    /// To touch a page first since a checkpoint.
    pub image: f64,
    /// WAL of a page that is touched first.
    pub image_wal: f64,
    /// WAL of a row that moves.
    pub moving_wal: f64,
    /// WAL that triggers write for a row.
    pub trigger_wal: f64,
    /// Part of the updates that stayed on their pages, without strides.
    pub heap_only: f64,
    /// What triggers and foreign keys take a row.
    pub triggers: Vec<(String, f64)>,
    /// How far the places were apart: the standard deviation of the time a row, as a share of it.
    pub spread: f64,
}

/// What is known of the job, the table and the limits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ground {
    /// Rows to change.
    pub rows: Span,
    /// Rows of the table.
    pub all_rows: f64,
    /// Pages of the table.
    pub pages: f64,
    /// Bytes a page.
    pub page_bytes: f64,
    /// Bytes of a row with its new values.
    pub row_bytes: f64,
    /// Indexes.
    pub indexes: f64,
    /// Their bytes.
    pub index_bytes: f64,
    /// An index is on what is set.
    pub is_forbidden: bool,
    /// Visits of each page.
    pub strides: f64,
    /// Part of the rows that have to move, by the strides' schedule.
    pub moved: f64,
    /// Rows a batch, where no limit is in force.
    pub batch_rows: f64,
    /// Rows a batch.
    pub paced_rows: f64,
    /// Workers to begin with, and at the most.
    pub workers: (u32, u32),
    /// Rows a second that are allowed.
    pub rows_per_second: Option<f64>,
    /// WAL bytes a second that are allowed.
    pub wal_per_second: Option<f64>,
    /// Seconds that one reading of the whole table takes.
    pub reading: f64,
    /// How often the proof reads it.
    pub readings: f64,
    /// Found rows are done again at the end.
    pub sweeps: bool,
    /// WAL bytes between two checkpoints at the most.
    pub max_wal_size: f64,
    /// Seconds between them at the most.
    pub checkpoint_timeout: f64,
    /// Bytes that are kept of each row's old values.
    pub kept: Option<f64>,
    /// Room that moved rows leave comes back meanwhile.
    pub is_vacuumed: bool,
}

/// What a run will come to; times in seconds, sizes in bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// Rows changed.
    pub rows: Span,
    /// Batches.
    pub batches: Span,
    /// The backfill.
    pub backfill: Span,
    /// The sweep behind it.
    pub sweep: Span,
    /// The proof.
    pub proof: Span,
    /// All of it, in working time.
    pub time: Span,
    /// The same if no limit were in force.
    pub unlimited: Span,
    /// The same with one worker.
    pub alone: Span,
    /// WAL.
    pub wal: Span,
    /// Of it, whole pages.
    pub image_share: f64,
    /// What the table grows by.
    pub table_growth: Span,
    /// What its indexes grow by.
    pub index_growth: Span,
    /// Both.
    pub growth: Span,
    /// What is kept of old values.
    pub preimages: Option<Span>,
    /// Part of the updates that will be heap-only.
    pub heap_only: f64,
    /// Rows a second, of one worker.
    pub one_worker: Span,
    /// Workers.
    pub workers: u32,
    /// Checkpoints that its WAL asks for.
    pub checkpoints: f64,
    /// Triggers and foreign keys.
    pub triggers: Vec<TriggerCost>,
}

/// What a trigger costs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TriggerCost {
    /// Its name.
    pub name: String,
    /// Seconds a row.
    pub per_row: f64,
    /// Part of the backfill's time.
    pub share: f64,
}

impl Forecast {
    /// Puts it together. `None`: no row was changed in what was tried, so nothing is known of the time.
    #[must_use]
    pub fn new(measured: &Measured, ground: &Ground) -> Option<Self> {
        (measured.rows > 0.0).then(|| cost::forecast(measured, ground))
    }
}
