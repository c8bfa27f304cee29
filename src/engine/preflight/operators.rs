//! What an author's columns are compared with is PostgreSQL's, or their type's own. The comparisons stand beside the author's
//! SQL, and so are looked up along the role's `search_path`: somebody's `=` that fits better there would decide which rows
//! are done.

use super::targets::place;
use super::{Preflight, PreflightError, totals};
use crate::engine::statements::clause;
use crate::model::{Ident, Key};
use crate::pg::catalog::Table;
use crate::pg::{quote, search_path};

const OPERATORS: &str = include_str!("../../pg/catalog/operators.sql");

impl Preflight<'_> {
    pub(super) async fn operators(&self, table: &Table, key: &Key) -> Result<(), PreflightError> {
        let failed = "look which operators compare the values";
        let keys = key.columns.iter().map(|column| &column.name);
        let columns: Vec<&str> =
            self.job.set.iter().map(|set| &set.column).chain(keys).map(|name| name.0.as_str()).collect();
        let types = self.types_of_totals(table).await.map_err(PreflightError::sql(failed))?;
        let found = self.client.query(OPERATORS, &[&table.oid, &columns, &types]).await;
        for row in found.map_err(PreflightError::sql(failed))? {
            let operator: u32 = row.get("oid");
            let visible = "SELECT pg_catalog.pg_operator_is_visible($1)";
            let seen = search_path::ask_as_author(self.client, visible, &[&operator]).await;
            if seen.map_err(PreflightError::sql(failed))?.get(0) {
                let (name, owner): (&str, &str) = (row.get("name"), row.get("owner"));
                let (place, what) = match row.get::<_, Option<String>>("column") {
                    Some(column) => (place(&Ident(column.clone())), format!("`{column}`")),
                    None => (totals::PLACE.to_owned(), "a total".to_owned()),
                };
                let message = format!("{what} would be compared by the operator {name} of {owner}");
                let hint = format!("DROP OPERATOR {name}, or leave its schema out of the role's search_path");
                return Err(self.finding(place, message).hint(hint).into());
            }
        }
        Ok(())
    }

    async fn types_of_totals(&self, table: &Table) -> Result<Vec<u32>, tokio_postgres::Error> {
        let sides = self.job.verify.totals.iter().flat_map(|total| [&total.left, &total.right]);
        let sides: Vec<String> = sides.map(|side| clause(side)).collect();
        let statement = format!("SELECT {} FROM {}", sides.join(", "), quote::table(&table.name));
        let statement = search_path::prepare_as_author(self.client, &statement).await?;
        Ok(statement.columns().iter().map(|column| column.type_().oid()).collect())
    }
}
