//! Workers: the processes at work, known by their heartbeat and by the backend they work through.

use std::time::Duration;

use tokio_postgres::GenericClient;

use super::{Store, StoreError, doing};
use crate::model::{RunId, WorkerId};

/// A worker whose heart has not beaten for so long, by the database's clock, is dead: ten beats.
pub const LEASE_TTL: Duration = Duration::from_secs(10);

/// Who this process is, for the log and for others who want the same run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The operating system's user.
    pub actor: String,
    /// The machine.
    pub host: String,
    /// The process.
    pub process_id: u32,
}

/// A worker as stored.
#[derive(Clone, Debug, serde::Serialize)]
pub struct WorkerRow {
    /// Its id.
    #[serde(skip)]
    pub id: WorkerId,
    /// The machine.
    pub host: String,
    /// The process there.
    pub process_id: i32,
    /// The operating system's user.
    pub actor: String,
    /// Since when, in the session's time zone.
    pub started_at: String,
    /// When its heart last beat, in microseconds since 1970 by the database's clock.
    #[serde(skip)]
    pub heartbeat: i64,
    /// It beats, and its backend is there.
    pub alive: bool,
    /// `working`, or what it waits for.
    pub doing: String,
    /// Since when, in the session's time zone.
    pub doing_since: String,
    /// Rows a second.
    pub rows_per_second: f64,
}

impl Identity {
    /// This process.
    #[must_use]
    pub fn of_this_process(actor: &str) -> Self {
        Self {
            actor: actor.to_owned(),
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            process_id: std::process::id(),
        }
    }
}

impl WorkerRow {
    /// Who it is, for people.
    #[must_use]
    pub fn who(&self) -> String {
        format!("{} on {} (process {})", self.actor, self.host, self.process_id)
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {} (process {})", self.actor, self.host, self.process_id)
    }
}

impl Store {
    /// Registers a worker that works through this very connection.
    pub async fn register_worker(
        &self,
        client: &impl GenericClient,
        worker: WorkerId,
        run: RunId,
        identity: &Identity,
    ) -> Result<(), StoreError> {
        let process_id = i32::try_from(identity.process_id).unwrap_or(i32::MAX);
        client
            .execute(
                &self.sql.register_worker,
                &[
                    &worker.0,
                    &run.0,
                    &identity.host,
                    &process_id,
                    &identity.actor,
                    &env!("CARGO_PKG_VERSION"),
                ],
            )
            .await
            .map_err(doing("register this process"))?;
        Ok(())
    }

    /// Tells that the worker works through this connection now. `false`: it was given up as dead.
    pub async fn move_worker(
        &self,
        client: &impl GenericClient,
        worker: WorkerId,
    ) -> Result<bool, StoreError> {
        let moved = client
            .execute(&self.sql.move_worker, &[&worker.0])
            .await
            .map_err(doing("register this process"))?;
        Ok(moved == 1)
    }

    /// Whether all these workers are still registered; if so they stay so until the transaction ends.
    pub async fn confirm_workers(
        &self,
        client: &impl GenericClient,
        workers: &[WorkerId],
    ) -> Result<bool, StoreError> {
        let rows = client
            .query(&self.sql.confirm_workers, &[&ids(workers)])
            .await
            .map_err(doing("confirm this process's registration"))?;
        Ok(rows.len() == workers.len())
    }

    /// Ends the registration of a process's workers.
    pub async fn deregister_workers(
        &self,
        client: &impl GenericClient,
        workers: &[WorkerId],
    ) -> Result<(), StoreError> {
        client
            .execute(&self.sql.deregister_workers, &[&ids(workers)])
            .await
            .map_err(doing("end this process's registration"))?;
        Ok(())
    }

    /// The workers of a run, dead ones included.
    pub async fn workers(
        &self,
        client: &impl GenericClient,
        run: RunId,
    ) -> Result<Vec<WorkerRow>, StoreError> {
        let rows = client
            .query(&self.sql.list_workers, &[&run.0, &ttl()])
            .await
            .map_err(doing("list the run's workers"))?;
        Ok(rows
            .iter()
            .map(|row| WorkerRow {
                id: WorkerId(row.get("id")),
                host: row.get("host"),
                process_id: row.get("process_id"),
                actor: row.get("actor"),
                started_at: row.get("started_at"),
                heartbeat: row.get("heartbeat"),
                alive: row.get("alive"),
                doing: row.get("doing"),
                doing_since: row.get("doing_since"),
                rows_per_second: row.get("rows_per_second"),
            })
            .collect())
    }

    /// The backends through which workers work, of all runs.
    pub async fn backends(&self, client: &impl GenericClient) -> Result<Vec<(RunId, i32)>, StoreError> {
        let rows =
            client.query(&self.sql.list_backends, &[&ttl()]).await.map_err(doing("look who is at work"))?;
        Ok(rows.iter().map(|row| (RunId(row.get("run_id")), row.get("backend_pid"))).collect())
    }

    /// Ends every registration for the run, so that its ranges can be claimed. For the holder of the lock of the runs
    /// who has seen that no worker lives.
    pub async fn remove_workers(&self, client: &impl GenericClient, run: RunId) -> Result<u64, StoreError> {
        client.execute(&self.sql.remove_workers, &[&run.0]).await.map_err(doing("give up dead workers"))
    }
}

pub(super) fn ids(workers: &[WorkerId]) -> Vec<uuid::Uuid> {
    workers.iter().map(|worker| worker.0).collect()
}

pub(super) fn ttl() -> String {
    format!("{} seconds", LEASE_TTL.as_secs())
}
