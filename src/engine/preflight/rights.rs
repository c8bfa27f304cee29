//! The role may read the table, and whoever is connected may keep the control schema.

use super::expressions::in_short;
use super::{Preflight, PreflightError};
use crate::engine::statements::act_as;
use crate::pg::catalog::Table;
use crate::store::{Store, StoreError, Use};

const CONTROL: &str = "the control schema";

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

    /// Leaves it again.
    pub(super) async fn act_as_ourselves(&self) -> Result<(), PreflightError> {
        if self.job.role.is_some() {
            for client in [self.client, self.witness] {
                let failed = PreflightError::sql("leave the job's role");
                client.batch_execute("RESET ROLE").await.map_err(failed)?;
            }
        }
        Ok(())
    }

    /// The role may read the table. (The right to update each target is checked with it.)
    pub(super) async fn rights(&self, table: &Table) -> Result<(), PreflightError> {
        let row = self
            .client
            .query_one(
                "SELECT has_table_privilege($1::oid, 'SELECT'), quote_ident(current_user)",
                &[&table.oid],
            )
            .await
            .map_err(PreflightError::sql("look at the role's rights"))?;
        let (reads, role): (bool, &str) = (row.get(0), row.get(1));
        if !reads {
            let message = format!("the role `{role}` may not read `{}`", table.name);
            let hint = format!("GRANT SELECT, UPDATE ON {} TO {role}", table.name);
            return Err(self.finding("[job] table", message).hint(hint).into());
        }
        Ok(())
    }

    /// Whoever is connected may keep the control schema, or make it.
    pub(super) async fn control(&self, store: &Store) -> Result<(), PreflightError> {
        let row = self
            .client
            .query_one(
                "SELECT n.oid IS NULL, \
                 CASE WHEN n.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE') \
                      WHEN EXISTS (SELECT FROM pg_class AS c WHERE c.relnamespace = n.oid) THEN true \
                      ELSE has_schema_privilege(n.oid, 'CREATE') END, \
                 quote_ident(current_user), quote_ident(current_database()), quote_ident($1) \
                 FROM (SELECT to_regnamespace(quote_ident($1))::oid AS oid) AS n",
                &[&store.schema],
            )
            .await
            .map_err(PreflightError::sql("look at the role's rights"))?;
        let (is_missing, makes): (bool, bool) = (row.get(0), row.get(1));
        let (role, database, schema): (&str, &str, &str) = (row.get(2), row.get(3), row.get(4));
        if !makes {
            let (message, grant) = if is_missing {
                let message = format!("there is no schema {schema}, and the role `{role}` may not make it");
                (message, format!("GRANT CREATE ON DATABASE {database} TO {role}"))
            } else {
                let message =
                    format!("the schema {schema} is empty, and the role `{role}` may not make its tables");
                (message, format!("GRANT USAGE, CREATE ON SCHEMA {schema} TO {role}"))
            };
            let hint = format!(
                "{grant}; or let another role make it, and scripts/grants.sql grant the rights on it"
            );
            return Err(self.finding(CONTROL, message).hint(hint).into());
        }
        match store.require(self.client, Use::Run).await {
            Err(StoreError::Sql { doing, source }) => Err(PreflightError::Sql { doing, source }),
            Err(error) => Err(self.finding(CONTROL, error.to_string()).or_hint(error.hint()).into()),
            Ok(()) => Ok(()),
        }
    }
}
