//! Locks that a batch would wait for now.

use super::super::checkup::Finding;
use super::Facts;

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    const SUBJECT: &str = "locks";
    match facts.surroundings.locks.as_slice() {
        [] => vec![Finding::fine(
            SUBJECT,
            format!("nobody holds one of {} that batches would wait for", facts.table),
        )],
        locks => locks.iter().map(|who| held(&facts.table, who)).collect(),
    }
}

/// One of them.
pub(super) fn held(table: &str, who: &str) -> Finding {
    Finding::bad(
        "locks",
        format!("{table} is locked against batches: {who}"),
        "wait for its end, or end that session; a run is held meanwhile",
    )
}
