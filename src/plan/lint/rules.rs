//! The rules of our own, each over one thing that a statement does. What `squawk_linter` knows is in `super::squawk`.

mod columns;
mod constraints;
mod data;
mod indexes;
mod names;
mod order;
mod tables;

use super::cost::{Estimate, Work};
use super::effects::Effect;
use super::finding::{Blocked, Finding, Level};
use super::lock::Blocks;
use super::operation::{Operation, Statement};
use super::scene::Scene;

/// One rule.
pub(crate) struct Rule {
    /// As comments and output name it.
    pub(crate) name: &'static str,
    /// What it looks for.
    pub(crate) about: &'static str,
    find: fn(&Case<'_>) -> Option<Finding>,
}

/// One thing that a statement does, where it does it.
pub(super) struct Case<'c> {
    pub(super) statement: &'c Statement,
    pub(super) operation: &'c Operation,
    pub(super) effects: &'c [Effect],
    pub(super) scene: &'c Scene<'c>,
}

/// What a rule says: the words of a finding.
pub(super) struct Words {
    pub(super) says: String,
    pub(super) why: &'static str,
    pub(super) safe: String,
}

const fn rule(name: &'static str, about: &'static str, find: fn(&Case<'_>) -> Option<Finding>) -> Rule {
    Rule { name, about, find }
}

/// All of them. Each finds at most one thing in a case.
pub(crate) const RULES: &[Rule] = &[
    rule("add-column-rewrite", "a new column whose values are computed row by row", columns::rewrite),
    rule("add-column-check", "a new column with a CHECK", columns::check),
    rule("add-column-unique", "a new column that is UNIQUE or a key", columns::unique),
    rule("add-column-foreign-key", "a new column with a foreign key", columns::foreign_key),
    rule("required-column", "a new column that is NOT NULL without a default", columns::required),
    rule("change-type", "a column of another type, or another expression", columns::change_type),
    rule("set-not-null", "SET NOT NULL without a proof", columns::set_not_null),
    rule("add-check", "a CHECK that is looked at while all wait", constraints::check),
    rule("add-foreign-key", "a foreign key that is looked at while writes wait", constraints::foreign_key),
    rule(
        "add-unique",
        "UNIQUE, PRIMARY KEY or EXCLUDE, whose index is built while all wait",
        constraints::unique,
    ),
    rule("foreign-key-index", "a foreign key whose columns have no index", constraints::no_index),
    rule("check-domain", "a domain's constraint, looked at in all tables that use it", constraints::domain),
    rule("create-index", "an index that is built while writes wait", indexes::create),
    rule("drop-index", "an index that is dropped while all wait", indexes::drop),
    rule("reindex", "an index that is built again while writes wait", indexes::reindex),
    rule(
        "concurrently-in-transaction",
        "CONCURRENTLY in a section that is one transaction",
        indexes::concurrently,
    ),
    rule("move-table", "a table that is written to another place", tables::relocate),
    rule("repack", "CLUSTER and VACUUM FULL", tables::repack),
    rule("refresh-view", "REFRESH MATERIALIZED VIEW", tables::refresh),
    rule("attach-partition", "a partition whose rows are looked at while all wait", tables::attach),
    rule("detach-partition", "a partition that is detached while all wait", tables::detach),
    rule("lose-data", "DROP COLUMN, DROP TABLE, TRUNCATE", tables::lose),
    rule("rename", "a name that running programs still use", names::rename),
    rule("validate-in-same-transaction", "NOT VALID and VALIDATE in one transaction", order::validate),
    rule("long-after-lock", "long work while an earlier statement's lock is held", order::long_after_lock),
    rule("many-locks", "one transaction that locks many tables against all", order::many_locks),
    rule(
        "enum-value-used",
        "a value of an enum that is used in the transaction that adds it",
        order::enum_value,
    ),
    rule("bulk-write", "an UPDATE or DELETE of a large table in one transaction", data::bulk_write),
    rule("not-looked-into", "DO and CALL, which may do anything", data::opaque),
    rule("not-understood", "a statement that could not be read", data::unread),
];

/// All that the rules find in a case.
pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let found = RULES.iter().filter_map(|rule| {
        let finding = (rule.find)(case)?;
        Some(Finding { rule: rule.name, ..finding })
    });
    found.collect()
}

impl Case<'_> {
    /// A finding at the statement.
    pub(super) fn finding(&self, level: Level, words: Words) -> Finding {
        Finding {
            rule: "",
            level,
            line: self.statement.line,
            column: self.statement.column,
            says: words.says,
            blocked: Vec::new(),
            why: words.why.to_owned(),
            safe: words.safe,
        }
    }

    /// A finding that is as grave as others wait long; nothing where nobody waits for work of the kind.
    pub(super) fn if_blocking(&self, words: impl FnOnce() -> Words) -> Option<Finding> {
        let is_at_work = self.effects.iter().any(|effect| !matches!(effect.work, Work::None | Work::Empty));
        let time = self.scene.takes_all(self.effects);
        let blocked = self.blocked(time);
        if !is_at_work || blocked.is_empty() {
            return None;
        }
        let level = if time.is_harmless() { Level::Note } else { Level::Danger };
        Some(Finding { blocked, ..self.finding(level, words()) })
    }

    /// Who waits while this takes so long.
    pub(super) fn blocked(&self, time: Estimate) -> Vec<Blocked> {
        let waits = self.effects.iter().filter(|effect| effect.lock.blocks() >= Blocks::Writes);
        waits
            .map(|effect| Blocked { table: effect.table.clone(), what: effect.lock.blocks(), time })
            .collect()
    }

    /// What the statement's SQL says after the first of these words; for writing it out another way.
    pub(super) fn after(&self, word: &str) -> Option<&str> {
        let upper = self.statement.sql.to_ascii_uppercase();
        let at = upper.find(word)?;
        Some(self.statement.sql[at + word.len()..].trim())
    }
}

/// An argument as a shell takes it.
pub(super) fn shell(argument: &str) -> String {
    let is_plain = argument.chars().all(|c| c.is_alphanumeric() || "_.,".contains(c));
    if is_plain { argument.to_owned() } else { format!("'{}'", argument.replace('\'', r"'\''")) }
}

/// A name for what belongs to a table, without its schema: `entries_amount_check`.
pub(super) fn name_for(table: &str, parts: &[&str], suffix: &str) -> String {
    let bare = table.rsplit('.').next().unwrap_or(table).trim_matches('"');
    let parts: Vec<String> = parts.iter().map(|part| part.trim_matches('"').to_owned()).collect();
    let whole = [&[bare.to_owned()], parts.as_slice(), &[suffix.to_owned()]].concat().join("_");
    let plain = whole.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain { whole } else { format!("\"{whole}\"") }
}
