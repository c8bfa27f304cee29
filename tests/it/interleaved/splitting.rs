//! Ranges: they lie end to end, before and after they are split, and no two workers have the same.

use crate::support::{JobKind, Pages};

const NOT_TRUE: &str = "is locked by the last batch of a process that is gone";

#[tokio::test]
async fn a_pass_is_cut_into_a_range_a_worker() {
    for order in ["physical", "key"] {
        for (workers, ranges) in [("1", 1), ("2", 2), ("3", 3), ("8", 3)] {
            let pages = Pages::new(11_500, 1000, JobKind::Sweeping).await;
            pages.write_job(&format!("order = \"{order}\"\nstrides = 1"));
            pages.project.longhaul(&["run", "fill", "--workers", workers]).await.succeeded();
            let when = format!("{order}, {workers} workers");
            pages.assert_each_row_done_once(&when).await;
            let planned: i64 = pages
                .database()
                .value("SELECT count(*) FROM longhaul.range WHERE pass = 0 AND id <= (SELECT min(id) + 2 FROM longhaul.range)")
                .await;
            assert_eq!(planned.min(3), ranges, "{when}");
        }
    }
}

/// The worker of the first range is held at its first row, while another has nothing left to do.
async fn idle_beside_a_held_worker(pages: &Pages, workers: &str, planned: usize) {
    pages.project.configure("lock_timeout = \"60s\"");
    let holder = pages.holding(1).await;
    let process = pages.project.spawn(&["run", "fill", "--workers", workers]);
    // It cuts the other's range, or waits until the batch that is held there has ended.
    let splits = format!(
        "(SELECT count(*) > {planned} FROM longhaul.range)
         OR EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'transactionid'
                    AND application_name = 'longhaul batches' AND query LIKE '%Cuts a range in two%')"
    );
    pages.database().until(&splits).await;
    holder.batch_execute("ROLLBACK").await.unwrap();
    let outcome = process.outcome().await.succeeded();
    assert!(!outcome.stderr.contains(NOT_TRUE), "no process is gone:\n{}", outcome.stderr);
    pages.assert_each_row_done_once("split").await;
    let ranges = pages.assert_ranges_partition("split").await;
    assert!(ranges > planned, "{ranges} ranges, of which {planned} were planned");
}

#[tokio::test]
async fn an_idle_worker_splits_a_range_of_blocks() {
    let pages = Pages::new(11_500, 1000, JobKind::Sweeping).await;
    pages.write_job("order = \"physical\"\nmin = 100\nmax = 100\nwindow = \"512kB\"");
    idle_beside_a_held_worker(&pages, "2", 2).await;
}

#[tokio::test]
async fn an_idle_worker_splits_a_range_of_keys() {
    let pages = Pages::new(100_000, 1, JobKind::Counting).await;
    pages.write_job("order = \"key\"\nstrides = 2\nwindow = \"64kB\"\nmin = 1000\nmax = 1000");
    idle_beside_a_held_worker(&pages, "2", 1).await;
}

#[tokio::test]
async fn of_many_idle_workers_each_takes_what_another_has_split() {
    let pages = Pages::new(14_000, 1000, JobKind::Sweeping).await;
    pages.write_job("order = \"physical\"\nmin = 100\nmax = 100\nwindow = \"512kB\"");
    idle_beside_a_held_worker(&pages, "6", 3).await;
}

#[tokio::test]
async fn a_worker_that_looks_while_another_claims_does_not_take_the_same_range() {
    let mut pages = Pages::new(60, 1, JobKind::Counting).await;
    pages.write_job("min = 10\nmax = 10");
    pages.project = pages.project.dying_at("run.taken", 1);
    pages.project.longhaul(&["run", "fill"]).await.was_killed();
    let database = pages.database();
    // The second looks at the range under a policy that makes it wait between its snapshot and the row's lock.
    let role = format!("slow_{}", database.value::<String>("SELECT current_database()::text").await);
    let (first, second) = ("00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002");
    database
        .execute(&format!(
            "INSERT INTO longhaul.worker (id, run_id, host, process_id, actor, tool_version, backend_pid, backend_start)
             SELECT worker::uuid, run.id, 'here', 1, 'me', '0', pg_backend_pid(), now()
             FROM longhaul.run, unnest(ARRAY['{first}', '{second}']) AS worker;
             CREATE FUNCTION slow() RETURNS bool LANGUAGE plpgsql AS
                 'BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN true; END';
             CREATE ROLE {role};
             GRANT USAGE ON SCHEMA longhaul TO {role};
             GRANT ALL ON ALL TABLES IN SCHEMA longhaul TO {role};
             ALTER TABLE longhaul.range ENABLE ROW LEVEL SECURITY;
             CREATE POLICY slow ON longhaul.range FOR ALL TO {role} USING (slow())"
        ))
        .await;
    let claim = |worker: &str| {
        include_str!("../../../src/store/sql/claim_range.sql")
            .replace("{schema}", "longhaul")
            .replace("$1", "(SELECT max(id) FROM longhaul.run)")
            .replace("$2", "0")
            .replace("$3", "gen_random_uuid()")
            .replace("$4", &format!("'{worker}'::uuid"))
    };
    let gate = database.connect().await;
    gate.batch_execute("SELECT pg_advisory_lock(7)").await.unwrap();
    let slow = database.connect().await;
    slow.batch_execute(&format!("SET ROLE {role}; SET application_name = 'slow claim'")).await.unwrap();
    let statement = claim(second);
    let late = tokio::spawn(async move { slow.query(&statement, &[]).await.unwrap().len() });
    database.until("EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'slow claim' AND wait_event = 'advisory' AND datname = current_database())").await;
    let claimed = database.client.query(&claim(first), &[]).await.unwrap();
    assert_eq!(claimed.len(), 1, "the first takes the only range");
    gate.batch_execute("SELECT pg_advisory_unlock(7)").await.unwrap();
    assert_eq!(late.await.unwrap(), 0, "the second finds it taken");
    let holder: String = database.value("SELECT worker_id::text FROM longhaul.range").await;
    assert_eq!(holder, first);
    database.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test]
async fn eight_workers_share_hundreds_of_tiny_ranges_and_none_is_done_twice() {
    let mut pages = Pages::new(900, 1, JobKind::Counting).await;
    pages.write_job("min = 10\nmax = 10");
    for round in 1..=3 {
        pages.project = pages.project.dying_at("run.taken", 1);
        pages.project.longhaul(&["run", "fill"]).await.was_killed();
        pages.project = pages.project.surviving();
        pages
            .database()
            .execute(
                "DELETE FROM longhaul.range;
                 INSERT INTO longhaul.range (run_id, pass, lower_key, upper_key)
                 SELECT run.id, 0, CASE WHEN i > 1 THEN ARRAY[((i - 1) * 3)::text] END, ARRAY[(i * 3)::text]
                 FROM longhaul.run, generate_series(1, 300) AS i",
            )
            .await;
        let outcome = pages.project.longhaul(&["run", "fill", "--workers", "8"]).await.succeeded();
        assert!(!outcome.stderr.contains(NOT_TRUE), "no batch is left of it:\n{}", outcome.stderr);
        pages.assert_each_row_done_once(&format!("round {round}")).await;
        pages.reset().await;
    }
}
