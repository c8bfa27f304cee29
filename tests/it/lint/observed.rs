//! What a revision took, in its event, and what nobody had told.

use serde_json::{Value, json};

use super::revision;
use crate::support::{Database, Project};

async fn project(up: &str) -> Project {
    let database = Database::empty().await;
    database
        .execute(
            "CREATE TABLE pay (id int, note varchar(10)); CREATE TABLE \"Odd One\" (id int);
             INSERT INTO pay VALUES (1)",
        )
        .await;
    let project = Project::new(database);
    project.write("1_a.sql", &revision("aaaa1111", "", up));
    project
}

async fn event(project: &Project, kind: &str) -> Option<Value> {
    let log = project.longhaul(&["log", "--json"]).await.succeeded().stdout;
    let log: Vec<Value> = serde_json::from_str(&log).unwrap();
    log.into_iter().find(|event| event["kind"] == kind)
}

#[tokio::test]
async fn what_was_told_is_recorded_and_surprises_nobody() {
    let up = "ALTER TABLE pay ALTER id TYPE bigint;\nCREATE TRIGGER a BEFORE UPDATE ON \"Odd One\" FOR EACH ROW EXECUTE \
              FUNCTION suppress_redundant_updates_trigger();\nCREATE TABLE fresh (id int);\nCREATE INDEX ON fresh (id);";
    let project = project(up).await;
    let outcome = project.longhaul(&["upgrade"]).await.succeeded();
    assert!(!outcome.stderr.contains("lint had not told"), "{}", outcome.stderr);
    let applied = event(&project, "revision.applied").await.unwrap();
    let mut taken = applied["detail"]["taken"].as_array().unwrap().clone();
    taken.sort_by_key(|one| one["table"].as_str().unwrap().to_owned());
    assert_eq!(
        Value::Array(taken),
        json!([
            { "table": "public.\"Odd One\"", "lock": "SHARE ROW EXCLUSIVE", "rewritten": false },
            { "table": "public.pay", "lock": "ACCESS EXCLUSIVE", "rewritten": true },
        ])
    );
    assert!(event(&project, "revision.surprised").await.is_none());
}

#[tokio::test]
async fn what_a_block_of_code_does_is_seen_and_told_as_a_surprise() {
    let up = "DO $$ BEGIN ALTER TABLE pay ALTER id TYPE bigint; END $$;\nSET ROLE NONE;\nSET search_path = nowhere;";
    let project = project(up).await;
    let outcome = project.longhaul(&["upgrade"]).await.succeeded();
    let says =
        "revision aaaa1111: public.pay was written anew under ACCESS EXCLUSIVE, which lint had not told";
    assert!(outcome.stderr.contains(says), "{}", outcome.stderr);
    assert_eq!(event(&project, "revision.surprised").await.unwrap()["message"], says);
    project.longhaul(&["log"]).await.succeeded().says_on_stdout(says);
}

#[tokio::test]
async fn statements_that_run_one_by_one_are_seen_as_well() {
    let project = project("SELECT 1;").await;
    let up =
        "DO $$ BEGIN LOCK TABLE \"Odd One\"; END $$;\nALTER TABLE pay ADD a int;\nVACUUM pay;\nTRUNCATE pay;";
    let text = revision("aaaa1111", "", up).replace("migrate:up", "migrate:up transaction:false");
    project.write("1_a.sql", &text);
    let outcome = project.longhaul(&["upgrade"]).await.succeeded();
    let says = "public.\"Odd One\" was locked in ACCESS EXCLUSIVE mode, which lint had not told";
    assert!(outcome.stderr.contains(says), "{}", outcome.stderr);
    let applied = event(&project, "revision.applied").await.unwrap();
    let taken = applied["detail"]["taken"].as_array().unwrap();
    let pay = json!({ "table": "public.pay", "lock": "ACCESS EXCLUSIVE", "rewritten": true });
    assert!(taken.contains(&pay), "{applied:#}");
}

#[tokio::test]
async fn a_revision_that_closes_all_cursors_or_undoes_is_no_trouble() {
    let project = project("ALTER TABLE pay ADD a int;\nCLOSE ALL;\nDROP TABLE \"Odd One\";").await;
    project.longhaul(&["upgrade"]).await.succeeded();
    let project =
        self::project("SAVEPOINT a;\nDROP TABLE pay;\nROLLBACK TO a;\nALTER TABLE pay ADD a int;").await;
    project.longhaul(&["upgrade"]).await.succeeded();
    let applied = event(&project, "revision.applied").await.unwrap();
    assert_eq!(applied["detail"]["taken"][0]["rewritten"], false, "{applied:#}");
    project.longhaul(&["downgrade", "base", "--yes"]).await.succeeded();
}
