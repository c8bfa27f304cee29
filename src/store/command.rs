//! What is asked of workers.
//!
//! A request stays open until somebody has carried it out. Who takes one up marks nothing: what a request asks for can be
//! begun by several and is done by one, so a worker that dies leaves it as it was.

use tokio_postgres::GenericClient;

use super::{Identity, Store, StoreError, doing};

/// The kind of a request to upgrade.
const UPGRADE: &str = "upgrade";

/// A request that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpgradeCommand {
    /// Its id.
    pub id: i64,
    /// Up to where.
    pub target: String,
    /// The word to keep with each event.
    pub tag: Option<String>,
    /// Jobs whose latest run an operator has cancelled since it was asked for.
    pub cancelled: Vec<String>,
}

impl Store {
    /// Asks workers for an upgrade.
    pub async fn request_upgrade(
        &self,
        client: &impl GenericClient,
        identity: &Identity,
        (target, tag): (&str, Option<&str>),
    ) -> Result<(), StoreError> {
        client
            .execute(&self.sql.request_command, &[&UPGRADE, &target, &tag, &identity.actor, &identity.host])
            .await
            .map_err(doing("ask the workers for an upgrade"))?;
        Ok(())
    }

    /// The upgrades that are asked for and not done, oldest first.
    pub async fn requested_upgrades(
        &self,
        client: &impl GenericClient,
    ) -> Result<Vec<UpgradeCommand>, StoreError> {
        let rows = client
            .query(&self.sql.open_commands, &[&UPGRADE])
            .await
            .map_err(doing("read what is asked of workers"))?;
        Ok(rows
            .iter()
            .map(|row| UpgradeCommand {
                id: row.get("id"),
                target: row.get("subject"),
                tag: row.get("tag"),
                cancelled: row.get("cancelled"),
            })
            .collect())
    }

    /// The request is done with, and how.
    pub async fn finish_command(
        &self,
        client: &impl GenericClient,
        id: i64,
        outcome: &str,
    ) -> Result<(), StoreError> {
        client
            .execute(&self.sql.finish_command, &[&id, &outcome])
            .await
            .map_err(doing("store that a request is done"))?;
        Ok(())
    }
}
