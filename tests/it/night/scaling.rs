//! The number of workers follows the load, between its limits.

use crate::support::{JobKind, Pages, Primary};

#[tokio::test]
async fn workers_come_while_they_bring_something_and_go_when_the_server_is_busy() {
    let primary = Primary::start(&[]).await;
    let pages = Pages::on(primary.database().await, 60_000, 60, JobKind::Sweeping).await;
    pages.write_job("order = \"key\"\nstrides = 1\nmin = 20\nmax = 20");
    // Each row takes its time and no processor's: another worker does as many again.
    pages
        .database()
        .execute(
            "CREATE FUNCTION take_time() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN PERFORM pg_sleep(0.005); RETURN NEW; END';
             CREATE TRIGGER take_time BEFORE UPDATE ON pages FOR EACH ROW EXECUTE FUNCTION take_time()",
        )
        .await;
    pages.project.configure("[limits]\nactive_sessions = 10\n");
    let mut process = pages.project.spawn(&["run", "fill", "--workers", "1..3"]);
    process.hear("workers 1 -> 2: ").await;
    process.hear("workers 2 -> 3: ").await;
    pages.database().until("(SELECT count(*) = 3 FROM longhaul.worker)").await;

    // At their limit, and not past it: that would hold the run.
    pages.project.longhaul(&["set", "fill", "active_sessions=2"]).await.succeeded();
    let mut busy = Vec::new();
    for _ in 0..2 {
        let client = pages.database().connect().await;
        busy.push(tokio::spawn(async move { client.batch_execute("SELECT pg_sleep(600)").await }));
    }
    process.hear("workers 3 -> 1: the load is at 100 % of its limit").await;
    pages
        .database()
        .until("1 = (SELECT count(*) FROM longhaul.range WHERE lease IS NOT NULL AND NOT finished)")
        .await;
    process.kill().await;
}
