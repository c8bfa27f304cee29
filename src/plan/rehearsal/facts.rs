//! What is known before a run: read by `pg::surroundings` and `engine::rehearsal`, judged by the checks.

use std::time::Duration;

use super::super::forecast::Forecast;
use crate::model::{Ident, Order, Undo};
use crate::plan::checkup;

/// What surrounds a table whose columns are set, as the catalog and the server's views have it.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is what the catalog answers to one question")]
pub struct Surroundings {
    /// Rules for UPDATE.
    pub rules: Vec<String>,
    /// Triggers that will fire.
    pub triggers: Vec<Trigger>,
    /// Foreign keys that will be checked.
    pub foreign_keys: Vec<ForeignKey>,
    /// Stored columns that are computed from what is set.
    pub generated: Vec<String>,
    /// CHECK constraints that were never proved for the rows there are.
    pub unproved: Vec<String>,
    /// Unique and exclusion indexes on what is set.
    pub unique_on_targets: Vec<String>,
    /// Publications that the updates go to.
    pub publications: Vec<String>,
    /// Subscribers are sent each row as it was, in full.
    pub identity_full: bool,
    /// Rows have no identity for subscribers.
    pub identity_missing: bool,
    /// The table isn't in the WAL.
    pub unlogged: bool,
    /// Percent of a page that INSERT fills.
    pub fillfactor: i32,
    /// Autovacuum is on for the table.
    pub autovacuum: bool,
    /// Rows as of the last VACUUM or ANALYZE; negative: there was none.
    pub rows: f64,
    /// Dead rows, as the statistics have them.
    pub dead_rows: i64,
    /// Indexes.
    pub indexes: i64,
    /// Their bytes.
    pub index_bytes: u64,
    /// Age of the oldest transaction id in it.
    pub xid_age: i32,
    /// Age of the oldest multixact id in it.
    pub multixact_age: i32,
    /// From this age on autovacuum vacuums it, whatever else.
    pub freeze_max_age: i32,
    /// The same for multixacts.
    pub multixact_freeze_max_age: i32,
    /// From this age on VACUUM leaves everything else aside.
    pub failsafe_age: i32,
    /// Bytes.
    pub max_wal_size: u64,
    /// Seconds.
    pub checkpoint_timeout: f64,
    /// A page that is touched first since a checkpoint is written whole.
    pub writes_full_pages: bool,
    /// A VACUUM is at work on it.
    pub is_vacuumed: bool,
    /// Seconds since the oldest transaction of others in the database began.
    pub oldest_transaction: f64,
    /// Who has locks, or waits for some, that a batch would wait for.
    pub locks: Vec<String>,
    /// Who keeps dead rows for longest.
    pub keeps_dead_rows: Option<String>,
}

/// A trigger that will fire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Its name, as the catalog has it.
    pub name: String,
    /// For each row; else once a batch.
    pub for_each_row: bool,
    /// Its function.
    pub function: String,
    /// It takes numbers from a sequence.
    pub takes_numbers: bool,
    /// What it does may reach beyond the transaction.
    pub reaches_out: bool,
}

impl Trigger {
    /// Its name as SQL writes it.
    #[must_use]
    pub fn written(&self) -> String {
        Ident(self.name.clone()).to_string()
    }
}

/// A foreign key that will be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// Its name, quoted.
    pub name: String,
    /// Another table points at what is set.
    pub incoming: bool,
    /// The other table.
    pub other: String,
    /// The other table's rows are changed along.
    pub writes: bool,
    /// The pointing columns have an index.
    pub has_index: bool,
}

/// How the hours stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    /// None are kept.
    Always,
    /// Open, until then.
    Open(String),
    /// Closed until then, and why.
    Closed(String, String),
    /// Closed for good, and why.
    Never(String),
}

/// How a try of the batches went.
#[derive(Clone, Debug, PartialEq)]
pub enum Tried {
    /// Not yet, or on the caller's wish not at all.
    Not,
    /// It was left out: why.
    LeftOut(String),
    /// They ran, and were rolled back.
    Went,
    /// The batch's plan reads more than its interval: its node.
    WouldReadAll(String),
    /// A row can't take its new value.
    BadRow {
        /// The server's words.
        error: String,
    },
    /// A lock wasn't had in time.
    Locked {
        /// By whom, as far as is known.
        by: String,
    },
    /// Anything else.
    Failed {
        /// The server's words.
        error: String,
    },
}

/// A run of the job that isn't over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Its number.
    pub run: i64,
    /// Its state.
    pub state: String,
    /// Who is at work on it.
    pub who: Option<String>,
}

/// All that the checks look at.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is the answer to one question")]
pub struct Facts {
    /// The table, as SQL writes it.
    pub table: String,
    /// The columns that are set.
    pub targets: Vec<String>,
    /// The index that serves the key.
    pub key_index: String,
    /// How far the key follows the rows' order in the file; `None`: not known, or it makes no difference.
    pub correlation: Option<f32>,
    /// In what order the table will be walked.
    pub order: Order,
    /// The same in words, with strides and workers.
    pub walk: String,
    /// Visits of each page.
    pub strides: u32,
    /// Why so many.
    pub why_strides: String,
    /// Indexes that forbid heap-only updates.
    pub forbidding: Vec<String>,
    /// What the catalog says.
    pub surroundings: Surroundings,
    /// What `doctor` says of the server.
    pub server: Vec<checkup::Finding>,
    /// The hours.
    pub opening: Opening,
    /// What a lock may take.
    pub lock_timeout: Duration,
    /// Bytes of the table itself.
    pub table_bytes: u64,
    /// Bytes of it that live rows take; `None`: the sample met no row.
    pub live_share: Option<f64>,
    /// This role may VACUUM the table.
    pub owned: bool,
    /// What is kept of old values.
    pub undo: Undo,
    /// There is a `[down]` that sets columns.
    pub has_down: bool,
    /// Share of the rows to do that hold a value already which is overwritten; `None`: not looked at.
    pub overwritten: Option<f64>,
    /// Rows that aren't swept are visited once.
    pub repairs: bool,
    /// Rows that may fail are put aside.
    pub has_quarantine: bool,
    /// A run that isn't over.
    pub unfinished: Option<Unfinished>,
    /// It was signed off before.
    pub was_done: bool,
    /// Free bytes where the data is; `None`: it can't be seen from here.
    pub free_disk: Option<f64>,
    /// How the try of the batches went.
    pub tried: Tried,
    /// What is to be expected.
    pub forecast: Option<Forecast>,
}
