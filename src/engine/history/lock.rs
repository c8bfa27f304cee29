//! The lock of the history: one process at a time upgrades, downgrades or stamps.
//!
//! It is the lock of an empty table, taken by an idle transaction on a connection of its own. Neither the holder nor who
//! asks has a snapshot while it waits, so no CREATE INDEX CONCURRENTLY waits for them; it ends with its transaction, so a
//! pooler can't leave it behind; and everybody sees in `pg_locks` whose it is. A holder that freezes loses it after a
//! minute. What a revision does is safe without it: each is recorded by the transaction that does it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio_util::task::AbortOnDropHandle;

use super::{History, HistoryError};
use crate::engine::Notice;

/// How often to ask whether the other is done. It is asked, never waited for in the server.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// How often the holder shows that it lives; `lock_history.sql` allows twelve times as long.
const BEAT: Duration = Duration::from_secs(5);

/// The lock, held until this is dropped.
pub(super) struct HistoryLock {
    lost: Arc<AtomicBool>,
    _beat: AbortOnDropHandle<()>,
}

impl HistoryLock {
    /// Whether the connection that holds it is gone.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }
}

impl History<'_> {
    /// Waits until nobody else changes the history, saying who does, and keeps others from it.
    pub(super) async fn lock(&self, doing: &str) -> Result<HistoryLock, HistoryError> {
        let engine = self.engine;
        let purpose = format!("{doing} by {}", engine.identity);
        let connection = engine.connector.connect(&purpose).await?;
        let started = engine.clock.monotonic();
        let mut told = None;
        loop {
            let holder = engine.store.history_holder(&connection).await?;
            match holder {
                None if engine.store.try_lock_history(&connection).await? => break,
                None => {}
                Some(holder) => {
                    let waited = engine.clock.monotonic().saturating_duration_since(started);
                    if waited >= engine.settings.history_wait {
                        return Err(HistoryError::Busy { holder, waited });
                    }
                    if told.as_ref() != Some(&holder) {
                        let reason = format!("another process is changing the history: {holder}");
                        engine.observer.notice(Notice::Waiting { reason });
                        told = Some(holder);
                    }
                }
            }
            if engine.stop.is_asked() {
                return Err(HistoryError::Stopped { before: "it began".to_owned() });
            }
            engine.clock.sleep(ASK_EVERY).await;
        }
        let lost = Arc::new(AtomicBool::new(false));
        let (clock, is_lost) = (engine.clock.clone(), lost.clone());
        let beat = tokio::spawn(async move {
            // SHOW needs no snapshot.
            while connection.batch_execute("SHOW transaction_isolation").await.is_ok() {
                clock.sleep(BEAT).await;
            }
            is_lost.store(true, Ordering::Relaxed);
        });
        Ok(HistoryLock { lost, _beat: AbortOnDropHandle::new(beat) })
    }
}
