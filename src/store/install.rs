//! Makes the control schema on first use, and brings an older version up.

use tokio_postgres::Client;

use super::{Store, StoreError, Use, doing};
use crate::pg::quote;

/// One step for each version, in order; version N is step N-1. Never edited once released, only added to.
pub(super) const STEPS: &[&str] = &[
    include_str!("schema/001_progress.sql"),
    include_str!("schema/002_history.sql"),
    include_str!("schema/003_strides.sql"),
    include_str!("schema/004_night.sql"),
    include_str!("schema/005_nothing_lost.sql"),
    include_str!("schema/006_forecast.sql"),
    include_str!("schema/007_seen.sql"),
];

/// The version this program works with.
const KNOWN: i32 = 7;

/// What an error says was being done.
pub(super) const MAKE: &str = "make the control schema";
pub(super) const BRING_UP: &str = "bring the control schema up";

const _: () = assert!(STEPS.len() == KNOWN as usize, "each version has its step");

impl Store {
    /// Makes or upgrades the control schema. Two at once are safe: one waits for the other, and finds it done.
    pub async fn install(&self, client: &mut Client) -> Result<(), StoreError> {
        let found = self.version(client).await?;
        if found == Some(KNOWN) {
            return Ok(());
        }
        let failed = doing(MAKE);
        let schema = quote::quoted(&self.schema);
        let transaction = client.transaction().await.map_err(failed)?;
        // Serialises installers; held for this short transaction only.
        transaction
            .execute(
                "SELECT pg_advisory_xact_lock(hashtextextended('longhaul control schema ' || $1, 0))",
                &[&self.schema],
            )
            .await
            .map_err(doing("wait for another longhaul that makes the control schema"))?;
        let found = self.version(transaction.client()).await?.unwrap_or(0);
        if found == 0 {
            // One that a DBA has made beforehand takes no right on the database.
            let is_there = transaction
                .query_one("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", &[&self.schema])
                .await
                .map_err(doing(MAKE))?;
            let make = if is_there.get(0) { String::new() } else { format!("CREATE SCHEMA {schema}; ") };
            let text = make + &self.version_table();
            transaction.batch_execute(&text).await.map_err(doing(MAKE))?;
        }
        for (step, version) in STEPS.iter().zip(1_i32..).skip(found.unsigned_abs() as usize) {
            let text = format!(
                "{}\nINSERT INTO {schema}.schema_version (version) VALUES ({version});",
                step.replace("{schema}", &schema)
            );
            transaction.batch_execute(&text).await.map_err(doing(BRING_UP))?;
        }
        transaction.commit().await.map_err(doing(MAKE))
    }

    /// Makes the table that tells the version.
    pub(super) fn version_table(&self) -> String {
        format!(
            "CREATE TABLE {}.schema_version (version int PRIMARY KEY, \
             installed_at timestamptz NOT NULL DEFAULT clock_timestamp())",
            quote::quoted(&self.schema)
        )
    }

    /// Brings an older control schema up; makes none where there is none.
    pub async fn bring_up(&self, client: &mut Client) -> Result<(), StoreError> {
        match self.version(client).await? {
            None => Ok(()),
            Some(_) => self.install(client).await,
        }
    }

    /// An error if what is made without naming a schema would land in the control schema, be that there already or not.
    pub async fn refuse_to_come_first(&self, client: &Client) -> Result<(), StoreError> {
        let failed = doing("look at the search_path");
        let row = client.query_opt(&self.sql.find_default_schema, &[&self.schema]).await.map_err(failed)?;
        match row.filter(|row| row.get::<_, String>(1) == self.schema) {
            Some(row) => Err(StoreError::ComesFirst { schema: self.schema.clone(), role: row.get(0) }),
            None => Ok(()),
        }
    }

    /// Whether there is a control schema to read. An older one must be brought up first.
    pub async fn is_readable(&self, client: &Client) -> Result<bool, StoreError> {
        match self.version(client).await? {
            None => Ok(false),
            Some(KNOWN) => Ok(true),
            Some(found) => Err(StoreError::TooOld { schema: self.schema.clone(), found, known: KNOWN }),
        }
    }

    /// The version installed; `None` when there is none. One that this program doesn't know is an error.
    pub async fn version(&self, client: &Client) -> Result<Option<i32>, StoreError> {
        let failed = doing("look for the control schema");
        // Both from one snapshot: a schema that is being made at this moment is seen as a whole or not at all.
        let row = client
            .query_one(
                "SELECT coalesce(bool_or(c.relname = 'schema_version'), false), count(*) > 0, \
                 coalesce(bool_and(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')) \
                          FILTER (WHERE c.relkind = 'r'), true) \
                 FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1",
                &[&self.schema],
            )
            .await
            .map_err(failed)?;
        if row.get(0) && !row.get::<_, bool>(2) {
            self.require(client, Use::Read).await?;
        }
        match (row.get(0), row.get(1)) {
            (false, true) => Err(StoreError::Foreign { schema: self.schema.clone() }),
            (false, false) => Ok(None),
            (true, _) => {
                let failed = doing("read the control schema's version");
                let found = client.query_one(&self.sql.read_version, &[]).await.map_err(failed)?.get(0);
                match found {
                    Some(found) if found > KNOWN => {
                        Err(StoreError::TooNew { schema: self.schema.clone(), found, known: KNOWN })
                    }
                    found => Ok(found),
                }
            }
        }
    }
}
