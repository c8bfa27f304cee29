//! Whether updates stay on their pages, and why not.

use super::super::checkup::Finding;
use super::{Facts, list};

/// A key's correlation below which rows that are neighbours by key are none on disk.
const FOLLOWS: f32 = 0.9;

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    const SUBJECT: &str = "heap-only";
    let indexes = facts.surroundings.indexes;
    let finding = if !facts.forbidding.is_empty() {
        Finding::note(
            SUBJECT,
            format!(
                "{} is on what is set: each update writes all {indexes} indexes, and the table grows",
                list(&facts.forbidding)
            ),
            format!(
                "where it can be spared until then: DROP INDEX CONCURRENTLY {}, and build it again behind the job",
                list(&facts.forbidding)
            ),
        )
    } else if facts.strides > 1 {
        Finding::fine(
            SUBJECT,
            format!(
                "most updates will stay on their pages, in {} strides ({})",
                facts.strides, facts.why_strides
            ),
        )
    } else {
        Finding::note(
            SUBJECT,
            format!("updates are not interleaved: {}", facts.why_strides),
            "what doesn't fit on its page moves, and writes every index",
        )
    };
    let follows = facts.correlation.is_none_or(|correlation| correlation.abs() >= FOLLOWS);
    let mut findings = vec![finding];
    if !follows {
        findings.push(Finding::note(
            "order",
            format!(
                "the walk goes by key, and rows that are neighbours by {} lie far apart: each batch touches many pages",
                facts.key_index
            ),
            "a job that converges may walk in physical order; or name another `key` that follows the rows",
        ));
    }
    findings
}
