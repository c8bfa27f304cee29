//! A run: where it stands, what it did over time, and what can be done about it.

use maud::{Markup, html};

use super::charts::charts;
use super::common::{bar, count, is_moving, latest_events, settings, state, time, told};
use super::map::{Map, Range};
use super::overview::{list, rounded, why};
use super::queries::queries;
use super::{Part, View, Viewer, forms, signed};
use crate::model::{Direction, Pass, RunState, Wanted, counted, human_count, human_duration, human_size};
use crate::observe::Standing;
use crate::plan::eta::format_range;
use crate::store::LoggedBatch;
use crate::web::facts::OneRun;
use crate::web::key::{EventFilter, Key};

pub(super) fn view(run: &OneRun, viewer: &Viewer) -> View {
    let standing = &run.standing;
    let parts = vec![
        Part { id: "head", html: head(standing) },
        Part { id: "actions", html: forms::actions(standing, viewer) },
        Part { id: "signed", html: signed::sign_off(standing) },
        Part { id: "quarantine", html: signed::quarantine(standing) },
        Part { id: "charts", html: charts(run) },
        Part { id: "queries", html: queries(&run.timings) },
        Part { id: "ranges", html: ranges(run) },
        Part { id: "processes", html: processes(standing) },
        Part { id: "batches", html: batches(run) },
        Part {
            id: "events",
            html: latest_events(
                &run.events,
                EventFilter { run: Some(standing.run.id.0), ..EventFilter::default() },
            ),
        },
        Part { id: "more", html: more(run) },
    ];
    let title = format!("{} · run {} · {}", standing.run.state, standing.run.id, standing.run.name);
    View { title, parts, reloads: viewer.mark.is_none() || standing.run.state.is_final() }
}

pub(super) fn head(standing: &Standing) -> Markup {
    let run = &standing.run;
    html! {
        div.title { h1 { (run.name) } span role="status" { (state(standing)) } }
        p.quiet.wrap {
            "Run " (run.id) @if run.direction == Direction::Down { ", which takes the job back," } " on " span.mono { (run.table) }
            " by key " span.mono { (run.key_columns.join(", ")) }
        }
        @if let Some(why) = why(standing) { p.wrap { b { (why) } } }
        @if run.wish.wanted != Wanted::Work && !run.state.is_final() {
            p.wrap {
                "Wanted: " (run.wish.wanted.as_str()) ", by " (run.wish.describe())
                @if let Some(at) = &run.wanted_at { span.quiet { " (" (at) ")" } }
            }
        }
        (bar(standing))
        (figures(standing))
    }
}

fn figures(standing: &Standing) -> Markup {
    let (run, all) = (&standing.run, &standing.all);
    let rate = standing.pace.rate_now().filter(|_| is_moving(standing));
    html! {
        dl.figures {
            div {
                dt { (run.pass.to_string()) ", rows passed" }
                dd {
                    (human_count(standing.pass.rows_seen))
                    @if let Some(percent) = standing.percent() { small { "of about " (human_count(run.estimated_rows)) ", " (percent) " %" } }
                }
            }
            div { dt { "Rows changed" } dd { (human_count(all.rows_changed)) small { "in " (human_count(all.batches)) " batches" } } }
            @if let Some(rate) = rate {
                div { dt { "Now" } dd { (human_count(rounded(rate))) " rows/s" @if let Some(overall) = standing.pace.rate_overall() { small { (human_count(rounded(overall))) " in the last minute" } } } }
            }
            @if let Some(left) = standing.left().filter(|_| is_moving(standing)) {
                div { dt { "Left" } dd { (format_range(left)) @if let Some(end) = standing.end(left) { small { "done " (end) } } } }
            }
            @if let Some(hours) = standing.hours() { div { dt { "Hours" } dd { (hours) } } }
            div { dt { "WAL meanwhile" } dd { (human_size(all.wal_bytes)) } }
            @if let Some(percent) = standing.heap_only() { div { dt { "Heap-only updates" } dd { (percent) " %" small { "they wrote no index" } } } }
            div {
                dt { "Others waited for a batch" }
                dd {
                    @if all.longest_blocked.is_zero() { "not at all" } @else { (human_duration(all.longest_blocked)) small { "at the longest" } }
                    @if all.gave_way > 0 { small { (human_count(all.gave_way)) " times it gave way to them" } }
                }
            }
            @if !all.lock_wait.is_zero() { div { dt { "Batches waited for locks" } dd { (human_duration(all.lock_wait)) small { "in all" } } } }
            @if standing.quarantine.held > 0 { div { dt { "In quarantine" } dd { (counted(usize::try_from(standing.quarantine.held).unwrap_or(usize::MAX), "row")) } } }
            div { dt { "Begun" } dd { (run.started_at) small { "by " (run.started_by) } } }
            @if let Some(finished) = &run.finished_at { div { dt { "Ended" } dd { (finished) } } }
        }
    }
}

pub(super) fn ranges(run: &OneRun) -> Markup {
    let ranges: Vec<Range> = run.ranges.iter().map(Range::from).collect();
    let failed = run.standing.run.state == RunState::Failed;
    html! {
        @if !ranges.is_empty() {
            h2 { "Ranges of " @if run.standing.run.pass == Pass::BACKFILL { "the " } (run.standing.run.pass.to_string()) }
            (Map { ranges: &ranges, failed }.draw())
            @if let Some(checkpoint) = &run.standing.checkpoint { p.quiet.wrap { "Done up to " (checkpoint) } }
        }
    }
}

fn processes(standing: &Standing) -> Markup {
    let processes = standing.processes();
    html! {
        @if !processes.is_empty() {
            h2 { "At work" }
            table.list {
                thead { tr { th scope="col" { "Process" } th scope="col" { "Workers" } th scope="col" { "Doing" } th scope="col" { "Since" } } }
                tbody {
                    @for (workers, first) in processes {
                        tr {
                            td.wide { (first.actor) " on " (first.host) ", process " (first.process_id) }
                            td data-label="workers" { (workers) }
                            td.wide { (told(&first.doing)) @if first.doing != "working" { span.quiet { ", since " (first.doing_since) } } }
                            td data-label="since" { (first.started_at) }
                        }
                    }
                }
            }
        }
    }
}

fn batches(run: &OneRun) -> Markup {
    html! {
        @if !run.batches.is_empty() {
            h2 { "Latest batches" }
            (table(&run.batches, &run.zone))
            p { a href=(Key::Batches { run: run.standing.run.id.0, before: None }.path()) { "All batches that are kept" } }
        }
    }
}

/// Batches as a table.
pub(super) fn table(batches: &[LoggedBatch], zone: &jiff::tz::TimeZone) -> Markup {
    html! {
        table.list {
            thead {
                tr {
                    th scope="col" { "Ended" } th scope="col" { "From … to" } th.number scope="col" { "Passed" } th.number scope="col" { "Changed" }
                    th.number scope="col" { "Took" } th.number scope="col" { "Waited for locks" } th.number scope="col" { "WAL" }
                }
            }
            tbody {
                @for batch in batches {
                    tr id=(format!("batch-{}", batch.id)) {
                        td.when { (time(batch.finished_at, zone)) }
                        td.wide { (bounds(batch)) }
                        td.number data-label="passed" { (count(batch.rows_seen)) }
                        td.number data-label="changed" { (count(batch.rows_changed)) }
                        td.number data-label="took" { (duration(batch.seconds)) }
                        td.number data-label="waited for locks" { @if batch.lock_wait > 0.0 { (duration(batch.lock_wait)) } @else { "—" } }
                        td.number data-label="WAL" { (batch.wal_bytes.map_or_else(|| "—".to_owned(), |bytes| human_size(bytes.unsigned_abs()))) }
                    }
                }
            }
        }
    }
}

fn bounds(batch: &LoggedBatch) -> String {
    let key = |key: &[String]| crate::model::KeyValue(key.to_vec()).to_string();
    let from = batch.lower.as_deref().map_or_else(|| "the beginning".to_owned(), key);
    let stride = if batch.stride > 0 { format!(", stride {}", batch.stride + 1) } else { String::new() };
    format!("{from} … {}{stride}", key(&batch.upper))
}

fn duration(seconds: f64) -> String {
    human_duration(std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

fn more(run: &OneRun) -> Markup {
    let standing = &run.standing;
    let stored = settings(&standing.run.settings);
    html! {
        h2 { "More about it" }
        dl.facts {
            @if !standing.run.walk.is_empty() { dt { "Walk" } dd { (standing.run.walk) } }
            @if !stored.is_empty() { dt { "Set" } dd.mono { (stored) } }
            @if let Some(compared) = &standing.compared { dt { "Plan" } dd { (compared.describe()) } }
            @if standing.run.job != standing.run.name {
                dt { "Revision" } dd { a href=(Key::Revision(standing.run.job.clone()).path()) { (standing.run.job) } }
            }
        }
        details {
            summary { "What the job does" }
            pre tabindex="0" { code { (standing.run.definition) } }
        }
        @if run.runs.len() > 1 {
            h3 { "Runs of this job" }
            (list(&run.runs, Some(standing.run.id.0)))
        }
    }
}
