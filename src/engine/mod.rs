//! The work itself: data jobs in batches, and schema revisions.
//!
//! ```text
//! preflight ──► JobPlan ──► takeover ──► Run: passes of ranges of batches ──► proof ──► sign-off
//!  (checks)                 (one process)      worker::step, batch::commit
//! ```
//!
//! Decisions are `plan`'s; this layer asks for them and carries them out. What happens is told to an
//! [`Observer`]; what is stored goes through `store`.

#[macro_use]
mod failpoint;

mod batch;
mod comparison;
mod control;
mod crew;
mod ending;
mod error;
mod gate;
mod health;
mod heartbeat;
mod history;
mod leave;
pub(crate) mod lint;
mod lock_monitor;
mod pace;
mod preflight;
mod proof;
mod quarantine;
mod rates;
mod rehearsal;
mod run;
mod seat;
mod statements;
mod stop;
mod supervision;
mod takeover;
mod vacuum;
mod verify;
mod walk;
mod worker;

pub use comparison::Comparison;
pub use control::Commanded;
pub use error::RunError;
pub use history::{
    ChangeOptions, ChangedFile, DataRevisions, Done, FailedSection, Gate, History, HistoryError, HistoryStep,
    InDoubt, JobOutcome, RoundtripFinding, RoundtripProblem, ScriptRequest, StampRequest, Stamped, Way,
};
pub use leave::Leave;
pub use pace::hours_in_force;
pub use preflight::{Finding, JobPlan, Preflight, PreflightError, Repair, SqlExcerpt};
pub use proof::{Proof, ProvedGroups};
pub use quarantine::Retried;
pub use rehearsal::{Kept, Rehearsal, Trial};
pub use run::{Ended, Engine, RunRequest};
pub use stop::{Stop, StopLevel, Stopper};

use std::time::Duration;

use crate::model::{Direction, Pass, RunId};
use crate::plan::hours::Schedule;
use crate::store::PassTotals;

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
    /// A batch was committed.
    Batch {
        /// Keys passed.
        seen: u64,
        /// Rows changed.
        changed: u64,
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
        /// What, each in words.
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
        /// Why.
        reason: String,
    },
    /// The operator's stop was heard.
    Stopping {
        /// What happens now.
        how: &'static str,
    },
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
    /// A statement of a section begins that runs statement by statement.
    Statement {
        /// Which, from 1.
        number: usize,
        /// Of how many.
        of: usize,
        /// Its text.
        sql: String,
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

/// Whoever shows what happens.
pub trait Observer: Send + Sync {
    /// Takes a notice. Must not block.
    fn notice(&self, notice: Notice);
}
