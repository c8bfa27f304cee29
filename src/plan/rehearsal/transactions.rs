//! Old transactions, which keep dead rows.

use std::time::Duration;

use super::super::checkup::Finding;
use super::Facts;
use crate::model::human_duration;

/// Seconds: an interval between two strides of a window. What is older keeps dead rows from being pruned.
const OLD: f64 = 30.0;

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    const SUBJECT: &str = "transactions";
    let around = &facts.surroundings;
    let age = human_duration(Duration::from_secs_f64(around.oldest_transaction.clamp(0.0, 1e9)));
    let keeper = around.keeps_dead_rows.as_deref();
    let finding = match keeper {
        Some(who) if around.oldest_transaction >= OLD || who.starts_with("the ") => Finding::note(
            SUBJECT,
            format!("dead rows are kept by {who}; the oldest transaction is {age} old"),
            "while it lasts no update is heap-only behind the first, and the table grows: end it, or hold for it with \
             oldest_transaction under [limits]",
        ),
        _ => Finding::fine(SUBJECT, "none is old enough to keep dead rows for long"),
    };
    vec![finding]
}
