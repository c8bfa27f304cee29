//! Errors as a person reads them: what, why, where in the SQL, and what to do. Never a backtrace, never a password.

use std::error::Error;

use super::exit;
use crate::config::ConfigError;
use crate::engine::{HistoryError, PreflightError, RunError, SqlExcerpt};
use crate::manifest::{DocumentError, ManifestError};
use crate::pg::ConnectError;
use crate::pg::local::LocalError;
use crate::plan::graph::{ResolveError, TargetError};
use crate::store::StoreError;
use crate::web::PageError;

/// A failure with its exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) message: String,
    pub(crate) causes: Vec<String>,
    pub(crate) details: Vec<String>,
    pub(crate) hint: Option<String>,
    /// The message for the log, where the message itself has a row's key in it.
    logged: Option<&'static str>,
}

impl Failure {
    pub(crate) fn new(code: u8, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            causes: Vec::new(),
            details: Vec::new(),
            hint: None,
            logged: None,
        }
    }

    /// From an error and the chain of its sources.
    pub(crate) fn from_error(code: u8, error: &dyn Error) -> Self {
        let mut failure = Self::new(code, error.to_string());
        let mut source = error.source();
        while let Some(error) = source {
            failure = failure.because(error);
            source = if error.is::<tokio_postgres::Error>() { None } else { error.source() };
        }
        failure
    }

    pub(crate) fn because(mut self, cause: &(dyn Error + 'static)) -> Self {
        self.causes.push(match cause.downcast_ref::<tokio_postgres::Error>() {
            Some(error) => crate::pg::describe(error),
            None => cause.to_string(),
        });
        self
    }

    pub(crate) fn hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// Has this in the log instead of its message.
    pub(crate) fn logged_as(self, message: &'static str) -> Self {
        Self { logged: Some(message), ..self }
    }

    /// The message for the log.
    pub(crate) fn logged(&self) -> &str {
        self.logged.unwrap_or(&self.message)
    }

    pub(crate) fn detail(mut self, detail: Option<String>) -> Self {
        self.details.extend(detail);
        self
    }
}

/// The line of the error with a mark below it.
fn draw(excerpt: &SqlExcerpt) -> String {
    let before: String = excerpt.sql.chars().take(excerpt.position).collect();
    let number = before.matches('\n').count();
    let column = before.chars().rev().take_while(|c| *c != '\n').count();
    let line = excerpt.sql.lines().nth(number).unwrap_or_default();
    let label =
        if excerpt.sql.trim_end().contains('\n') { format!("{:>4}", number + 1) } else { "    ".to_owned() };
    format!("{label} | {line}\n     | {}^", " ".repeat(column))
}

fn draw_line(error: &DocumentError) -> Option<String> {
    let margin = " ".repeat(error.column - 1);
    (!error.source_line.is_empty())
        .then(|| format!("{:>4} | {}\n     | {margin}^", error.line, error.source_line))
}

/// Whether a line of a file may have a password in it.
fn may_tell_password(line: &str) -> bool {
    ["database_url", "://", "password"].iter().any(|word| line.contains(word))
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let drawn = match &error {
            ConfigError::Document(document) if !may_tell_password(&document.source_line) => {
                draw_line(document)
            }
            _ => None,
        };
        Self::from_error(exit::USAGE, &error).detail(drawn).hint(error.hint())
    }
}

impl From<ManifestError> for Failure {
    fn from(error: ManifestError) -> Self {
        let drawn = match &error {
            ManifestError::Document(document) if !may_tell_password(&document.source_line) => {
                draw_line(document)
            }
            _ => None,
        };
        Self::from_error(exit::USAGE, &error).detail(drawn).hint(error.hint())
    }
}

impl From<ResolveError> for Failure {
    fn from(error: ResolveError) -> Self {
        Self::from_error(exit::USAGE, &error)
    }
}

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        Self::from_error(exit::USAGE, &error).hint(error.hint())
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        Self::from_error(exit::FAILED, &error).hint(error.hint())
    }
}

impl From<PageError> for Failure {
    fn from(error: PageError) -> Self {
        let code = if error.is_usage() { exit::USAGE } else { exit::FAILED };
        Self::from_error(code, &error).hint(error.hint())
    }
}

impl From<LocalError> for Failure {
    fn from(error: LocalError) -> Self {
        let hint = error.hint();
        Self::from_error(exit::FAILED, &error).hint(hint)
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::new(exit::FAILED, "a statement failed").because(&error).hint(crate::pg::sqlstate::hint(&error))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::from_error(exit::FAILED, &error).hint(error.hint())
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        let code = match &error {
            RunError::Preflight(PreflightError::Finding(_))
            | RunError::Drifted { .. }
            | RunError::TableChanged { .. }
            | RunError::TableReplaced { .. }
            | RunError::KeyChanged { .. }
            | RunError::Setting(_) => exit::USAGE,
            RunError::RowsRemain { .. } | RunError::TotalsDiffer { .. } => exit::FOUND,
            RunError::Busy { .. } | RunError::Overtaken { .. } => exit::NOT_NOW,
            _ => exit::FAILED,
        };
        let detail = match &error {
            RunError::Drifted { diff, .. } => Some(diff.trim_end().to_owned()),
            _ => error.finding().and_then(|finding| finding.excerpt.as_ref()).map(draw),
        };
        let logged = error.without_values();
        Self { logged, ..Self::from_error(code, &error) }.detail(detail).hint(error.hint())
    }
}

impl From<HistoryError> for Failure {
    fn from(error: HistoryError) -> Self {
        let code = match error {
            HistoryError::Run(error) => return error.into(),
            HistoryError::Connect(error) => return error.into(),
            HistoryError::Store(error) => return error.into(),
            HistoryError::Manifest(error) => return error.into(),
            HistoryError::Target(error) => return error.into(),
            HistoryError::Gate(_)
            | HistoryError::Followed { .. }
            | HistoryError::Irreversible { .. }
            | HistoryError::NoAlembic { .. } => exit::USAGE,
            HistoryError::Unverified { .. }
            | HistoryError::Changed { .. }
            | HistoryError::Dangerous { .. }
            | HistoryError::Disagrees { .. } => exit::FOUND,
            HistoryError::Stopped { .. } => exit::STOPPED,
            HistoryError::Busy { .. } | HistoryError::JobAtWork { .. } | HistoryError::Moved { .. } => {
                exit::NOT_NOW
            }
            _ => exit::FAILED,
        };
        let details: Vec<String> = match &error {
            HistoryError::Section(failed) => {
                let blockers = failed.blockers.iter().map(|blocker| format!("  blocked by {blocker}"));
                failed.excerpt.iter().map(draw).chain(blockers).collect()
            }
            HistoryError::Dangerous { lines, .. } => lines.clone(),
            HistoryError::Changed { files } => {
                files.iter().filter_map(|file| Some(file.diff.as_ref()?.trim_end().to_owned())).collect()
            }
            _ => Vec::new(),
        };
        let mut failure = Self::from_error(code, &error).hint(error.hint());
        if let HistoryError::Section(failed) = &error {
            failure = failure.because(&failed.source);
        }
        failure.details.extend(details);
        failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_below_the_error() {
        let excerpt = SqlExcerpt { sql: "gross_pay +\n  bonus * 2".to_owned(), position: 14 };
        assert_eq!(draw(&excerpt), "   2 |   bonus * 2\n     |   ^");
        let excerpt = SqlExcerpt { sql: "groß".to_owned(), position: 3 };
        assert_eq!(draw(&excerpt), "     | groß\n     |    ^");
    }
}
