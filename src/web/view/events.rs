//! The log: who did what when.

use maud::html;

use super::common::events;
use super::{Part, View};
use crate::web::facts::{Events, PAGE};
use crate::web::key::{EventFilter, Key};

/// First words of kinds, as people choose them.
const KINDS: [(&str, &str); 5] = [
    ("run", "Runs"),
    ("hold", "Holds"),
    ("settings", "Settings"),
    ("revision", "Revisions"),
    ("quarantine", "Quarantine"),
];

pub(super) fn view(page: &Events) -> View {
    let filter = &page.filter;
    let most = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let shown = &page.listed[..page.listed.len().min(most)];
    let older = (page.listed.len() > most).then(|| shown.last().map(|event| event.id)).flatten();
    let of_kind = |kind: Option<&str>| {
        Key::Events(EventFilter { run: filter.run, kind: kind.map(str::to_owned), before: None }).path()
    };
    let current = |kind: Option<&str>| (filter.kind.as_deref() == kind).then_some("true");
    let html = html! {
        h1 { "Events" @if let Some(run) = filter.run { " of " a href=(Key::Run(run).path()) { "run " (run) } } }
        nav aria-label="Kinds of events" {
            ul.tabs {
                li { a href=(of_kind(None)) aria-current=[current(None)] { "All" } }
                @for (kind, name) in KINDS { li { a href=(of_kind(Some(kind))) aria-current=[current(Some(kind))] { (name) } } }
            }
        }
        @if shown.is_empty() { p { @if filter.before.is_some() { "There are none before." } @else { "None yet." } } } @else { (events(shown)) }
        p {
            @if filter.before.is_some() { a href=(of_kind(filter.kind.as_deref())) { "The latest" } " " }
            @if let Some(before) = older {
                a href=(Key::Events(EventFilter { before: Some(before), ..filter.clone() }).path()) rel="next" { "Older ones" }
            }
        }
    };
    View {
        title: "Events".to_owned(),
        parts: vec![Part { id: "events", html }],
        reloads: filter.before.is_none(),
    }
}
