//! kill -9 at every point and at random ones: what is stored then, and that the next run makes it whole.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::support::{Database, Items, JobKind, Project, wait_for};

/// Six batches of ten.
const ROWS: i32 = 60;

macro_rules! matrix {
    ($($test:ident $point:literal)*) => {
        pub(crate) const MATRIX: &[&str] = &[$($point),*];

        $(
            #[tokio::test]
            async fn $test() {
                dies_at_every_hit_of($point).await;
            }
        )*
    };
}

matrix! {
    a_crash_once_the_run_is_taken_loses_nothing "run.taken"
    a_crash_once_a_range_is_claimed_loses_nothing "range.claimed"
    a_crash_after_the_fence_loses_nothing "batch.fenced"
    a_crash_between_the_rows_and_their_commit_loses_nothing "batch.rows_changed"
    a_crash_once_the_batch_is_sent_loses_nothing "batch.sent"
    a_crash_after_the_commit_repeats_nothing "batch.committed"
    a_crash_before_a_range_is_finished_repeats_nothing "range.finishing"
    a_crash_once_a_range_is_finished_repeats_nothing "range.finished"
    a_crash_before_a_sweep_begins_repeats_nothing "pass.beginning"
    a_crash_once_a_sweep_has_begun_repeats_nothing "pass.begun"
    a_crash_before_the_proof_leaves_the_run_to_be_proved "proof.beginning"
    a_crash_before_the_ending_is_stored_leaves_the_run_to_be_proved "ending.beginning"
    a_crash_once_the_ending_is_stored_leaves_the_run_done "ending.stored"
}

#[test]
fn every_failpoint_is_in_the_matrix() {
    let mut found = BTreeSet::new();
    failpoints_below(Path::new("src"), &mut found);
    let points = MATRIX.iter().chain(crate::history::FAILPOINTS).chain(crate::quarantine::MATRIX);
    assert_eq!(found, points.map(|point| (*point).to_owned()).collect());
}

fn failpoints_below(path: &Path, found: &mut BTreeSet<String>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            failpoints_below(&entry.unwrap().path(), found);
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        let text = std::fs::read_to_string(path).unwrap();
        let names = text.split("failpoint!(\"").skip(1).filter_map(|rest| rest.split('"').next());
        found.extend(names.map(str::to_owned));
    }
}

async fn dies_at_every_hit_of(point: &str) {
    let mut fired = 0;
    for kind in [JobKind::Sweeping, JobKind::Counting] {
        let mut items = Items::new(ROWS, kind).await;
        for hit in 1.. {
            let when = format!("{kind:?}, {point}, hit {hit}");
            items.project = items.project.dying_at(point, hit);
            let outcome = items.project.longhaul(&["run", "fill"]).await;
            items.project = items.project.surviving();
            if outcome.status.signal().is_none() {
                outcome.succeeded();
                items.assert_each_row_done_once(&when).await;
                break;
            }
            outcome.was_killed();
            fired += 1;
            items.assert_rows_fit_the_checkpoint(&when).await;

            items.project.longhaul(&["run", "fill"]).await.succeeded();
            items.assert_each_row_done_once(&when).await;
            items.reset().await;
        }
    }
    assert!(fired > 0, "{point} never fired");
}

#[tokio::test]
async fn a_batch_that_is_killed_among_its_rows_is_kept_whole_or_not_at_all() {
    let items = Items::new(ROWS, JobKind::Counting).await;
    items.project.configure("lock_timeout = \"60s\"");
    let holder = items.holding(35).await;
    let process = items.project.spawn(&["run", "fill"]);
    items.batch_is_blocked().await;
    assert_eq!(items.checkpoint().await, 30);

    process.kill().await.was_killed();
    holder.batch_execute("ROLLBACK").await.unwrap();
    let checkpoint = items.assert_rows_fit_the_checkpoint("killed among the rows").await;
    assert!([30, 40].contains(&checkpoint), "{checkpoint}");

    items.project.longhaul(&["run", "fill"]).await.succeeded();
    items.assert_each_row_done_once("killed among the rows").await;
}

#[tokio::test]
async fn a_server_that_kills_the_batch_among_its_rows_keeps_nothing_of_it() {
    let items = Items::new(ROWS, JobKind::Counting).await;
    items.project.configure("lock_timeout = \"60s\"");
    let holder = items.holding(35).await;
    let process = items.project.spawn(&["run", "fill"]);
    items.batch_is_blocked().await;

    process.kill().await.was_killed();
    items
        .database()
        .execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name LIKE 'longhaul%'",
        )
        .await;
    assert_eq!(items.assert_rows_fit_the_checkpoint("both killed").await, 30);

    holder.batch_execute("ROLLBACK").await.unwrap();
    let outcome = items.project.longhaul(&["run", "fill"]).await.succeeded();
    outcome.says("goes on after id 30");
    items.assert_each_row_done_once("both killed").await;
}

/// Kills of the long test.
const KILLS: u32 = 20;

#[tokio::test]
async fn twenty_kills_under_traffic_cost_no_cent_and_change_no_row_twice() {
    let project = Project::example(Database::payroll().await);
    slow_down(&project);
    let database = &project.database;
    database
        .execute(
            "CREATE TABLE audit (id bigint);
             CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN INSERT INTO audit VALUES (NEW.id); RETURN NULL; END $$;
             CREATE TRIGGER zz_audit AFTER UPDATE ON payroll.entries FOR EACH ROW
             WHEN (current_setting('application_name') LIKE 'longhaul%') EXECUTE FUNCTION audit()",
        )
        .await;
    let before: i64 = database.value("SELECT (sum(gross_pay) * 100)::int8 FROM payroll.entries").await;
    let rows: i64 = database.value("SELECT count(*) FROM payroll.entries").await;
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let writers = Writers::start(database, seed).await;

    for kill in 1..=KILLS {
        let from = keys_passed(database).await;
        let goal = from + random.i64(1..=1400);
        let mut process = project.spawn(&["run", "backfill_gross_amount"]);
        wait_for(&format!("kill {kill} of seed {seed}: {goal} keys are passed"), || async {
            keys_passed(database).await >= goal
        })
        .await;
        assert!(process.is_running(), "kill {kill} of seed {seed} comes too late");
        process.kill().await.was_killed();
    }
    project.longhaul(&["run", "backfill_gross_amount"]).await.succeeded();

    let ledger = writers.stop().await;
    let unconverged: i64 = database
        .value("SELECT count(*) FROM payroll.entries WHERE gross_amount IS DISTINCT FROM gross_pay")
        .await;
    assert_eq!(unconverged, 0, "seed {seed}");
    let after: Vec<i64> = database
        .value(
            "SELECT ARRAY[(sum(gross_pay) * 100)::int8, (sum(gross_amount) * 100)::int8, count(*)]
             FROM payroll.entries",
        )
        .await;
    let cents = before + ledger.cents.load(Ordering::SeqCst);
    assert_eq!(after, [cents, cents, rows + ledger.rows.load(Ordering::SeqCst)], "seed {seed}");
    let twice: i64 = database
        .value("SELECT count(*) FROM (SELECT FROM audit GROUP BY id HAVING count(*) > 1) AS twice")
        .await;
    assert_eq!(twice, 0, "rows that the backfill changed twice; seed {seed}");
    let resumed: i64 = database.value("SELECT count(*) FROM longhaul.event WHERE kind = 'run.resumed'").await;
    assert_eq!(resumed, i64::from(KILLS), "seed {seed}");
    for kind in ["old", "new", "inserted", "deleted"] {
        assert!(ledger.worked(kind), "the writer `{kind}` did nothing; seed {seed}");
    }
}

fn slow_down(project: &Project) {
    let name = "20260302_5c1d7e88a0f4_backfill_gross_amount.toml";
    let text = std::fs::read_to_string(project.jobs().join(name)).unwrap();
    project.write(name, &text.replace("[batch]", "[batch]\nmin = 20\nmax = 20"));
}

async fn keys_passed(database: &Database) -> i64 {
    match database.client.query_one("SELECT sum(rows_seen)::int8 FROM longhaul.range", &[]).await {
        Ok(row) => row.get::<_, Option<i64>>(0).unwrap_or(0),
        Err(_) => 0,
    }
}

/// What the writers saw committed.
#[derive(Default)]
struct Ledger {
    cents: AtomicI64,
    rows: AtomicI64,
    done: [AtomicI64; 4],
    stop: AtomicBool,
}

impl Ledger {
    fn worked(&self, kind: &str) -> bool {
        let at = WRITERS.iter().position(|(name, _)| *name == kind).unwrap();
        self.done[at].load(Ordering::SeqCst) > 0
    }
}

/// Clients of the table; each statement returns the cents that the sum gained by it.
const WRITERS: [(&str, &str); 4] = [
    (
        "old",
        "UPDATE payroll.entries SET gross_pay = gross_pay + 1.25 WHERE id = $1 AND gross_pay IS NOT NULL
         RETURNING 125::int8",
    ),
    (
        "new",
        "UPDATE payroll.entries SET gross_amount = gross_amount + 0.5
         WHERE id = $1 AND gross_amount IS NOT NULL RETURNING 50::int8",
    ),
    (
        "inserted",
        "INSERT INTO payroll.entries (employee_id, period_id, run_id, currency, gross_pay)
         SELECT employee_id, period_id, run_id, currency, 1000 FROM payroll.entries WHERE id = $1
         RETURNING 100000::int8",
    ),
    ("deleted", "DELETE FROM payroll.entries WHERE id = $1 RETURNING -coalesce((gross_pay * 100)::int8, 0)"),
];

struct Writers {
    ledger: Arc<Ledger>,
    clients: JoinSet<()>,
}

impl Writers {
    async fn start(database: &Database, seed: u64) -> Self {
        let ledger = Arc::new(Ledger::default());
        let last: i64 = database.value("SELECT max(id) FROM payroll.entries").await;
        let mut clients = JoinSet::new();
        for (at, (kind, sql)) in WRITERS.into_iter().enumerate() {
            let client = database.connect().await;
            let ledger = ledger.clone();
            let mut random = fastrand::Rng::with_seed(seed + at as u64);
            let mut pace = tokio::time::interval(Duration::from_millis(4));
            clients.spawn(async move {
                while !ledger.stop.load(Ordering::SeqCst) {
                    pace.tick().await;
                    for row in client.query(sql, &[&random.i64(1..=last)]).await.unwrap() {
                        ledger.cents.fetch_add(row.get(0), Ordering::SeqCst);
                        ledger.done[at].fetch_add(1, Ordering::SeqCst);
                        let rows = match kind {
                            "inserted" => 1,
                            "deleted" => -1,
                            _ => 0,
                        };
                        ledger.rows.fetch_add(rows, Ordering::SeqCst);
                    }
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
