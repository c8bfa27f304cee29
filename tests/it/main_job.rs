//! The main job from its beginning to its sign-off.

use serde_json::Value;

use crate::support::{Database, Project};

const UNCONVERGED: &str =
    "SELECT count(*) FROM payroll.entries WHERE gross_amount IS DISTINCT FROM gross_pay";

#[tokio::test]
async fn the_backfill_runs_to_its_sign_off_and_the_contract_follows() {
    let project = Project::example(Database::payroll().await);
    let before: String = project.database.value("SELECT sum(gross_pay)::text FROM payroll.entries").await;

    project.longhaul(&["upgrade"]).await.succeeded().says("applied  c47be2d90a16");

    let sign_off: Value =
        project.database.value("SELECT sign_off FROM longhaul.run WHERE state = 'done'").await;
    assert_eq!(sign_off["remaining"], 0);
    assert_eq!(sign_off["rows"], 20_000);
    assert_eq!(sign_off["totals"][0]["equal"], true);
    assert_eq!(sign_off["totals"][0]["left_value"], before.as_str());
    assert_eq!(sign_off["groups"][0]["unequal"], 0);
    let after: String = project.database.value("SELECT sum(gross_amount)::text FROM payroll.entries").await;
    assert_eq!(before, after);
}

#[tokio::test]
async fn a_done_job_is_not_run_again_unless_asked_and_then_changes_nothing() {
    let project = Project::example(Database::payroll().await);
    project.longhaul(&["run", "backfill_gross_amount"]).await.succeeded();
    assert_eq!(project.database.value::<i64>(UNCONVERGED).await, 0);

    project.longhaul(&["run", "5c1d"]).await.succeeded().says("is done: run 1 was signed off");
    project.longhaul(&["run", "5c1d", "--anew"]).await.succeeded().says("0 rows changed");
    assert_eq!(project.database.value::<i64>("SELECT count(*) FROM longhaul.run").await, 2);
}

#[tokio::test]
async fn a_data_revision_waits_for_the_revisions_before_it() {
    let project = Project::example(Database::empty().await);
    project
        .longhaul(&["run", "backfill_gross_amount"])
        .await
        .ended_with(2)
        .says("follows 90be11d4a6c3, 3f9a0c1b7d52, which must be applied first")
        .says("hint: longhaul upgrade 3f9a0c1b7d52");
}

#[tokio::test]
async fn status_and_log_tell_the_same_as_text_and_as_json() {
    let project = Project::example(Database::payroll().await);
    let none = project.longhaul(&["status"]).await.succeeded();
    assert_eq!(none.stdout, "no job has been run on this database\n");
    project.longhaul(&["run", "backfill_gross_amount"]).await.succeeded();

    let text = project.longhaul(&["status", "backfill_gross_amount"]).await.succeeded().stdout;
    assert!(text.contains("state       done"), "{text}");
    let json = project.longhaul(&["status", "--json"]).await.succeeded().stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    let run = &json["runs"][0];
    assert_eq!((run["state"].as_str(), run["active"].as_bool()), (Some("done"), Some(false)));
    let changed: i64 = project.database.value("SELECT sum(rows_changed)::int8 FROM longhaul.range").await;
    assert_eq!(run["totals"]["rows_changed"], changed);

    let log = project.longhaul(&["log", "--json"]).await.succeeded().stdout;
    let log: Vec<Value> = serde_json::from_str(&log).unwrap();
    let kinds: Vec<_> = log.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["revision.applied", "revision.applied", "run.started", "run.done", "revision.applied"]
    );
    let text = project.longhaul(&["log", "5c1d"]).await.succeeded().stdout;
    assert_eq!(text.lines().count(), 3, "{text}");
}

#[tokio::test]
async fn expressions_too_slow_for_a_whole_sample_are_tried_on_fewer_rows_and_still_swept() {
    let project = Project::new(Database::empty().await);
    project
        .database
        .execute(
            "CREATE TABLE pay (id int PRIMARY KEY, old int, new int);
             INSERT INTO pay SELECT i, i, NULL FROM generate_series(1, 60) AS i",
        )
        .await;
    let slow = "(SELECT old FROM pg_sleep(0.02))";
    project.write("fill.toml", &format!("[job]\ntable = \"pay\"\nset = {{ new = \"{slow}\" }}\n"));
    project.longhaul(&["run", "fill"]).await.succeeded().says("sweep 1 is through");
    let left = "SELECT count(*) FROM pay WHERE new IS DISTINCT FROM old";
    assert_eq!(project.database.value::<i64>(left).await, 0);
}
