//! Who is in the way: the sessions that our own waits for, and those that it would wait for if it asked.

use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::History;
use super::session::Seen;
use crate::pg::Connection;

/// A statement that is through by then needs no watching.
const LOOK_AFTER: Duration = Duration::from_millis(150);

/// How often to look: more than once within the default lock timeout.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A transaction that is older than this when it is met will not be gone by the time that we have waited for it:
/// `pg_ha_migrations`' five seconds.
const OLD: &str = "5 seconds";

/// The sessions that block a backend, and what each is doing.
const BLOCKING: &str = include_str!("blocking.sql");

/// The sessions that hold a lock on one of the tables, in transactions that are old already.
const HOLDING: &str = include_str!("holding.sql");

/// Keeps an eye on the backend at work until dropped. Where it can't look, it doesn't: nothing depends on it.
pub(super) async fn watch(
    history: &History<'_>,
    monitor: &mut Option<Connection>,
    seen: &Seen,
) -> Infallible {
    let engine = history.engine;
    engine.clock.sleep(LOOK_AFTER).await;
    loop {
        if monitor.is_none() {
            *monitor = engine.connector.connect("upgrade monitor").await.ok();
        }
        let backend = seen.backend.load(Ordering::Relaxed);
        if let Some(connection) = monitor.as_ref().filter(|_| backend != 0) {
            match connection.query(BLOCKING, &[&backend]).await {
                Ok(rows) if rows.is_empty() => {}
                Ok(rows) => {
                    let found = rows.iter().map(|row| row.get(0)).collect();
                    *seen.blockers.lock().expect("no holder can panic") = found;
                }
                Err(_) => *monitor = None,
            }
        }
        engine.clock.sleep(LOOK_EVERY).await;
    }
}

/// Who would be waited for by a statement that locks these tables against everybody, in words.
pub(super) async fn in_the_way(connection: &Connection, tables: &[String]) -> Vec<String> {
    if tables.is_empty() {
        return Vec::new();
    }
    let Ok(statement) = connection.prepared(HOLDING).await else { return Vec::new() };
    let rows = connection.query(&statement, &[&tables, &OLD]).await.unwrap_or_default();
    rows.iter().map(|row| row.get(0)).collect()
}
