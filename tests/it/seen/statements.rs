//! What each statement of a schema revision took, and how long it waited for locks of others.

use serde_json::Value;

use crate::support::{Database, Project};

const REVISION: &str = "-- revision: aaaa00000001\n-- revises:\n-- message: two columns\n\n-- migrate:up\n\
     ALTER TABLE pay ADD COLUMN gross int;\n-- and\nCOMMENT ON COLUMN pay.gross IS 'a; b';\n\n\
     -- migrate:down\nALTER TABLE pay DROP COLUMN gross;\n";

async fn with_pay() -> Project {
    let project = Project::new(Database::empty().await);
    project.database.execute("CREATE TABLE pay (id int PRIMARY KEY)").await;
    project
}

async fn statements(project: &Project) -> Value {
    let text: String = project
        .database
        .value("SELECT (detail -> 'statements')::text FROM longhaul.event WHERE kind = 'revision.applied' ORDER BY id DESC LIMIT 1")
        .await;
    serde_json::from_str(&text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_statement_is_shown_with_its_time_and_kept_with_the_event() {
    let project = with_pay().await;
    project.write("2026-01-01_aaaa00000001_two.sql", REVISION);
    let outcome = project.longhaul(&["upgrade"]).await.succeeded();
    let shown: Vec<&str> = outcome.stderr.lines().filter(|line| line.contains(" of 2  ")).collect();
    assert!(shown[0].starts_with("  1 of 2  ALTER TABLE pay ADD COLUMN gross int  "), "{shown:?}");
    assert!(shown[1].starts_with("  2 of 2  COMMENT ON COLUMN pay.gross IS 'a; b'  "), "{shown:?}");
    let kept = statements(&project).await;
    assert_eq!(kept[0]["sql"], "ALTER TABLE pay ADD COLUMN gross int");
    assert!(kept[1]["seconds"].is_number() && kept[1]["lock_wait"] == 0.0, "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_waits_for_a_lock_says_for_whom_and_for_how_long() {
    let project = with_pay().await;
    project.configure("lock_timeout = \"60s\"\n").write("2026-01-01_aaaa00000001_two.sql", REVISION);
    let holder = project.database.connect().await;
    holder
        .batch_execute("SET application_name = 'payroll'; BEGIN; LOCK TABLE pay IN SHARE MODE")
        .await
        .unwrap();
    let mut upgrade = project.spawn(&["upgrade", "--json"]);
    upgrade.hear("waits for a lock of payroll (pid ").await;
    holder.batch_execute("COMMIT").await.unwrap();
    let outcome = upgrade.outcome().await.succeeded();
    let done = outcome.stderr.lines().find(|line| line.contains("\"statement_done\"")).unwrap();
    let done: Value = serde_json::from_str(done).unwrap();
    assert!(done["lock_wait"].as_f64().unwrap() > 0.0, "{done}");
    assert!(done["waited_for"].as_str().unwrap().starts_with("payroll (pid "), "{done}");
    let kept = statements(&project).await;
    assert!(kept[0]["lock_wait"].as_f64().unwrap() > 0.0, "{kept}");
    assert_eq!(kept[1]["lock_wait"], 0.0, "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_shown_at_its_place_in_the_section() {
    let project = with_pay().await;
    let text = REVISION.replace("COMMENT ON COLUMN pay.gross", "COMMENT ON COLUMN pay.grös");
    project.write("2026-01-01_aaaa00000001_two.sql", &text);
    let outcome = project.longhaul(&["upgrade"]).await.ended_with(1);
    assert!(outcome.stderr.contains("COMMENT ON COLUMN pay.grös"), "{}", outcome.stderr);
    let there: bool = project
        .database
        .value(
            "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'pay'::regclass AND attname = 'gross')",
        )
        .await;
    assert!(!there, "nothing of it is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_on_behind_a_failure_that_a_rollback_to_a_savepoint_would_take_back() {
    let project = with_pay().await;
    let text = "-- revision: aaaa00000001\n-- revises:\n-- message: savepoint\n\n-- migrate:up\n\
         CREATE TABLE first (id int);\nSAVEPOINT a;\nSELECT 1 / 0;\nROLLBACK TO a;\nCREATE TABLE second (id int);\n";
    project.write("2026-01-01_aaaa00000001_savepoint.sql", text);
    let outcome = project.longhaul(&["upgrade"]).await.ended_with(1);
    assert!(outcome.stderr.contains("division by zero"), "{}", outcome.stderr);
    let there: Vec<Option<String>> =
        project.database.value("SELECT ARRAY[to_regclass('first')::text, to_regclass('second')::text]").await;
    assert_eq!(there, [None, None]);
    // One that goes through is taken as it is.
    project.write(
        "2026-01-01_aaaa00000001_savepoint.sql",
        &text.replace("SELECT 1 / 0", "CREATE TABLE gone ()"),
    );
    project.longhaul(&["upgrade"]).await.succeeded().says("  4 of 5  ROLLBACK TO a  ");
    let there: Vec<Option<String>> =
        project.database.value("SELECT ARRAY[to_regclass('gone')::text, to_regclass('second')::text]").await;
    assert_eq!(there, [None, Some("second".to_owned())]);
}
