//! What is checked before anything is written: each check one file, all in [`Preflight::plan`], in the order in which
//! one relies on another. They read the catalog and PREPARE the author's SQL; they write nothing.

mod convergence;
mod expressions;
mod key;
mod operators;
mod relation;
mod restore;
mod rights;
mod targets;
mod totals;
mod walk;

use std::path::PathBuf;

use tokio_postgres::Client;

use super::statements::{JobSql, Subject, default_filter};
use crate::model::{Assignment, Job, Key};
use crate::pg::Storage;
use crate::pg::catalog::Table;
use crate::plan::walk::ChosenOrder;
use crate::store::Store;

pub use convergence::Repair;

/// A job made fit for one table: what every later step works from.
#[derive(Clone, Debug)]
pub struct JobPlan {
    /// The job.
    pub job: Job,
    /// Its table.
    pub table: Table,
    /// The key it walks by.
    pub key: Key,
    /// Whether rows that are found unconverged at the end may be done again.
    pub repair: Repair,
    /// Its statements.
    pub sql: JobSql,
    /// How the table is stored.
    pub storage: Storage,
    /// In what order it is walked, and why.
    pub order: ChosenOrder,
    /// The key's type has a hash, by which strides can be told.
    pub key_has_hash: bool,
}

/// Something in the job that doesn't fit the database.
#[derive(Debug, thiserror::Error)]
#[error("{}: {place}: {message}", file.display())]
pub struct Finding {
    /// The job's file.
    pub file: PathBuf,
    /// The key in it: `[job] set.gross_amount`.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The author's SQL, when that is what is wrong.
    pub excerpt: Option<SqlExcerpt>,
}

/// SQL with the place of an error in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlExcerpt {
    /// The SQL as its author wrote it.
    pub sql: String,
    /// Characters before the error.
    pub position: usize,
}

/// Why a job can't be planned.
#[derive(Debug, thiserror::Error)]
pub enum PreflightError {
    /// The job and the database don't fit.
    #[error(transparent)]
    Finding(Box<Finding>),
    /// The database could not be asked.
    #[error("can't {doing}")]
    Sql {
        /// What was being asked.
        doing: &'static str,
        /// The server's answer.
        #[source]
        source: tokio_postgres::Error,
    },
}

/// The checks of one job against one database.
pub struct Preflight<'p> {
    client: &'p Client,
    witness: &'p Client,
    job: &'p Job,
}

impl<'p> Preflight<'p> {
    /// Checks of `job` on one connection, with a second one as witness to what changes between transactions.
    #[must_use]
    pub fn new(client: &'p Client, witness: &'p Client, job: &'p Job) -> Self {
        Self { client, witness, job }
    }

    /// Runs every check and returns the plan, or the first finding.
    pub async fn plan(&self, store: &Store) -> Result<JobPlan, PreflightError> {
        self.act_as().await?;
        let plan = self.plan_as(store).await;
        self.act_as_ourselves().await?;
        let plan = plan?;
        // The books are ours, whoever the job is.
        self.control(store).await?;
        Ok(plan)
    }

    async fn plan_as(&self, store: &Store) -> Result<JobPlan, PreflightError> {
        if self.job.restores {
            return Box::pin(self.restoring(store)).await;
        }
        let table = self.relation().await?;
        let key = self.key(&table)?;
        let set = self.targets(&table, &key).await?;
        self.expressions(&table, &set).await?;
        let filter = self.filter(&table, &set).await?;
        self.totals(&table).await?;
        self.operators(&table, &key).await?;
        self.rights(&table).await?;
        let repair = self.convergence(&table, &key, &set, &filter).await?;
        let again = match &repair {
            Repair::Where(filter) => Some(filter.as_str()),
            Repair::ReportOnly => None,
        };
        self.untouched(&table)?;
        let subject = Subject { table: &table, key: &key, filter: &filter, repair: again, restore: None };
        let sql = JobSql::new(self.job, subject, &store.sql);
        self.whole_batch(&sql).await?;
        let storage = self.storage(&table, &key).await?;
        let order = self.order(&storage, &repair)?;
        let key_has_hash = self.key_has_hash(&sql).await?;
        Ok(JobPlan { job: self.job.clone(), table, key, repair, sql, storage, order, key_has_hash })
    }

    fn finding(&self, place: impl Into<String>, message: impl Into<String>) -> Finding {
        Finding {
            file: self.job.file.clone(),
            place: place.into(),
            message: message.into(),
            hint: None,
            excerpt: None,
        }
    }

    /// The job's filter, checked, or the default one.
    async fn filter(&self, table: &Table, set: &[(&Assignment, &str)]) -> Result<String, PreflightError> {
        match &self.job.filter {
            Some(filter) => {
                self.filter_expression(table, filter).await?;
                Ok(filter.clone())
            }
            None => Ok(default_filter(set)),
        }
    }
}

impl Finding {
    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn or_hint(self, hint: Option<String>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }
}

impl From<Finding> for PreflightError {
    fn from(finding: Finding) -> Self {
        Self::Finding(Box::new(finding))
    }
}

impl PreflightError {
    fn sql(doing: &'static str) -> impl FnOnce(tokio_postgres::Error) -> Self {
        move |source| Self::Sql { doing, source }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Finding(finding) => finding.hint.clone(),
            Self::Sql { source, .. } => crate::pg::sqlstate::hint(source),
        }
    }
}
