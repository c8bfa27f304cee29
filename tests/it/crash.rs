//! kill -9 at every point of a run: whatever dies, each row is changed exactly once.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::{Database, Project, wait_for};

/// Every point at which a test can make the process die; `every_failpoint_is_in_the_matrix` keeps it whole.
const FAILPOINTS: &[&str] = &[
    "batch.committed",
    "batch.fenced",
    "batch.rows_changed",
    "batch.sent",
    "ending.beginning",
    "ending.stored",
    "pass.begun",
    "pass.beginning",
    "proof.beginning",
    "range.claimed",
    "range.finished",
    "range.finishing",
    "run.taken",
];

/// 53 rows in batches of 10: six batches a pass, a backfill and a sweep.
const ROWS: i64 = 53;

async fn counted() -> Project {
    let project = Project::new(Database::empty().await);
    project
        .database
        .execute(
            "CREATE TABLE pay (id int PRIMARY KEY, old int, new int);
             INSERT INTO pay SELECT i * 3, i, NULL FROM generate_series(1, 53) AS i;
             CREATE TABLE change (id int);
             CREATE FUNCTION count_change() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN INSERT INTO change VALUES (new.id); RETURN NULL; END';
             CREATE TRIGGER count_change AFTER UPDATE ON pay FOR EACH ROW EXECUTE FUNCTION count_change()",
        )
        .await;
    project.write(
        "fill.toml",
        "[job]\ntable = \"pay\"\nset = { new = \"old\" }\n[batch]\nmin = 10\nmax = 10\n\
         [verify]\ntotals = [\"sum(new) = sum(old)\"]\n",
    );
    project
}

/// What must hold at any moment: up to the checkpoint each row was changed once, after it none.
async fn assert_nothing_torn(database: &Database) {
    let there: bool = database.value("SELECT to_regclass('longhaul.range') IS NOT NULL").await;
    if !there {
        return;
    }
    // The last batch of a killed process may still be at work in the server.
    wait_for("the dead process's session is gone", || async {
        database
            .value("SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'longhaul batches' AND datname = current_database())")
            .await
    })
    .await;
    let torn: i64 = database
        .value(
            "WITH done AS (SELECT coalesce(max((checkpoint)[1]::int), 0) AS upto FROM longhaul.range WHERE pass = 0)
             SELECT count(*) FROM pay, done
             WHERE (SELECT count(*) FROM change WHERE change.id = pay.id) <> (pay.id <= done.upto)::int",
        )
        .await;
    assert_eq!(torn, 0, "rows that don't fit their checkpoint");
}

async fn assert_each_row_once(database: &Database) {
    assert_eq!(database.value::<i64>("SELECT count(*) FROM change").await, ROWS);
    assert_eq!(database.value::<i64>("SELECT count(DISTINCT id) FROM change").await, ROWS);
    assert_eq!(database.value::<i64>("SELECT count(*) FROM pay WHERE new IS DISTINCT FROM old").await, 0);
    let counted: i64 = database.value("SELECT sum(rows_changed)::int8 FROM longhaul.range").await;
    assert_eq!(counted, ROWS);
    let states: String = database.value("SELECT string_agg(state, ',') FROM longhaul.run").await;
    assert_eq!(states, "done");
}

async fn die_and_resume(failpoint: &str, hit: u32) -> bool {
    let project = counted().await.dying_at(failpoint, hit);
    let outcome = project.longhaul(&["run", "fill"]).await;
    let reached = outcome.status.code().is_none();
    if reached {
        outcome.was_killed();
    } else {
        outcome.succeeded();
    }
    assert_nothing_torn(&project.database).await;
    let project = project.surviving();
    project.longhaul(&["run", "fill"]).await.succeeded();
    assert_each_row_once(&project.database).await;
    reached
}

macro_rules! matrix {
    ($($test:ident: $failpoint:literal up to $hits:literal;)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                for hit in 1..=$hits {
                    assert!(die_and_resume($failpoint, hit).await, "{} never came to hit {hit}", $failpoint);
                }
            }
        )*

        #[test]
        fn the_matrix_has_a_row_for_every_failpoint() {
            let rows: BTreeSet<&str> = [$($failpoint),*].into();
            assert_eq!(rows, FAILPOINTS.iter().copied().collect());
        }
    };
}

matrix! {
    killed_after_the_commit_each_row_is_changed_once: "batch.committed" up to 12;
    killed_behind_the_fence_each_row_is_changed_once: "batch.fenced" up to 12;
    killed_before_the_commit_each_row_is_changed_once: "batch.rows_changed" up to 12;
    killed_with_the_batch_sent_each_row_is_changed_once: "batch.sent" up to 12;
    killed_before_the_ending_is_stored_each_row_is_changed_once: "ending.beginning" up to 1;
    killed_after_the_ending_is_stored_each_row_is_changed_once: "ending.stored" up to 1;
    killed_before_a_pass_begins_each_row_is_changed_once: "pass.beginning" up to 1;
    killed_after_a_pass_began_each_row_is_changed_once: "pass.begun" up to 1;
    killed_before_the_proof_each_row_is_changed_once: "proof.beginning" up to 1;
    killed_after_claiming_a_range_each_row_is_changed_once: "range.claimed" up to 2;
    killed_before_finishing_a_range_each_row_is_changed_once: "range.finishing" up to 2;
    killed_after_finishing_a_range_each_row_is_changed_once: "range.finished" up to 2;
    killed_right_after_the_takeover_each_row_is_changed_once: "run.taken" up to 1;
}

fn failpoints_in(directory: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            failpoints_in(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = std::fs::read_to_string(&path).unwrap();
            for (at, mark) in source.match_indices("failpoint!(\"") {
                let name = &source[at + mark.len()..];
                found.insert(name[..name.find('"').unwrap()].to_owned());
            }
        }
    }
}

#[test]
fn every_failpoint_is_in_the_matrix() {
    let mut found = BTreeSet::new();
    failpoints_in(Path::new("src"), &mut found);
    assert_eq!(found, FAILPOINTS.iter().map(|name| (*name).to_owned()).collect());
}

#[tokio::test]
async fn killed_while_its_batch_waits_for_a_row_each_row_is_changed_once() {
    let project = counted().await;
    std::fs::create_dir(project.jobs().join("../config")).unwrap();
    std::fs::write(project.jobs().join("../config/development.toml"), "lock_timeout = \"60s\"\n").unwrap();
    let holder = project.database.connect().await;
    holder.batch_execute("BEGIN; SELECT FROM pay WHERE id = 75 FOR UPDATE").await.unwrap();
    let process = project.spawn(&["run", "fill"]);
    wait_for("the batch waits for the row", || async {
        project
            .database
            .value("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'longhaul batches' AND datname = current_database() AND wait_event_type = 'Lock')")
            .await
    })
    .await;
    process.kill().await.was_killed();
    let second = project.spawn(&["run", "fill"]);
    holder.batch_execute("ROLLBACK").await.unwrap();
    second.outcome().await.succeeded();
    assert_each_row_once(&project.database).await;
}
