//! Which of `squawk_linter`'s rules are on, and how grave they are here.
//!
//! Off, and why:
//!
//! - what our own rules say with the table's size and the server's version: adding-field-with-default,
//!   adding-foreign-key-constraint, adding-not-nullable-field, adding-required-field, adding-serial-primary-key-field,
//!   ban-alter-domain-with-add-constraint, ban-concurrent-index-creation-in-transaction, ban-drop-column, ban-drop-table,
//!   changing-column-type (finds a varchar that grows), constraint-missing-not-valid, disallowed-unique-constraint,
//!   renaming-column, renaming-table, require-concurrent-*;
//! - what longhaul sees to: require-lock-timeout, require-statement-timeout (it sets the first and needs no second),
//!   prefer-robust-stmts (a revision is one transaction), transaction-nesting and ban-uncommitted-transaction (a revision
//!   that begins or ends one is refused);
//! - taste, or not for everybody: prefer-text-field, prefer-identity (an identity is written row by row as well),
//!   prefer-bigint-over-int, prefer-bigint-over-smallint, prefer-repack, require-table-schema, and all that squawk itself leaves off.

use super::finding::{Finding, Level};

/// What squawk says of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remark {
    /// Its rule, one of [`SQUAWK`].
    pub(crate) rule: &'static str,
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) says: String,
    pub(crate) help: String,
}

/// The rules that are on. Nothing of theirs keeps anybody waiting, so only what is sure to fail or to lose is dangerous.
pub(crate) const SQUAWK: &[(&str, Level)] = &[
    ("ban-drop-database", Level::Danger),
    ("ban-duplicate-column-assignments", Level::Danger),
    ("ban-truncate-cascade", Level::Warning),
    ("ban-drop-schema", Level::Warning),
    ("identifier-too-long", Level::Warning),
    ("renaming-object", Level::Warning),
    ("ban-set-schema", Level::Warning),
    ("ban-char-field", Level::Note),
    ("ban-create-domain-with-constraint", Level::Note),
    ("ban-drop-domain", Level::Note),
    ("ban-drop-extension", Level::Note),
    ("ban-drop-function", Level::Note),
    ("ban-drop-not-null", Level::Note),
    ("ban-drop-type", Level::Note),
    ("ban-drop-view", Level::Note),
    ("prefer-timestamp-tz", Level::Note),
    ("require-enum-value-ordering", Level::Note),
];

/// As a finding of ours.
pub(super) fn judge(remark: &Remark) -> Option<Finding> {
    let (rule, level) = SQUAWK.iter().find(|(rule, _)| *rule == remark.rule)?;
    // Programs hardly ever ask for an index or a constraint by its name.
    let is_inner = ["an index", "a constraint"].iter().any(|object| remark.says.contains(object));
    let level = if *rule == "renaming-object" && is_inner { &Level::Note } else { level };
    Some(Finding {
        rule,
        level: *level,
        line: remark.line,
        column: remark.column,
        says: remark.says.clone(),
        blocked: Vec::new(),
        why: "by squawk".to_owned(),
        safe: remark.help.clone(),
    })
}
