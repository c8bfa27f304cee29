//! The server goes away in the middle of a run, and it or another comes back: the run goes on by itself.

use rustix::process::Signal;

use crate::support::{Items, JobKind, Primary, signal};

#[tokio::test]
async fn a_server_that_crashes_and_recovers_is_waited_for() {
    let primary = Primary::start(&[]).await;
    let mut items = Items::on(primary.database().await, 1500, JobKind::Counting).await;
    items.project.configure("[limits]\nrows_per_second = 300\n");
    let mut process = items.project.spawn(&["run", "fill", "--workers", "1"]);
    for rows in [200, 500] {
        items.passed(rows).await;
        // Whatever a backend dies of, the server ends all the others and recovers.
        let backend = "SELECT pid FROM pg_stat_activity WHERE application_name = 'longhaul batches'";
        signal(items.database().value(backend).await, Signal::KILL);
        process.hear("trying again").await;
        let url = items.database().url.clone();
        items.project.database.is_back_at(&url).await;
    }
    process.outcome().await.succeeded();
    items.assert_each_row_done_once("the server crashed").await;
}

#[tokio::test]
async fn a_standby_that_is_promoted_takes_the_run_over() {
    let primary = Primary::start(&[]).await;
    let standby = primary.standby().await;
    let mut items = Items::on(primary.database().await, 1500, JobKind::Counting).await;
    items.project.configure("[limits]\nrows_per_second = 300\n");
    let (account, place) = items.database().url.rsplit_once('@').unwrap();
    let (first, _) = place.split_once('/').unwrap();
    let after = standby.url.replace("/postgres", "/test");
    let second = after.rsplit_once('@').unwrap().1;
    let url = format!("{account}@{first},{second}?target_session_attrs=read-write");
    let mut process = items.project.spawn(&["run", "fill", "--workers", "1", "--database-url", &url]);
    items.passed(300).await;
    primary.crash(items.database()).await;
    // Nobody takes writes for a while.
    process.hear("trying again").await;
    standby.promote().await;
    items.project.database.is_back_at(&after).await;
    process.outcome().await.succeeded();
    items.assert_each_row_done_once("a standby took over").await;
    standby.stop().await;
}
