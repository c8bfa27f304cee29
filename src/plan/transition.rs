//! The states of a run and the ways between them: one table, used alike when a run is at work and when one that
//! died is found again.

use crate::model::RunState;

/// Something that moves a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// A process takes it up again.
    Resume,
    /// Every pass is done.
    PassesDone,
    /// The proof found rows that are still to do.
    RowsRemain,
    /// The proof held.
    Proved,
    /// The operator's stop was obeyed.
    Stop,
    /// An error that waiting doesn't mend.
    Fail,
    /// An operator gives the run up.
    Cancel,
    /// What the run did is taken back.
    Undo,
}

/// An input that means nothing in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a run that is {from} can't take `{input:?}`")]
pub struct Illegal {
    /// The state.
    pub from: RunState,
    /// The input.
    pub input: Input,
}

impl Input {
    /// Every input.
    pub const ALL: [Self; 8] = [
        Self::Resume,
        Self::PassesDone,
        Self::RowsRemain,
        Self::Proved,
        Self::Stop,
        Self::Fail,
        Self::Cancel,
        Self::Undo,
    ];
}

/// The state that follows.
pub fn next(from: RunState, input: Input) -> Result<RunState, Illegal> {
    use RunState::{Cancelled, Done, Failed, Proving, Running, Stopped, Undone};
    match (from, input) {
        // Resume: the process that ran it died, or an operator or an error stopped it, and `run` was called again. What
        // was being proved is proved anew: rows may have changed since.
        // RowsRemain: rows came unconverged after the last sweep had passed them: one more sweep.
        (Running | Proving | Stopped | Failed, Input::Resume) | (Proving, Input::RowsRemain) => Ok(Running),
        // The last sweep found nothing to do.
        (Running, Input::PassesDone) => Ok(Proving),
        // Signed off.
        (Proving, Input::Proved) => Ok(Done),
        // Ctrl-C, SIGTERM or SIGHUP, after the batch or with the batch cancelled.
        (Running | Proving, Input::Stop) => Ok(Stopped),
        // A definitive error, totals that differ, or a transient error past its deadline.
        (Running | Proving, Input::Fail) => Ok(Failed),
        // `downgrade` takes the job back, or a revision that the job stands on; `stamp` forgets it.
        (Done, Input::Undo) => Ok(Undone),
        // `run --anew`, or the other direction, or the ground of the job is taken away: whoever calls it has seen that
        // no process is at work.
        (Running | Proving | Stopped | Failed, Input::Cancel) => Ok(Cancelled),
        (from, input) => Err(Illegal { from, input }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_follows_a_final_state_but_that_what_is_done_is_undone() {
        assert_eq!(next(RunState::Done, Input::Undo), Ok(RunState::Undone));
        for from in RunState::ALL.into_iter().filter(|state| state.is_final()) {
            for input in
                Input::ALL.into_iter().filter(|input| (from, *input) != (RunState::Done, Input::Undo))
            {
                assert_eq!(next(from, input), Err(Illegal { from, input }));
            }
        }
    }

    #[test]
    fn every_unfinished_state_can_be_resumed_and_cancelled() {
        for from in RunState::ALL.into_iter().filter(|state| !state.is_final()) {
            assert_eq!(next(from, Input::Resume), Ok(RunState::Running));
            assert_eq!(next(from, Input::Cancel), Ok(RunState::Cancelled));
        }
    }

    #[test]
    fn only_a_proof_makes_a_run_done() {
        for from in RunState::ALL {
            for input in Input::ALL {
                if next(from, input) == Ok(RunState::Done) {
                    assert_eq!((from, input), (RunState::Proving, Input::Proved));
                }
            }
        }
    }
}
