//! Foreign keys and other constraints that are checked for each row.

use super::super::checkup::Finding;
use super::{Facts, ForeignKey, list};

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    const SUBJECT: &str = "constraints";
    let around = &facts.surroundings;
    let mut findings: Vec<Finding> = around.foreign_keys.iter().map(foreign_key).collect();
    if !around.unproved.is_empty() {
        findings.push(Finding::note(
            SUBJECT,
            format!("{} was never proved for the rows there are, and is checked for each that is changed: one that \
                     violates it fails", list(&around.unproved)),
            format!("ALTER TABLE {} VALIDATE CONSTRAINT tells beforehand whether there are any", facts.table),
        ));
    }
    if !around.unique_on_targets.is_empty() {
        findings.push(Finding::note(
            SUBJECT,
            format!(
                "{} must stay unique in what is set: two rows that come to the same value fail",
                list(&around.unique_on_targets)
            ),
            "look for duplicates of the new values with a query first",
        ));
    }
    if findings.is_empty() {
        findings
            .push(Finding::fine(SUBJECT, "no foreign key, unique index or unproved CHECK is on what is set"));
    }
    findings
}

fn foreign_key(key: &ForeignKey) -> Finding {
    const SUBJECT: &str = "constraints";
    let ForeignKey { name, other, .. } = key;
    match (key.incoming, key.has_index, key.writes) {
        (false, ..) => Finding::note(
            SUBJECT,
            format!(
                "each new value is looked up in {other} ({name}), whose row is locked against deletion meanwhile"
            ),
            format!("values that {other} hasn't got fail their batch"),
        ),
        (true, false, _) => Finding::bad(
            SUBJECT,
            format!(
                "{other} points at what is set ({name}) without an index: each changed row reads all of {other}"
            ),
            format!("CREATE INDEX CONCURRENTLY on the columns of {name} in {other}"),
        ),
        (true, true, true) => Finding::note(
            SUBJECT,
            format!("rows of {other} are changed along ({name}), and aren't counted in the limits"),
            "set them by a job of their own first, or be ready for as many changes there",
        ),
        (true, true, false) => Finding::note(
            SUBJECT,
            format!("{other} points at what is set ({name}): a value that is still pointed at can't change"),
            "such rows fail their batch",
        ),
    }
}
