//! Jobs whose every visit changes a row, by key, with strides and several workers, killed again and again: each row is
//! visited once.

use crate::support::{JobKind, Pages};

/// Where to die, in turn.
const POINTS: [&str; 5] =
    ["batch.committed", "batch.rows_changed", "batch.sent", "batch.fenced", "range.claimed"];

/// Processes that are to die.
const DEATHS: usize = 12;

async fn count_under_kills(batch: &str, workers: &str) {
    // Three ranges of 4 MB or more.
    let mut pages = Pages::new(11_500, 1000, JobKind::Counting).await;
    pages.write_job(batch);
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    for death in 0..DEATHS {
        let point = POINTS[death % POINTS.len()];
        let hit = if point == "range.claimed" { 1 } else { random.u32(1..=24) };
        let when = format!("death {death} at hit {hit} of {point}, seed {seed}");
        pages.project = pages.project.dying_at(point, hit);
        pages.project.longhaul(&["run", "fill", "--workers", workers]).await.was_killed();
        pages.assert_rows_fit_the_positions(&when).await;
    }
    pages.project = pages.project.surviving();
    pages.project.longhaul(&["run", "fill", "--workers", workers]).await.succeeded();
    pages.assert_each_row_done_once(&format!("seed {seed}")).await;
    let ranges = pages.assert_ranges_partition("at the end").await;
    assert!(ranges >= 3, "{ranges} ranges");
    let strides: i32 = pages.database().value("SELECT max(stride) + 1 FROM longhaul.batch").await;
    assert_eq!(strides, 7);
}

#[tokio::test]
async fn rows_are_counted_once_by_three_workers_that_are_killed_again_and_again() {
    count_under_kills("min = 30\nmax = 30\nstrides = 7\nwindow = \"1MB\"", "3").await;
}

#[tokio::test]
async fn rows_are_counted_once_when_the_number_of_workers_changes_from_start_to_start() {
    let mut pages = Pages::new(11_500, 1000, JobKind::Counting).await;
    pages.write_job("min = 30\nmax = 30\nstrides = 7\nwindow = \"1MB\"");
    for (death, workers) in ["3", "1", "5", "2"].into_iter().enumerate() {
        pages.project = pages.project.dying_at("batch.committed", 40);
        pages.project.longhaul(&["run", "fill", "--workers", workers]).await.was_killed();
        pages.assert_rows_fit_the_positions(&format!("death {death} of {workers} workers")).await;
    }
    pages.project = pages.project.surviving();
    pages.project.longhaul(&["run", "fill", "--workers", "4"]).await.succeeded();
    pages.assert_each_row_done_once("workers come and go").await;
}

#[tokio::test]
async fn rows_are_counted_once_when_the_file_asks_for_other_strides_after_a_kill() {
    let mut pages = Pages::new(600, 400, JobKind::Counting).await;
    for strides in [5, 2, 1, 64, 3] {
        pages.write_job(&format!("min = 20\nmax = 20\nwindow = \"64kB\"\nstrides = {strides}"));
        pages.project = pages.project.dying_at("batch.committed", 7);
        pages.project.longhaul(&["run", "fill"]).await.was_killed();
        pages.assert_rows_fit_the_positions(&format!("killed with {strides} strides")).await;
    }
    pages.project = pages.project.surviving();
    pages.project.longhaul(&["run", "fill"]).await.succeeded();
    pages.assert_each_row_done_once("other strides").await;
}
