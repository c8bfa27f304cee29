//! The history as a graph: each revision with its lanes, newest first.

use maud::{Markup, html};

use super::common::chip;
use super::lanes::{self, Mark, Node};
use super::layout::problem_box;
use super::{Part, View};
use crate::manifest::Manifest;
use crate::model::Revision;
use crate::plan::graph::drawing::{self, Row, RowKind};
use crate::web::facts::History;
use crate::web::key::Key;

pub(super) fn view(history: &History) -> View {
    let html = html! {
        h1 { "History" }
        @match &history.manifest {
            Ok(manifest) => (graph(history, manifest)),
            Err(problem) => {
                (problem_box(problem))
                p { "What the database has applied:" }
                (without_files(history, history.applied.keys().collect()))
            }
        }
    };
    View { title: "History".to_owned(), parts: vec![Part { id: "history", html }], reloads: true }
}

fn graph(history: &History, manifest: &Manifest) -> Markup {
    let applied = history.ids();
    let mut shown = manifest.graph.order();
    shown.reverse();
    let rows = drawing::draw(&manifest.graph, &shown);
    let width = rows.iter().map(|row| row.cells.len()).max().unwrap_or_default();
    let heads = manifest.graph.applied_heads(&applied);
    let strangers: Vec<&String> =
        history.applied.keys().filter(|id| manifest.revision(id.as_str()).is_none()).collect();
    html! {
        @if shown.is_empty() { p { "There are no revisions in the directory of files." } } @else { (key()) }
        @if !strangers.is_empty() {
            p { "Applied, and not in the files here:" }
            (without_files(history, strangers))
        }
        ol.history {
            @for row in &rows {
                @match &row.kind {
                    RowKind::Revision(id) => {
                        @if let Some(revision) = manifest.revision(id) {
                            (line(history, revision, row, (width, &heads)))
                        }
                    }
                    _ => li aria-hidden="true" { (lanes::draw(row, width, None)) },
                }
            }
        }
    }
}

fn line(history: &History, revision: &Revision, row: &Row, (width, heads): (usize, &[&str])) -> Markup {
    let id = revision.id.0.as_str();
    let applied = history.applied.get(id);
    let run = history.runs.get(id);
    let mark = match (applied, run) {
        (Some(_), _) => Mark::Applied,
        (None, Some(_)) => Mark::Running,
        (None, None) => Mark::Pending,
    };
    let is_data = revision.job().is_some();
    let depends: Vec<&str> = revision.depends.iter().map(|id| id.0.as_str()).collect();
    html! {
        li id=(format!("revision-{id}")) {
            (lanes::draw(row, width, Some(Node { mark, is_data })))
            div.revision {
                a href=(Key::Revision(id.to_owned()).path()) { (revision.message) } " "
                @match mark {
                    Mark::Applied => {},
                    Mark::Running => (chip("work", "▶", "its run isn't over")),
                    Mark::Pending => (chip("hold", "◷", "pending")),
                }
                @if heads.contains(&id) { " " (chip("go", "✓", "the database is here")) }
                p.quiet {
                    span.mono { (id) }
                    @if is_data { ", data" }
                    @if !revision.labels.is_empty() { ", " (revision.labels.join(", ")) }
                    @if !depends.is_empty() { ", depends on " (depends.join(", ")) }
                    @if let Some(applied) = applied {
                        " · " (applied.origin) " " (applied.applied_at) " by " (applied.applied_by) " on " (applied.host)
                    }
                    @if let Some(run) = run { " · " a href=(Key::Run(*run).path()) { "run " (run) } }
                }
            }
        }
    }
}

/// Revisions of which only the database knows.
fn without_files(history: &History, ids: Vec<&String>) -> Markup {
    html! {
        table.list {
            thead { tr { th scope="col" { "Revision" } th scope="col" { "When" } th scope="col" { "Who" } } }
            tbody {
                @for id in ids {
                    @if let Some(applied) = history.applied.get(id) {
                        tr {
                            td.mono.wide { a href=(Key::Revision(id.clone()).path()) { (id) } }
                            td { (applied.origin) " " (applied.applied_at) }
                            td.wide { (applied.applied_by) " on " (applied.host) }
                        }
                    }
                }
            }
        }
    }
}

/// What the marks mean.
fn key() -> Markup {
    let sign = |class: &str, is_data: bool| {
        html! {
            svg width="20" height="20" {
                @if is_data { rect class=(class) x="3" y="3" width="14" height="14" rx="2" {} }
                @else { circle class=(class) cx="10" cy="10" r="7" {} }
            }
        }
    };
    html! {
        p.key aria-hidden="true" {
            span { (sign("node applied", false)) "schema, applied" }
            span { (sign("node applied", true)) "data, applied" }
            span { (sign("node pending", false)) "pending" }
            span { (sign("node running", true)) "its run isn't over" }
        }
    }
}
