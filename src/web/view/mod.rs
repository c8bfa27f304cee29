//! Pages as HTML, drawn from facts and nothing else. A page is a list of parts, each with an id: what changes in one is sent
//! to those who look at it, and merged into what they have.

mod batches;
mod charts;
mod common;
mod events;
mod forms;
mod history;
mod lanes;
mod layout;
mod map;
mod overview;
mod quarantine;
mod queries;
mod report;
mod revision;
mod run;
mod signed;

use maud::Markup;

pub(super) use forms::{Entered, LONGEST_WHY};
pub(super) use layout::{Frame, document, login, problem, problem_box};
pub(super) use report::report;

use super::facts::Facts;
use super::key::Key;

/// A page.
pub(super) struct View {
    pub(super) title: String,
    pub(super) parts: Vec<Part>,
    /// It changes with time and has nothing to fill in: without scripts it may be loaded again and again.
    pub(super) reloads: bool,
}

/// A part of a page. The same parts come in the same order whatever the facts are; one with nothing in it isn't seen.
pub(super) struct Part {
    pub(super) id: &'static str,
    pub(super) html: Markup,
}

/// Who looks, as far as it shows.
#[derive(Clone, Debug, Default)]
pub(super) struct Viewer {
    /// What forms carry; `None`: there are none, since nothing may be changed.
    pub(super) mark: Option<String>,
    /// The session can be ended.
    pub(super) can_leave: bool,
    /// What stood in a form that wasn't taken.
    pub(super) entered: Option<Entered>,
}

/// Draws what was read.
pub(super) fn view(key: &Key, facts: &Facts, viewer: &Viewer) -> View {
    match (facts, key) {
        (Facts::Overview(overview), _) => overview::view(overview),
        (Facts::History(history), _) => history::view(history),
        (Facts::Revision(revision), _) => revision::view(revision),
        (Facts::Run(run), Key::Cancel(_)) => forms::ask_to_cancel(&run.standing, viewer),
        (Facts::Run(run), _) => run::view(run, viewer),
        (Facts::Batches(batches), _) => batches::view(batches),
        (Facts::Quarantine(quarantine), _) => quarantine::view(quarantine),
        (Facts::Events(events), _) => events::view(events),
    }
}

#[cfg(test)]
mod tests;
