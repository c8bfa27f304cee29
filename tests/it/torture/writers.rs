//! Clients of the table: transactions of a few random statements, at the case's isolation level.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use longhaul::clock::Clock;
use tokio::task::JoinSet;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::case::Case;
use crate::support::{Database, JobKind};

/// A transaction that others get in the way of is tried again so often.
const ATTEMPTS: u32 = 8;

/// Their answers: another had the row first, they were in each other's way, the key is taken.
const IN_THE_WAY: [&str; 2] = ["40001", "40P01"];
const KEY_TAKEN: &str = "23505";

/// The clients of one case.
pub(super) struct Writers {
    shared: Arc<Shared>,
    clients: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    committed: AtomicU64,
}

impl Writers {
    pub(super) async fn start(case: &Case, database: &Database) -> Self {
        let shared = Arc::new(Shared::default());
        let mut clients = JoinSet::new();
        for number in 0..case.writers {
            let random = fastrand::Rng::with_seed(case.seed.wrapping_add(number + 1));
            let client = database.connect().await;
            clients.spawn(write(client, case.clone(), random, shared.clone()));
        }
        Self { shared, clients }
    }

    /// Waits for their last transactions. Returns how many they have committed.
    pub(super) async fn stop(self) -> u64 {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.clients.join_all().await;
        self.shared.committed.load(Ordering::SeqCst)
    }
}

async fn write(client: Client, case: Case, mut random: fastrand::Rng, shared: Arc<Shared>) {
    let clock = Clock::system();
    while !shared.stop.load(Ordering::SeqCst) {
        let statements: Vec<_> = (0..random.u32(1..=3)).map(|_| statement(&case, &mut random)).collect();
        let end = if random.u8(..12) == 0 { "ROLLBACK" } else { "COMMIT" };
        let transaction =
            format!("BEGIN ISOLATION LEVEL {}; {}; {end}", case.isolation, statements.join("; "));
        if committed(&client, &transaction, &case).await {
            shared.committed.fetch_add(1, Ordering::SeqCst);
        }
        clock.sleep(Duration::from_millis(random.u64(..5))).await;
    }
}

/// Whether it came to its end at last.
async fn committed(client: &Client, transaction: &str, case: &Case) -> bool {
    for _ in 0..ATTEMPTS {
        let Err(error) = client.batch_execute(transaction).await else { return true };
        client.batch_execute("ROLLBACK").await.unwrap();
        match error.code().map(SqlState::code) {
            Some(code) if IN_THE_WAY.contains(&code) => {}
            Some(KEY_TAKEN) => return false,
            _ => panic!("{case}: {transaction}: {error:?}"),
        }
    }
    false
}

fn statement(case: &Case, random: &mut fastrand::Rng) -> String {
    let uid = random.i64(1..=case.rows * 11 / 10);
    let value = random.i32(1..1_000_000);
    let update = |set: &str| format!("UPDATE entries SET {set} WHERE uid = {uid}");
    let insert = |key: &str| {
        let names = case.key_names();
        format!(
            "INSERT INTO entries ({names}, old, pad) VALUES ({key}, {value}, repeat('i', {}))",
            case.width
        )
    };
    match random.u8(..20) {
        0..4 => update(&format!("old = {value}")),
        4..7 => match case.kind {
            JobKind::Sweeping => update(&format!("new = {value} * 2")),
            JobKind::Counting => update("visits = visits + 100, direct = direct + 1"),
        },
        // The row moves to another page, and is as much to be done as it was.
        7..9 => update(&format!("pad = repeat('p', {})", random.usize(..=case.width * 2))),
        9..11 => insert(&case.fresh_key(random)),
        11 => format!("DELETE FROM entries WHERE uid = {uid}"),
        12..15 => update(&format!("({}) = ROW({})", case.key_names(), case.fresh_key(random))),
        15 => format!("UPDATE entries SET old = old % 1000000 + 1 WHERE uid BETWEEN {uid} AND {uid} + 15"),
        16 => format!("SELECT pg_sleep(0.0{})", random.u8(1..4)),
        17 => format!("SELECT sum(old) FROM entries WHERE uid BETWEEN {uid} AND {uid} + 30"),
        _ if case.kind == JobKind::Sweeping => spoil(uid, value),
        _ => update(&format!("old = {value}")),
    }
}

/// Makes a row wrong that may be done already. The lock keeps the first sweep from beginning before this is committed,
/// so that it has to find the row; a row that is spoilt later is nobody's fault.
fn spoil(uid: i64, value: i32) -> String {
    format!(
        "UPDATE entries SET new = {value} * 2 + 1
         FROM (SELECT FROM longhaul.run WHERE state = 'running' AND pass = 0 FOR SHARE) AS backfill
         WHERE uid = {uid}"
    )
}
