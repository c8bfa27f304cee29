//! Who is in the way: the sessions that our own waits for, and those that it would wait for if it asked.

use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio_postgres::Row;

use super::History;
use super::session::Seen;
use crate::engine::{Engine, Notice};
use crate::pg::Connection;

/// A statement that is through by then needs no watching.
const LOOK_AFTER: Duration = Duration::from_millis(150);

/// How often to look: more than once within the default lock timeout.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How often while it waits: that is how exactly the end of its waiting is known.
const LOOK_CLOSELY: Duration = Duration::from_millis(50);

/// A transaction that is older than this when it is met will not be gone by the time that we have waited for it:
/// `pg_ha_migrations`' five seconds.
const OLD: &str = "5 seconds";

/// The sessions that block a backend, and what each is doing.
const BLOCKING: &str = include_str!("blocking.sql");

/// How far the index is that a backend builds.
const BUILDING: &str = include_str!("building.sql");

/// The sessions that hold a lock on one of the tables, in transactions that are old already.
const HOLDING: &str = include_str!("holding.sql");

/// Keeps an eye on the backend at work until dropped. Where it can't look, it doesn't: nothing depends on it.
pub(super) async fn watch(
    history: &History<'_>,
    monitor: &mut Option<Connection>,
    seen: &Seen,
) -> Infallible {
    let (engine, mut told) = (history.engine, String::new());
    engine.clock.sleep(LOOK_AFTER).await;
    loop {
        if monitor.is_none() {
            *monitor = engine.connector.connect("upgrade monitor").await.ok();
        }
        let backend = seen.backend.load(Ordering::Relaxed);
        let (mut next, mut what) = (LOOK_EVERY, String::new());
        if let Some(connection) = monitor.as_ref().filter(|_| backend != 0) {
            match look(connection, backend, engine.clock.monotonic()).await {
                Ok(Some(waits)) => {
                    next = LOOK_CLOSELY;
                    what = format!("waits for a lock of {}", waits.who);
                    waits.note(seen, engine);
                }
                Ok(None) => what = building(connection, backend).await,
                Err(_) => *monitor = None,
            }
        }
        if what != told {
            engine.observer.notice(Notice::StatementDoing { what: what.clone() });
            told = what;
        }
        engine.clock.sleep(next).await;
    }
}

/// What the backend waits for.
struct Waits {
    since: Instant,
    /// The first of them, in few words.
    who: String,
    blockers: Vec<String>,
}

impl Waits {
    fn note(self, seen: &Seen, engine: &Engine<'_>) {
        let now = engine.clock.monotonic();
        *seen.blockers.lock().expect("no holder can panic") = self.blockers;
        seen.timing.lock().expect("no holder can panic").waits(self.since, now, self.who);
    }
}

async fn look(
    connection: &Connection,
    backend: i32,
    asked: Instant,
) -> Result<Option<Waits>, tokio_postgres::Error> {
    let statement = connection.prepared(BLOCKING).await?;
    let rows = connection.query(&statement, &[&backend]).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    // Not yet noted when the wait has only just begun.
    let waited: Option<f64> = first.get(2);
    let waited = Duration::try_from_secs_f64(waited.unwrap_or(0.0)).unwrap_or_default();
    let blockers = rows.iter().map(|row: &Row| row.get(0)).collect();
    Ok(Some(Waits { since: asked.checked_sub(waited).unwrap_or(asked), who: first.get(1), blockers }))
}

/// How far an index is, in words; empty where none is built.
async fn building(connection: &Connection, backend: i32) -> String {
    let Ok(statement) = connection.prepared(BUILDING).await else { return String::new() };
    let Ok(Some(row)) = connection.query_opt(&statement, &[&backend]).await else { return String::new() };
    let phase: String = row.get::<_, Option<String>>(0).unwrap_or_default();
    let (lockers, gone): (Option<i64>, Option<i64>) = (row.get(1), row.get(2));
    match (phase.starts_with("waiting"), lockers, gone, row.get::<_, Option<i64>>(3)) {
        (true, Some(lockers), Some(gone), _) if lockers > gone => format!("{phase}: {} left", lockers - gone),
        (false, _, _, Some(percent)) => format!("{phase}, {percent} %"),
        _ => phase,
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
