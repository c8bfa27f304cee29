//! Why a process leaves a run that is not done, and what that means for the run once the last of them has left.

use jiff::Timestamp;

use crate::model::{RunState, counted};
use crate::plan::transition::Input;
use crate::store::{RunRow, Wish};

/// Why a process leaves a run that is not done.
#[derive(Clone, Debug, PartialEq)]
pub enum Leave {
    /// It heard a signal.
    Signal {
        /// A second one, which cancelled the batch.
        cancelled: bool,
    },
    /// An operator paused the run.
    Paused(Wish),
    /// An operator cancelled it.
    Cancelled(Wish),
    /// Its hours are closed.
    Closed {
        /// Why.
        reason: String,
        /// Until when; `None`: for good, as far as can be told.
        until: Option<Timestamp>,
    },
    /// Something held it for longer than it may.
    HeldTooLong {
        /// What.
        reason: String,
    },
    /// Nothing is left but rows in quarantine, which a person must decide on.
    Quarantined {
        /// How many.
        held: u64,
    },
    /// Another process has ended it.
    Elsewhere {
        /// How.
        state: RunState,
    },
}

impl Leave {
    /// Why a run that another process has ended is left; `None`: it is done.
    pub(super) fn elsewhere(run: &RunRow) -> Option<Self> {
        match run.state {
            RunState::Done => None,
            RunState::Paused => Some(Self::Paused(run.wish.clone())),
            RunState::Cancelled => Some(Self::Cancelled(run.wish.clone())),
            state => Some(Self::Elsewhere { state }),
        }
    }

    /// What the last process to leave does to the run; `None`: nothing.
    pub(super) fn input(&self) -> Option<Input> {
        match self {
            Self::Signal { .. } => Some(Input::Stop),
            Self::Paused(_) => Some(Input::Pause),
            Self::Cancelled(_) => Some(Input::Cancel),
            Self::Closed { .. } | Self::HeldTooLong { .. } => Some(Input::Close),
            Self::Quarantined { .. } => Some(Input::Quarantine),
            Self::Elsewhere { .. } => None,
        }
    }

    /// The word for the log.
    pub(super) fn event(&self) -> &'static str {
        match self {
            Self::Signal { .. } => "run.stopped",
            Self::Paused(_) => "run.paused",
            Self::Cancelled(_) => "run.cancelled",
            Self::Closed { .. } | Self::HeldTooLong { .. } => "run.waiting",
            Self::Quarantined { .. } => "run.quarantined",
            Self::Elsewhere { .. } => "run.left",
        }
    }

    /// What became of the run, for `the run …`.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Signal { cancelled: true } => {
                "was stopped by an operator's signal with its batch cancelled".to_owned()
            }
            Self::Signal { cancelled: false } => {
                "was stopped by an operator's signal after its batch".to_owned()
            }
            Self::Paused(wish) => format!("was paused by {}", wish.describe()),
            Self::Cancelled(wish) => format!("was cancelled by {}", wish.describe()),
            Self::Closed { reason, .. } => format!("waits: {reason}"),
            Self::HeldTooLong { reason } => format!("waits: it was held for too long by {reason}"),
            Self::Quarantined { held } => {
                let rows = counted(usize::try_from(*held).unwrap_or(usize::MAX), "row");
                format!("is through but for {rows} in quarantine, and not signed off")
            }
            Self::Elsewhere { state } => format!("is {state}: another process has ended it"),
        }
    }
}
