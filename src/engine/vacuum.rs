//! Asks for a VACUUM when updates have left more dead rows behind than pruning can reach.
//!
//! A heap-only update's old version is pruned by whoever reads its page next. Of any other update the room comes back
//! for others only with a VACUUM: without one, a job whose updates are all of that kind doubles its table. So the rows
//! that had to move are counted, and when they are a fifth of the table one VACUUM runs beside the batches, paced. It
//! takes no lock that a batch or a client waits for, and gives way to one that is running already.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;

use super::{JobPlan, Notice, Observer, RunError};
use crate::pg::connect::CancelHandle;
use crate::pg::{Connector, quote};

/// Moved rows, in percent of the table's, for which a VACUUM is worth its scan: autovacuum's default.
const WORTH_PERCENT: u64 = 20;

/// Fewer moved rows than this are left to autovacuum.
const LEAST: u64 = 50_000;

/// As a session's settings: autovacuum's delay, where a VACUUM by hand has none, and ten times its limit, since it must
/// keep up with the batches.
const PACE: &str = "SET vacuum_cost_delay = '2ms'; SET vacuum_cost_limit = 2000; SET lock_timeout = 0; \
    SET statement_timeout = 0";

/// Counts what the workers leave behind, and vacuums.
pub(super) struct Vacuum<'v> {
    connector: &'v Connector,
    observer: &'v dyn Observer,
    statement: String,
    owned: bool,
    enough: u64,
    moved: AtomicU64,
    at_work: AtomicBool,
    wanted: Notify,
    running: Mutex<Option<CancelHandle>>,
}

impl<'v> Vacuum<'v> {
    pub(super) fn new(
        connector: &'v Connector,
        observer: &'v dyn Observer,
        plan: &JobPlan,
        rows: u64,
    ) -> Self {
        Self {
            connector,
            observer,
            // Truncating the end would need an exclusive lock.
            statement: format!("VACUUM (SKIP_LOCKED, TRUNCATE false) {}", quote::table(&plan.table.name)),
            owned: plan.storage.owned,
            enough: (rows / 100 * WORTH_PERCENT).max(LEAST),
            moved: AtomicU64::new(0),
            at_work: AtomicBool::new(false),
            wanted: Notify::new(),
            running: Mutex::default(),
        }
    }

    /// A batch was committed. Without a count of heap-only updates, all are taken for others.
    pub(super) fn note(&self, changed: u64, hot: Option<u64>) {
        let moved = changed.saturating_sub(hot.unwrap_or(0));
        let sum = self.moved.fetch_add(moved, Ordering::SeqCst) + moved;
        if sum >= self.enough && !self.at_work.swap(true, Ordering::SeqCst) {
            self.moved.store(0, Ordering::SeqCst);
            self.wanted.notify_one();
        }
    }

    /// Vacuums whenever it is time, for ever.
    pub(super) async fn watch(&self) {
        loop {
            self.wanted.notified().await;
            if !self.owned {
                let reason = "the table grows, and this role may not VACUUM it: that is left to autovacuum";
                self.observer.notice(Notice::Warning { reason: reason.to_owned() });
                // Once is enough; the flag stays set, and nothing is asked for any more.
                std::future::pending::<()>().await;
            }
            self.observer.notice(Notice::Vacuuming);
            if let Err(error) = self.vacuum().await {
                let reason = format!("the table could not be vacuumed: {error}");
                self.observer.notice(Notice::Warning { reason });
            }
            self.at_work.store(false, Ordering::SeqCst);
        }
    }

    async fn vacuum(&self) -> Result<(), RunError> {
        let connection = self.connector.connect("vacuum").await?;
        connection.batch_execute(PACE).await.map_err(RunError::sql("set the pace of a VACUUM"))?;
        let running = |handle| *self.running.lock().expect("no holder can panic") = handle;
        running(Some(connection.cancel_handle()));
        let done = connection.batch_execute(&self.statement).await;
        running(None);
        done.map_err(RunError::sql("vacuum the table"))
    }

    /// Ends one that is still running, in the server, when the work is over: nobody is left to watch it.
    pub(super) async fn stop(&self) {
        let running = self.running.lock().expect("no holder can panic").take();
        if let Some(handle) = running {
            handle.cancel().await;
        }
    }
}
