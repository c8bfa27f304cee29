//! What several pages show alike.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use crate::model::{RunState, Wanted, human_count};
use crate::observe::{Standing, logs};
use crate::store::NumberedEvent;
use crate::web::key::{EventFilter, Key};

/// A reason or an event as it is shown: without what another session runs, which not every reader may see.
pub(super) fn told(text: &str) -> &str {
    logs::without_query(text)
}

/// A state with its sign and its colour.
pub(super) fn state(standing: &Standing) -> Markup {
    let run = &standing.run;
    let is_interrupted = run.state.is_active() && standing.workers.is_empty();
    let asked = match run.wish.wanted {
        Wanted::Pause if run.state.is_active() => Some("pausing"),
        Wanted::Cancel if run.state.is_active() => Some("cancelling"),
        _ => None,
    };
    let is_held = run.state.is_active() && !is_moving(standing);
    match (is_interrupted, asked) {
        (true, _) => chip("stop", "!", "interrupted"),
        (_, Some(asked)) => chip("hold", "‖", asked),
        _ if is_held => chip("hold", "◷", "held"),
        _ => plain_state(run.state),
    }
}

/// Somebody is at work and nothing holds all of them: figures of the last minute are those of now.
pub(super) fn is_moving(standing: &Standing) -> bool {
    standing.run.state.is_active() && standing.workers.iter().any(|worker| worker.doing == "working")
}

/// A state as it is stored.
pub(super) fn plain_state(state: RunState) -> Markup {
    let (class, sign) = match state {
        RunState::Running => ("work", "▶"),
        RunState::Proving => ("work", "∑"),
        RunState::Waiting => ("hold", "◷"),
        RunState::Paused => ("hold", "‖"),
        RunState::Stopped => ("rest", "■"),
        RunState::Failed => ("stop", "✕"),
        RunState::Quarantined => ("hold", "▲"),
        RunState::Done => ("go", "✓"),
        RunState::Cancelled => ("rest", "⊘"),
        RunState::Undone => ("rest", "↶"),
    };
    chip(class, sign, state.as_str())
}

pub(super) fn chip(class: &str, sign: &str, word: &str) -> Markup {
    html! { span class=(format!("state {class}")) { span aria-hidden="true" { (sign) } (word) } }
}

/// How far a run is, as a bar.
pub(super) fn bar(standing: &Standing) -> Markup {
    let is_done = standing.run.state == RunState::Done;
    let percent = if is_done { Some(100) } else { standing.percent() };
    html! {
        @if let Some(percent) = percent {
            progress class=(if is_done { "done" } else { "" }) max="100" value=(percent)
                aria-label=(format!("{} of {}", standing.run.pass, standing.run.name)) { (percent) " %" }
        }
    }
}

pub(super) fn count(count: i64) -> String {
    human_count(count.unsigned_abs())
}

/// A time that is stored as microseconds, in the zone of the other times.
pub(super) fn time(at: i64, zone: &TimeZone) -> String {
    Timestamp::from_microsecond(at)
        .map(|at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default()
}

/// Events, newest first.
pub(super) fn events(events: &[NumberedEvent]) -> Markup {
    html! {
        table.list {
            thead { tr { th scope="col" { "When" } th scope="col" { "What" } th scope="col" { "Who" } } }
            tbody {
                @for NumberedEvent { id, event } in events {
                    tr id=(format!("event-{id}")) {
                        td.when { (event.at) }
                        td.wide {
                            (told(&event.message)) " " span.quiet { (event.kind) }
                            @if let Some(run) = event.run { " " a href=(Key::Run(run).path()) { "run " (run) } }
                            @if let Some(revision) = &event.revision {
                                " " a href=(Key::Revision(revision.clone()).path()) { (revision) }
                            }
                        }
                        td.who { (event.actor) " on " (event.host) }
                    }
                }
            }
        }
    }
}

/// The latest events, as a part of another page.
pub(super) fn latest_events(latest: &[NumberedEvent], all: EventFilter) -> Markup {
    html! {
        @if !latest.is_empty() {
            h2 { "Latest events" }
            (events(latest))
            p { a href=(Key::Events(all).path()) { "All events" } }
        }
    }
}

/// The settings that `set` has stored, on one line.
pub(super) fn settings(stored: &str) -> String {
    stored.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
