//! The application's queries, timed before, during and after changes.

use longhaul::model::RevisionId;
use longhaul::store::{Store, Subject};

use super::over_time::reader;
use crate::support::{Database, Items, JobKind, Project};

const QUERY: &str = "[[timed_query]]\nname = \"pay slip\"\nsql = \"SELECT pay_slip()\"\n";

#[tokio::test]
async fn a_run_has_its_queries_timed_before_during_and_after() {
    let items = Items::new(400, JobKind::Sweeping).await;
    let text = "[limits]\nrows_per_second = 200\n[[timed_query]]\nname = \"one \\\"item\\\"\"\n\
                sql = \"SELECT * FROM items WHERE id = 7\"\nevery = \"1s\"\n";
    items.project.configure(text);
    items.project.longhaul(&["run", "fill", "--workers", "1"]).await.succeeded();
    let phases: Vec<String> = items
        .database()
        .value("SELECT array_agg(DISTINCT phase ORDER BY phase) FROM longhaul.timing WHERE query = 'one \"item\"' AND error IS NULL")
        .await;
    assert_eq!(phases, ["after", "before", "during"]);
    let plans: Vec<String> = items
        .database()
        .value("SELECT array_agg(plan ORDER BY id) FROM longhaul.timing WHERE plan IS NOT NULL")
        .await;
    assert_eq!(plans.len(), 2, "{plans:?}");
    assert!(plans.iter().all(|plan| plan.contains("(id = 7)") && !plan.contains("cost")), "{plans:?}");
    let before_work: bool = items
        .database()
        .value("SELECT (SELECT max(at) FROM longhaul.timing WHERE phase = 'before') < (SELECT min(finished_at) FROM longhaul.batch)")
        .await;
    assert!(before_work, "before the first batch");
}

#[tokio::test]
async fn a_revision_that_makes_a_query_slower_is_told_of_with_both_plans() {
    let project = Project::new(Database::empty().await);
    project.database.execute("CREATE FUNCTION pay_slip() RETURNS int LANGUAGE sql AS 'SELECT 1'").await;
    project.configure(QUERY);
    project.write(
        "1_slow.sql",
        "-- revision: 1a\n-- message: slow\n\n-- migrate:up\nCREATE OR REPLACE FUNCTION pay_slip() RETURNS int LANGUAGE sql AS \
         'SELECT 1 FROM pg_sleep(0.1)';\n\n-- migrate:down\nCREATE OR REPLACE FUNCTION pay_slip() RETURNS int LANGUAGE sql AS \
         'SELECT 1';\n",
    );
    let outcome = project.longhaul(&["upgrade", "--no-lint"]).await;
    assert!(outcome.stderr.contains("warning: the query \"pay slip\" takes "), "{}", outcome.stderr);
    outcome.succeeded();
    let message: String = project
        .database
        .value("SELECT message FROM longhaul.event WHERE kind = 'query.slower' AND revision = '1a'")
        .await;
    assert!(message.contains("times as long as before"), "{message}");
    project.longhaul(&["downgrade", "base", "--yes"]).await.succeeded();
    let again: i64 =
        project.database.value("SELECT count(*) FROM longhaul.event WHERE kind = 'query.slower'").await;
    assert_eq!(again, 1, "the way back makes it faster");
    let connection = reader(&project.database).await;
    let latest = Store::new("longhaul")
        .timings(&*connection, Subject::Revision(&RevisionId("1a".to_owned())))
        .await
        .unwrap();
    let first = latest.first().and_then(|timing| timing.answer.took()).unwrap();
    assert!(first.as_millis() >= 100, "of the way back alone: {latest:?}");
}

#[tokio::test]
async fn a_query_that_cannot_be_run_is_told_of_and_stops_nothing() {
    let items = Items::new(50, JobKind::Sweeping).await;
    items.project.configure(QUERY);
    let outcome = items.project.longhaul(&["run", "fill"]).await;
    let told = "warning: the query \"pay slip\" can't be timed: function pay_slip() does not exist";
    assert_eq!(outcome.stderr.matches(told).count(), 1, "{}", outcome.stderr);
    outcome.succeeded();
    let code: String = items.database().value("SELECT DISTINCT error FROM longhaul.timing").await;
    assert_eq!(code, "42883");
}

#[tokio::test]
async fn a_timed_query_writes_nothing() {
    let items = Items::new(50, JobKind::Sweeping).await;
    items
        .database()
        .execute(
            "CREATE FUNCTION pay_slip() RETURNS int LANGUAGE sql AS 'UPDATE items SET old = 0 RETURNING 1'",
        )
        .await;
    items.project.configure(QUERY);
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    items.assert_each_row_done_once("with a query that writes").await;
    let code: String = items.database().value("SELECT DISTINCT error FROM longhaul.timing").await;
    assert_eq!(code, "25006", "read_only_sql_transaction");
}
