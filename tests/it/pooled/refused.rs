//! Behind a pool in transaction mode.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::task::JoinSet;

use crate::support::{Items, JobKind, Mode, Pooler, simple_value};

const WHY: &str = "is behind a pooler that hands its sessions on after each transaction";
const HINT: &str = "connect to the server itself, or to a pool in session mode";

const PLAIN: &str = "-- revision: aaaa\n-- message: plain\n\n-- migrate:up\nCREATE TABLE plain (id int);\n\n\
                     -- migrate:down\nDROP TABLE plain;\n";
const ALONE: &str = "-- revision: bbbb\n-- revises: aaaa\n-- message: alone\n\n-- migrate:up transaction:false\n\
                     CREATE INDEX CONCURRENTLY items_old ON items (old);\n";

async fn nothing_was_done(items: &Items) {
    let stored: bool = items
        .database()
        .value("SELECT to_regnamespace('longhaul') IS NOT NULL OR to_regclass('plain') IS NOT NULL")
        .await;
    assert!(!stored, "something was stored");
    let changed: i64 = items.database().value("SELECT count(*) FROM audit").await;
    assert_eq!(changed, 0, "rows were changed");
}

#[tokio::test]
async fn every_command_is_refused_with_the_reason_before_anything_is_done() {
    let items = Items::new(60, JobKind::Counting).await;
    items.project.write("aaaa.sql", PLAIN).write("bbbb.sql", ALONE);
    let Some(pooler) = Pooler::before(items.database(), Mode::Transaction, "").await else { return };
    let commands: [&[&str]; 9] = [
        &["run", "fill", "--workers", "1"],
        &["run", "fill", "--workers", "2"],
        &["status"],
        &["upgrade", "aaaa"],
        &["upgrade", "heads"],
        &["downgrade", "base", "--yes"],
        &["check"],
        &["worker"],
        &["pause", "fill"],
    ];
    for command in commands {
        let command = [command, &["--database-url", &pooler.url]].concat();
        items.project.longhaul(&command).await.ended_with(1).says(WHY).says(HINT);
        nothing_was_done(&items).await;
    }
    // What applications of the pool get afterwards is as it was.
    let application = pooler.connect().await;
    assert_eq!(simple_value(&application, "SHOW lock_timeout").await, "0");
    assert_eq!(simple_value(&application, "SHOW idle_in_transaction_session_timeout").await, "0");
    let prepared = simple_value(&application, "SELECT count(*) FROM pg_prepared_statements").await;
    assert_eq!(prepared, "0");
    pooler.stop().await;
}

/// Applications that take and give back sessions of the pool all the time.
struct Applications {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU32>,
    clients: JoinSet<()>,
}

impl Applications {
    async fn start(pooler: &Pooler, number: u32) -> Self {
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let mut clients = JoinSet::new();
        for _ in 0..number {
            let (client, stop, done) = (pooler.connect().await, stop.clone(), done.clone());
            clients.spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    client.batch_execute("BEGIN; SELECT count(*) FROM items; COMMIT").await.unwrap();
                    done.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        Self { stop, done, clients }
    }

    async fn stop(self) -> u32 {
        self.stop.store(true, Ordering::SeqCst);
        self.clients.join_all().await;
        self.done.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_busy_pool_is_known_for_one_too_whatever_session_it_gives() {
    let items = Items::new(60, JobKind::Counting).await;
    for order in ["server_round_robin = 0", "server_round_robin = 1"] {
        let options = format!("default_pool_size = 6\n{order}");
        let Some(pooler) = Pooler::before(items.database(), Mode::Transaction, &options).await else {
            return;
        };
        let applications = Applications::start(&pooler, 4).await;
        for _ in 0..10 {
            let run = ["run", "fill", "--database-url", &pooler.url];
            items.project.longhaul(&run).await.ended_with(1).says(WHY).says(HINT);
        }
        assert!(applications.stop().await > 0, "the pool was never busy");
        nothing_was_done(&items).await;
        pooler.stop().await;
    }
}

#[tokio::test]
async fn an_exhausted_pool_does_not_make_it_wait_for_ever() {
    let items = Items::new(60, JobKind::Counting).await;
    items.project.configure("connect_timeout = \"1s\"");
    let Some(pooler) = Pooler::before(items.database(), Mode::Session, "default_pool_size = 1").await else {
        return;
    };
    let status = ["status", "--database-url", &pooler.url];
    let outcome = items.project.longhaul(&status).await.succeeded();
    assert!(outcome.stdout.contains("no job has been run"), "{}", outcome.stdout);
}
