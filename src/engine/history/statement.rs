//! One statement of a section with `transaction:false`: what it is known by, what it needs set, how the server refuses it.

use sha2::{Digest, Sha256};

use super::HistoryError;
use super::execution::Place;
use crate::manifest;

/// One statement of a section.
pub(super) struct Statement<'s> {
    pub(super) sql: &'s str,
    pub(super) digest: String,
    /// How many come before it.
    pub(super) at: usize,
    /// Of how many it is one.
    of: usize,
    /// What those before it have set for the session.
    pub(super) settings: String,
}

impl<'s> Statement<'s> {
    /// The statement that comes after `at` others.
    pub(super) fn of(statements: &'s [String], at: usize) -> Self {
        let sql = &statements[at];
        Self { sql, digest: digest(sql), at, of: statements.len(), settings: settings(&statements[..at]) }
    }

    /// Its place among the others.
    pub(super) fn place(&self) -> Place {
        Place { at: self.at, of: self.of }
    }

    /// The same with SQL that is run before all of them.
    pub(super) fn after(mut self, sql: Option<&str>) -> Self {
        if let Some(sql) = sql {
            self.settings = format!("{sql};\n{}", self.settings);
        }
        self
    }
}

/// Why a statement doesn't run in a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// `active_sql_transaction`: by its nature. It is done or it has failed.
    Nature,
    /// `invalid_transaction_termination`: it commits on its way, and may fail then.
    Commits,
}

pub(super) fn refusal(error: &HistoryError) -> Option<Refusal> {
    let HistoryError::Section(failed) = error else { return None };
    match failed.source.code()?.code() {
        "25001" => Some(Refusal::Nature),
        "2D000" => Some(Refusal::Commits),
        _ => None,
    }
}

/// What these statements have set for the session: each statement runs in a session as it was found, also where another
/// process did those before it.
fn settings(statements: &[String]) -> String {
    let is_setting = |sql: &&String| {
        let words = manifest::words(sql);
        let word = |at: usize| words.get(at).map(|word| word.to_ascii_uppercase()).unwrap_or_default();
        match word(0).as_str() {
            "SET" => !matches!(word(1).as_str(), "LOCAL" | "TRANSACTION" | "CONSTRAINTS"),
            "SELECT" => words.iter().any(|word| word.to_ascii_lowercase().ends_with("set_config")),
            first => first == "RESET",
        }
    };
    let set: Vec<&str> =
        statements.iter().filter(is_setting).map(|sql| sql.trim().trim_end_matches(';')).collect();
    set.join(";\n")
}

/// SHA-256 of the statement, whatever its blanks.
pub(super) fn digest(statement: &str) -> String {
    let words: Vec<&str> = statement.split_whitespace().collect();
    Sha256::digest(words.join(" ")).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_for_the_session_is_set_again() {
        let statements = [
            "SET search_path = audit ;",
            "CREATE INDEX i ON t (a)",
            "set local lock_timeout = 1",
            "-- why\nRESET ROLE",
            "SET TRANSACTION READ ONLY",
            "SELECT 'SET'",
            "SELECT pg_catalog.set_config('search_path', '', false)",
            "SET ROLE clerk -- last",
        ];
        let set = settings(&statements.map(str::to_owned));
        assert_eq!(
            set,
            "SET search_path = audit ;\n-- why\nRESET ROLE;\nSELECT pg_catalog.set_config('search_path', '', false);\nSET ROLE clerk -- last"
        );
    }
}
