//! Runs: one execution of a job, through all its interruptions.

use serde_json::Value;
use tokio_postgres::{GenericClient, Row};

use super::{Store, StoreError, Wish, doing};
use crate::model::{Direction, Key, Pass, RunId, RunState};

/// A run as stored.
#[derive(Clone, Debug)]
pub struct RunRow {
    /// Its id.
    pub id: RunId,
    /// The revision's id, or the job's name.
    pub job: String,
    /// The job's name.
    pub name: String,
    /// The table, for people.
    pub table: String,
    /// The key's columns.
    pub key_columns: Vec<String>,
    /// What the job did when the run began.
    pub definition: String,
    /// Whether it does the job or takes it back.
    pub direction: Direction,
    /// Where it stands.
    pub state: RunState,
    /// The pass it is in.
    pub pass: Pass,
    /// Rows of the table, estimated at the start.
    pub estimated_rows: u64,
    /// In what order and in how many strides the table is walked, and why; empty until that is known.
    pub walk: String,
    /// By whom it was begun, and from where.
    pub started_by: String,
    /// When, in the session's time zone.
    pub started_at: String,
    /// When it ended or stopped last.
    pub finished_at: Option<String>,
    /// What an operator wants of it.
    pub wish: Wish,
    /// Since when.
    pub wanted_at: Option<String>,
    /// What `set` says, as TOML.
    pub settings: String,
    /// Why it stands where it stands.
    pub reason: Option<String>,
    /// The proof.
    pub sign_off: Option<Value>,
    /// The table's object id; `None` where it says nothing, since the database was restored from a dump.
    pub table_oid: Option<u32>,
}

/// What a new run is made of.
#[derive(Clone, Debug)]
pub struct NewRun<'r> {
    /// The revision's id, or the job's name.
    pub job: &'r str,
    /// The job's name.
    pub name: &'r str,
    /// The table, for people.
    pub table: &'r str,
    /// Its object id.
    pub table_oid: u32,
    /// The key it walks by.
    pub key: &'r Key,
    /// What the job does.
    pub definition: &'r str,
    /// Whether it does the job or takes it back.
    pub direction: Direction,
    /// Rows of the table, estimated.
    pub estimated_rows: u64,
    /// By whom.
    pub started_by: &'r str,
}

impl RunRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: RunId(row.get("id")),
            job: row.get("job"),
            name: row.get("name"),
            table: row.get("table_name"),
            key_columns: row.get("key_columns"),
            definition: row.get("definition"),
            direction: Direction::stored(row.get("direction")),
            state: row.get::<_, &str>("state").parse()?,
            pass: Pass(row.get("pass")),
            estimated_rows: row.get::<_, i64>("estimated_rows").unsigned_abs(),
            walk: row.get("walk"),
            started_by: row.get("started_by"),
            started_at: row.get("started_at"),
            finished_at: row.get("finished_at"),
            wish: Wish {
                wanted: row.get::<_, &str>("wanted").parse()?,
                by: row.get("wanted_by"),
                why: row.get("wanted_why"),
            },
            wanted_at: row.get("wanted_at"),
            settings: row.get("settings"),
            reason: row.get("reason"),
            sign_off: row.get("sign_off"),
            table_oid: row.get("table_oid"),
        })
    }
}

impl Store {
    /// The latest run of the job.
    pub async fn find_run(
        &self,
        client: &impl GenericClient,
        job: &str,
    ) -> Result<Option<RunRow>, StoreError> {
        let row =
            client.query_opt(&self.sql.find_run, &[&job]).await.map_err(doing("look for the job's run"))?;
        row.as_ref().map(RunRow::from_row).transpose()
    }

    /// The latest run of each job, or of one.
    pub async fn runs(
        &self,
        client: &impl GenericClient,
        job: Option<&str>,
    ) -> Result<Vec<RunRow>, StoreError> {
        let any: Option<i64> = None;
        let rows = client.query(&self.sql.list_runs, &[&job, &any]).await.map_err(doing("list the runs"))?;
        rows.iter().map(RunRow::from_row).collect()
    }

    /// One run; `None`: there is none of that number.
    pub async fn run(&self, client: &impl GenericClient, run: RunId) -> Result<Option<RunRow>, StoreError> {
        let any: Option<&str> = None;
        let row = client
            .query_opt(&self.sql.list_runs, &[&any, &run.0])
            .await
            .map_err(doing("look for the run"))?;
        row.as_ref().map(RunRow::from_row).transpose()
    }

    /// Makes a run.
    pub async fn create_run(
        &self,
        client: &impl GenericClient,
        run: NewRun<'_>,
    ) -> Result<RunId, StoreError> {
        let columns: Vec<&str> = run.key.columns.iter().map(|column| column.name.0.as_str()).collect();
        let estimated = i64::try_from(run.estimated_rows).unwrap_or(i64::MAX);
        let row = client
            .query_one(
                &self.sql.create_run,
                &[
                    &run.job,
                    &run.name,
                    &run.table,
                    &columns,
                    &run.definition,
                    &RunState::Running.as_str(),
                    &estimated,
                    &run.started_by,
                    &run.direction.as_str(),
                    &run.table_oid,
                ],
            )
            .await
            .map_err(doing("make a run"))?;
        Ok(RunId(row.get(0)))
    }

    /// Stores a state with its reason, and the sign-off if there is one.
    pub async fn set_run_state(
        &self,
        client: &impl GenericClient,
        run: RunId,
        state: RunState,
        reason: Option<&str>,
        sign_off: Option<&Value>,
    ) -> Result<(), StoreError> {
        let ended = !state.is_active();
        client
            .execute(&self.sql.set_run_state, &[&run.0, &state.as_str(), &reason, &ended, &sign_off])
            .await
            .map_err(doing("store the run's state"))?;
        Ok(())
    }

    /// Keeps other processes from registering for any run until the transaction ends.
    pub async fn lock_runs(&self, client: &impl GenericClient) -> Result<(), StoreError> {
        client.execute(&self.sql.lock_runs, &[]).await.map_err(doing("lock the table of runs"))?;
        Ok(())
    }

    /// Keeps runs from being taken over until the transaction ends: waits for, and keeps out, [`Self::lock_runs`].
    pub async fn share_runs(&self, client: &impl GenericClient) -> Result<(), StoreError> {
        client.execute(&self.sql.share_runs, &[]).await.map_err(doing("lock the table of runs"))?;
        Ok(())
    }

    /// Keeps the control totals as they were before the first batch, unless they are kept already.
    pub async fn keep_before(
        &self,
        client: &impl GenericClient,
        run: RunId,
        before: &Value,
    ) -> Result<(), StoreError> {
        client.execute(&self.sql.keep_before, &[&run.0, before]).await.map_err(doing("keep the totals"))?;
        Ok(())
    }

    /// The control totals as they were before the first batch.
    pub async fn before(&self, client: &impl GenericClient, run: RunId) -> Result<Option<Value>, StoreError> {
        let row =
            client.query_one(&self.sql.read_before, &[&run.0]).await.map_err(doing("read the totals"))?;
        Ok(row.get(0))
    }

    /// Stores how the table is walked, for people.
    pub async fn describe_walk(
        &self,
        client: &impl GenericClient,
        run: RunId,
        walk: &str,
    ) -> Result<(), StoreError> {
        client.execute(&self.sql.describe_walk, &[&run.0, &walk]).await.map_err(doing("store the walk"))?;
        Ok(())
    }

    /// Stores that the run is in this pass now.
    pub async fn start_pass(
        &self,
        client: &impl GenericClient,
        run: RunId,
        pass: Pass,
    ) -> Result<(), StoreError> {
        client.execute(&self.sql.start_pass, &[&run.0, &pass.0]).await.map_err(doing("begin a pass"))?;
        Ok(())
    }
}
