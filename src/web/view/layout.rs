//! The frame of every page, and the pages that show nothing of the database.

use maud::{DOCTYPE, Markup, html};

use super::{View, Viewer};
use crate::web::assets;
use crate::web::key::Key;
use crate::web::problem::Problem;

/// What stands around a page.
pub(in crate::web) struct Frame<'f> {
    /// The database: name, host and port.
    pub(in crate::web) database: &'f str,
    pub(in crate::web) key: Option<&'f Key>,
    pub(in crate::web) viewer: &'f Viewer,
    pub(in crate::web) read_only: bool,
    /// What came of a form.
    pub(in crate::web) notice: Option<&'f str>,
    /// What went wrong, above everything else.
    pub(in crate::web) problem: Option<&'f Problem>,
}

/// Seconds between two loadings of a page where scripts don't run.
const RELOAD: u32 = 10;

/// The whole page.
pub(in crate::web) fn document(frame: &Frame<'_>, view: &View) -> Markup {
    let live = frame.key.map(Key::live);
    let body = html! {
        @for part in &view.parts { section.part id=(part.id) { (part.html) } }
    };
    shell(frame, &view.title, live.as_deref(), view.reloads, &body)
}

/// A page that can't be shown, and comes by itself once it can; one that doesn't exist never does.
pub(in crate::web) fn problem(frame: &Frame<'_>) -> Markup {
    let title = frame.problem.map_or("Nothing", |problem| problem.title);
    let live = frame.key.map(Key::live);
    shell(frame, title, live.as_deref(), live.is_some(), &html! { h1.hidden { (title) } })
}

/// The question for the token; `to` is where it leads.
pub(in crate::web) fn login(frame: &Frame<'_>, to: &str) -> Markup {
    let body = html! {
        section.part.narrow {
            h1 { "Who are you?" }
            p { "This page shows and changes what longhaul does to a database. It asks for its token once." }
            form method="post" action="/login" {
                input type="hidden" name="to" value=(to);
                div.field {
                    label for="token" { "Token" }
                    input #token type="password" name="token" required autocomplete="current-password" autofocus;
                }
                button { "Open" }
            }
        }
    };
    shell(frame, "Who are you?", None, false, &body)
}

/// What went wrong, as a box.
pub(in crate::web) fn problem_box(problem: &Problem) -> Markup {
    html! {
        div.problem role="alert" {
            h2 { (problem.title) }
            p { (sentence(&problem.message)) }
            @if !problem.causes.is_empty() {
                ul { @for cause in &problem.causes { li { "because: " (cause) } } }
            }
            @if let Some(hint) = &problem.hint { p { b { "Hint: " } (hint) } }
        }
    }
}

fn shell(frame: &Frame<'_>, title: &str, live: Option<&str>, reloads: bool, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · longhaul" }
                link rel="icon" type="image/svg+xml" href=(assets::address("icon.svg"));
                link rel="stylesheet" href=(assets::address("layout.css"));
                script src=(assets::address("live.js")) defer {}
                @if reloads { noscript { meta http-equiv="refresh" content=(RELOAD); } }
            }
            body data-live=[live] {
                a.skip href="#main" { "Skip to the content" }
                (bar(frame))
                main #main tabindex="-1" {
                    div #notice .plain { @if let Some(notice) = frame.notice { p.notice role="status" { (notice) } } }
                    div #problem .plain { @if let Some(problem) = frame.problem { (problem_box(problem)) } }
                    (body)
                }
                footer {
                    p { "longhaul " (env!("CARGO_PKG_VERSION")) @if frame.read_only { " · this page only shows" } }
                    noscript {
                        p {
                            "Without JavaScript " @if reloads { "this page is loaded again every " (RELOAD) " seconds." }
                            @else { "this page stays as it is until it is loaded again: what you are writing isn't lost." }
                        }
                    }
                }
            }
        }
    }
}

fn bar(frame: &Frame<'_>) -> Markup {
    let current = |is: bool| is.then_some("page");
    let is_runs = matches!(
        frame.key,
        Some(Key::Overview | Key::Run(_) | Key::Cancel(_) | Key::Batches { .. } | Key::Quarantine { .. })
    );
    let is_history = matches!(frame.key, Some(Key::History | Key::Revision(_)));
    html! {
        header.bar {
            div {
                a.brand href="/" { "longhaul" }
                @if frame.key.is_some() {
                    span.database { (frame.database) }
                    nav aria-label="Pages" {
                        ul {
                            li { a href="/" aria-current=[current(is_runs)] { "Runs" } }
                            li { a href="/history" aria-current=[current(is_history)] { "History" } }
                            li { a href="/events" aria-current=[current(matches!(frame.key, Some(Key::Events(_))))] { "Events" } }
                        }
                    }
                    p #connection role="status" {}
                    @if frame.viewer.can_leave {
                        form method="post" action="/logout" { button { "Log out" } }
                    }
                }
            }
        }
    }
}

/// The message of an error, which begins in lower case and has no full stop.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    let end = if message.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}
