//! /metrics of a worker that serves: its own figures beside those of the database, for whoever may see the page.

use super::Exposition;
use crate::page::Served;
use crate::support::{Items, JobKind};

const TOKEN: &str = "a-token-that-nobody-guesses";

#[tokio::test]
async fn a_worker_that_serves_tells_what_it_does_itself_to_whoever_has_the_token() {
    let items = Items::new(400, JobKind::Sweeping).await;
    // Begun, and left for a worker.
    items.project.configure("[limits]\nrows_per_second = 50\n");
    let begun = items.project.spawn(&["run", "fill", "--workers", "1"]);
    items.passed(10).await;
    begun.kill().await;
    items.project.configure("");
    let variables = [("LONGHAUL_PAGE_TOKEN", TOKEN)];
    let worker = items.project.spawn_with(&variables, &["worker", "--serve", "127.0.0.1:0"]);
    let page = Served::heard(worker).await;
    page.http.get("/metrics").is(401);
    let scraper = page.http.with("Authorization", &format!("Bearer {TOKEN}"));
    let scrape = || Exposition::parse(&scraper.get("/metrics").is(200).body);
    items.until("EXISTS (SELECT FROM longhaul.run WHERE state = 'done')").await;
    let figures = scrape();
    let of = |name: &str, label: &str| figures.value(name, &[("job_name", "fill")], label);
    assert_eq!(of("longhaul_run_state", "state=done"), Some(1.0), "the database's figures");
    let batches = of("longhaul_batches_total", "").unwrap();
    assert!(batches > 0.0, "its own figures");
    assert_eq!(of("longhaul_batch_duration_seconds_count", ""), Some(batches));
    assert_eq!(of("longhaul_batch_duration_seconds_bucket", "le=+Inf"), Some(batches));
}
