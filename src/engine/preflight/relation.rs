//! The table is there and is one that batches can change.

use super::{Finding, Preflight, PreflightError};
use crate::manifest::nearest;
use crate::pg::catalog::{RelationKind, Table};

const PLACE: &str = "[job] table";

impl Preflight<'_> {
    pub(super) async fn relation(&self) -> Result<Table, PreflightError> {
        let doing = PreflightError::sql("read the table's description");
        let Some(table) = Table::read(self.client, &self.job.table).await.map_err(doing)? else {
            return Err(self.missing_table().await?.into());
        };
        let name = &table.name;
        match table.kind {
            RelationKind::Table | RelationKind::Partitioned => {}
            RelationKind::View => {
                let hint = match self.tables_under(table.oid).await?.as_slice() {
                    [] => "name the table that the rows are stored in".to_owned(),
                    tables => format!("name a table that it reads: {}", tables.join(", ")),
                };
                let message = format!("`{name}` is a view, and a view has no key to walk by");
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
        let tables: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let wanted = &self.job.table;
        let elsewhere = tables.iter().find(|(_, table)| *table == wanted.table.0);
        let full: Vec<String> = tables.iter().map(|(schema, table)| format!("{schema}.{table}")).collect();
        let near = nearest(&wanted.to_string(), full.iter().map(String::as_str))
            .or_else(|| nearest(&wanted.table.0, tables.iter().map(|(_, table)| table.as_str())));
        let hint = match (elsewhere, near) {
            (Some((schema, table)), _) => format!("there is one in another schema: `{schema}.{table}`"),
            (None, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) => {
                "a name with capitals or spaces is written '\"Pay Roll\".\"Entries\"' here".to_owned()
            }
        };
        Ok(self.finding(PLACE, format!("there is no table `{wanted}`")).hint(hint))
    }

    /// The tables that a view reads, directly.
    async fn tables_under(&self, view: u32) -> Result<Vec<String>, PreflightError> {
        let rows = self
            .client
            .query(
                "SELECT DISTINCT d.refobjid::regclass::text FROM pg_rewrite AS r \
                 JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid \
                 JOIN pg_class AS c ON d.refclassid = 'pg_class'::regclass AND c.oid = d.refobjid \
                 WHERE r.ev_class = $1 AND c.oid <> $1 AND c.relkind IN ('r', 'p') ORDER BY 1",
                &[&view],
            )
            .await
            .map_err(PreflightError::sql("look what the view reads"))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }
}
