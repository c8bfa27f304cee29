//! What the live view knows, and where in it its user is.

use std::time::Duration;

use super::keys::{Action, Order};
use super::snapshot::{RunView, Snapshot};
use crate::plan::control::Command;

/// The most characters of an answer.
const LONGEST: usize = 500;

/// Whether what is shown is how things stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// The first snapshot hasn't come.
    #[default]
    Connecting,
    /// It is.
    Up,
    /// It isn't any more.
    Lost {
        /// Why, in words.
        why: String,
        /// For how long.
        time: Duration,
    },
}

/// What keys are for at the moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    /// Choosing, and beginning a command.
    #[default]
    Browse,
    /// What the keys are.
    Help,
    /// Something is to be typed.
    Ask(Question),
}

/// What is asked before a command is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    action: Action,
    step: Step,
    pub(super) text: String,
}

/// What follows from an answer.
pub(super) enum Next {
    /// The command.
    Do(Action),
    /// Another question, or the same once more.
    Ask(Question),
    /// Nothing.
    Leave,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Sure,
    Setting,
    Why,
}

/// All that is shown follows from this.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// Which database, for people.
    pub database: String,
    /// What was read last.
    pub snapshot: Snapshot,
    /// How old that is, in a word.
    pub link: Link,
    /// What came of the last command, or why there was none.
    pub said: Option<String>,
    pub(super) mode: Mode,
    /// The chosen run's job.
    choice: Option<String>,
    /// Runs that are over are shown one by one.
    pub(super) unfolded: bool,
}

impl Model {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(database: &str) -> Self {
        Self { database: database.to_owned(), ..Self::default() }
    }

    /// How things stand now.
    pub fn update(&mut self, snapshot: Snapshot) {
        self.snapshot = snapshot;
        self.link = Link::Up;
        self.keep_choice();
    }

    /// The runs that are shown one by one: those that aren't over, and the others where they are wanted or alone.
    pub(super) fn shown(&self) -> Vec<&RunView> {
        let all = self.unfolded || self.snapshot.runs.iter().all(RunView::is_over);
        self.snapshot.runs.iter().filter(|run| all || !run.is_over()).collect()
    }

    /// The run that commands are for.
    #[must_use]
    pub fn chosen(&self) -> Option<&RunView> {
        let shown = self.shown();
        let choice = self.choice.as_deref();
        shown.iter().find(|run| Some(run.job.as_str()) == choice).or(shown.first()).copied()
    }

    pub(super) fn move_choice(&mut self, down: bool) {
        let shown = self.shown();
        let at = shown.iter().position(|run| Some(run.job.as_str()) == self.choice.as_deref()).unwrap_or(0);
        let to = if down { (at + 1).min(shown.len().saturating_sub(1)) } else { at.saturating_sub(1) };
        self.choice = shown.get(to).map(|run| run.job.clone());
    }

    /// A run that is over meanwhile gives the choice to the first that isn't.
    pub(super) fn keep_choice(&mut self) {
        self.choice = self.chosen().map(|run| run.job.clone());
    }
}

impl Question {
    pub(super) fn why(action: Action) -> Self {
        Self { action, step: Step::Why, text: String::new() }
    }

    pub(super) fn sure(action: Action) -> Self {
        Self { action, step: Step::Sure, text: String::new() }
    }

    pub(super) fn setting(action: Action) -> Self {
        Self { action, step: Step::Setting, text: String::new() }
    }

    /// The question in words.
    pub(super) fn words(&self) -> String {
        let name = &self.action.name;
        match self.step {
            Step::Sure => format!("cancel {name} for good? y or its name"),
            Step::Setting => format!("set for {name}, like rows_per_second=5000"),
            Step::Why => match &self.action.order {
                Order::Command(command) => format!("why {} {name}?", command.as_str()),
                Order::Set(setting) => format!("why set {setting}?"),
            },
        }
    }

    /// What follows from the answer.
    pub(super) fn next(mut self) -> Next {
        let text: String = self.text.trim().chars().take(LONGEST).collect();
        match self.step {
            Step::Sure if matches!(text.as_str(), "y" | "Y" | "yes") || text == self.action.name.trim() => {
                Next::Ask(Self::why(self.action))
            }
            Step::Sure => Next::Leave,
            Step::Setting if text.is_empty() => Next::Leave,
            Step::Setting => {
                self.action.order = Order::Set(text);
                Next::Ask(Self::why(self.action))
            }
            // What others read of it must say something.
            Step::Why if text.is_empty() => Next::Ask(self),
            Step::Why => {
                self.action.why = Some(text);
                Next::Do(self.action)
            }
        }
    }
}

/// What came of a command, for the line at the bottom.
impl Action {
    /// In words, with whether those at work are only asked.
    #[must_use]
    pub fn done(&self, asked: bool) -> String {
        match (&self.order, asked) {
            (Order::Command(Command::Pause), true) => {
                format!("{} pauses after the batches in hand", self.name)
            }
            (Order::Command(Command::Pause), false) => format!("{} is paused", self.name),
            (Order::Command(Command::Resume), _) => format!("{} may go on", self.name),
            (Order::Command(Command::Cancel), true) => {
                format!("{} ends after the batches in hand", self.name)
            }
            (Order::Command(_), _) => format!("{} is cancelled; what it changed stays", self.name),
            (Order::Set(setting), _) => format!("set {setting} for {}, from the next batch on", self.name),
        }
    }
}
