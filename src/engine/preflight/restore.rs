//! A job that puts back what another kept: of which runs, and that these are the values of the columns it sets.

use super::{JobPlan, Preflight, PreflightError, Repair};
use crate::engine::statements::{JobSql, Restore, Subject};
use crate::model::{Ident, Key, KeyColumn, Order, TableName};
use crate::pg::Storage;
use crate::plan::walk::ChosenOrder;
use crate::store::{KeptBy, Store, StoreError};

impl Preflight<'_> {
    /// The plan of a job that restores: it walks over what was kept, newest first, by one worker.
    pub(super) async fn restoring(&self, store: &Store) -> Result<JobPlan, PreflightError> {
        let table = self.relation().await?;
        let key = self.key(&table)?;
        let set = self.targets(&table, &key).await?;
        self.operators(&table, &key).await?;
        self.rights(&table).await?;
        let kept = self.kept(store).await?;
        self.refuse_others(&key, &kept)?;
        let chunks = Key {
            index: "preimage_pkey".to_owned(),
            schemas: Vec::new(),
            columns: vec![KeyColumn { name: Ident("id".to_owned()), type_name: "bigint".to_owned() }],
        };
        let restore = Restore {
            runs: kept.iter().map(|kept| kept.run).collect(),
            types: set.iter().map(|(_, type_name)| (*type_name).to_owned()).collect(),
            chunks: chunks.clone(),
            preimages: TableName {
                schema: Some(Ident(store.schema.clone())),
                table: Ident("preimage".to_owned()),
            },
        };
        let subject =
            Subject { table: &table, key: &key, filter: "false", repair: None, restore: Some(restore) };
        let sql = JobSql::new(self.job, subject, &store.sql);
        let storage = self.storage(&table, &key).await?;
        // How the table lies makes no difference to the order in which batches were kept.
        let storage = Storage { pages: 0, sample: None, ..storage };
        let reason = "what was kept last is put back first";
        let order = ChosenOrder { order: Order::Key, reason };
        let (job, repair) = (self.job.clone(), Repair::ReportOnly);
        Ok(JobPlan { job, table, key: chunks, repair, sql, storage, order, key_has_hash: false })
    }

    async fn kept(&self, store: &Store) -> Result<Vec<KeptBy>, PreflightError> {
        let readable = store.is_readable(self.client).await;
        let kept = match readable {
            Ok(true) => store.kept_by(self.client, self.job.id()).await,
            Ok(false) => Ok(Vec::new()),
            Err(error) => Err(error),
        };
        match kept {
            Ok(kept) => Ok(kept),
            Err(StoreError::Sql { doing, source }) => Err(PreflightError::Sql { doing, source }),
            // The control schema is of another version: bringing it up comes first, and says why it can't be.
            Err(_) => Ok(Vec::new()),
        }
    }

    fn refuse_others(&self, key: &Key, kept: &[KeptBy]) -> Result<(), PreflightError> {
        let keys: Vec<&str> = key.columns.iter().map(|column| column.name.0.as_str()).collect();
        let columns: Vec<&str> = self.job.set.iter().map(|assignment| assignment.column.0.as_str()).collect();
        let Some(other) = kept.iter().find(|kept| kept.key_columns != keys || kept.columns != columns) else {
            return Ok(());
        };
        let message = format!(
            "run {} kept the old values of ({}) by the key ({}), and the job has ({}) and ({}) now",
            other.run,
            other.columns.join(", "),
            other.key_columns.join(", "),
            columns.join(", "),
            keys.join(", ")
        );
        Err(self.finding("[job] undo", message).hint("undo it with the job's file as it was then").into())
    }
}
