//! The author's expressions are SQL, of the right type, and no more than expressions: each is prepared by itself, so
//! that an error can be shown where it stands in the author's own text.

use tokio_postgres::error::{ErrorPosition, SqlState};

use super::targets::place;
use super::{Finding, Preflight, PreflightError, SqlExcerpt, totals};
use crate::engine::statements::{JobSql, Scope, clause};
use crate::model::Assignment;
use crate::pg::catalog::Table;
use crate::pg::search_path::prepare_as_author;
use crate::pg::{ErrorClass, classify, quote};

const WHERE: &str = "[job] where";

impl Preflight<'_> {
    pub(super) async fn expressions(
        &self,
        table: &Table,
        set: &[(&Assignment, &str)],
    ) -> Result<(), PreflightError> {
        let name = quote::table(&table.name);
        for (assignment, _) in set {
            let before = format!("UPDATE {name} SET {} = ", quote::ident(&assignment.column));
            self.probe(&place(&assignment.column), &before, &assignment.expression, "").await?;
        }
        Ok(())
    }

    pub(super) async fn filter_expression(&self, table: &Table, filter: &str) -> Result<(), PreflightError> {
        let before = format!("SELECT FROM {} WHERE ", quote::table(&table.name));
        self.probe(WHERE, &before, filter, "").await
    }

    /// The whole batch, once more in one piece: what no part shows alone, like a missing equality operator.
    pub(super) async fn whole_batch(&self, sql: &JobSql) -> Result<(), PreflightError> {
        for statement in [&sql.whole, &sql.remaining(Scope::default())] {
            prepare_as_author(self.client, statement).await.map_err(|error| match error.code() {
                Some(code) if *code == SqlState::UNDEFINED_FUNCTION && self.job.filter.is_none() => {
                    let message = format!("the default `where` can't be used here: {}", in_short(&error));
                    let hint = "write a `where` that is true for the rows still to do";
                    self.finding("[job] where", message).hint(hint).into()
                }
                Some(_) if classify(&error) == ErrorClass::Definition => self
                    .finding("[job]", format!("PostgreSQL refuses the batch: {}", in_short(&error)))
                    .into(),
                _ => PreflightError::Sql { doing: "prepare a batch", source: error },
            })?;
        }
        Ok(())
    }

    /// Prepares `before (expression) after`, and shows an error at its place in the expression.
    pub(super) async fn probe(
        &self,
        place: &str,
        before: &str,
        expression: &str,
        after: &str,
    ) -> Result<(), PreflightError> {
        let statement = format!("{before}{}{after}", clause(expression));
        match prepare_as_author(self.client, &statement).await {
            Ok(prepared) if prepared.params().is_empty() => Ok(()),
            Ok(_) => {
                let message = "an expression can't have parameters like $1";
                Err(self.finding(place, message).hint("write the value itself").into())
            }
            Err(source) => match classify(&source) {
                ErrorClass::Definition | ErrorClass::Data | ErrorClass::Rights | ErrorClass::Other => {
                    let offset = before.chars().count() + 1;
                    Err(self.refused(place, expression, offset, &source).into())
                }
                _ => Err(PreflightError::Sql { doing: "prepare an expression", source }),
            },
        }
    }

    fn refused(&self, place: &str, sql: &str, offset: usize, error: &tokio_postgres::Error) -> Finding {
        let database = error.as_db_error();
        let length = sql.chars().count();
        let excerpt = database.and_then(|e| match e.position() {
            Some(ErrorPosition::Original(position)) => {
                let position = usize::try_from(*position).ok()?.checked_sub(offset + 1)?;
                Some(SqlExcerpt { sql: sql.to_owned(), position: position.min(length) })
            }
            _ => None,
        });
        let hint = match error.code() {
            _ if database.and_then(|e| e.hint()).is_some() => {
                database.and_then(|e| e.hint()).map(str::to_owned)
            }
            Some(code) if *code == SqlState::GROUPING_ERROR && place == totals::PLACE => {
                Some("a total is an aggregate over all rows, like sum(column)".to_owned())
            }
            Some(code) if *code == SqlState::GROUPING_ERROR => {
                Some("an expression is over one row; aggregates belong in [verify] totals".to_owned())
            }
            Some(code) if *code == SqlState::UNDEFINED_COLUMN => Some(format!(
                "expressions are over the columns of {}; text stands in 'single quotes'",
                self.job.table
            )),
            Some(code) if *code == SqlState::DATATYPE_MISMATCH && place == WHERE => {
                Some("`where` says of each row whether it is still to do: write a condition".to_owned())
            }
            Some(code) if *code == SqlState::DATATYPE_MISMATCH => {
                Some("cast the expression to the column's type with ::type".to_owned())
            }
            _ => None,
        };
        let mut finding = self.finding(place, in_short(error)).or_hint(hint);
        finding.excerpt = excerpt;
        finding
    }
}

/// The server's message without its frame.
pub(super) fn in_short(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |database| database.message().to_owned())
}
