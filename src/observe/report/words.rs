//! A report in words, and as JSON.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Report;
use crate::model::{counted, human_count, human_duration};

impl Report {
    /// What `report` prints: the standing, and what came of it besides.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines = vec![self.standing.text()];
        let mut section = |title: &str, of: Vec<String>| {
            if !of.is_empty() {
                lines.push(format!("\n{title}"));
                lines.extend(of.into_iter().map(|line| format!("  {line}")));
            }
        };
        section("Proof", self.proof());
        section(
            "Held",
            self.held_by()
                .iter()
                .map(|held| {
                    let time = human_duration(held.time());
                    format!("by {} for {time}, {}", held.signal, counted(held.times, "time"))
                })
                .collect(),
        );
        let queries = self.timings.iter().map(super::super::QueryTimings::describe).collect();
        section("Queries of the application", queries);
        section("At work", self.stays.iter().map(stay).collect());
        let events = self.events.iter();
        section(
            "Events",
            events
                .map(|event| format!("{}  {}@{}  {}", event.at, event.actor, event.host, event.message))
                .collect(),
        );
        lines.join("\n")
    }

    /// The sign-off, a figure a line; empty where there is none.
    #[must_use]
    pub fn proof(&self) -> Vec<String> {
        let Some(proof) = &self.standing.run.sign_off else { return Vec::new() };
        let text = |value: &Value| value.as_str().map_or_else(|| "NULL".to_owned(), str::to_owned);
        let count = |key: &str| proof[key].as_i64().unwrap_or_default().unsigned_abs();
        let mut lines = vec![format!(
            "of {} rows {} to do, in one snapshot ({}) at {}",
            human_count(count("rows")),
            if count("remaining") == 0 {
                "none is left".to_owned()
            } else {
                format!("{} are left", count("remaining"))
            },
            text(&proof["snapshot"]),
            text(&proof["at"]),
        )];
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        for total in list(&proof["totals"]) {
            let sign = if total["equal"] == true { "=" } else { "≠" };
            let (left, right) = (text(&total["left"]), text(&total["right"]));
            let values = format!("{} {sign} {}", text(&total["left_value"]), text(&total["right_value"]));
            lines.push(format!("{left} {sign} {right}: {values}"));
        }
        for groups in list(&proof["groups"]) {
            let (all, unequal) =
                (groups["groups"].as_i64().unwrap_or(0), groups["unequal"].as_i64().unwrap_or(0));
            lines.push(format!("by {}: {all} groups, {unequal} of them differ", text(&groups["by"])));
        }
        lines
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "run": self.standing.json(),
            "held_by": self.held_by(),
            "holds": self.holds,
            "queries": self.timings.iter().map(super::super::QueryTimings::json).collect::<Vec<_>>(),
            "at_work": self.stays,
            "events": self.events,
        })
    }
}

fn stay(stay: &crate::store::Stay) -> String {
    let time = |microseconds| {
        Timestamp::from_microsecond(microseconds)
            .map(|at: Timestamp| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
            .unwrap_or_default()
    };
    let workers = counted(usize::try_from(stay.workers).unwrap_or_default(), "worker");
    let (batches, rows) = (stay.batches.unsigned_abs(), stay.rows_changed.unsigned_abs());
    format!(
        "{} on {} (process {}, {workers}) from {} to {} UTC: {} rows in {} batches",
        stay.actor,
        stay.host,
        stay.process_id,
        time(stay.began),
        time(stay.ended),
        human_count(rows),
        human_count(batches)
    )
}
