//! The sign-off of a run, and the rows that it left in quarantine.

use maud::{Markup, html};
use serde_json::Value;

use crate::model::human_count;
use crate::observe::Standing;
use crate::web::key::Key;

/// Rows in quarantine, if there are any.
pub(super) fn quarantine(standing: &Standing) -> Markup {
    let (held, dropped) = (standing.quarantine.held, standing.quarantine.dropped);
    html! {
        @if held + dropped > 0 {
            h2 { "Quarantine" }
            p {
                b { (human_count(held)) @if held == 1 { " row" } @else { " rows" } }
                " couldn't take " @if held == 1 { "its" } @else { "their" } " new values and " @if held == 1 { "is" } @else { "are" } " still to do."
                @if dropped > 0 { " " (human_count(dropped)) " were dropped: somebody leaves them as they are." }
            }
            p { a href=(Key::Quarantine { run: standing.run.id.0, after: None }.path()) { "Which, and why" } }
        }
    }
}

/// The proof, stored with the run.
pub(super) fn sign_off(standing: &Standing) -> Markup {
    let Some(proof) = &standing.run.sign_off else { return html! {} };
    let number = |name: &str| proof[name].as_u64().map(human_count);
    let text = |name: &str| proof[name].as_str().map(str::to_owned);
    html! {
        h2 { "Sign-off" }
        dl.facts {
            @if let Some(at) = text("at") { dt { "Proved" } dd { (at) } }
            @if let Some(rows) = number("rows") { dt { "Rows" } dd { (rows) } }
            @if let Some(remaining) = number("remaining") { dt { "Rows left to do" } dd { (remaining) } }
            @if let Some(snapshot) = text("snapshot") { dt { "Snapshot" } dd.mono { (snapshot) } }
            @if let Some(lsn) = text("wal_lsn") { dt { "End of the WAL" } dd.mono { (lsn) } }
        }
        (totals("Totals", &proof["totals"]))
        (totals("The same before the first batch", &proof["before"]["totals"]))
        (groups(&proof["groups"]))
    }
}

fn totals(title: &str, totals: &Value) -> Markup {
    let totals = totals.as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |total: &Value, name: &str| total[name].as_str().unwrap_or("NULL").to_owned();
    html! {
        @if !totals.is_empty() {
            h3 { (title) }
            div.scroll {
                table {
                    thead { tr { th scope="col" { "Total" } th.number scope="col" { "Value" } th scope="col" { "Total" } th.number scope="col" { "Value" } th scope="col" { "Equal" } } }
                    tbody {
                        @for total in totals {
                            tr {
                                td.mono { (text(total, "left")) }
                                td.number { (text(total, "left_value")) }
                                td.mono { (text(total, "right")) }
                                td.number { (text(total, "right_value")) }
                                td { @if total["equal"].as_bool() == Some(true) { "yes" } @else { b { "no" } } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn groups(groups: &Value) -> Markup {
    let groups = groups.as_array().map(Vec::as_slice).unwrap_or_default();
    let number = |group: &Value, name: &str| human_count(group[name].as_u64().unwrap_or_default());
    html! {
        @for group in groups {
            p {
                "By " span.mono { (group["by"].as_str().unwrap_or_default()) } ": " (number(group, "groups")) " groups, "
                (number(group, "unequal")) " of them with totals that differ."
            }
        }
    }
}
