//! One process at a time works on a job.

use rustix::process::Signal;

use crate::support::{Database, Process, Project, wait_for};

/// 400 rows, a hundred a second: a run of several seconds.
async fn slow() -> Project {
    let project = Project::new(Database::empty().await);
    project
        .database
        .execute(
            "CREATE TABLE pay (id int PRIMARY KEY, old int, new int);
             INSERT INTO pay SELECT i, i, NULL FROM generate_series(1, 400) AS i;
             CREATE TABLE change (id int);
             CREATE FUNCTION count_change() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN INSERT INTO change VALUES (new.id); RETURN NULL; END';
             CREATE TRIGGER count_change AFTER UPDATE ON pay FOR EACH ROW EXECUTE FUNCTION count_change()",
        )
        .await;
    project.write(
        "fill.toml",
        "[job]\ntable = \"pay\"\nset = { new = \"old\" }\n[batch]\nmin = 10\nmax = 10\n[limits]\nrows_per_second = 100\n",
    );
    project
}

async fn changed(project: &Project) -> i64 {
    project.database.value("SELECT count(*) FROM change").await
}

async fn until_at_work(project: &Project) -> Process {
    let process = project.spawn(&["run", "fill"]);
    wait_for("the run is at work", || async { changed(project).await >= 20 }).await;
    process
}

async fn assert_each_row_once(project: &Project) {
    assert_eq!(changed(project).await, 400);
    assert_eq!(project.database.value::<i64>("SELECT count(DISTINCT id) FROM change").await, 400);
}

#[tokio::test]
async fn a_second_process_is_refused_and_told_who_has_the_job_and_since_when() {
    let project = slow().await;
    let first = until_at_work(&project).await;
    let refused = project.longhaul(&["run", "fill"]).await.ended_with(75);
    let refused = refused.says("the job `fill` is being run by ").says(", since 20").says("hint: ");
    let host: String = project.database.value("SELECT host FROM longhaul.worker").await;
    let process: i32 = project.database.value("SELECT process_id FROM longhaul.worker").await;
    refused.says(&format!(" on {host} (process {process})"));
    first.outcome().await.succeeded();
    assert_each_row_once(&project).await;
}

#[tokio::test]
async fn of_two_that_start_at_once_exactly_one_runs() {
    for _ in 0..5 {
        let project = slow().await;
        let (one, two) = (project.spawn(&["run", "fill"]), project.spawn(&["run", "fill"]));
        let (one, two) = tokio::join!(one.outcome(), two.outcome());
        let mut codes = [one.status.code(), two.status.code()];
        codes.sort_unstable();
        assert_eq!(codes, [Some(0), Some(75)], "{}\n{}", one.stderr, two.stderr);
        assert_each_row_once(&project).await;
        let runs: i64 = project.database.value("SELECT count(*) FROM longhaul.run").await;
        assert_eq!(runs, 1);
    }
}

#[tokio::test]
async fn a_frozen_process_is_taken_over_and_commits_nothing_when_it_wakes_up() {
    let project = slow().await;
    let frozen = until_at_work(&project).await;
    frozen.signal(Signal::STOP);
    // The second waits until the first's heart has not beaten for ten seconds, then goes on.
    let second = project.spawn(&["run", "fill"]);
    let before = changed(&project).await;
    wait_for("the second process has taken over", || async { changed(&project).await > before }).await;
    frozen.signal(Signal::CONT);
    frozen.outcome().await.ended_with(1).says("taken over by another process").says("nothing was lost");
    second.outcome().await.succeeded();
    assert_each_row_once(&project).await;
    let state: String = project.database.value("SELECT state FROM longhaul.run").await;
    assert_eq!(state, "done");
}

#[tokio::test]
async fn two_upgrades_at_once_apply_everything_once_and_both_end_well() {
    for _ in 0..3 {
        let project = Project::new(Database::empty().await);
        for number in 0..6 {
            let text =
                format!("-- migrate:up\nCREATE TABLE table_{number} (id int); SELECT pg_sleep(0.02);\n");
            project.write(&format!("2026010100000{number}_table.sql"), &text);
        }
        let (one, two) = (project.spawn(&["upgrade"]), project.spawn(&["upgrade"]));
        let (one, two) = tokio::join!(one.outcome(), two.outcome());
        one.succeeded();
        two.succeeded();
        let applied: i64 = project.database.value("SELECT count(*) FROM longhaul.revision").await;
        let events: i64 = project.database.value("SELECT count(*) FROM longhaul.event").await;
        assert_eq!((applied, events), (6, 6));
    }
}
