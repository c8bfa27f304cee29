//! What operators want of runs, what the processes at work tell of themselves, and what holds for the whole database.
//!
//! Everything that is asked for is a stored state, not a message: whoever misses a notification finds it at its next
//! heartbeat.

use jiff::Timestamp;
use tokio_postgres::GenericClient;

use super::worker::{ids, ttl};
use super::{Identity, Store, StoreError, doing};
use crate::model::{Pass, RangeId, RunId, RunState, Wanted, WorkerId};

/// The channel on which processes at work are told to look.
pub const CHANNEL: &str = "longhaul";

/// What an operator asked for, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Wish {
    /// What.
    #[serde(skip)]
    pub wanted: Wanted,
    /// By whom and from where.
    pub by: Option<String>,
    /// The reason given.
    pub why: Option<String>,
}

impl Wish {
    /// Who asks for a pause when nobody else has.
    pub const OWN: &str = "longhaul";

    /// The program itself has asked, since an error came again and again.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.by.as_deref() == Some(Self::OWN)
    }

    /// `anna on db1: payroll run`.
    #[must_use]
    pub fn describe(&self) -> String {
        let by = self.by.as_deref().unwrap_or("somebody");
        match &self.why {
            Some(why) => format!("{by}: {why}"),
            None => by.to_owned(),
        }
    }
}

/// Where a run stands, for those at work on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orders {
    /// The stored state.
    pub state: RunState,
    /// The pass it is in.
    pub pass: Pass,
    /// What is wanted of it.
    pub wish: Wish,
    /// Settings that stand above its file, as TOML.
    pub settings: String,
    /// Settings of the whole database, as TOML.
    pub database_settings: String,
    /// The database's clock.
    pub now: Timestamp,
}

/// Somebody at work on the database.
#[derive(Clone, Debug, PartialEq)]
pub struct Peer {
    /// Who.
    pub id: WorkerId,
    /// On which run.
    pub run: RunId,
    /// Rows a second.
    pub rows_per_second: f64,
    /// WAL bytes a second.
    pub wal_per_second: f64,
    /// A limit holds it back.
    pub hungry: bool,
    /// Its heart has beaten within the time of a lease.
    pub beats: bool,
}

/// What a process tells of itself with its heartbeat: the same for each of its workers.
#[derive(Clone, Debug, PartialEq)]
pub struct Beat {
    /// Rows a second, of each worker.
    pub rows_per_second: f64,
    /// WAL bytes a second, of each.
    pub wal_per_second: f64,
    /// A limit holds it back.
    pub hungry: bool,
    /// `working`, or what it waits for.
    pub doing: String,
}

/// A process that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dead {
    /// Where it ran.
    pub host: String,
    /// Its number there.
    pub process_id: i32,
    /// As whom.
    pub actor: String,
    /// Its workers on the run.
    pub workers: i64,
}

/// What the lock monitor saw of one batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// How long the batch waited for locks of others.
    pub lock_wait: std::time::Duration,
    /// Sessions that waited for it.
    pub blocked: u32,
    /// For how long the first of them waited.
    pub blocked_for: std::time::Duration,
}

impl Store {
    /// A heartbeat of all workers of a process. `false`: one of them was given up as dead.
    pub async fn beat(
        &self,
        client: &impl GenericClient,
        workers: &[WorkerId],
        beat: &Beat,
    ) -> Result<bool, StoreError> {
        let Beat { rows_per_second, wal_per_second, hungry, doing: now } = beat;
        let beaten = client
            .execute(&self.sql.beat, &[&ids(workers), rows_per_second, wal_per_second, hungry, now])
            .await
            .map_err(doing("send a heartbeat"))?;
        Ok(beaten == workers.len() as u64)
    }

    /// What is wanted of a run; `None`: it isn't there any more.
    pub async fn orders(
        &self,
        client: &impl GenericClient,
        run: RunId,
    ) -> Result<Option<Orders>, StoreError> {
        let row =
            client.query_opt(&self.sql.read_orders, &[&run.0]).await.map_err(doing("look for orders"))?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Orders {
            state: row.get::<_, &str>("state").parse()?,
            pass: Pass(row.get("pass")),
            wish: Wish {
                wanted: row.get::<_, &str>("wanted").parse()?,
                by: row.get("wanted_by"),
                why: row.get("wanted_why"),
            },
            settings: row.get("settings"),
            database_settings: row.get("database_settings"),
            now: Timestamp::from_microsecond(row.get("now")).unwrap_or_default(),
        }))
    }

    /// The database's clock.
    pub async fn now(&self, client: &impl GenericClient) -> Result<Timestamp, StoreError> {
        let failed = doing("ask for the database's time");
        let row = client.query_one(&self.sql.read_clock, &[]).await.map_err(failed)?;
        Ok(Timestamp::from_microsecond(row.get(0)).unwrap_or_default())
    }

    /// Everybody at work on the database, in the order in which they came.
    pub async fn peers(&self, client: &impl GenericClient) -> Result<Vec<Peer>, StoreError> {
        let rows =
            client.query(&self.sql.list_peers, &[&ttl()]).await.map_err(doing("look who else is at work"))?;
        Ok(rows
            .iter()
            .map(|row| Peer {
                id: WorkerId(row.get("id")),
                run: RunId(row.get("run_id")),
                rows_per_second: row.get("rows_per_second"),
                wal_per_second: row.get("wal_per_second"),
                hungry: row.get("hungry"),
                beats: row.get("beats"),
            })
            .collect())
    }

    /// Gives up the dead among the run's workers, but for one's own, and frees what they held. The caller holds the
    /// table of runs locked.
    pub async fn reap_workers(
        &self,
        client: &impl GenericClient,
        run: RunId,
        own: &[WorkerId],
    ) -> Result<Vec<Dead>, StoreError> {
        let rows = client
            .query(&self.sql.reap_workers, &[&run.0, &ids(own), &ttl()])
            .await
            .map_err(doing("give up dead workers"))?;
        Ok(rows
            .iter()
            .map(|row| Dead {
                host: row.get("host"),
                process_id: row.get("process_id"),
                actor: row.get("actor"),
                workers: row.get("workers"),
            })
            .collect())
    }

    /// Who leads the run: the first to have come of those registered.
    pub async fn first_worker(
        &self,
        client: &impl GenericClient,
        run: RunId,
    ) -> Result<Option<WorkerId>, StoreError> {
        let row = client
            .query_opt(&self.sql.first_worker, &[&run.0])
            .await
            .map_err(doing("look who leads the run"))?;
        Ok(row.map(|row| WorkerId(row.get(0))))
    }

    /// How many others are registered for the run.
    pub async fn count_other_workers(
        &self,
        client: &impl GenericClient,
        run: RunId,
        own: &[WorkerId],
    ) -> Result<u64, StoreError> {
        let row = client
            .query_one(&self.sql.count_other_workers, &[&run.0, &ids(own)])
            .await
            .map_err(doing("look who else is at work"))?;
        Ok(row.get::<_, i64>(0).unsigned_abs())
    }

    /// Stores what is wanted of a run from now on.
    pub async fn set_wanted(
        &self,
        client: &impl GenericClient,
        run: RunId,
        wish: &Wish,
    ) -> Result<(), StoreError> {
        client
            .execute(&self.sql.set_wanted, &[&run.0, &wish.wanted.as_str(), &wish.by, &wish.why])
            .await
            .map_err(doing("store what is wanted of the run"))?;
        Ok(())
    }

    /// Stores the settings of a run.
    pub async fn set_run_settings(
        &self,
        client: &impl GenericClient,
        run: RunId,
        settings: &str,
    ) -> Result<(), StoreError> {
        client
            .execute(&self.sql.set_run_settings, &[&run.0, &settings])
            .await
            .map_err(doing("store the run's settings"))?;
        Ok(())
    }

    /// The settings of the whole database, as TOML.
    pub async fn database_settings(&self, client: &impl GenericClient) -> Result<String, StoreError> {
        let row = client
            .query_one(&self.sql.read_database_settings, &[])
            .await
            .map_err(doing("read the database's settings"))?;
        Ok(row.get(0))
    }

    /// Stores the settings of the whole database.
    pub async fn set_database_settings(
        &self,
        client: &impl GenericClient,
        identity: &Identity,
        settings: &str,
    ) -> Result<(), StoreError> {
        client
            .execute(&self.sql.set_database_settings, &[&settings, &identity.to_string()])
            .await
            .map_err(doing("store the database's settings"))?;
        Ok(())
    }

    /// Tells those at work on the run, or on any, to look now.
    pub async fn notify_workers(
        &self,
        client: &impl GenericClient,
        run: Option<RunId>,
    ) -> Result<(), StoreError> {
        let payload = run.map_or_else(|| "all".to_owned(), |run| run.to_string());
        client
            .execute(&self.sql.notify_workers, &[&payload])
            .await
            .map_err(doing("notify the processes at work"))?;
        Ok(())
    }

    /// Keeps what the lock monitor saw of a batch; `None`: one that was cancelled, of which nothing else is stored.
    pub async fn note_waits(
        &self,
        client: &impl GenericClient,
        range: RangeId,
        batch: Option<i64>,
        waits: Waits,
    ) -> Result<(), StoreError> {
        let milliseconds = |duration: std::time::Duration| format!("{} milliseconds", duration.as_millis());
        let blocked = i32::try_from(waits.blocked).unwrap_or(i32::MAX);
        client
            .execute(
                &self.sql.note_waits,
                &[
                    &range.0,
                    &batch,
                    &milliseconds(waits.lock_wait),
                    &blocked,
                    &milliseconds(waits.blocked_for),
                ],
            )
            .await
            .map_err(doing("store what a batch waited for"))?;
        Ok(())
    }

    /// The jobs of the runs that a worker may go on with, oldest first.
    pub async fn unfinished_jobs(&self, client: &impl GenericClient) -> Result<Vec<String>, StoreError> {
        let rows = client
            .query(&self.sql.unfinished_runs, &[])
            .await
            .map_err(doing("look for runs to go on with"))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }
}
