//! What a role may do with the control schema, told before it is done: PostgreSQL's own refusal names a table and no right.
//! `scripts/grants.sql` grants just these.

use tokio_postgres::GenericClient;

use super::{Store, StoreError, doing};

/// What somebody wants of the control schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// To see how things stand.
    Read,
    /// To pause, resume, cancel and set.
    Operate,
    /// To work on runs.
    Run,
    /// To have a batch's books written beside its rows.
    Batch,
    /// To keep what is expected of a run.
    Plan,
    /// To record a revision.
    Record,
    /// To notice what alerts tell, and to send it.
    Alert,
}

impl Use {
    /// Tables with the rights on them.
    fn needs(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            Self::Read => &[
                ("alert", &["SELECT"]),
                ("batch", &["SELECT"]),
                ("event", &["SELECT"]),
                ("forecast", &["SELECT"]),
                ("range", &["SELECT"]),
                ("revision", &["SELECT"]),
                ("run", &["SELECT"]),
                ("sample", &["SELECT"]),
                ("schema_version", &["SELECT"]),
                ("section", &["SELECT"]),
                ("timing", &["SELECT"]),
                ("worker", &["SELECT"]),
            ],
            Self::Operate => &[
                ("database_settings", &["SELECT", "UPDATE"]),
                ("event", &["INSERT"]),
                ("range", &["SELECT", "UPDATE"]),
                ("run", &["SELECT", "UPDATE"]),
                ("worker", &["SELECT", "DELETE"]),
            ],
            Self::Run => &[
                ("batch", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
                ("database_settings", &["SELECT"]),
                ("event", &["INSERT"]),
                ("preimage", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
                ("quarantine", &["SELECT", "INSERT", "UPDATE"]),
                ("range", &["SELECT", "INSERT", "UPDATE"]),
                ("run", &["SELECT", "INSERT", "UPDATE"]),
                ("sample", &["INSERT"]),
                ("timing", &["INSERT"]),
                ("worker", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
            ],
            Self::Batch => &[
                ("batch", &["SELECT", "INSERT"]),
                ("preimage", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
                ("quarantine", &["SELECT"]),
                ("range", &["SELECT", "UPDATE"]),
            ],
            Self::Plan => &[("forecast", &["INSERT"])],
            Self::Alert => &[
                ("alert", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
                ("alert_watch", &["SELECT", "INSERT", "UPDATE"]),
                ("event", &["SELECT", "INSERT"]),
            ],
            Self::Record => &[
                ("event", &["INSERT"]),
                ("history_lock", &["UPDATE"]),
                ("revision", &["SELECT", "INSERT", "UPDATE"]),
                ("run", &["SELECT", "UPDATE"]),
                ("section", &["SELECT", "DELETE"]),
                ("timing", &["INSERT"]),
            ],
        }
    }
}

impl Store {
    /// An error if this role lacks a right that it needs. Where there is no control schema yet, it lacks none.
    pub async fn require(&self, client: &impl GenericClient, wanted: Use) -> Result<(), StoreError> {
        let needs =
            || wanted.needs().iter().flat_map(|(table, rights)| rights.iter().map(|right| (*table, *right)));
        let (tables, rights): (Vec<&str>, Vec<&str>) = needs().unzip();
        let row = client
            .query_one(&self.sql.missing_rights, &[&self.schema, &tables, &rights])
            .await
            .map_err(doing("look at the role's rights"))?;
        let missing: Vec<String> = row.get(1);
        if missing.is_empty() {
            return Ok(());
        }
        Err(StoreError::Rights { schema: self.schema.clone(), role: row.get(0), missing })
    }
}
