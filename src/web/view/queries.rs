//! The application's queries, timed before, during and after a change.

use maud::{Markup, html};

use crate::observe::{PhaseFigures, QueryTimings, human_latency};
use crate::plan::timings::Phase;

/// A table of them, and their plans where the server has another one now; nothing where none was timed.
pub(super) fn queries(timings: &[QueryTimings]) -> Markup {
    html! {
        @if !timings.is_empty() {
            h2 { "Queries of the application" }
            table.list {
                thead {
                    tr {
                        th scope="col" { "Query" }
                        @for phase in Phase::ALL { th.number scope="col" { (title(phase)) } }
                        th scope="col" { "Way" }
                    }
                }
                tbody {
                    @for query in timings {
                        tr {
                            td.wide { (query.query) }
                            @for phase in Phase::ALL {
                                td.number data-label=(phase.as_str()) { (median(query, phase)) }
                            }
                            td { @if query.changed_plan().is_some() { b { "another one" } } @else { "the same" } }
                        }
                    }
                }
            }
            p.quiet { "Medians, as the application would have waited." }
            @for query in timings {
                @if let Some((before, after)) = query.changed_plan() {
                    details {
                        summary { "How the server does " (query.query) ", before and after" }
                        pre tabindex="0" { code { (before) } }
                        pre tabindex="0" { code { (after) } }
                    }
                }
            }
        }
    }
}

fn title(phase: Phase) -> &'static str {
    match phase {
        Phase::Before => "Before",
        Phase::During => "During",
        Phase::After => "After",
    }
}

fn median(query: &QueryTimings, phase: Phase) -> Markup {
    let figures: &PhaseFigures = query.phase(phase);
    let times = if phase == Phase::Before { None } else { query.times_as_long(phase) };
    html! {
        @match figures.median {
            Some(seconds) => (human_latency(seconds)),
            None if figures.failed > 0 => "can't be run",
            None => "—",
        }
        @if let Some(times) = times { " " span.quiet { "× " (format!("{times:.1}")) } }
    }
}
