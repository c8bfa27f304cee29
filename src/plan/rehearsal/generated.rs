//! Columns that change along.

use super::super::checkup::Finding;
use super::{Facts, list};

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    const SUBJECT: &str = "generated";
    let generated = &facts.surroundings.generated;
    if generated.is_empty() {
        return vec![Finding::fine(SUBJECT, "no stored column is computed from what is set")];
    }
    vec![Finding::note(
        SUBJECT,
        format!("{} is computed from what is set, and changes along", list(generated)),
        "an index on it is written by each update like one on what is set",
    )]
}
