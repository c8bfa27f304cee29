//! Traffic beside the backfill: clients that know the old column only, clients that know the new one, and new
//! entries; each counts what it did to the sum.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_postgres::Error;

use crate::clock::Clock;
use crate::pg::Connector;

/// How many clients there are.
const CLIENTS: usize = 4;

/// The pause of a client between two statements, which makes about 400 statements a second in all.
const PAUSE: Duration = Duration::from_millis(10);

/// Statements and the cents they gained, as the clients saw them committed.
#[derive(Debug, Default)]
struct Ledger {
    statements: AtomicU64,
    inserted: AtomicU64,
    cents: AtomicI64,
    latencies: Mutex<Vec<Duration>>,
    stop: AtomicBool,
}

/// The clients at work.
pub(super) struct Writers {
    ledger: Arc<Ledger>,
    clients: JoinSet<Result<(), Error>>,
}

/// What they did.
pub(super) struct Account {
    pub(super) statements: u64,
    pub(super) inserted: u64,
    pub(super) cents: i64,
    pub(super) p99: Duration,
    pub(super) worst: Duration,
}

impl Writers {
    /// Sets the clients to work on ids up to `last_id`.
    pub(super) async fn start(
        clock: &Clock,
        connector: &Connector,
        last_id: i64,
    ) -> Result<Self, crate::pg::ConnectError> {
        let ledger = Arc::new(Ledger::default());
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let connection = connector.connect("demo writer").await?;
            let (ledger, clock) = (ledger.clone(), clock.clone());
            clients.spawn(async move {
                while !ledger.stop.load(Ordering::SeqCst) {
                    let id = fastrand::i64(1..=last_id);
                    let started = clock.monotonic();
                    let (sql, cents) = match number % CLIENTS {
                        0 | 1 => ("UPDATE payroll.entries SET gross_pay = gross_pay + 1.25 WHERE id = $1", 125),
                        2 => (
                            "UPDATE payroll.entries SET gross_amount = gross_amount + 0.5 \
                             WHERE id = $1 AND gross_amount IS NOT NULL AND gross_amount = gross_pay",
                            50,
                        ),
                        _ => (
                            "INSERT INTO payroll.entries (employee_id, period_id, run_id, currency, gross_pay) \
                             SELECT employee_id, period_id, run_id, currency, 1000 FROM payroll.entries WHERE id = $1",
                            100_000,
                        ),
                    };
                    // gross_pay is NULL in drafts: adding to it changes nothing, so they are not counted.
                    let sql = if cents == 125 { format!("{sql} AND gross_pay IS NOT NULL") } else { sql.to_owned() };
                    let rows = connection.execute(&sql, &[&id]).await?;
                    let took = clock.monotonic().saturating_duration_since(started);
                    ledger.enter(rows, cents, took);
                    clock.sleep(PAUSE).await;
                }
                Ok(())
            });
        }
        Ok(Self { ledger, clients })
    }

    /// Stops the clients after their statements and returns the account.
    pub(super) async fn stop(mut self) -> Result<Account, Error> {
        self.ledger.stop.store(true, Ordering::SeqCst);
        while let Some(client) = self.clients.join_next().await {
            client.expect("a client neither panics nor is aborted")?;
        }
        let ledger = &self.ledger;
        let mut latencies = ledger.latencies.lock().expect("no holder of this lock can panic");
        latencies.sort_unstable();
        Ok(Account {
            statements: ledger.statements.load(Ordering::SeqCst),
            inserted: ledger.inserted.load(Ordering::SeqCst),
            cents: ledger.cents.load(Ordering::SeqCst),
            p99: latencies.get(latencies.len().saturating_sub(1) * 99 / 100).copied().unwrap_or_default(),
            worst: latencies.last().copied().unwrap_or_default(),
        })
    }
}

impl Ledger {
    fn enter(&self, rows: u64, cents: i64, took: Duration) {
        self.statements.fetch_add(1, Ordering::SeqCst);
        if cents == 100_000 {
            self.inserted.fetch_add(rows, Ordering::SeqCst);
        }
        self.cents.fetch_add(cents * rows.cast_signed(), Ordering::SeqCst);
        self.latencies.lock().expect("no holder of this lock can panic").push(took);
    }
}
