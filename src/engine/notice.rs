//! What an engine tells of its work while it goes on, to whoever shows it: the terminal, metrics, logs.

use std::time::Duration;

use super::{Done, Proof};
use crate::model::{Direction, Pass, RangeId, RunId, Severity};
use crate::pg::ErrorClass;
use crate::plan::hours::Schedule;
use crate::plan::pressure::Observed;
use crate::store::{PassTotals, Waits};

/// Something that happened in a run, for those who show it.
#[derive(Clone, Debug)]
pub enum Notice {
    /// A new run began.
    Started {
        /// The run.
        run: RunId,
        /// The job's name.
        job: String,
        /// The table.
        table: String,
        /// The key's columns.
        key: String,
    },
    /// An unfinished run goes on.
    Resumed {
        /// The run.
        run: RunId,
        /// The job's name.
        job: String,
        /// How it was left.
        left: String,
        /// The pass it is in.
        pass: Pass,
        /// The checkpoint it goes on from; `None`: from the beginning of the pass.
        checkpoint: Option<String>,
        /// What was done before, over all passes.
        done: PassTotals,
    },
    /// This process works beside others on a run.
    Joined {
        /// The run.
        run: RunId,
        /// The job's name.
        job: String,
    },
    /// Another process may be at work; it is being watched for a sign of life.
    Watching {
        /// Who.
        who: String,
    },
    /// A pass begins or goes on.
    Pass {
        /// Which.
        pass: Pass,
        /// What was done of it before.
        done: PassTotals,
        /// Keys of the whole pass, estimated.
        expected: u64,
    },
    /// A worker took up a range.
    Claimed {
        /// Its number among those of its process, from 0.
        worker: u32,
        /// Which.
        range: RangeId,
        /// Where it goes on, for people; `None`: at the beginning of the table.
        from: Option<String>,
        /// Where it ends, for people.
        to: String,
    },
    /// A worker rests: fewer are wanted.
    Rested {
        /// Its number among those of its process, from 0.
        worker: u32,
    },
    /// What a worker does other than its batches: it waits for a lock, it gave way. Until its next batch.
    WorkerDoes {
        /// Its number among those of its process, from 0.
        worker: u32,
        /// In words.
        what: String,
    },
    /// What all processes at work have done of a pass; told while there are others.
    Together {
        /// Which.
        pass: Pass,
        /// The sums of all.
        totals: PassTotals,
    },
    /// A batch was committed.
    Batch(BatchDone),
    /// A batch keeps other sessions waiting, as the lock monitor has just seen.
    Blocks {
        /// How many.
        sessions: u32,
        /// For how long the first of them has waited.
        longest: Duration,
        /// Who that is.
        who: String,
    },
    /// What the signals were last read as.
    Signals {
        /// One each that has a number.
        readings: Vec<Observed>,
    },
    /// Something failed: it is tried again, or ends the run.
    Trouble {
        /// What kind of error it is.
        class: ErrorClass,
    },
    /// Rows were put into quarantine.
    Quarantined {
        /// How many.
        rows: usize,
        /// A sentence with the first of them and its error: a row's values may be in it.
        message: String,
    },
    /// How the table is walked.
    Walking {
        /// Order, strides, windows and workers, each with its reason.
        how: String,
    },
    /// A VACUUM of the table runs beside the batches.
    Vacuuming,
    /// The batch size, the strides or the windows change.
    Resized {
        /// Why, and what to.
        reason: String,
    },
    /// Workers come or go.
    Rescaled {
        /// How many, and why.
        reason: String,
    },
    /// Something holds the run for a while.
    Held {
        /// What: words that don't change while it lasts.
        signals: Vec<String>,
        /// The same with figures, each a sentence.
        reasons: Vec<String>,
    },
    /// Nothing holds it any more.
    GoesOn,
    /// The hours that the run keeps.
    Hours {
        /// All of them.
        schedule: Schedule,
    },
    /// Nothing is being done for a while.
    Waiting {
        /// Why, without a row's key or values.
        reason: String,
    },
    /// The operator's stop was heard.
    Stopping {
        /// What happens now.
        how: &'static str,
    },
    /// The operator's third signal: the process ends here.
    Leaving,
    /// A pass is at its end.
    PassDone {
        /// Which.
        pass: Pass,
        /// Its sums.
        totals: PassTotals,
    },
    /// The proof is being taken.
    Proving,
    /// The run is signed off.
    Proved {
        /// The figures.
        proof: Proof,
    },
    /// What `plan` expected, beside what came of it.
    Compared {
        /// Both, in words.
        how: String,
    },
    /// A schema revision is being applied or undone.
    Applying {
        /// Its id and message.
        revision: String,
        /// Which of the two.
        direction: Direction,
    },
    /// A statement of a section begins.
    Statement {
        /// Which, from 1.
        number: usize,
        /// Of how many.
        of: usize,
        /// Its text.
        sql: String,
    },
    /// What the statement at work does, as it was last seen; empty: nothing but its work.
    StatementDoing {
        /// In words: whom it waits for, how far an index is built.
        what: String,
    },
    /// A statement of a section is through.
    StatementDone {
        /// Which, from 1.
        number: usize,
        /// Of how many.
        of: usize,
        /// Its text.
        sql: String,
        /// How long it took, its waiting included.
        took: Duration,
        /// How long it was seen to wait for locks of others, in all.
        lock_wait: Duration,
        /// For whom last, in few words.
        waited_for: Option<String>,
    },
    /// What an attempt that failed left behind is put right.
    Repairing {
        /// What, and why.
        reason: String,
    },
    /// What was done, or couldn't be, before something that may lose data.
    Safeguard {
        /// Which, in words.
        reason: String,
    },
    /// An alert whose target is the log.
    Alerted {
        /// How bad it is.
        severity: Severity,
        /// Name and text of the alert.
        text: String,
    },
    /// Something went wrong that stops nothing.
    Warning {
        /// What.
        reason: String,
    },
    /// A schema revision is applied or undone.
    Applied {
        /// Its id and message.
        revision: String,
        /// Which of the two.
        direction: Direction,
        /// Whether it was so already.
        done: Done,
        /// How long it took.
        took: Duration,
    },
}

/// A committed batch.
#[derive(Clone, Copy, Debug)]
pub struct BatchDone {
    /// The worker's number among those of its process, from 0.
    pub worker: u32,
    /// The range it belongs to.
    pub range: RangeId,
    /// Keys passed.
    pub seen: u64,
    /// Rows changed.
    pub changed: u64,
    /// Of these, those whose new version stayed on its page; `None` where the server doesn't count.
    pub hot: Option<u64>,
    /// WAL that the server wrote meanwhile, in bytes.
    pub wal_bytes: u64,
    /// From the first byte sent to the answer to COMMIT.
    pub took: Duration,
    /// What was seen of waiting, its own and that of others for it.
    pub waits: Waits,
}

/// Whoever shows what happens.
pub trait Observer: Send + Sync {
    /// Takes a notice. Must not block.
    fn notice(&self, notice: Notice);
}
