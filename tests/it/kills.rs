//! Twenty kills at random moments, with writers at work all the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use tokio::task::JoinHandle;
use tokio_postgres::Client;

use crate::support::{Database, Project};

/// What the writers did, as they saw it committed.
#[derive(Default)]
struct Ledger {
    stop: AtomicBool,
    statements: AtomicI64,
    /// The sum that the payroll gained, in cents.
    cents: AtomicI64,
}

/// Clients that know the old name, clients that know the new one, new entries, and entries that go.
fn writer(number: usize, client: Client, ledger: Arc<Ledger>, seed: u64) -> JoinHandle<()> {
    let statement = match number {
        0 => {
            "UPDATE payroll.entries SET gross_pay = gross_pay + 1.25 WHERE id = $1 RETURNING 125::int8 * (gross_pay IS NOT NULL)::int"
        }
        1 => {
            "UPDATE payroll.entries SET gross_amount = gross_amount + 0.5 \
             WHERE id = $1 AND gross_amount IS NOT NULL RETURNING 50::int8"
        }
        2 => {
            "INSERT INTO payroll.entries (employee_id, period_id, run_id, currency, gross_pay) \
             SELECT employee_id, period_id, run_id, currency, 1000 FROM payroll.entries WHERE id = $1 \
             RETURNING 100000::int8"
        }
        _ => {
            "DELETE FROM payroll.entries WHERE id = $1 AND id % 20 = 0 RETURNING coalesce(-(gross_pay * 100)::int8, 0)"
        }
    };
    tokio::spawn(async move {
        let mut random = fastrand::Rng::with_seed(seed + number as u64);
        let statement = client.prepare(statement).await.unwrap();
        while !ledger.stop.load(Ordering::SeqCst) {
            let id = random.i64(1..=25_000);
            for row in client.query(&statement, &[&id]).await.unwrap() {
                ledger.cents.fetch_add(row.get(0), Ordering::SeqCst);
            }
            ledger.statements.fetch_add(1, Ordering::SeqCst);
        }
    })
}

#[tokio::test]
async fn after_twenty_random_kills_among_writers_every_row_is_right_and_was_backfilled_at_most_once() {
    let seed = fastrand::u64(..);
    #[expect(clippy::print_stderr, reason = "shown only when the test fails, to repeat it")]
    {
        eprintln!("seed {seed}");
    }
    let project = Project::example(Database::payroll().await);
    let database = &project.database;
    database
        .execute(
            "CREATE TABLE backfilled (id bigint);
             CREATE FUNCTION record_backfill() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN INSERT INTO backfilled VALUES (new.id); RETURN NULL; END';
             CREATE TRIGGER zz_record_backfill AFTER UPDATE ON payroll.entries FOR EACH ROW
                 WHEN (current_setting('application_name') = 'longhaul batches')
                 EXECUTE FUNCTION record_backfill()",
        )
        .await;
    let name = "20260302_5c1d7e88a0f4_backfill_gross_amount.toml";
    let job = std::fs::read_to_string(project.jobs().join(name)).unwrap();
    project.write(name, &(job.replace("[batch]", "[batch]\nmin = 20\nmax = 20") + "\n"));
    let before: i64 = database.value("SELECT (sum(gross_pay) * 100)::int8 FROM payroll.entries").await;

    let ledger = Arc::new(Ledger::default());
    let mut writers = Vec::new();
    for number in 0..4 {
        writers.push(writer(number, database.connect().await, ledger.clone(), seed));
    }
    let mut random = fastrand::Rng::with_seed(seed);
    let passed = "SELECT CASE WHEN to_regclass('longhaul.range') IS NULL THEN 0::int8 ELSE
                    (SELECT coalesce(sum(rows_seen), 0)::int8 FROM longhaul.range) END";
    for _ in 0..20 {
        let mut process = project.spawn(&["run", "backfill_gross_amount"]);
        let goal = database.value::<i64>(passed).await + random.i64(1..800);
        // An exact moment of the kill is not wanted: it should fall anywhere in a batch.
        while process.is_running() && database.value::<i64>(passed).await < goal {}
        process.kill().await.was_killed();
    }
    project.longhaul(&["run", "backfill_gross_amount"]).await.succeeded();
    ledger.stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }

    let unconverged = "SELECT count(*) FROM payroll.entries WHERE gross_amount IS DISTINCT FROM gross_pay";
    assert_eq!(database.value::<i64>(unconverged).await, 0);
    let twice = "SELECT count(*) FROM (SELECT FROM backfilled GROUP BY id HAVING count(*) > 1) AS twice";
    assert_eq!(database.value::<i64>(twice).await, 0, "rows that the backfill changed twice");
    let recorded: i64 = database.value("SELECT count(*) FROM backfilled").await;
    let counted: i64 = database.value("SELECT sum(rows_changed)::int8 FROM longhaul.range").await;
    assert_eq!(recorded, counted, "what was changed and what was counted");
    let after: i64 = database.value("SELECT (sum(gross_amount) * 100)::int8 FROM payroll.entries").await;
    assert_eq!(after, before + ledger.cents.load(Ordering::SeqCst), "not one cent moved");
    assert!(ledger.statements.load(Ordering::SeqCst) > 100, "the writers were at work");
}
