//! Rows in a run's quarantine: which, and why. What is in them stays in the database: it may be somebody's pay.

use maud::{Markup, html};

use super::layout::problem_box;
use super::{Part, View};
use crate::model::human_count;
use crate::store::QuarantinedKey;
use crate::web::facts::{PAGE, Quarantine};
use crate::web::key::Key;

pub(super) fn view(page: &Quarantine) -> View {
    let run = &page.standing.run;
    let title = format!("Quarantine of run {} of {}", run.id, run.name);
    let count = page.standing.quarantine;
    let html = html! {
        h1 { "Quarantine of " a href=(Key::Run(run.id.0).path()) { "run " (run.id) " of " (run.name) } }
        p { (human_count(count.held)) " held, " (human_count(count.dropped)) " dropped." }
        p.quiet.wrap {
            code { "longhaul quarantine list " (run.name) } " shows the rows whole, " code { "retry" } " tries them again, and "
            code { "drop" } " leaves them as they are."
        }
        @match &page.rows {
            Ok(rows) => (list(page, rows)),
            Err(problem) => (problem_box(problem)),
        }
    };
    View { title, parts: vec![Part { id: "list", html }], reloads: true }
}

fn list(page: &Quarantine, rows: &[QuarantinedKey]) -> Markup {
    let most = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let shown = &rows[..rows.len().min(most)];
    let run = page.standing.run.id.0;
    let next = (rows.len() > most).then(|| shown.last().map(|row| row.id)).flatten();
    html! {
        @if shown.is_empty() {
            p { @if page.after.is_some() { "There are no more." } @else { "Nothing is in it." } }
        } @else {
            table.list {
                thead {
                    tr {
                        th scope="col" { (page.standing.run.key_columns.join(", ")) } th scope="col" { "State" } th scope="col" { "Why" }
                        th.number scope="col" { "Tried" } th scope="col" { "Found" }
                    }
                }
                tbody { @for row in shown { (self::row(row)) } }
            }
        }
        p {
            @if page.after.is_some() { a href=(Key::Quarantine { run, after: None }.path()) { "The first" } " " }
            @if let Some(after) = next { a href=(Key::Quarantine { run, after: Some(after) }.path()) rel="next" { "More" } }
        }
    }
}

fn row(row: &QuarantinedKey) -> Markup {
    html! {
        tr id=(format!("row-{}", row.id)) {
            td.mono.wide { (row.key) }
            td.wide {
                (row.state)
                @if let Some(by) = &row.settled_by { span.quiet { " by " (by) } }
                @if let Some(why) = &row.why { span.quiet { ": " (why) } }
            }
            td.wide { (row.error) " " span.quiet.mono { (row.sqlstate) } }
            td.number data-label="tried" { (row.tries) }
            td data-label="found" { (row.found_at) }
        }
    }
}
