//! The table is there and is one that batches can change.

use tokio_postgres::error::SqlState;

use super::expressions::in_short;
use super::targets::did_you_mean;
use super::{Finding, Preflight, PreflightError};
use crate::manifest::nearest;
use crate::model::{Ident, TableName};
use crate::pg::catalog::{RelationKind, Table};

const PLACE: &str = "[job] table";

/// Tables that a hint names at the most.
const NAMED: usize = 10;

impl Preflight<'_> {
    pub(super) async fn relation(&self) -> Result<Table, PreflightError> {
        let table = match Table::read(self.client, &self.job.table).await {
            Ok(Some(table)) => table,
            Ok(None) => return Err(self.missing_table().await?.into()),
            Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                return Err(self.closed_schema(&error).await?.into());
            }
            Err(source) => return Err(PreflightError::sql("read the table's description")(source)),
        };
        let name = &table.name;
        match table.kind {
            RelationKind::Table | RelationKind::Partitioned => {}
            RelationKind::View | RelationKind::MaterializedView => {
                let hint = match self.tables_under(table.oid).await?.as_slice() {
                    [] => "name the table that the rows are stored in".to_owned(),
                    tables => format!("name a table that it reads: {}", tables.join(", ")),
                };
                let message = format!(
                    "`{name}` is {}, and batches need a table to walk by its key",
                    table.kind.describe()
                );
                return Err(self.finding(PLACE, message).hint(hint).into());
            }
            kind => {
                let message =
                    format!("`{name}` is {}, and batches need a table of this server", kind.describe());
                return Err(self
                    .finding(PLACE, message)
                    .hint("name an ordinary or partitioned table")
                    .into());
            }
        }
        if table.row_security {
            let message =
                format!("row security on `{name}` hides rows from this role: they would be left out unseen");
            let hint = "connect as the table's owner, or as a role with BYPASSRLS";
            return Err(self.finding(PLACE, message).hint(hint).into());
        }
        Ok(table)
    }

    async fn closed_schema(&self, error: &tokio_postgres::Error) -> Result<Finding, PreflightError> {
        let role = self.role().await?;
        let message = format!("the role `{role}` can't see `{}`: {}", self.job.table, in_short(error));
        let schema = self.job.table.schema.as_ref().map_or("…".to_owned(), ToString::to_string);
        Ok(self.finding(PLACE, message).hint(format!("GRANT USAGE ON SCHEMA {schema} TO {role}")))
    }

    async fn missing_table(&self) -> Result<Finding, PreflightError> {
        let rows = self
            .client
            .query(
                "SELECT n.nspname::text, c.relname::text FROM pg_class AS c \
                 JOIN pg_namespace AS n ON n.oid = c.relnamespace \
                 WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
                 ORDER BY 1, 2",
                &[],
            )
            .await
            .map_err(PreflightError::sql("list the tables"))?;
        let tables: Vec<TableName> = rows
            .iter()
            .map(|row| TableName { schema: Some(Ident(row.get(0))), table: Ident(row.get(1)) })
            .collect();
        let wanted = &self.job.table;
        let elsewhere = tables.iter().find(|table| table.table == wanted.table);
        let written: Vec<String> = tables.iter().map(ToString::to_string).collect();
        let near = || {
            let full = nearest(&wanted.to_string(), written.iter().map(String::as_str));
            let bare = || {
                let near = nearest(&wanted.table.0, tables.iter().map(|table| table.table.0.as_str()))?;
                tables.iter().position(|table| table.table.0 == near).map(|at| written[at].as_str())
            };
            full.or_else(bare)
        };
        let beside = tables.iter().filter(|table| table.schema == wanted.schema);
        let beside: Vec<String> = beside.map(ToString::to_string).take(NAMED).collect();
        let hint = match elsewhere.map(ToString::to_string) {
            Some(table) => format!("there is one in another schema: `{table}`"),
            None => match near() {
                Some(near) => did_you_mean(near),
                None if beside.is_empty() => {
                    "is it the right database, and is the schema's name in front?".to_owned()
                }
                None => format!("the tables beside it are {}", beside.join(", ")),
            },
        };
        Ok(self.finding(PLACE, format!("there is no table `{wanted}`")).hint(hint))
    }

    /// The tables that a view reads, through other views as well.
    async fn tables_under(&self, view: u32) -> Result<Vec<String>, PreflightError> {
        let rows = self
            .client
            .query(
                "WITH RECURSIVE read (oid) AS (VALUES ($1::oid) UNION \
                 SELECT d.refobjid FROM read JOIN pg_rewrite AS r ON r.ev_class = read.oid \
                 JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid \
                 AND d.refclassid = 'pg_class'::regclass) \
                 SELECT c.oid::regclass::text FROM read JOIN pg_class AS c ON c.oid = read.oid \
                 WHERE c.relkind IN ('r', 'p') ORDER BY 1",
                &[&view],
            )
            .await
            .map_err(PreflightError::sql("look what the view reads"))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }
}
