//! What `plan` says of a job before its first night: each check a file, all of them in one list.
//!
//! A check looks at [`Facts`] and says what stops the job, what is worth knowing, and what is fine. They are asked twice:
//! before real batches are tried, which nothing may speak against, and once more with what those showed.

mod autovacuum;
mod constraints;
mod disk;
mod explained;
mod facts;
mod generated;
mod hot;
mod hours;
mod key;
mod locks;
mod publications;
mod rows;
mod rules;
mod runs;
mod server;
mod storage;
#[cfg(test)]
mod tests;
mod transactions;
mod triggers;
mod undo;
mod wraparound;

pub use explained::{Explained, TriggerTime};
pub use facts::{Facts, ForeignKey, Opening, Surroundings, Tried, Trigger, Unfinished};

use super::checkup::{Finding, Level};

/// Looks at the facts, and says what there is to say.
type Check = fn(&Facts) -> Vec<Finding>;

/// In the order in which a person asks.
const CHECKS: &[Check] = &[
    runs::check,
    hours::check,
    key::check,
    rows::check,
    rules::check,
    triggers::check,
    constraints::check,
    generated::check,
    hot::check,
    publications::check,
    locks::check,
    transactions::check,
    storage::check,
    autovacuum::check,
    wraparound::check,
    disk::check,
    undo::check,
    server::check,
];

/// What is to be said of the job, the gravest first.
#[must_use]
pub fn judge(facts: &Facts) -> Vec<Finding> {
    let mut findings: Vec<Finding> = CHECKS.iter().flat_map(|check| check(facts)).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    findings
}

/// Whether something stops it.
#[must_use]
pub fn is_stopped(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.level == Level::Bad)
}

/// What is to be said of a table whose locks keep anything else from being looked at.
#[must_use]
pub fn locked(table: &str, locks: &[String]) -> Vec<Finding> {
    locks.iter().map(|who| locks::held(table, who)).collect()
}

/// Names in one line.
fn list(names: &[String]) -> String {
    names.join(", ")
}
