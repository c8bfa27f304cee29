//! Whether dead rows are cleaned up.

use super::super::checkup::Finding;
use super::Facts;

/// Dead rows of the table's, from which on they are many.
const MANY: f64 = 0.2;

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    const SUBJECT: &str = "vacuum";
    let around = &facts.surroundings;
    let mut findings = Vec::new();
    if !around.autovacuum {
        let who =
            if facts.owned { "the run's own VACUUM is all there is" } else { "nor may this role VACUUM it" };
        findings.push(Finding::note(
            SUBJECT,
            format!("autovacuum is off for {}; {who}", facts.table),
            format!("ALTER TABLE {} RESET (autovacuum_enabled)", facts.table),
        ));
    } else if !facts.owned && !facts.forbidding.is_empty() {
        findings.push(Finding::note(
            SUBJECT,
            format!(
                "this role may not VACUUM {}: room that moved rows leave comes back only by autovacuum",
                facts.table
            ),
            "run it as the table's owner, or lower autovacuum_vacuum_scale_factor of the table for the time",
        ));
    }
    if around.rows > 0.0 && around.dead_rows as f64 > around.rows * MANY {
        findings.push(Finding::note(
            SUBJECT,
            format!("{:.0} % of its rows are dead already", around.dead_rows as f64 / around.rows * 100.0),
            format!("VACUUM {} first: the batches would read them all", facts.table),
        ));
    }
    if around.rows < 0.0 {
        findings.push(Finding::note(
            SUBJECT,
            format!("{} was never analyzed: how many rows it has is a guess", facts.table),
            format!("ANALYZE {}", facts.table),
        ));
    }
    if around.is_vacuumed {
        findings.push(Finding::note(
            SUBJECT,
            "a VACUUM is at work on it now",
            "it takes no lock that batches wait for, and some of the disk",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::fine(SUBJECT, "autovacuum is on for it, and few rows are dead"));
    }
    findings
}
