//! Clients that insert, delete, update and move rows beside three workers that are killed again and again: at the end
//! nothing is left, no row is lost, and none was done twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::support::{Database, JobKind, Pages, wait_for};

const ROWS: i32 = 11_500;

const KILLS: u32 = 8;

/// Clients: each with what it does to the number of rows.
const WRITERS: [(&str, i64); 5] = [
    // The trigger makes the row right.
    ("UPDATE pages SET old = old + 1 WHERE id = $1", 0),
    // Moves the row to another page, and leaves it as much to be done as it was.
    ("UPDATE pages SET pad = repeat('m', 1000 + length(pad) % 7) WHERE id = $1", 0),
    ("UPDATE pages SET pad = 'short' WHERE id = $1", 0),
    ("INSERT INTO pages (id, old, pad) SELECT nextval('fresh'), $1, repeat('i', 500)", 1),
    ("DELETE FROM pages WHERE id = $1", -1),
];

#[derive(Default)]
struct Ledger {
    stop: AtomicBool,
    rows: AtomicI64,
    done: [AtomicI64; WRITERS.len()],
}

struct Writers {
    ledger: Arc<Ledger>,
    clients: JoinSet<()>,
}

impl Writers {
    async fn start(database: &Database, seed: u64) -> Self {
        let ledger = Arc::new(Ledger::default());
        let mut clients = JoinSet::new();
        for (at, (sql, rows)) in WRITERS.into_iter().enumerate() {
            let (client, ledger) = (database.connect().await, ledger.clone());
            let mut random = fastrand::Rng::with_seed(seed + at as u64);
            let mut pace = tokio::time::interval(Duration::from_millis(4));
            clients.spawn(async move {
                while !ledger.stop.load(Ordering::SeqCst) {
                    pace.tick().await;
                    let done = client.execute(sql, &[&random.i32(1..=ROWS)]).await.unwrap().cast_signed();
                    ledger.done[at].fetch_add(done, Ordering::SeqCst);
                    ledger.rows.fetch_add(done * rows, Ordering::SeqCst);
                }
            });
        }
        Self { ledger, clients }
    }

    async fn stop(self) -> Arc<Ledger> {
        self.ledger.stop.store(true, Ordering::SeqCst);
        self.clients.join_all().await;
        self.ledger
    }
}

async fn keys_passed(database: &Database) -> i64 {
    match database.client.query_one("SELECT sum(rows_seen)::int8 FROM longhaul.range", &[]).await {
        Ok(row) => row.get::<_, Option<i64>>(0).unwrap_or(0),
        Err(_) => 0,
    }
}

async fn walk_under_traffic(order: &str) {
    let pages = Pages::new(ROWS, 1000, JobKind::Sweeping).await;
    pages.write_job(&format!("order = \"{order}\"\nstrides = 7\nmin = 20\nmax = 20\nwindow = \"1MB\""));
    let database = pages.database();
    database
        .execute(&format!(
            "CREATE TABLE audit (id int);
             CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN INSERT INTO audit VALUES (NEW.id); RETURN NULL; END';
             CREATE TRIGGER zz_audit AFTER UPDATE ON pages FOR EACH ROW
             WHEN (current_setting('application_name') LIKE 'longhaul%') EXECUTE FUNCTION audit();
             CREATE FUNCTION sync() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN NEW.new := NEW.old * 2; RETURN NEW; END';
             CREATE TRIGGER sync BEFORE INSERT OR UPDATE OF old ON pages FOR EACH ROW EXECUTE FUNCTION sync();
             CREATE SEQUENCE fresh START {ROWS}; SELECT nextval('fresh')"
        ))
        .await;
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let writers = Writers::start(database, seed).await;
    for kill in 1..=KILLS {
        let goal = keys_passed(database).await + random.i64(1..=1200);
        let mut process = pages.project.spawn(&["run", "fill", "--workers", "3"]);
        wait_for(&format!("{order}, kill {kill} of seed {seed}: {goal} keys are passed"), || async {
            keys_passed(database).await >= goal
        })
        .await;
        assert!(process.is_running(), "{order}, kill {kill} of seed {seed} comes too late");
        process.kill().await.was_killed();
    }
    pages.project.longhaul(&["run", "fill", "--workers", "3"]).await.succeeded();

    let ledger = writers.stop().await;
    let left: i64 = database.value("SELECT count(*) FROM pages WHERE new IS DISTINCT FROM old * 2").await;
    assert_eq!(left, 0, "{order}, seed {seed}: rows left");
    let rows: i64 = database.value("SELECT count(*) FROM pages").await;
    assert_eq!(
        rows,
        i64::from(ROWS) + ledger.rows.load(Ordering::SeqCst),
        "{order}, seed {seed}: rows there"
    );
    let twice: i64 = database
        .value("SELECT count(*) FROM (SELECT FROM audit GROUP BY id HAVING count(*) > 1) AS twice")
        .await;
    assert_eq!(twice, 0, "{order}, seed {seed}: rows done twice");
    let (done, books): (i64, i64) = (
        database.value("SELECT count(*) FROM audit").await,
        database.value("SELECT sum(rows_changed)::int8 FROM longhaul.range").await,
    );
    assert_eq!(done, books, "{order}, seed {seed}: rows changed, and by the books");
    let resumed: i64 = database.value("SELECT count(*) FROM longhaul.event WHERE kind = 'run.resumed'").await;
    assert_eq!(resumed, i64::from(KILLS), "{order}, seed {seed}: starts after a kill");
    for ((sql, _), done) in WRITERS.iter().zip(&ledger.done) {
        assert!(done.load(Ordering::SeqCst) > 0, "{order}, seed {seed}: nothing was done by {sql}");
    }
    pages.assert_ranges_partition(&format!("{order}, seed {seed}")).await;
}

#[tokio::test]
async fn traffic_and_kills_beside_three_workers_in_physical_order_cost_no_row() {
    walk_under_traffic("physical").await;
}

#[tokio::test]
async fn traffic_and_kills_beside_three_workers_by_key_cost_no_row() {
    walk_under_traffic("key").await;
}
