//! What a scrape gets: well formed whatever jobs are called, the same from whichever host, and there when the database isn't.

mod exposition;
mod files;
mod process;
mod served;

use exposition::Exposition;

use crate::support::{Items, JobKind, Project, wait_for};

/// What `longhaul metrics` prints, read as strictly as it can be.
async fn scraped(project: &Project) -> Exposition {
    Exposition::parse(&project.longhaul(&["metrics"]).await.succeeded().stdout)
}

/// A run at work, slow enough to be looked at, once it tells when it will be done.
async fn at_work() -> (Items, crate::support::Process, Exposition) {
    let items = Items::new(8000, JobKind::Counting).await;
    let job = items.project.read("fill.toml") + "\n[limits]\nrows_per_second = 50\n";
    items.project.write("fill.toml", &job);
    let run = items.project.spawn(&["run", "fill"]);
    items.passed(20).await;
    wait_for("the end is told", async || {
        scraped(&items.project).await.has("longhaul_run_eta_timestamp_seconds")
    })
    .await;
    let exposition = scraped(&items.project).await;
    (items, run, exposition)
}

#[tokio::test]
async fn a_run_at_work_is_told_with_all_its_figures() {
    let (items, run, exposition) = at_work().await;
    let of =
        |name: &str, label: &str| exposition.value(name, &[("job_name", "fill"), ("direction", "up")], label);
    assert_eq!(exposition.value("longhaul_database_up", &[], ""), Some(1.0));
    assert_eq!(of("longhaul_run_state", "state=running"), Some(1.0));
    assert_eq!(of("longhaul_run_state", "state=failed"), Some(0.0));
    assert_eq!(of("longhaul_run_rows_estimated", ""), Some(8000.0));
    let passed = of("longhaul_run_rows_passed", "").unwrap();
    let progress = of("longhaul_run_progress_ratio", "").unwrap();
    assert!(
        (passed / 8000.0 - progress).abs() < 1e-9 && progress > 0.0 && progress < 1.0,
        "{passed} {progress}"
    );
    assert!(of("longhaul_run_workers", "").unwrap() >= 1.0);
    assert_eq!((of("longhaul_run_held", ""), of("longhaul_run_hours_open", "")), (Some(0.0), Some(1.0)));
    let (low, high) = (
        of("longhaul_run_remaining_seconds", "bound=low"),
        of("longhaul_run_remaining_seconds", "bound=high"),
    );
    assert!(low <= high && low > Some(0.0), "{low:?} {high:?}");
    let began = of("longhaul_run_started_timestamp_seconds", "").unwrap();
    assert!(of("longhaul_run_last_batch_timestamp_seconds", "").unwrap() > began);
    items.project.longhaul(&["set", "fill", "rows_per_second=off"]).await.succeeded();
    run.outcome().await.succeeded();
    let done = scraped(&items.project).await;
    let of = |name: &str, label: &str| done.value(name, &[("job_name", "fill")], label);
    assert_eq!(of("longhaul_run_state", "state=done"), Some(1.0));
    assert_eq!(of("longhaul_run_progress_ratio", ""), Some(1.0));
    assert_eq!(of("longhaul_run_rows_changed", ""), Some(8000.0));
    assert_eq!(of("longhaul_run_workers", ""), Some(0.0));
    assert!(!done.has("longhaul_run_held") && !done.has("longhaul_run_remaining_seconds"));
}

#[tokio::test]
async fn whatever_a_job_is_called_the_text_stays_well_formed() {
    let items = Items::new(20, JobKind::Counting).await;
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    let name = "a \"b\" \\ c\nd <script> ü {x=\"1\"} 1".to_owned() + &"y".repeat(3000);
    items.database().client.execute("UPDATE longhaul.run SET name = $1", &[&name]).await.unwrap();
    // Another job of the same name: its series are others.
    items
        .database()
        .execute(
            "INSERT INTO longhaul.run (job, name, table_name, key_columns, definition, state, estimated_rows, started_by)
             SELECT 'other', name, table_name, key_columns, definition, 'failed', 0, 'x' FROM longhaul.run",
        )
        .await;
    let exposition = scraped(&items.project).await;
    let of = |id: &str| {
        exposition.value("longhaul_run_state", &[("job_name", &name), ("job_id", id)], "state=failed")
    };
    assert_eq!((of("fill"), of("other")), (Some(0.0), Some(1.0)));
}

#[tokio::test]
async fn revisions_are_counted_by_kind() {
    let items = Items::new(20, JobKind::Counting).await;
    let one = "-- revision: aaaa1111\n-- migrate:up\nALTER TABLE items ADD note text;\n-- migrate:down\nALTER TABLE items DROP note;\n";
    items.project.write("1_note.sql", one);
    items.project.write(
        "2_other.sql",
        "-- revision: bbbb2222\n-- revises: aaaa1111\n-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;\n",
    );
    items.project.write(
        "3_data.toml",
        "revision = \"cccc3333\"\nrevises = [\"bbbb2222\"]\nmessage = \"fill note\"\n[job]\ntable = \"items\"\nset = { note = \"'n'\" }\n",
    );
    items.project.longhaul(&["upgrade", "aaaa1111"]).await.succeeded();
    items.project.write("1_note.sql", &one.replace("note text", "note int"));
    let exposition = scraped(&items.project).await;
    let of = |name: &str, label: &str| exposition.value(name, &[], label);
    assert_eq!(of("longhaul_revisions_applied", ""), Some(1.0));
    assert_eq!(of("longhaul_revisions_changed", ""), Some(1.0));
    assert_eq!(of("longhaul_revisions_pending", "kind=schema"), Some(1.0));
    assert_eq!(of("longhaul_revisions_pending", "kind=data"), Some(1.0));
    assert_eq!(of("longhaul_heads_behind", ""), Some(1.0));
}

#[tokio::test]
async fn nothing_there_yet_and_a_database_that_is_away_are_figures_too() {
    let items = Items::new(20, JobKind::Counting).await;
    let exposition = scraped(&items.project).await;
    assert_eq!(exposition.value("longhaul_database_up", &[], ""), Some(1.0));
    assert_eq!(exposition.value("longhaul_revisions_applied", &[], ""), Some(0.0));
    let untouched: bool = items.database().value("SELECT to_regclass('longhaul.run') IS NULL").await;
    assert!(untouched);
    let away = [("DATABASE_URL", "postgres://clerk:hunter2@127.0.0.1:1/hrms")];
    let outcome = items.project.longhaul_with(&away, &["metrics"]).await.succeeded();
    let exposition = Exposition::parse(&outcome.stdout);
    assert_eq!(exposition.value("longhaul_database_up", &[], ""), Some(0.0));
    assert!(exposition.has("longhaul_build_info"));
    assert!(!outcome.stdout.contains("hunter2") && !outcome.stderr.contains("hunter2"));
}
