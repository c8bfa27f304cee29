//! What a key does, where the view stands: a pure function, so that every key can be tried in a test.

use super::model::{Link, Mode, Model, Next, Question};
use super::pace::{faster, slower};
use super::snapshot::RunView;
use crate::model::RunId;
use crate::plan::control::Command;

/// A key, as far as it is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Char(char),
    /// A character with Ctrl.
    Ctrl(char),
    /// Enter.
    Enter,
    /// Escape.
    Escape,
    /// Backspace.
    Backspace,
    /// The arrow up.
    Up,
    /// The arrow down.
    Down,
}

/// What follows from a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Effect {
    /// Nothing but another drawing.
    Draw,
    /// The view ends.
    Quit,
    /// The process stops, as the shell's Ctrl-Z has it, until it is brought back.
    Suspend,
    /// All of the screen is drawn anew.
    Redraw,
    /// A command is carried out.
    Do(Action),
}

/// A command on a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// The run that was chosen.
    pub run: RunId,
    /// Its job's id.
    pub job: String,
    /// The job's name.
    pub name: String,
    /// What is asked for.
    pub order: Order,
    /// Why.
    pub why: Option<String>,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Pause, resume or cancel.
    Command(Command),
    /// A setting: `key=value`.
    Set(String),
}

impl Model {
    /// Takes a key.
    pub fn key(&mut self, key: Key) -> Effect {
        match key {
            Key::Ctrl('c') => return Effect::Quit,
            Key::Ctrl('z') => return Effect::Suspend,
            Key::Ctrl('l') => return Effect::Redraw,
            _ => {}
        }
        match std::mem::take(&mut self.mode) {
            Mode::Browse => self.browse(key),
            // Any key ends it.
            Mode::Help => Effect::Draw,
            Mode::Ask(question) => self.answer(question, key),
        }
    }

    fn browse(&mut self, key: Key) -> Effect {
        if matches!(key, Key::Up | Key::Down | Key::Char('j' | 'k')) {
            self.move_choice(matches!(key, Key::Down | Key::Char('j')));
            return Effect::Draw;
        }
        match key {
            Key::Char('q') => return Effect::Quit,
            Key::Char('?' | 'h') => {
                self.mode = Mode::Help;
                return Effect::Draw;
            }
            Key::Char('f') => {
                self.unfolded = !self.unfolded;
                self.keep_choice();
                return Effect::Draw;
            }
            _ => {}
        }
        let Key::Char(letter @ ('p' | 'r' | 'c' | 's' | '+' | '=' | '-')) = key else { return Effect::Draw };
        self.said = None;
        if let Link::Lost { .. } = self.link {
            self.said = Some("nothing can be asked for while the database is not to be read".to_owned());
            return Effect::Draw;
        }
        let Some(run) = self.chosen().cloned() else {
            self.said = Some("there is no run to do that to".to_owned());
            return Effect::Draw;
        };
        self.command(letter, &run)
    }

    fn command(&mut self, letter: char, run: &RunView) -> Effect {
        let question = match letter {
            'r' => return Effect::Do(Action::of(run, Order::Command(Command::Resume), None)),
            '+' | '=' => return self.pace(run, faster(run)),
            '-' => return self.pace(run, slower(run)),
            'p' => Question::why(Action::of(run, Order::Command(Command::Pause), None)),
            'c' => Question::sure(Action::of(run, Order::Command(Command::Cancel), None)),
            _ => Question::setting(Action::of(run, Order::Set(String::new()), None)),
        };
        self.mode = Mode::Ask(question);
        Effect::Draw
    }

    fn pace(&mut self, run: &RunView, setting: Result<String, String>) -> Effect {
        match setting {
            Ok(setting) => Effect::Do(Action::of(run, Order::Set(setting), None)),
            Err(reason) => {
                self.said = Some(reason);
                Effect::Draw
            }
        }
    }

    fn answer(&mut self, mut question: Question, key: Key) -> Effect {
        match key {
            Key::Escape => return Effect::Draw,
            Key::Backspace => {
                question.text.pop();
            }
            Key::Ctrl('u') => question.text.clear(),
            Key::Char(character) if !character.is_control() => question.text.push(character),
            Key::Enter => match question.next() {
                Next::Do(action) => return Effect::Do(action),
                Next::Ask(next) => question = next,
                Next::Leave => return Effect::Draw,
            },
            _ => {}
        }
        self.mode = Mode::Ask(question);
        Effect::Draw
    }
}

impl Action {
    fn of(run: &RunView, order: Order, why: Option<String>) -> Self {
        Self { run: run.run, job: run.job.clone(), name: run.name.clone(), order, why }
    }

    /// What it is, for people: `pause of gross_amount`.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.order {
            Order::Command(command) => format!("{} of {}", command.as_str(), self.name),
            Order::Set(setting) => format!("set {setting} for {}", self.name),
        }
    }
}
