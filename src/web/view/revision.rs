//! A revision: what it does, and what became of it.

use maud::{Markup, html};
use serde_json::Value;

use super::common::{chip, latest_events};
use super::overview::list;
use super::queries::queries;
use super::{Part, View};
use crate::model::RevisionId;
use crate::observe::human_latency;
use crate::web::facts::OneRevision;
use crate::web::key::{EventFilter, Key};

pub(super) fn view(one: &OneRevision) -> View {
    let revision = one.history.manifest.as_ref().ok().and_then(|manifest| manifest.revision(&one.id));
    let message = revision.map_or(one.id.as_str(), |revision| &revision.message);
    let parts = vec![
        Part { id: "head", html: head(one, message) },
        Part { id: "content", html: content(one) },
        Part { id: "statements", html: statements(one) },
        Part { id: "queries", html: queries(&one.timings) },
        Part {
            id: "runs",
            html: html! { @if !one.runs.is_empty() { h2 { "Runs" } (list(&one.runs, None)) } },
        },
        Part { id: "events", html: latest_events(&one.events, EventFilter::default()) },
    ];
    View { title: message.to_owned(), parts, reloads: true }
}

fn head(one: &OneRevision, message: &str) -> Markup {
    let revision = one.history.manifest.as_ref().ok().and_then(|manifest| manifest.revision(&one.id));
    let applied = one.history.applied.get(&one.id);
    let changed =
        revision.zip(applied).is_some_and(|(revision, applied)| revision.checksum != applied.checksum);
    html! {
        div.title {
            h1 { (message) }
            @match (applied, one.history.runs.get(&one.id)) {
                (Some(applied), _) => (chip("go", "✓", &applied.origin)),
                (None, Some(_)) => (chip("work", "▶", "its run isn't over")),
                (None, None) => (chip("hold", "◷", "pending")),
            }
            @if changed { (chip("stop", "!", "its file was changed since")) }
        }
        dl.facts {
            dt { "Revision" } dd.mono { (one.id) }
            @if let Some(revision) = revision {
                dt { "Kind" } dd { @if revision.job().is_some() { "data" } @else { "schema" } }
                dt { "File" } dd.mono { (revision.file.display()) }
                (ids("Revises", &revision.revises))
                (ids("Depends on", &revision.depends))
                @if !revision.labels.is_empty() { dt { "Labels" } dd { (revision.labels.join(", ")) } }
                dt { "Can be taken back" } dd { @if revision.is_reversible() { "yes" } @else { "no" } }
            } @else {
                dt { "File" } dd { "not here" }
            }
            @if let Some(applied) = applied {
                dt { "Applied" } dd { (applied.applied_at) " by " (applied.applied_by) " on " (applied.host) }
                dt { "Checksum" } dd.mono { (applied.checksum) }
            }
        }
    }
}

fn ids(name: &str, ids: &[RevisionId]) -> Markup {
    html! {
        @if !ids.is_empty() {
            dt { (name) }
            dd.mono {
                @for (at, id) in ids.iter().enumerate() {
                    @if at > 0 { ", " }
                    a href=(Key::Revision(id.0.clone()).path()) { (id) }
                }
            }
        }
    }
}

/// As it was applied, or else as it stands in the file.
fn content(one: &OneRevision) -> Markup {
    let applied = one.history.applied.get(&one.id).map(|applied| applied.content.as_str());
    let revision = one.history.manifest.as_ref().ok().and_then(|manifest| manifest.revision(&one.id));
    let (title, text) = match (applied.filter(|content| !content.is_empty()), revision) {
        (Some(content), _) => ("What was applied", content),
        (None, Some(revision)) => ("What it does", revision.content.as_str()),
        (None, None) => return html! {},
    };
    html! { h2 { (title) } pre tabindex="0" { code { (text.trim()) } } }
}

/// What each statement took, as the latest event that has it tells.
fn statements(one: &OneRevision) -> Markup {
    let told = one.events.iter().find_map(|event| event.event.detail.as_ref()?["statements"].as_array());
    let seconds = |value: &Value| value.as_f64().map(human_latency);
    html! {
        @if let Some(statements) = told.filter(|statements| !statements.is_empty()) {
            h2 { "Statements" }
            table.list {
                thead { tr { th scope="col" { "Statement" } th.number scope="col" { "Took" } th.number scope="col" { "Waited for locks" } } }
                tbody {
                    @for statement in statements {
                        tr {
                            td.mono.wide { (statement["sql"].as_str().unwrap_or_default()) }
                            td.number data-label="took" { (seconds(&statement["seconds"]).unwrap_or_default()) }
                            td.number data-label="waited for locks" {
                                @match seconds(&statement["lock_wait"]).filter(|_| statement["lock_wait"].as_f64() > Some(0.0)) {
                                    Some(waited) => (waited),
                                    None => "—",
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
