//! Of two processes one works; one that is dead, or frozen past its lease, is taken over, and commits nothing more.

use rustix::process::Signal;

use crate::support::{Database, Items, JobKind, Outcome, Process, Project};

const WAITS_LONG: &str = "lock_timeout = \"60s\"";

/// What `Busy` must tell.
fn names_who_runs_it(outcome: &Outcome) -> bool {
    let text = &outcome.stderr;
    ["is being run by", " on ", "(process ", "), since 20"].iter().all(|part| text.contains(part))
}

#[tokio::test]
async fn of_two_that_start_at_once_one_works_and_the_other_names_it() {
    let mut rounds = tokio::task::JoinSet::new();
    for _ in 0..10 {
        rounds.spawn(async {
            let items = Items::new(60, JobKind::Counting).await;
            items.project.configure(WAITS_LONG);
            // Neither can end before the other has found it at work.
            let holder = items.holding(35).await;
            let first = items.project.spawn(&["run", "fill"]);
            let second = items.project.spawn(&["run", "fill"]);
            let (first, second) = (first.outcome(), second.outcome());
            let (mut first, mut second) = (Box::pin(first), Box::pin(second));
            let (refused, worked) = tokio::select! {
                outcome = &mut first => (outcome, second),
                outcome = &mut second => (outcome, first),
            };
            let refused = refused.ended_with(75);
            assert!(names_who_runs_it(&refused), "{}", refused.stderr);
            holder.batch_execute("ROLLBACK").await.unwrap();
            worked.await.succeeded();
            items.assert_each_row_done_once("two at once").await;
            let runs: i64 = items.database().value("SELECT count(*) FROM longhaul.run").await;
            assert_eq!(runs, 1);
        });
    }
    rounds.join_all().await;
}

#[tokio::test]
async fn a_second_start_is_refused_within_seconds() {
    let items = Items::new(60, JobKind::Counting).await;
    items.project.configure(WAITS_LONG);
    let holder = items.holding(35).await;
    let first = items.project.spawn(&["run", "fill"]);
    items.batch_is_blocked().await;

    let second = items.project.longhaul(&["run", "fill"]);
    let second = tokio::time::timeout(std::time::Duration::from_secs(5), second).await;
    let second = second.expect("it is refused within seconds").ended_with(75);
    assert!(names_who_runs_it(&second), "{}", second.stderr);
    assert_eq!(items.state().await, "running");

    holder.batch_execute("ROLLBACK").await.unwrap();
    first.outcome().await.succeeded();
    items.assert_each_row_done_once("a second start").await;
}

/// Freezes the process where it is: what it has sent goes on in the server.
fn freeze(process: &Process) {
    process.signal(Signal::STOP);
}

#[tokio::test]
async fn a_frozen_process_is_taken_over_and_commits_nothing_when_it_wakes() {
    let items = Items::new(4000, JobKind::Counting).await;
    items.project.configure(WAITS_LONG);
    let holder = items.holding(3995).await;
    let first = items.project.spawn(&["run", "fill"]);
    items.passed(100).await;
    freeze(&first);

    let second = items.project.spawn(&["run", "fill"]);
    items.until("EXISTS (SELECT FROM longhaul.event WHERE kind = 'run.resumed')").await;
    items.batch_is_blocked().await;
    assert_eq!(items.checkpoint().await, 3990);

    // It wakes while the other is at work, and must leave the other's run alone, its state too.
    first.signal(Signal::CONT);
    let outcome = first.outcome().await.ended_with(1);
    outcome.says("has been taken over by another process").says("nothing was lost");
    assert_eq!(items.state().await, "running");

    holder.batch_execute("ROLLBACK").await.unwrap();
    second.outcome().await.succeeded();
    items.assert_each_row_done_once("frozen, taken over, awake").await;
}

#[tokio::test]
async fn a_frozen_process_that_wakes_between_two_passes_begins_none() {
    let mut items = Items::new(60, JobKind::Sweeping).await;
    items.project = items.project.dying_at("run.taken", 1);
    items.project.longhaul(&["run", "fill"]).await.was_killed();
    items.project = items.project.surviving();
    // A range's end waits for a lock: frozen there, the process wakes where it would begin the sweep.
    items
        .database()
        .execute(
            "CREATE FUNCTION slow_end() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$;
             CREATE TRIGGER slow_end BEFORE UPDATE ON longhaul.range FOR EACH ROW
             WHEN (NEW.finished AND NEW.pass = 0) EXECUTE FUNCTION slow_end()",
        )
        .await;
    let range = items.database().connect().await;
    range.batch_execute("SELECT pg_advisory_lock(1)").await.unwrap();
    let first = items.project.spawn(&["run", "fill"]);
    items.batch_is_blocked().await;
    freeze(&first);
    range.batch_execute("SELECT pg_advisory_unlock(1)").await.unwrap();
    items.until("finished FROM longhaul.range WHERE pass = 0").await;

    items.project.longhaul(&["run", "fill"]).await.succeeded();
    first.signal(Signal::CONT);
    first.outcome().await.ended_with(1).says("has been taken over by another process");
    items.assert_each_row_done_once("awake between two passes").await;
}

#[tokio::test]
async fn a_frozen_process_commits_nothing_of_a_run_that_was_given_up_for_a_new_one() {
    let items = Items::new(4000, JobKind::Sweeping).await;
    let first = items.project.spawn(&["run", "fill"]);
    items.passed(100).await;
    freeze(&first);

    items.write_job("set = { new = \"old * 3\" }");
    items.project.longhaul(&["run", "fill", "--anew"]).await.succeeded();
    first.signal(Signal::CONT);
    first.outcome().await.ended_with(1).says("has been taken over by another process");

    let wrong: i64 =
        items.database().value("SELECT count(*) FROM items WHERE new IS DISTINCT FROM old * 3").await;
    assert_eq!(wrong, 0, "rows with what the old job made of them");
    let states: Vec<String> =
        items.database().value("SELECT array_agg(state ORDER BY id) FROM longhaul.run").await;
    assert_eq!(states, ["cancelled", "done"]);
}

#[tokio::test]
async fn a_batch_that_outlives_its_killed_process_is_waited_for() {
    let items = Items::new(60, JobKind::Counting).await;
    items.write_patient_job();
    items.project.configure(WAITS_LONG);
    let holder = items.holding(35).await;
    let first = items.project.spawn(&["run", "fill"]);
    items.batch_is_blocked().await;
    first.kill().await.was_killed();

    let mut second = items.project.spawn(&["run", "fill"]);
    items.until("EXISTS (SELECT FROM longhaul.event WHERE kind = 'run.resumed')").await;
    // The heart of the second beats, so it is past the takeover, and it has not taken the range.
    items.until("heartbeat_at > started_at + interval '1 second' FROM longhaul.worker").await;
    assert!(second.is_running());
    assert_eq!(items.checkpoint().await, 30);

    holder.batch_execute("ROLLBACK").await.unwrap();
    second.outcome().await.succeeded().says("is locked by the last batch of a process that is gone");
    items.assert_each_row_done_once("a batch that outlived its process").await;
}

#[tokio::test]
async fn a_frozen_process_whose_last_batch_commits_late_does_not_go_on() {
    let items = Items::new(60, JobKind::Counting).await;
    items.write_patient_job();
    items.project.configure(WAITS_LONG);
    let (holder, later) = (items.holding(35).await, items.holding(55).await);
    let first = items.project.spawn(&["run", "fill"]);
    items.batch_is_blocked().await;
    freeze(&first);

    let second = items.project.spawn(&["run", "fill"]);
    items.until("EXISTS (SELECT FROM longhaul.event WHERE kind = 'run.resumed')").await;
    holder.batch_execute("ROLLBACK").await.unwrap();
    // The batch of the first is committed, and the second has gone on from there.
    items.passed(50).await;
    items.batch_is_blocked().await;
    first.signal(Signal::CONT);
    first.outcome().await.ended_with(1).says("has been taken over by another process");

    later.batch_execute("ROLLBACK").await.unwrap();
    second.outcome().await.succeeded();
    items.assert_each_row_done_once("a batch that committed late").await;
}

#[tokio::test]
async fn a_batch_without_its_fence_is_refused() {
    let items = Items::new(60, JobKind::Counting).await;
    let holder = items.holding(35).await;
    let process = items.project.spawn(&["run", "fill"]);
    items.batch_is_blocked().await;
    process.kill().await.was_killed();
    drop(holder);
    let checkpoint = items.assert_rows_fit_the_checkpoint("killed").await;

    // What the server sees of a batch whose BEGIN was cancelled: its rows, in a transaction of their own.
    let rows = include_str!("../../src/store/sql/advance.sql")
        .replace("{schema}", "longhaul")
        .replace("{rows}", "UPDATE items SET visits = visits + 1 WHERE id > 50")
        .replace("{range}", "(SELECT id FROM longhaul.range)")
        .replace("{lower}", "'{50}'")
        .replace("{upper}", "'{60}'")
        .replace("{seen}", "10");
    let session = items.database().connect().await;
    session.query(&rows, &[]).await.expect_err("no fence was ever passed in this session");
    session.batch_execute("BEGIN; SET LOCAL longhaul.fence = '1'; COMMIT").await.unwrap();
    session.query(&rows, &[]).await.expect_err("a fence of another transaction counts for nothing");
    assert_eq!(items.assert_rows_fit_the_checkpoint("unfenced").await, checkpoint);
}

#[tokio::test]
async fn two_upgrades_of_an_empty_database_apply_each_revision_once() {
    let project = Project::example(Database::empty().await);
    let (first, second) = (project.spawn(&["upgrade"]), project.spawn(&["upgrade"]));
    let (first, second) = tokio::join!(first.outcome(), second.outcome());
    // Whoever meets the other at the data revision waits for its end or, when that takes a second, names it.
    for outcome in [first, second] {
        match outcome.status.code() {
            Some(75) => assert!(names_who_runs_it(&outcome), "{}", outcome.stderr),
            _ => drop(outcome.succeeded()),
        }
    }
    project.longhaul(&["upgrade"]).await.succeeded().says("nothing is pending");
    let database = &project.database;
    let applied: i64 = database.value("SELECT count(*) FROM longhaul.revision").await;
    assert_eq!(applied, 4);
    let events: i64 =
        database.value("SELECT count(*) FROM longhaul.event WHERE kind = 'revision.applied'").await;
    assert_eq!(events, 4);
    let failed: i64 = database.value("SELECT count(*) FROM longhaul.event WHERE kind LIKE '%failed'").await;
    assert_eq!(failed, 0);
    let runs: i64 = database.value("SELECT count(*) FROM longhaul.run").await;
    assert_eq!(runs, 1);
}

#[tokio::test]
async fn a_job_that_another_finishes_while_it_is_checked_is_done() {
    let mut items = Items::new(60, JobKind::Sweeping).await;
    items.project = items.project.dying_at("run.taken", 1);
    items.project.longhaul(&["run", "fill"]).await.was_killed();
    items.project = items.project.surviving();
    // The other process, in one transaction: it signs the run off, and the next revision drops what the job sets.
    let other = items.database().connect().await;
    other.batch_execute("BEGIN; LOCK TABLE items").await.unwrap();
    let process = items.project.spawn(&["run", "fill"]);
    items.batch_is_blocked().await;
    other
        .batch_execute(
            "UPDATE longhaul.run SET state = 'done', finished_at = now(); ALTER TABLE items DROP COLUMN new; COMMIT",
        )
        .await
        .unwrap();
    process.outcome().await.succeeded().says("fill is done: run 1 was signed off");
}
