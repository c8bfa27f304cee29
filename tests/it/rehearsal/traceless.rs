//! Nothing is left of what is tried: not of rows, not of progress, whoever writes meanwhile and however it ends.

use super::{items, job};
use crate::support::{Project, wait_for};

/// All rows of the table, in one value.
const ROWS: &str = "SELECT md5(string_agg(items::text, ',' ORDER BY id)) FROM items";

/// All rows of the books but for the forecasts, in one value.
const BOOKS: &str = "SELECT md5(concat(
     (SELECT string_agg(r::text, ',' ORDER BY id) FROM longhaul.run AS r),
     (SELECT string_agg(r::text, ',' ORDER BY id) FROM longhaul.range AS r),
     (SELECT string_agg(b::text, ',' ORDER BY id) FROM longhaul.batch AS b),
     (SELECT string_agg(e::text, ',' ORDER BY id) FROM longhaul.event AS e),
     (SELECT string_agg(p::text, ',' ORDER BY id) FROM longhaul.preimage AS p),
     (SELECT count(*)::text FROM longhaul.worker), (SELECT count(*)::text FROM longhaul.quarantine)))";

/// A batch is being tried, in the trigger's sleep.
const TRIED: &str = "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
         AND application_name = 'longhaul plan' AND wait_event = 'PgSleep')";

async fn value(project: &Project, query: &str) -> String {
    project.database.value(query).await
}

#[tokio::test]
async fn where_there_is_no_control_schema_plan_makes_none_and_changes_no_row() {
    let project = items(5000).await;
    job(&project, "set = { new = \"old * 2\" }\nundo = \"preimage\"");
    let before = value(&project, ROWS).await;
    let text = project.longhaul(&["plan", "fill"]).await.succeeded().stdout;
    assert!(text.contains("not kept") && text.contains("there is no control schema yet"), "{text}");
    assert_eq!(value(&project, ROWS).await, before);
    let made: bool = project.database.value("SELECT to_regnamespace('longhaul') IS NOT NULL").await;
    assert!(!made, "it made the control schema");
}

#[tokio::test]
async fn an_unfinished_run_stays_as_it_is() {
    let project = items(5000).await.dying_at("batch.committed", 2);
    job(&project, "set = { new = \"old * 2\" }\nundo = \"preimage\"\n\n[batch]\nmin = 100\nmax = 100");
    project.longhaul(&["run", "fill"]).await.was_killed();
    let project = project.surviving();
    project.database.sessions_are_gone().await;
    let (rows, books) = (value(&project, ROWS).await, value(&project, BOOKS).await);
    let told = super::says(&project, 0, &[("run", "note", "run 1 of the job is running")]).await;
    assert_eq!(told["kept"], true);
    let left = told["forecast"]["rows"]["high"].as_f64().unwrap();
    assert!((4000.0..5000.0).contains(&left), "{told:#}");
    assert_eq!((value(&project, ROWS).await, value(&project, BOOKS).await), (rows, books));
    project.longhaul(&["run", "fill"]).await.succeeded();
}

#[tokio::test]
async fn beside_writers_no_change_of_theirs_is_lost() {
    let project = items(5000).await;
    let other = project.database.connect().await;
    let mut planning = project.spawn(&["plan", "fill", "--batches", "30"]);
    let mut writes = 0;
    while planning.is_running() {
        other
            .execute("UPDATE items SET old = old + 1 WHERE id = 1 + $1 % 5000", &[&(writes * 37)])
            .await
            .unwrap();
        writes += 1;
    }
    planning.outcome().await.succeeded();
    let sum: i64 = project.database.value("SELECT sum(old - id) FROM items").await;
    assert_eq!(sum, i64::from(writes));
    let touched: i64 = project.database.value("SELECT count(*) FROM items WHERE new IS NOT NULL").await;
    assert_eq!(touched, 0);
}

#[tokio::test]
async fn a_signal_ends_it_at_once_and_nothing_stays() {
    let project = items(1000).await;
    project
        .database
        .execute(
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;
             CREATE TRIGGER slow BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION slow()",
        )
        .await;
    let before = value(&project, ROWS).await;
    let planning = project.spawn(&["plan", "fill"]);
    project.database.until(TRIED).await;
    planning.signal(rustix::process::Signal::INT);
    planning.outcome().await.ended_with(130).says("was not planned to the end");
    project.database.sessions_are_gone().await;
    assert_eq!(value(&project, ROWS).await, before);
    // By kill -9 too.
    let planning = project.spawn(&["plan", "fill"]);
    project.database.until(TRIED).await;
    planning.kill().await;
    project.database.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'longhaul plan' AND datname = current_database()").await;
    wait_for("its session is gone", || async {
        !project.database.value::<bool>(&format!("SELECT {TRIED}")).await
    })
    .await;
    assert_eq!(value(&project, ROWS).await, before);
}
