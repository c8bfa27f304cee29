//! What `doctor` says of the server, as far as it matters to a run.

use super::super::checkup::{Finding, Level};
use super::Facts;

/// Of `doctor`'s, those that tell nothing of a job.
const ELSEWHERE: &[&str] = &["TLS", "event triggers", "extensions", "version", "clocks"];

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let told: Vec<Finding> = facts
        .server
        .iter()
        .filter(|finding| finding.level > Level::Fine && !ELSEWHERE.contains(&finding.subject))
        .cloned()
        .collect();
    if told.is_empty() {
        return vec![Finding::fine("server", "`longhaul doctor` finds nothing that would matter to the job")];
    }
    told
}
