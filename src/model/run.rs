//! The states of a run and the passes over the table.

use std::fmt;
use std::str::FromStr;

/// Where a run stands, as stored. Whether a process is at work on it is told by its workers' heartbeats, not here:
/// a process that was killed leaves `Running` behind, and the next one goes on from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunState {
    /// Batches are being done, or were when the process died.
    Running,
    /// All passes are done; the proof is being taken.
    Proving,
    /// Nobody is at work and anybody may go on: its hours are closed, a limit held it for too long, or it was resumed.
    Waiting,
    /// An operator paused it: nobody goes on until it is resumed.
    Paused,
    /// An operator's signal stopped its last process; `run` goes on.
    Stopped,
    /// An error stopped it; it can be resumed once the cause is gone.
    Failed,
    /// Everything is done but the rows in its quarantine; a person decides what becomes of them.
    Quarantined,
    /// Proved and signed off.
    Done,
    /// Given up by an operator; it will not be resumed.
    Cancelled,
    /// It was done, and has been taken back since.
    Undone,
}

/// What an operator wants of a run. Where it stands is its [`RunState`]: until every process at work has heard, the two
/// differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// Go on.
    #[default]
    Work,
    /// Stop after the batch in hand, and stay stopped.
    Pause,
    /// Stop after the batch in hand, for good.
    Cancel,
}

/// A walk over the key space: the backfill itself, then the closing sweeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pass(pub i32);

/// A stored state that this version doesn't know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored run state `{text}` is not known to this version")]
pub struct UnknownState {
    /// The text as stored.
    pub text: String,
}

impl RunState {
    /// Every state.
    pub const ALL: [Self; 10] = [
        Self::Running,
        Self::Proving,
        Self::Waiting,
        Self::Paused,
        Self::Stopped,
        Self::Failed,
        Self::Quarantined,
        Self::Done,
        Self::Cancelled,
        Self::Undone,
    ];

    /// The word it is stored and shown as.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Proving => "proving",
            Self::Waiting => "waiting",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Quarantined => "quarantined",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Undone => "undone",
        }
    }

    /// A process is at work on it, or was when it died.
    #[must_use]
    pub fn is_active(self) -> bool {
        matches!(self, Self::Running | Self::Proving)
    }

    /// No work follows it.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled | Self::Undone)
    }
}

impl Wanted {
    /// Every wish.
    pub const ALL: [Self; 3] = [Self::Work, Self::Pause, Self::Cancel];

    /// The word it is stored as.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Pause => "pause",
            Self::Cancel => "cancel",
        }
    }
}

impl FromStr for Wanted {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|wanted| wanted.as_str() == text)
            .ok_or_else(|| UnknownState { text: text.to_owned() })
    }
}

impl Pass {
    /// The first walk, in which the rows are expected.
    pub const BACKFILL: Self = Self(0);

    /// The walk after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl FromStr for RunState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| UnknownState { text: text.to_owned() })
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("backfill"),
            n => write!(f, "sweep {n}"),
        }
    }
}
