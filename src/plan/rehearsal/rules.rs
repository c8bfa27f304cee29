//! Rules that would rewrite a batch.

use super::super::checkup::Finding;
use super::{Facts, list};

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    const SUBJECT: &str = "rules";
    let rules = &facts.surroundings.rules;
    if rules.is_empty() {
        return vec![Finding::fine(SUBJECT, "none would rewrite the batches")];
    }
    vec![Finding::bad(
        SUBJECT,
        format!(
            "PostgreSQL rewrites an UPDATE of {} by {}, and refuses that in a batch",
            facts.table,
            list(rules)
        ),
        format!("ALTER TABLE {} DISABLE RULE {}, or make a trigger of it", facts.table, list(rules)),
    )]
}
