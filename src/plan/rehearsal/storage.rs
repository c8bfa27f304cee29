//! How full the pages are.

use super::super::checkup::Finding;
use super::Facts;
use crate::model::human_size;

/// A table that uses less of its pages than this is bloated.
const BLOATED: f64 = 0.6;

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    const SUBJECT: &str = "storage";
    let (size, fillfactor) = (human_size(facts.table_bytes), facts.surroundings.fillfactor);
    let Some(live) = facts.live_share else {
        return vec![Finding::fine(
            SUBJECT,
            format!("{size}, fillfactor {fillfactor}; no row was met in a sample"),
        )];
    };
    let percent = live * 100.0;
    let finding = if live < BLOATED {
        Finding::note(
            SUBJECT,
            format!(
                "{size}, of which rows take {percent:.0} % (fillfactor {fillfactor}): the rest is free, or dead"
            ),
            "updates find room on their pages; VACUUM first if the dead rows are old",
        )
    } else {
        Finding::fine(SUBJECT, format!("{size}, of which rows take {percent:.0} % (fillfactor {fillfactor})"))
    };
    let mut findings = vec![finding];
    if facts.surroundings.unlogged {
        findings.push(Finding::note(
            SUBJECT,
            format!("{} is unlogged: after a crash of the server it is empty", facts.table),
            "the books of the run would say it is done; ALTER TABLE … SET LOGGED first",
        ));
    }
    findings
}
