//! The report of a run: one document, to be read from top to bottom, and printed.

use std::time::Duration;

use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::charts::charts;
use super::common::{count, settings, time, told};
use super::queries::queries;
use super::run::{head, ranges};
use super::signed::sign_off;
use crate::engine::Comparison;
use crate::model::{counted, human_count, human_duration, human_size};
use crate::observe::HeldBy;
use crate::plan::eta::{EtaRange, format_range};
use crate::store::{LoggedEvent, QuarantinedKey, Stay};
use crate::web::assets::STYLES;
use crate::web::report::ReportFacts;

/// Nothing is loaded, whatever names and errors have in them.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// For paper: no part is torn where it can be helped, and grounds are printed.
const PRINT: &str = "@media print { body { font-size: 12px; background: #fff } .part { break-inside: avoid-page; border: 0; padding: 0 } \
     * { print-color-adjust: exact } details > * { display: block } }";

pub(in crate::web) fn report(facts: &ReportFacts<'_>) -> Markup {
    let standing = &facts.run.standing;
    let title = format!("Report of run {} of {}", standing.run.id, standing.run.name);
    let part = |html: Markup| {
        html! { @if !html.0.is_empty() { section.part { (html) } } }
    };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLES)) (PreEscaped(PRINT)) }
            }
            body {
                main {
                    p.quiet.wrap { (title) " on " (facts.database) ". " (facts.made) "." }
                    (part(head(standing)))
                    (part(sign_off(standing)))
                    @if let Some(compared) = &standing.compared { (part(forecast(compared))) }
                    (part(charts(&facts.run)))
                    (part(held(&facts.held)))
                    (part(queries(&facts.run.timings)))
                    (part(quarantine(facts)))
                    (part(stays(&facts.stays, &facts.run.zone)))
                    (part(ranges(&facts.run)))
                    (part(definition(facts)))
                    (part(events(&facts.events)))
                }
            }
        }
    }
}

fn forecast(compared: &Comparison) -> Markup {
    let Comparison { made_at, forecast, truth } = compared;
    let (low, high) = forecast.time.durations();
    let took = Duration::try_from_secs_f64(truth.seconds).unwrap_or_default();
    html! {
        h2 { "Forecast and truth" }
        p.quiet { "The forecast was made " (made_at) " by " code { "longhaul plan" } "." }
        table.list {
            thead { tr { th scope="col" { "What" } th scope="col" { "Forecast" } th scope="col" { "Truth" } } }
            tbody {
                tr { td { "Working time" } td { (format_range(EtaRange { low, high })) } td { (human_duration(took)) } }
                tr { td { "Rows changed" } td { (forecast.rows.as_count()) } td { (human_count(truth.rows)) } }
                tr {
                    td { "WAL of the server" } td { (forecast.wal.as_size()) }
                    td { (truth.wal.map_or_else(|| "not known".to_owned(), human_size)) }
                }
            }
        }
    }
}

fn held(held: &[HeldBy]) -> Markup {
    html! {
        @if !held.is_empty() {
            h2 { "Held, by signal" }
            table.list {
                thead { tr { th scope="col" { "Signal" } th.number scope="col" { "Times" } th.number scope="col" { "In all" } } }
                tbody {
                    @for one in held {
                        tr {
                            td.wide { (one.signal) }
                            td.number data-label="times" { (one.times) }
                            td.number data-label="in all" { (human_duration(one.time())) }
                        }
                    }
                }
            }
        }
    }
}

fn quarantine(facts: &ReportFacts<'_>) -> Markup {
    let counted = facts.run.standing.quarantine;
    html! {
        h2 { "Quarantine" }
        @if counted.held + counted.dropped == 0 { p { "No row was put into it, or all were settled." } } @else {
            p { (human_count(counted.held)) " held, " (human_count(counted.dropped)) " dropped." }
        }
        @match &facts.quarantine {
            None => p.quiet { "Which rows they are is not for the role that made this report." },
            Some(rows) if rows.is_empty() => {},
            Some(rows) => (quarantined(&facts.run.standing.run.key_columns, rows)),
        }
    }
}

fn quarantined(key: &[String], rows: &[QuarantinedKey]) -> Markup {
    html! {
        table.list {
            thead { tr { th scope="col" { (key.join(", ")) } th scope="col" { "State" } th scope="col" { "Why" } th scope="col" { "Found" } } }
            tbody {
                @for row in rows {
                    tr {
                        td.mono.wide { (row.key) }
                        td.wide {
                            (row.state)
                            @if let Some(by) = &row.settled_by { " by " (by) }
                            @if let Some(why) = &row.why { ": " (why) }
                        }
                        td.wide { (row.error) " " span.quiet.mono { (row.sqlstate) } }
                        td { (row.found_at) }
                    }
                }
            }
        }
    }
}

fn stays(stays: &[Stay], zone: &TimeZone) -> Markup {
    html! {
        @if !stays.is_empty() {
            h2 { "Who was at work" }
            table.list {
                thead {
                    tr {
                        th scope="col" { "Who" } th scope="col" { "From" } th scope="col" { "To" } th.number scope="col" { "Workers" }
                        th.number scope="col" { "Batches" } th.number scope="col" { "Rows changed" }
                    }
                }
                tbody {
                    @for stay in stays {
                        tr {
                            td.wide { (stay.actor) " on " (stay.host) ", process " (stay.process_id) }
                            td { (time(stay.began, zone)) }
                            td { (time(stay.ended, zone)) }
                            td.number data-label="workers" { (stay.workers) }
                            td.number data-label="batches" { (count(stay.batches)) }
                            td.number data-label="rows changed" { (count(stay.rows_changed)) }
                        }
                    }
                }
            }
        }
    }
}

fn definition(facts: &ReportFacts<'_>) -> Markup {
    let run = &facts.run.standing.run;
    let stored = settings(&run.settings);
    html! {
        h2 { "What the job does" }
        dl.facts {
            @if run.job != run.name { dt { "Revision" } dd.mono { (run.job) } }
            @if !run.walk.is_empty() { dt { "Walk" } dd { (run.walk) } }
            @if !stored.is_empty() { dt { "Set" } dd.mono { (stored) } }
        }
        pre { code { (run.definition) } }
    }
}

fn events(events: &[LoggedEvent]) -> Markup {
    html! {
        h2 { "Events" }
        p.quiet { (counted(events.len(), "event")) ", the first first. They are append-only in the database." }
        table.list {
            thead { tr { th scope="col" { "When" } th scope="col" { "What" } th scope="col" { "Who" } } }
            tbody {
                @for event in events {
                    tr {
                        td { (event.at) }
                        td.wide { (told(&event.message)) " " span.quiet { (event.kind) } }
                        td.wide { (event.actor) " on " (event.host) }
                    }
                }
            }
        }
    }
}
