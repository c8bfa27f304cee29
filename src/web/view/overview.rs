//! The first page: where runs and history stand.

use maud::{Markup, html};

use super::common::{bar, chip, is_moving, latest_events, plain_state, state, told};
use super::{Part, View};
use crate::model::{human_count, human_duration};
use crate::observe::Standing;
use crate::plan::eta::format_range;
use crate::web::facts::{History, Overview};
use crate::web::key::{EventFilter, Key};
use crate::web::view::layout::problem_box;

pub(super) fn view(overview: &Overview) -> View {
    let parts = vec![
        Part { id: "runs", html: runs(overview) },
        Part { id: "standing", html: history(&overview.history) },
        Part { id: "events", html: latest_events(&overview.events, EventFilter::default()) },
    ];
    View { title: "Runs".to_owned(), parts, reloads: true }
}

fn runs(overview: &Overview) -> Markup {
    // What is at work first, then what waits for somebody, then what is over; the latest first.
    let mut standings: Vec<&Standing> = overview.standings.iter().collect();
    standings.sort_by_key(|standing| {
        (standing.workers.is_empty(), standing.run.state.is_final(), std::cmp::Reverse(standing.run.id))
    });
    html! {
        h1 { "Runs" }
        @if !overview.is_stored {
            p { "longhaul has stored nothing in this database yet." }
            p { b { "Hint: " } code { "longhaul upgrade" } " applies what is pending, and makes what it needs to remember it." }
        } @else if standings.is_empty() {
            p { "No job has been run on this database yet." }
        } @else {
            p.quiet { "The latest run of each job." }
            ul.runs { @for standing in standings { (run(standing)) } }
        }
    }
}

fn run(standing: &Standing) -> Markup {
    let run = &standing.run;
    html! {
        li id=(format!("run-{}", run.id)) {
            div.title {
                h2 { a href=(Key::Run(run.id.0).path()) { (run.name) } }
                (state(standing))
            }
            p.quiet.wrap { "run " (run.id) " on " span.mono { (run.table) } ", begun " (run.started_at) " by " (run.started_by) }
            (bar(standing))
            p.wrap { (line(standing)) }
            @if let Some(why) = why(standing) { p.wrap { (why) } }
        }
    }
}

/// How far it is, how fast, and how long still.
fn line(standing: &Standing) -> String {
    let seen = human_count(standing.pass.rows_seen);
    let mut told = vec![match standing.percent() {
        Some(percent) => {
            format!(
                "{}: {percent} %, {seen} of about {} rows",
                standing.run.pass,
                human_count(standing.run.estimated_rows)
            )
        }
        None => format!("{} rows changed", human_count(standing.all.rows_changed)),
    }];
    if let Some(rate) = standing.pace.rate_now().filter(|_| is_moving(standing)) {
        told.push(format!("{} rows/s", human_count(rounded(rate))));
    }
    if let Some(left) = standing.left().filter(|_| is_moving(standing)) {
        told.push(format!("{} left", format_range(left)));
        told.extend(standing.end(left).map(|end| format!("done {end}")));
    }
    if standing.quarantine.held > 0 {
        told.push(format!("{} in quarantine", human_count(standing.quarantine.held)));
    }
    if !standing.all.longest_blocked.is_zero() {
        told.push(format!("others waited {} at the longest", human_duration(standing.all.longest_blocked)));
    }
    told.join(" · ")
}

/// What it waits for, or why it stands where it stands.
pub(super) fn why(standing: &Standing) -> Option<String> {
    let held = standing.workers.iter().find(|worker| worker.doing != "working");
    let run = &standing.run;
    let interrupted = run.state.is_active() && standing.workers.is_empty();
    match (held, &run.reason) {
        (Some(worker), _) => Some(format!("{}, since {}", told(&worker.doing), worker.doing_since)),
        _ if interrupted => {
            Some("no process is at work on it: run it again, and it goes on where it was".to_owned())
        }
        (None, Some(reason)) if !run.state.is_active() => Some(format!("it {}", told(reason))),
        _ => standing
            .hours()
            .filter(|hours| hours.starts_with("closed"))
            .map(|hours| format!("hours: {hours}")),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float is cut off at the bounds"
)]
pub(super) fn rounded(rate: f64) -> u64 {
    rate.round() as u64
}

fn history(history: &History) -> Markup {
    let manifest = match &history.manifest {
        Err(problem) => return html! { h2 { "History" } (problem_box(problem)) },
        Ok(manifest) => manifest,
    };
    let applied = history.ids();
    let order = manifest.graph.order();
    let pending: Vec<&str> = order.iter().copied().filter(|id| !applied.contains(*id)).collect();
    let next = pending.first().and_then(|id| manifest.revision(id));
    html! {
        h2 { "History" }
        p.title {
            @if order.is_empty() && applied.is_empty() { (chip("rest", "○", "empty")) span { "There are no revisions." } }
            @else if pending.is_empty() { (chip("go", "✓", "up to date")) span { (applied.len()) " revisions are applied." } }
            @else {
                (chip("hold", "◷", "pending"))
                span { (applied.len()) " revisions are applied, " (pending.len()) " pending." }
            }
        }
        @if let Some(next) = next {
            p.wrap {
                "Next: " a href=(Key::Revision(next.id.0.clone()).path()) { (next.message) }
                @if let Some(run) = history.runs.get(&next.id.0) { " · " a href=(Key::Run(*run).path()) { "its run" } }
            }
        }
        p { a href="/history" { "The whole history" } }
    }
}

/// Runs of a job as a list.
pub(super) fn list(runs: &[crate::store::ListedRun], current: Option<i64>) -> Markup {
    html! {
        table.list {
            thead { tr { th scope="col" { "Run" } th scope="col" { "State" } th scope="col" { "Begun" } th scope="col" { "Ended" } } }
            tbody {
                @for run in runs {
                    tr id=(format!("listed-{}", run.id)) {
                        td {
                            @if current == Some(run.id.0) { "run " (run.id) ", this one" }
                            @else { a href=(Key::Run(run.id.0).path()) { "run " (run.id) } }
                            @if run.direction == crate::model::Direction::Down { ", taking back" }
                        }
                        td { (plain_state(run.state)) }
                        td.wide data-label="begun" { (run.started_at) " by " (run.started_by) }
                        td data-label="ended" { (run.finished_at.as_deref().unwrap_or("—")) }
                    }
                }
            }
        }
    }
}
