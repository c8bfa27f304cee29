//! One batch, tried and rolled back: with the statement, the settings and the rights that a run's batch has.

use std::time::Duration;

use serde_json::Value;
use tokio_postgres::Error;

use super::super::JobPlan;
use super::super::batch::milliseconds;
use super::places::Place;
use crate::clock::Clock;
use crate::pg::{Connection, waiting};
use crate::plan::rehearsal::Explained;

/// How often to look whom a batch waits for, while it runs.
const LOOK: Duration = Duration::from_millis(250);

/// What EXPLAIN is to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// To plan.
    Plan,
    /// To do it, and to say what it cost.
    Run,
}

/// What trials need.
pub(super) struct Stage<'s> {
    pub(super) clock: &'s Clock,
    pub(super) connection: &'s Connection,
    /// Sees whom the other one waits for.
    pub(super) witness: &'s Connection,
    pub(super) plan: &'s JobPlan,
    /// The table and its partitions, without their schemas.
    pub(super) tables: Vec<String>,
    /// Our backend.
    pub(super) process_id: i32,
    pub(super) lock_timeout: Duration,
    pub(super) statement_timeout: Duration,
}

/// What came of a batch.
pub(super) struct Seen {
    pub(super) explained: Explained,
    /// Of the rows changed, those whose new version stayed on its page.
    pub(super) hot: f64,
    /// WAL bytes that the server wrote meanwhile: what triggers write is not in the plan's.
    pub(super) server_wal: f64,
}

/// Why a batch didn't come to its end.
pub(super) struct Broken {
    pub(super) error: Error,
    /// Whom it waited for.
    pub(super) waited_for: Option<String>,
}

impl Stage<'_> {
    /// Tries the batch. Nothing of it is kept.
    pub(super) async fn attempt(&self, place: &Place, depth: Depth) -> Result<Seen, Broken> {
        let mut waited_for = None;
        let seen = {
            let mut work = std::pin::pin!(self.explain(place, depth));
            loop {
                tokio::select! {
                    biased;
                    done = &mut work => break done,
                    () = self.clock.sleep(LOOK) => {}
                }
                // One that can't be told is only left unnamed.
                let waits = waiting(self.witness, &[self.process_id]).await.unwrap_or_default();
                waited_for =
                    waits.into_iter().find(|wait| wait.ours_waits).map(|wait| wait.who).or(waited_for);
            }
        };
        let rolled_back = self.connection.batch_execute("ROLLBACK").await;
        match (seen, rolled_back) {
            (Ok(seen), Ok(())) => Ok(seen),
            (Err(error), _) | (Ok(_), Err(error)) => Err(Broken { error, waited_for }),
        }
    }

    async fn explain(&self, place: &Place, depth: Depth) -> Result<Seen, Error> {
        let (client, sql) = (self.connection, &self.plan.sql);
        client.batch_execute(&self.begin()).await?;
        let statement = sql.rehearsed(place.shape, place.stride, place.last_pointer);
        let options = match depth {
            Depth::Plan => "FORMAT JSON",
            Depth::Run => "ANALYZE, BUFFERS, WAL, FORMAT JSON",
        };
        let (hot, wal) = self.counters().await?;
        let statement = format!("EXPLAIN ({options}) {statement}");
        let row = match &place.lower {
            Some(lower) if place.shape.has_lower() => {
                client.query_one(&statement, &[&place.upper.0, &lower.0]).await?
            }
            _ => client.query_one(&statement, &[&place.upper.0]).await?,
        };
        let json: Value = row.get(0);
        let (hot_after, wal_after) = self.counters().await?;
        Ok(Seen {
            explained: Explained::read(&json, &self.tables).unwrap_or_default(),
            hot: (hot_after - hot) as f64,
            server_wal: (wal_after - wal) as f64,
        })
    }

    /// As the fence begins a batch; what is deferred to its COMMIT is checked at once, since there will be none.
    fn begin(&self) -> String {
        let joins = if self.plan.sql.reads_first() {
            "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; "
        } else {
            ""
        };
        format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE, NOT DEFERRABLE; SET LOCAL lock_timeout = {}; \
             SET LOCAL statement_timeout = {}; SET LOCAL enable_seqscan = off; \
             SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL jit = off; {joins}\
             SET CONSTRAINTS ALL IMMEDIATE; {}",
            milliseconds(self.lock_timeout),
            milliseconds(self.statement_timeout),
            self.plan.sql.as_author(),
        )
    }

    /// Heap-only updates of the table that this session has not told the statistics of yet, and where the WAL stands.
    async fn counters(&self) -> Result<(i64, i64), Error> {
        let statement = "SELECT pg_catalog.pg_stat_get_xact_tuples_hot_updated($1::pg_catalog.oid), \
             (pg_catalog.pg_current_wal_insert_lsn() OPERATOR(pg_catalog.-) '0/0'::pg_catalog.pg_lsn)::pg_catalog.int8";
        let row = self.connection.query_one(statement, &[&self.plan.table.oid]).await?;
        Ok((row.get::<_, Option<i64>>(0).unwrap_or(0), row.get(1)))
    }
}
