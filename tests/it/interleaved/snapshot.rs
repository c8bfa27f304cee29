//! An old snapshot keeps the dead rows that strides need gone: the run ends right all the same, and says who it is.

use serde_json::Value;
use tokio_postgres::Client;

use crate::support::{Database, JobKind, Pages};

/// Some 270 full pages, on a server that nobody else uses.
async fn table() -> Pages {
    Pages::on(Database::alone().await, 20_000, 60, JobKind::Sweeping).await
}

/// A session whose snapshot is as old as the test; its process in the server.
async fn old_snapshot(database: &Database) -> (Client, i32) {
    let session = database.connect().await;
    session
        .batch_execute(
            "SET application_name = 'monthly report'; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1",
        )
        .await
        .unwrap();
    let pid = session.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
    (session, pid)
}

async fn walk_shown(pages: &Pages) -> String {
    let json = pages.project.longhaul(&["status", "fill", "--json"]).await.succeeded().stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    json["runs"][0]["walk"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn strides_rest_while_an_old_snapshot_is_open_and_whose_it_is_is_said() {
    let pages = table().await;
    // One window, which can't grow.
    pages.write_job("order = \"physical\"\nwindow = \"128MB\"");
    let (session, pid) = old_snapshot(pages.database()).await;
    let outcome = pages.project.longhaul(&["run", "fill", "-v", "--workers", "1"]).await.succeeded();
    let rests = "no strides for a while: only ";
    let keeper = format!("dead rows are kept by session {pid} (monthly report, user ");
    let line = outcome.stderr.lines().find(|line| line.starts_with(rests));
    assert!(line.is_some_and(|line| line.contains(&keeper)), "{keeper}:\n{}", outcome.stderr);
    let walk = walk_shown(&pages).await;
    assert!(walk.contains(rests) && walk.contains(&keeper), "{keeper}: {walk}");
    session.batch_execute("ROLLBACK").await.unwrap();
    pages.assert_each_row_done_once("under an old snapshot").await;
}

#[tokio::test]
async fn windows_grow_while_an_old_snapshot_is_open() {
    let pages = table().await;
    pages.write_job("order = \"physical\"\nwindow = \"128kB\"");
    let (session, pid) = old_snapshot(pages.database()).await;
    let outcome = pages.project.longhaul(&["run", "fill", "-v", "--workers", "1"]).await.succeeded();
    for pages in [32, 64] {
        assert!(outcome.stderr.contains(&format!("windows of {pages} pages: only ")), "{}", outcome.stderr);
    }
    outcome.says(&format!("dead rows are kept by session {pid} (monthly report, user "));
    session.batch_execute("ROLLBACK").await.unwrap();
    pages.assert_each_row_done_once("under an old snapshot").await;
}

#[tokio::test]
async fn a_snapshot_of_another_database_keeps_nothing_here_and_is_not_blamed() {
    let pages = table().await;
    let elsewhere = pages.database().neighbour().await;
    pages.write_job("order = \"physical\"\nwindow = \"128kB\"");
    // The older of the two, but in a database that has no part in this.
    let (other, other_pid) = old_snapshot(&elsewhere).await;
    pages.database().execute("CREATE TABLE later (id int)").await;
    let (session, pid) = old_snapshot(pages.database()).await;
    let outcome = pages.project.longhaul(&["run", "fill", "-v", "--workers", "1"]).await.succeeded();
    assert!(!outcome.stderr.contains(&format!("session {other_pid} ")), "{}", outcome.stderr);
    outcome.says(&format!("dead rows are kept by session {pid} (monthly report, user "));
    for session in [other, session] {
        session.batch_execute("ROLLBACK").await.unwrap();
    }
}

#[tokio::test]
async fn a_transaction_that_has_written_in_another_database_keeps_rows_here_and_is_named() {
    let pages = table().await;
    let elsewhere = pages.database().neighbour().await;
    pages.write_job("order = \"physical\"\nwindow = \"128kB\"");
    elsewhere.client.batch_execute("BEGIN; CREATE TABLE kept (id int)").await.unwrap();
    let pid: i32 = elsewhere.value("SELECT pg_backend_pid()").await;
    let outcome = pages.project.longhaul(&["run", "fill", "-v", "--workers", "1"]).await.succeeded();
    outcome
        .says("windows of 32 pages: only 0 % of the later")
        .says(&format!("dead rows are kept by session {pid} ("));
    elsewhere.client.batch_execute("ROLLBACK").await.unwrap();
    pages.assert_each_row_done_once("under a transaction elsewhere").await;
}

#[tokio::test]
async fn without_an_old_snapshot_most_updates_stay_on_their_pages() {
    let pages = table().await;
    pages.write_job("order = \"physical\"\nwindow = \"512kB\"");
    pages.project.longhaul(&["run", "fill", "--workers", "1"]).await.succeeded();
    pages.assert_each_row_done_once("no snapshot").await;
    let hot: i64 = pages
        .database()
        .value("SELECT (sum(rows_hot) * 100 / sum(rows_changed))::int8 FROM longhaul.range")
        .await;
    assert!(hot >= 70, "{hot} % of the updates were heap-only");
}
