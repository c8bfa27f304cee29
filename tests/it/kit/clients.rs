//! Clients that write all the time, each its own rows, and remember what they wrote. Not one of their statements may fail.
//!
//! None waits for a lock longer than 300 ms: on a machine that has nothing else to do, which a test can't know. There it is
//! shown by `LONGHAUL_TEST_PATIENCE=300ms scripts/test --test it -- kit::golden --test-threads=1`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::support::Database;

/// What a client waits for a lock on any machine, unless the environment says less.
const PATIENCE: &str = "20s";

/// Between two statements of a client: dense, and the machine has other things to do as well.
const PACE: Duration = Duration::from_millis(4);

/// A client at work.
pub(super) struct Client {
    ends: Arc<AtomicBool>,
    task: JoinHandle<BTreeMap<i64, String>>,
}

/// What a client does.
#[derive(Clone)]
pub(super) struct Writing {
    /// Inserts a row; `$1` is a name that nobody has, `$2` the value; returns its id.
    pub(super) insert: String,
    /// Updates a row; `$1` is its id, `$2` the value.
    pub(super) update: String,
    /// The rows that it updates: from here on by twos.
    pub(super) first: i64,
}

impl Client {
    pub(super) async fn start(database: &Database, name: &'static str, writing: Writing) -> Self {
        let client = database.connect().await;
        let patience = std::env::var("LONGHAUL_TEST_PATIENCE");
        let patience = patience.as_deref().unwrap_or(PATIENCE);
        client.batch_execute(&format!("SET lock_timeout = '{patience}'")).await.unwrap();
        let ends = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ends);
        let task = tokio::spawn(async move {
            let mut wrote = BTreeMap::new();
            let mut pace = tokio::time::interval(PACE);
            for round in 0_i64.. {
                if end.load(Ordering::Relaxed) {
                    break;
                }
                let value = format!("g{}", round % 10);
                let id = writing.first + 2 * (round * 7 % 200);
                // Not prepared: a pool's clients have no statements of their own either.
                let update =
                    writing.update.replace("$1", &id.to_string()).replace("$2", &format!("'{value}'"));
                if let Err(error) = client.batch_execute(&update).await {
                    panic!("{name}: {update}: {error:?}");
                }
                wrote.insert(id, value.clone());
                if round % 5 == 0 {
                    let person = format!("'{name} {}'", uuid::Uuid::new_v4());
                    let insert = writing.insert.replace("$1", &person).replace("$2", &format!("'{value}'"));
                    match client.query_one(&insert, &[]).await {
                        Ok(row) => wrote.insert(row.get(0), value),
                        Err(error) => panic!("{name}: {insert}: {error:?}"),
                    };
                }
                pace.tick().await;
            }
            wrote
        });
        Self { ends, task }
    }

    /// Ends after the statement in hand; what its rows hold now.
    pub(super) async fn stop(self) -> BTreeMap<i64, String> {
        self.ends.store(true, Ordering::Relaxed);
        self.task.await.unwrap()
    }
}

/// A client that reads views all the time.
pub(super) struct Reader {
    ends: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Reader {
    pub(super) async fn start(database: &Database, query: &'static str) -> Self {
        let client = database.connect().await;
        let ends = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ends);
        let task = tokio::spawn(async move {
            let mut pace = tokio::time::interval(PACE);
            while !end.load(Ordering::Relaxed) {
                if let Err(error) = client.batch_execute(query).await {
                    panic!("{query}: {error:?}");
                }
                pace.tick().await;
            }
        });
        Self { ends, task }
    }

    pub(super) async fn stop(self) {
        self.ends.store(true, Ordering::Relaxed);
        self.task.await.unwrap();
    }
}
