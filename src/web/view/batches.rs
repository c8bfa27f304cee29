//! The batches of a run that are kept, newest first, a page at a time.

use maud::html;

use super::run::table;
use super::{Part, View};
use crate::web::facts::{Batches, PAGE};
use crate::web::key::Key;

pub(super) fn view(page: &Batches) -> View {
    let run = &page.standing.run;
    let most = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let shown = &page.kept[..page.kept.len().min(most)];
    let older = (page.kept.len() > most).then(|| shown.last().map(|batch| batch.id)).flatten();
    let title = format!("Batches of run {} of {}", run.id, run.name);
    let html = html! {
        h1 { "Batches of " a href=(Key::Run(run.id.0).path()) { "run " (run.id) " of " (run.name) } }
        p.quiet { "The latest of each range are kept." }
        @if shown.is_empty() { p { @if page.before.is_some() { "There are none before." } @else { "None yet." } } } @else { (table(shown, &page.zone)) }
        p {
            @if page.before.is_some() { a href=(Key::Batches { run: run.id.0, before: None }.path()) { "The latest" } " " }
            @if let Some(before) = older {
                a href=(Key::Batches { run: run.id.0, before: Some(before) }.path()) rel="next" { "Older ones" }
            }
        }
    };
    View { title, parts: vec![Part { id: "list", html }], reloads: page.before.is_none() }
}
