//! What an operator's command comes to, in each state of a run: a wish that the processes at work are told of, or, where
//! nobody is at work, a change of state at once.
//!
//! | | at work | nobody at work | paused | done, undone | cancelled |
//! |---|---|---|---|---|---|
//! | pause | wish | paused | nothing to do | refused | refused |
//! | resume | takes a pause back | waiting | waiting | refused | refused |
//! | cancel | wish | cancelled | cancelled | refused | nothing to do |
//! | set | at the next batch | at the next start | at the next start | refused | refused |

use crate::model::{RunState, Wanted};

use super::transition::Input;

/// A command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Stop after the batch in hand, until resumed.
    Pause,
    /// Go on.
    Resume,
    /// Stop for good.
    Cancel,
    /// Work with other settings.
    Set,
}

impl Command {
    /// Every command.
    pub const ALL: [Self; 4] = [Self::Pause, Self::Resume, Self::Cancel, Self::Set];

    /// The word on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Cancel => "cancel",
            Self::Set => "set",
        }
    }
}

/// Where a run stands when a command comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What is stored.
    pub state: RunState,
    /// What was asked for before.
    pub wanted: Wanted,
    /// A living process is at work on it.
    pub at_work: bool,
}

/// What a command comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The processes at work are told of the wish, and obey after their batch.
    Ask(Wanted),
    /// Nobody is at work: it comes true now.
    Now(Input),
    /// The settings are stored.
    Store,
    /// It is so already.
    Already,
}

/// A command that means nothing now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a run that is {} can't be {}", now(*standing), done_to(*command))]
pub struct Refused {
    /// The command.
    pub command: Command,
    /// Where the run stands.
    pub standing: Standing,
}

impl Refused {
    /// What can be done instead.
    #[must_use]
    pub fn hint(&self) -> String {
        let Standing { state, wanted, .. } = self.standing;
        let possible: Vec<&str> = Command::ALL
            .into_iter()
            .filter(|command| judge(self.standing, *command).is_ok_and(|effect| effect != Effect::Already))
            .map(Command::as_str)
            .collect();
        match state {
            RunState::Done => {
                "`longhaul run --anew` does it once more, and `longhaul downgrade` takes a revision back"
                    .to_owned()
            }
            RunState::Cancelled | RunState::Undone => "`longhaul run` begins another run".to_owned(),
            _ if wanted == Wanted::Cancel => {
                "it ends after the batches in hand; `longhaul run` then begins another".to_owned()
            }
            _ => format!("possible now: {}", possible.join(", ")),
        }
    }
}

fn now(standing: Standing) -> String {
    match (standing.wanted, standing.at_work) {
        (Wanted::Cancel, true) => "being cancelled".to_owned(),
        (Wanted::Pause, true) => "being paused".to_owned(),
        _ => standing.state.to_string(),
    }
}

fn done_to(command: Command) -> &'static str {
    match command {
        Command::Pause => "paused",
        Command::Resume => "resumed",
        Command::Cancel => "cancelled",
        Command::Set => "given other settings",
    }
}

/// What the command comes to.
pub fn judge(standing: Standing, command: Command) -> Result<Effect, Refused> {
    let Standing { state, wanted, at_work } = standing;
    let refused = Err(Refused { command, standing });
    match (command, state) {
        (Command::Cancel, RunState::Cancelled) => Ok(Effect::Already),
        _ if state.is_final() => refused,
        // Nobody takes a cancel back: some process may have obeyed already.
        (Command::Cancel, _) if at_work && wanted == Wanted::Cancel => Ok(Effect::Already),
        _ if at_work && wanted == Wanted::Cancel => refused,
        (Command::Set, _) => Ok(Effect::Store),
        (Command::Pause, RunState::Paused) | (Command::Resume, RunState::Waiting) => Ok(Effect::Already),
        (Command::Pause, _) if at_work && wanted == Wanted::Pause => Ok(Effect::Already),
        (Command::Pause, _) if at_work => Ok(Effect::Ask(Wanted::Pause)),
        (Command::Pause, _) => Ok(Effect::Now(Input::Pause)),
        (Command::Resume, _) if at_work && wanted == Wanted::Pause => Ok(Effect::Ask(Wanted::Work)),
        (Command::Resume, _) if at_work => Ok(Effect::Already),
        (Command::Resume, _) => Ok(Effect::Now(Input::Release)),
        (Command::Cancel, _) if at_work => Ok(Effect::Ask(Wanted::Cancel)),
        (Command::Cancel, _) => Ok(Effect::Now(Input::Cancel)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::transition;

    fn everywhere() -> impl Iterator<Item = Standing> {
        RunState::ALL.into_iter().flat_map(|state| {
            Wanted::ALL.into_iter().flat_map(move |wanted| {
                [false, true].into_iter().map(move |at_work| Standing { state, wanted, at_work })
            })
        })
    }

    #[test]
    fn what_comes_true_at_once_is_a_transition_that_exists() {
        for standing in everywhere() {
            for command in Command::ALL {
                if let Ok(Effect::Now(input)) = judge(standing, command) {
                    assert!(!standing.at_work, "{standing:?} {command:?}");
                    assert!(transition::next(standing.state, input).is_ok(), "{standing:?} {command:?}");
                }
            }
        }
    }

    #[test]
    fn a_run_that_is_over_takes_no_command_and_says_what_is_possible() {
        for standing in everywhere().filter(|standing| standing.state.is_final()) {
            for command in Command::ALL {
                match judge(standing, command) {
                    Err(refused) => assert!(refused.hint().contains("longhaul"), "{refused}"),
                    effect => assert_eq!(
                        (effect, standing.state, command),
                        (Ok(Effect::Already), RunState::Cancelled, Command::Cancel)
                    ),
                }
            }
        }
    }

    #[test]
    fn who_is_at_work_is_asked_and_a_pause_can_be_taken_back_before_it_is_reached() {
        let at_work = Standing { state: RunState::Running, wanted: Wanted::Work, at_work: true };
        assert_eq!(judge(at_work, Command::Pause), Ok(Effect::Ask(Wanted::Pause)));
        assert_eq!(judge(at_work, Command::Resume), Ok(Effect::Already));
        let pausing = Standing { wanted: Wanted::Pause, ..at_work };
        assert_eq!(judge(pausing, Command::Resume), Ok(Effect::Ask(Wanted::Work)));
        assert_eq!(judge(pausing, Command::Cancel), Ok(Effect::Ask(Wanted::Cancel)));
        let cancelling = Standing { wanted: Wanted::Cancel, ..at_work };
        let refused = judge(cancelling, Command::Resume).unwrap_err();
        assert_eq!(refused.to_string(), "a run that is being cancelled can't be resumed");
    }

    #[test]
    fn where_the_process_has_died_a_command_comes_true_at_once() {
        let dead = Standing { state: RunState::Running, wanted: Wanted::Pause, at_work: false };
        assert_eq!(judge(dead, Command::Pause), Ok(Effect::Now(Input::Pause)));
        assert_eq!(judge(dead, Command::Resume), Ok(Effect::Now(Input::Release)));
        assert_eq!(judge(dead, Command::Cancel), Ok(Effect::Now(Input::Cancel)));
    }
}
