//! What can be done about a run, each with a reason.

use maud::{Markup, html};

use super::common::settings;
use super::{Part, View, Viewer};
use crate::manifest::setting_keys;
use crate::observe::Standing;
use crate::plan::control::{self, Command, Effect};
use crate::web::key::Key;

/// What stood in a form that was not taken, so that nobody writes it twice.
#[derive(Clone, Debug, Default)]
pub(in crate::web) struct Entered {
    pub(in crate::web) action: String,
    pub(in crate::web) why: String,
    pub(in crate::web) key: String,
    pub(in crate::web) value: String,
}

/// Reasons are sentences, not files.
pub(in crate::web) const LONGEST_WHY: usize = 500;
const LONGEST_VALUE: usize = 200;

/// The forms for what is possible now.
pub(super) fn actions(standing: &Standing, viewer: &Viewer) -> Markup {
    let Some(mark) = &viewer.mark else { return html! {} };
    let possible = |command| is_possible(standing, command);
    if Command::ALL.into_iter().all(|command| !possible(command)) {
        return html! {};
    }
    let run = standing.run.id;
    let entered = viewer.entered.as_ref();
    html! {
        h2 .hidden { "What can be done" }
        div.actions {
            @if possible(Command::Pause) {
                (act("pause", "Pause", entered, &html! {
                    p.help { "It stops after the batches in hand, and stays so until somebody resumes it." }
                    (form(run.0, "pause", mark, entered, &html! {}, &html! { button { "Pause it" } }))
                }))
            }
            @if possible(Command::Resume) {
                (act("resume", "Resume", entered, &html! {
                    p.help { "It goes on: by a process that waits for it, a worker, or the next " code { "longhaul run" } "." }
                    (form(run.0, "resume", mark, entered, &html! {}, &html! { button { "Let it go on" } }))
                }))
            }
            @if possible(Command::Set) {
                (act("set", "Settings", entered, &html! {
                    p.help { "From its next batch on. Now set: " span.mono { (set_now(standing)) } }
                    (form(run.0, "set", mark, entered, &setting(entered), &html! { button { "Set it" } }))
                }))
            }
            @if possible(Command::Cancel) {
                (act("cancel", "Cancel", entered, &html! {
                    p.help { "It ends for good; what it changed stays. You are asked once more." }
                    p { a.button href=(Key::Cancel(run.0).path()) { "Cancel it for good…" } }
                }))
            }
        }
    }
}

fn is_possible(standing: &Standing, command: Command) -> bool {
    let at_work = !standing.workers.is_empty();
    let run = control::Standing { state: standing.run.state, wanted: standing.run.wish.wanted, at_work };
    control::judge(run, command).is_ok_and(|effect| effect != Effect::Already)
}

fn act(action: &str, name: &str, entered: Option<&Entered>, body: &Markup) -> Markup {
    let is_open = entered.is_some_and(|entered| entered.action == action);
    html! {
        details.act id=(format!("act-{action}")) open[is_open] {
            summary { (name) }
            (body)
        }
    }
}

fn form(
    run: i64,
    action: &str,
    mark: &str,
    entered: Option<&Entered>,
    fields: &Markup,
    button: &Markup,
) -> Markup {
    let why = entered.filter(|entered| entered.action == action).map_or("", |entered| &entered.why);
    let id = format!("why-{action}");
    html! {
        form method="post" action=(format!("/runs/{run}/{action}")) {
            input type="hidden" name="mark" value=(mark);
            (fields)
            div.field {
                label for=(id) { "Why" }
                input id=(id) type="text" name="why" value=(why) required maxlength=(LONGEST_WHY) autocomplete="off"
                    aria-describedby=(format!("{id}-help"));
                p.help id=(format!("{id}-help")) { "Kept in the log, and shown to everybody." }
            }
            (button)
        }
    }
}

fn setting(entered: Option<&Entered>) -> Markup {
    let entered = entered.filter(|entered| entered.action == "set");
    let (key, value) = entered.map_or(("", ""), |entered| (&entered.key, &entered.value));
    html! {
        div.field {
            label for="key" { "Setting" }
            select #key name="key" required {
                option value="" { "Choose one" }
                @for name in setting_keys() {
                    option value=(name) selected[name == key] { (name) }
                }
            }
        }
        div.field {
            label for="value" { "Value" }
            input #value type="text" name="value" value=(value) maxlength=(LONGEST_VALUE) autocomplete="off" aria-describedby="value-help";
            p.help #value-help {
                "As in the job's file, without quotes: 5000, 20MB, 200ms, 1..8, off; for hours "
                span.mono { "Mon-Fri 22:00-05:00; Sat" } ". Nothing takes the setting back."
            }
        }
    }
}

fn set_now(standing: &Standing) -> String {
    let stored = settings(&standing.run.settings);
    if stored.is_empty() { "nothing".to_owned() } else { stored }
}

/// The question before a run ends for good.
pub(super) fn ask_to_cancel(standing: &Standing, viewer: &Viewer) -> View {
    let run = &standing.run;
    let question = format!("Cancel run {} of {} for good?", run.id, run.name);
    let back = Key::Run(run.id.0).path();
    let html = match &viewer.mark {
        None => {
            html! { h1 { (question) } p { "This page only shows." } p { a href=(back) { "Back to the run" } } }
        }
        Some(_) if !is_possible(standing, Command::Cancel) => html! {
            h1 { (question) }
            p { "It is " (standing.state()) ": there is nothing to cancel." }
            p { a href=(back) { "Back to the run" } }
        },
        Some(mark) => {
            let sure = html! {
                div.field {
                    label.inline for="sure" {
                        input #sure type="checkbox" name="sure" value="yes" required;
                        span { "Yes: run " (run.id) " of " b { (run.name) } " on " span.mono { (run.table) } " ends, and can't be resumed." }
                    }
                }
            };
            html! {
                h1 { (question) }
                p.wrap {
                    "It is " (standing.state()) ". It ends after the batches in hand. What it changed stays changed, and the next "
                    code { "longhaul run" } " begins another run, from the beginning."
                }
                (form(run.id.0, "cancel", mark, viewer.entered.as_ref(), &sure, &html! { button.danger { "Cancel the run" } }))
                p { a href=(back) { "No, back to the run" } }
            }
        }
    };
    View { title: question, parts: vec![Part { id: "ask", html }], reloads: false }
}
