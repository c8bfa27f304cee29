//! How a run ends for this process: the state, its reason and the event that are stored together.

use super::{Proof, RunError, StopLevel};
use crate::model::{Direction, Job, RunId, RunState};
use crate::plan::transition::{self, Illegal, Input};

/// What is stored at the end of a run's work by this process.
pub(super) struct Ending {
    pub(super) run: RunId,
    pub(super) state: RunState,
    pub(super) event: &'static str,
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) sign_off: Option<serde_json::Value>,
}

impl Ending {
    pub(super) fn of(
        job: &Job,
        run: RunId,
        result: &Result<Option<Proof>, RunError>,
        stop: StopLevel,
    ) -> Result<Self, Illegal> {
        let name = &job.name;
        let (state, event, reason, sign_off) = match result {
            Ok(Some(proof)) => {
                let sign_off = serde_json::to_value(proof).expect("a proof is plain data with text keys");
                let reason = match job.direction {
                    Direction::Up => format!("was signed off: no row of {} left, totals agree", proof.rows),
                    Direction::Down => format!(
                        "took the job back; {} of {} rows hold a value again that was written meanwhile",
                        proof.remaining, proof.rows
                    ),
                };
                (transition::next(RunState::Proving, Input::Proved)?, "run.done", reason, Some(sign_off))
            }
            Ok(None) => {
                let how =
                    if stop >= StopLevel::Cancel { "with its batch cancelled" } else { "after its batch" };
                let reason = format!("was stopped by an operator's signal {how}");
                (transition::next(RunState::Running, Input::Stop)?, "run.stopped", reason, None)
            }
            Err(error) => {
                let reason = format!("failed: {}", error.in_short());
                (transition::next(RunState::Running, Input::Fail)?, "run.failed", reason, None)
            }
        };
        let message = format!("run {run} of {name} {reason}");
        Ok(Self { run, state, event, reason, message, sign_off })
    }
}
