//! How a run ends for this process, and what becomes of the run by that.

use super::crew::Outcome;
use super::{Leave, RunError};
use crate::model::{Direction, Job, RunId, RunState};
use crate::pg::ErrorClass;
use crate::plan::transition::{self, Illegal, Input};
use crate::store::Identity;

/// What is stored at the end of this process's work on a run.
pub(super) struct Ending {
    pub(super) run: RunId,
    job: String,
    input: Option<Input>,
    /// The run ends for the others as well.
    for_all: bool,
    pub(super) event: &'static str,
    pub(super) reason: String,
    pub(super) sign_off: Option<serde_json::Value>,
    /// What programs are told of an error that ends it.
    error: Option<serde_json::Value>,
}

impl Ending {
    pub(super) fn of(job: &Job, run: RunId, result: &Result<Outcome, RunError>) -> Self {
        let (input, for_all, event, reason, sign_off) = match result {
            Ok(Outcome::Proved(proof)) => {
                let sign_off = serde_json::to_value(proof).expect("a proof is plain data with text keys");
                let reason = match job.direction {
                    Direction::Up if proof.quarantined.dropped > 0 => format!(
                        "was signed off: no row of {} left but {} that were dropped from quarantine, totals agree \
                         without them",
                        proof.rows, proof.quarantined.dropped
                    ),
                    Direction::Up => format!("was signed off: no row of {} left, totals agree", proof.rows),
                    Direction::Down if job.restores => format!(
                        "put back the old values; {} rows no longer held what the job wrote and were left as they are",
                        proof.remaining
                    ),
                    Direction::Down => format!(
                        "took the job back; {} of {} rows hold a value again that was written meanwhile",
                        proof.remaining, proof.rows
                    ),
                };
                (Some(Input::Proved), true, "run.done", reason, Some(sign_off))
            }
            Ok(Outcome::Left(leave)) => (
                leave.input(),
                matches!(leave, Leave::Quarantined { .. }),
                leave.event(),
                leave.describe(),
                None,
            ),
            Err(error) => {
                let reason = format!("failed: {}", error.in_short());
                // A lost connection is this process's trouble; what the database refuses it refuses everybody.
                let for_all = error.class() != ErrorClass::Connection;
                (Some(Input::Fail), for_all, "run.failed", reason, None)
            }
        };
        let error = result.as_ref().err().map(|error| {
            let totals_differ = matches!(error, RunError::TotalsDiffer { .. });
            serde_json::json!({
                "sqlstate": error.sqlstate(),
                "totals_differ": totals_differ,
                "public": error.without_values().map(|_| error.in_public()),
            })
        });
        Self { run, job: job.name.clone(), input, for_all, event, reason, sign_off, error }
    }

    /// The state that the run comes to by this; `None`: it stays as it is, because others go on with it or have ended it.
    pub(super) fn reached(&self, stored: RunState, others: bool) -> Option<Result<RunState, Illegal>> {
        let input = self.input.filter(|_| stored.is_active() && (self.for_all || !others))?;
        Some(transition::next(stored, input))
    }

    /// Figures for the log.
    pub(super) fn detail(&self) -> Option<serde_json::Value> {
        self.sign_off.clone().or_else(|| self.error.clone())
    }

    /// For the log.
    pub(super) fn message(&self, identity: &Identity, reached: bool) -> String {
        let Self { run, job, reason, .. } = self;
        if reached {
            format!("run {run} of {job} {reason}")
        } else {
            format!("{identity} left run {run} of {job}: it {reason}")
        }
    }
}
