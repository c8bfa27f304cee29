//! Applied revisions.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio_postgres::GenericClient;

use super::{Identity, Store, StoreError, doing};
use crate::model::{Revision, RevisionBody, RevisionId};

/// A revision as recorded when it was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedRevision {
    /// The checksum of its file then.
    pub checksum: String,
}

impl Store {
    /// Every applied revision by its id.
    pub async fn applied(
        &self,
        client: &impl GenericClient,
    ) -> Result<BTreeMap<String, AppliedRevision>, StoreError> {
        let rows =
            client.query(&self.sql.list_revisions, &[]).await.map_err(doing("read the applied revisions"))?;
        Ok(rows
            .iter()
            .map(|row| (row.get("id"), AppliedRevision { checksum: row.get("checksum") }))
            .collect())
    }

    /// Whether the revision is applied.
    pub async fn is_applied(
        &self,
        client: &impl GenericClient,
        revision: &RevisionId,
    ) -> Result<bool, StoreError> {
        let row = client
            .query_opt(&self.sql.find_revision, &[&revision.0])
            .await
            .map_err(doing("read the applied revisions"))?;
        Ok(row.is_some())
    }

    /// Records a revision as applied.
    pub async fn record_revision(
        &self,
        client: &impl GenericClient,
        identity: &Identity,
        revision: &Revision,
        duration: Duration,
    ) -> Result<(), StoreError> {
        let kind = match revision.body {
            RevisionBody::Schema(_) => "schema",
            RevisionBody::Data(_) => "data",
        };
        client
            .execute(
                &self.sql.record_revision,
                &[
                    &revision.id.0,
                    &kind,
                    &revision.message,
                    &revision.checksum,
                    &identity.actor,
                    &identity.host,
                    &(duration.as_secs_f64() * 1000.0),
                    &env!("CARGO_PKG_VERSION"),
                ],
            )
            .await
            .map_err(doing("record the revision"))?;
        Ok(())
    }
}
