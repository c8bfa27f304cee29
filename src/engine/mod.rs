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
mod leaving;
pub(crate) mod lint;
mod lock_monitor;
mod notice;
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
mod tally;
mod timings;
mod vacuum;
mod verify;
mod walk;
mod worker;

pub use comparison::Comparison;
pub use control::{Commanded, Subject};
pub use error::RunError;
pub use history::{
    ChangeOptions, ChangedFile, DataRevisions, Done, FailedSection, Gate, History, HistoryError, HistoryStep,
    InDoubt, JobOutcome, RoundtripFinding, RoundtripProblem, ScriptRequest, StampRequest, Stamped, Way,
};
pub use leave::Leave;
pub use notice::{BatchDone, Notice, Observer};
pub use pace::{RowLimits, hours_in_force, row_limits};
pub use preflight::{Finding, JobPlan, Preflight, PreflightError, Repair, SqlExcerpt};
pub use proof::{Proof, ProvedGroups};
pub use quarantine::Retried;
pub use rehearsal::{Kept, Rehearsal, Trial};
pub use run::{Ended, Engine, RunRequest};
pub use stop::{Stop, StopLevel, Stopper};
