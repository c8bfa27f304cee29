//! The role may read the table and keep the control schema. (The right to update each target is checked with it.)

use super::expressions::in_short;
use super::{Preflight, PreflightError};
use crate::engine::statements::act_as;
use crate::pg::catalog::Table;
use crate::store::Store;

impl Preflight<'_> {
    /// Who this connection is, quoted for a GRANT.
    pub(super) async fn role(&self) -> Result<String, PreflightError> {
        let failed = PreflightError::sql("look who this role is");
        Ok(self.client.query_one("SELECT quote_ident(current_user)", &[]).await.map_err(failed)?.get(0))
    }

    /// Takes the role that the job names: everything that follows is checked, and later done, with its rights.
    pub(super) async fn act_as(&self) -> Result<(), PreflightError> {
        let Some(role) = &self.job.role else { return Ok(()) };
        let (statement, login) = (act_as(role), self.role().await?);
        for client in [self.client, self.witness] {
            client.batch_execute(&statement).await.map_err(|error| {
                if error.code().is_none() {
                    return PreflightError::Sql { doing: "take the job's role", source: error };
                }
                let message = format!("the role `{role}` can't be taken: {}", in_short(&error));
                self.finding("[job] role", message).hint(format!("GRANT {role} TO {login}")).into()
            })?;
        }
        Ok(())
    }

    pub(super) async fn rights(&self, store: &Store, table: &Table) -> Result<(), PreflightError> {
        let row = self
            .client
            .query_one(
                "SELECT has_table_privilege($1::oid, 'SELECT'), \
                 coalesce(has_schema_privilege(to_regnamespace(quote_ident($2)), 'USAGE'), \
                          has_database_privilege(current_database(), 'CREATE')), \
                 quote_ident(current_user), quote_ident(current_database())",
                &[&table.oid, &store.schema],
            )
            .await
            .map_err(PreflightError::sql("look at the role's rights"))?;
        let (reads, keeps): (bool, bool) = (row.get(0), row.get(1));
        let (role, database): (&str, &str) = (row.get(2), row.get(3));
        if !reads {
            let message = format!("the role `{role}` may not read `{}`", table.name);
            let hint = format!("GRANT SELECT, UPDATE ON {} TO {role}", table.name);
            return Err(self.finding("[job] table", message).hint(hint).into());
        }
        if !keeps {
            let message = format!("the role `{role}` may neither use nor make the schema `{}`", store.schema);
            let hint = format!("GRANT CREATE ON DATABASE {database} TO {role}");
            return Err(self.finding("the control schema", message).hint(hint).into());
        }
        Ok(())
    }
}
