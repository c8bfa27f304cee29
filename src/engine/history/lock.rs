//! The lock of the history: one process at a time upgrades, downgrades or stamps.
//!
//! It is the lock of an empty table, taken by an idle transaction on a connection of its own. Neither the holder nor who
//! asks has a snapshot while it waits, so no CREATE INDEX CONCURRENTLY waits for them; it ends with its transaction, so a
//! pooler can't leave it behind; and everybody sees in `pg_locks` whose it is. A holder that freezes loses it after a
//! minute; who lost it asks for it again before the next attempt. What a transaction does is safe without it: each
//! revision is recorded by the transaction that does it, which looks once more where the history stands. A statement that
//! runs outside a transaction is not: it is begun only by who holds the lock, and only where no other has begun it.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::AbortOnDropHandle;

use super::{History, HistoryError};
use crate::engine::Notice;
use crate::pg::Connection;

/// How often to ask whether the other is done. It is asked, never waited for in the server.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// How often the holder shows that it lives; `lock_history.sql` allows twelve times as long.
const BEAT: Duration = Duration::from_secs(5);

/// The lock, held until this is dropped.
pub(super) struct HistoryLock {
    connection: Arc<Connection>,
    _beat: AbortOnDropHandle<()>,
}

impl HistoryLock {
    /// Whether the connection that holds it is gone.
    pub(super) fn is_lost(&self) -> bool {
        self.connection.is_closed()
    }

    /// Lets go of it, and waits until that is done: who asks next, this process perhaps, must not find it held.
    pub(super) async fn release(self) {
        let _ = self.connection.batch_execute("ROLLBACK").await;
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
        while !engine.store.try_lock_history(&connection).await? {
            // None: it was let go since, and the next attempt will show.
            if let Some(holder) = engine.store.history_holder(&connection).await? {
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
            if engine.stop.is_asked() {
                return Err(HistoryError::Stopped { before: "it began".to_owned() });
            }
            engine.clock.sleep(ASK_EVERY).await;
        }
        let connection = Arc::new(connection);
        let (clock, beating) = (engine.clock.clone(), connection.clone());
        let beat = tokio::spawn(async move {
            // SHOW needs no snapshot.
            while beating.batch_execute("SHOW transaction_isolation").await.is_ok() {
                clock.sleep(BEAT).await;
            }
        });
        Ok(HistoryLock { connection, _beat: AbortOnDropHandle::new(beat) })
    }
}
