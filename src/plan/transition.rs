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
    /// The operator's signal was obeyed.
    Stop,
    /// The operator's pause was obeyed.
    Pause,
    /// The operator lets a run go on that nobody is at work on.
    Release,
    /// Its hours closed, or something held it for longer than it may.
    Close,
    /// An error that waiting doesn't mend.
    Fail,
    /// Nothing is left but rows that are in quarantine.
    Quarantine,
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
    pub const ALL: [Self; 12] = [
        Self::Resume,
        Self::PassesDone,
        Self::RowsRemain,
        Self::Proved,
        Self::Stop,
        Self::Pause,
        Self::Release,
        Self::Close,
        Self::Fail,
        Self::Quarantine,
        Self::Cancel,
        Self::Undo,
    ];
}

/// The state that follows.
pub fn next(from: RunState, input: Input) -> Result<RunState, Illegal> {
    use RunState::{
        Cancelled, Done, Failed, Paused, Proving, Quarantined, Running, Stopped, Undone, Waiting,
    };
    match (from, input) {
        // Resume: a process takes it up: `run` was called again after a signal, an error or a crash, or a worker finds
        // that it may go on. What was being proved is proved anew: rows may have changed since. One that is paused must
        // be released first.
        // RowsRemain: rows came unconverged after the last sweep had passed them: one more sweep.
        (Running | Proving | Waiting | Stopped | Failed | Quarantined, Input::Resume)
        | (Proving, Input::RowsRemain) => Ok(Running),
        // The last sweep found nothing to do.
        (Running, Input::PassesDone) => Ok(Proving),
        // Signed off.
        (Proving, Input::Proved) => Ok(Done),
        // Ctrl-C, SIGTERM or SIGHUP, after the batch or with the batch cancelled.
        (Running | Proving, Input::Stop) => Ok(Stopped),
        // `pause`: each process has stopped after its batch and the last of them says so; or nobody was at work.
        (Running | Proving | Waiting | Stopped | Failed | Quarantined, Input::Pause) => Ok(Paused),
        // Release: `resume`, where nobody is at work: whoever comes may go on.
        // Close: the hours closed, or a signal held the run past its limit, and the last process leaves.
        (Running | Proving | Paused | Stopped | Failed | Quarantined, Input::Release)
        | (Running | Proving, Input::Close) => Ok(Waiting),
        // A definitive error, totals that differ, or a transient error past its deadline.
        (Running | Proving, Input::Fail) => Ok(Failed),
        // The proof held but for the rows that a person has to decide on.
        (Proving, Input::Quarantine) => Ok(Quarantined),
        // `downgrade` takes the job back, or a revision that the job stands on; `stamp` forgets it.
        (Done, Input::Undo) => Ok(Undone),
        // `cancel`, once the last process has heard; `run --anew`, or the other direction, or the ground of the job is
        // taken away: whoever calls it has seen that no process is at work.
        (Running | Proving | Waiting | Paused | Stopped | Failed | Quarantined, Input::Cancel) => {
            Ok(Cancelled)
        }
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
    fn every_unfinished_state_can_be_resumed_and_cancelled_and_a_paused_one_must_be_released_first() {
        for from in RunState::ALL.into_iter().filter(|state| !state.is_final()) {
            let ready = if from == RunState::Paused { next(from, Input::Release).unwrap() } else { from };
            assert_eq!(next(ready, Input::Resume), Ok(RunState::Running));
            assert_eq!(next(from, Input::Resume).is_ok(), from != RunState::Paused);
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
