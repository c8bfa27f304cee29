//! Runs with ten thousand ranges and batches: what is drawn stays as small as a screen.

use std::io::Write;
use std::time::Instant;

use super::Served;
use super::browser::Tab;
use crate::support::{Items, JobKind};

/// A run with 10,000 ranges, the first 4,000 of them done, and 10,000 batches over three hours, with samples and a hold.
const MANY: &str = "
    INSERT INTO longhaul.range (run_id, pass, walk_order, lower_key, upper_key, checkpoint, finished, batches)
    SELECT 1, 0, 'physical', ARRAY[(i * 100)::text], ARRAY[((i + 1) * 100)::text],
           CASE WHEN i < 4000 THEN ARRAY[((i + 1) * 100)::text] END, i < 4000, CASE WHEN i < 4000 THEN 3 ELSE 0 END
    FROM generate_series(0, 9999) AS i;
    INSERT INTO longhaul.batch (range_id, lower_key, upper_key, rows_seen, rows_changed, duration, finished_at, wal_bytes)
    SELECT (SELECT max(id) FROM longhaul.range), ARRAY[i::text], ARRAY[(i + 1)::text], 1000, 900, interval '120 ms',
           now() - interval '1 second' * (10000 - i), 100000
    FROM generate_series(1, 10000) AS i;
    INSERT INTO longhaul.sample (run_id, at, seconds, stay, actor, host, process_id, workers, batches, rows_seen, rows_changed,
                                 wal_bytes, batch_time, longest_batch, lock_wait, longest_blocked, gave_way, signals)
    SELECT 1, now() - interval '10 seconds' * (1000 - i), 10, '6f1b2c3d-0000-4000-8000-000000000001', 'ann', 'db1', 7, 2, 80,
           80000 + 20000 * sin(i / 50.0), 80000, 9000000, 8, 0.4, 0.01, 0.05, 0, '{\"replica lag\": [1.5, 5, \"seconds\"]}'
    FROM generate_series(1, 1000) AS i;
    UPDATE longhaul.run SET pass = 0, state = 'stopped', estimated_rows = 1000000000";

#[tokio::test]
async fn ten_thousand_ranges_and_batches_fit_on_a_page() {
    let items = Items::new(10, JobKind::Sweeping).await;
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    items.database().execute("TRUNCATE longhaul.range, longhaul.batch, longhaul.sample").await;
    items.database().execute(MANY).await;
    let page = Served::of(&items.project).await;
    let began = now();
    let run = page.http.get("/runs/1").is(200).says("4,000 of 10,000 ranges are done").says("6,000 to come");
    let server = began.elapsed();
    let cells = run.body.matches("<i class=\"cell ").count();
    assert!((200..=500).contains(&cells), "{cells} cells");
    assert!(run.body.len() < 200_000, "{} bytes", run.body.len());
    let longest = run
        .body
        .split("d=\"")
        .skip(1)
        .filter_map(|path| path.split('"').next())
        .map(|path| path.matches('L').count())
        .max();
    assert!((200..=302).contains(&longest.unwrap()), "points of a line: {longest:?}");
    let batches = page.http.get("/runs/1/batches").is(200);
    assert_eq!(batches.body.matches("<tr id=\"batch-").count(), 100);
    let older =
        batches.body.split("href=\"").find(|link| link.starts_with("/runs/1/batches?before=")).unwrap();
    assert_eq!(page.http.get(older.split('"').next().unwrap()).body.matches("<tr id=\"batch-").count(), 100);
    let tab = Tab::open(&page, 1280).await;
    tab.visit("/runs/1").await;
    tab.until("it is painted", "performance.getEntriesByType('paint').length > 0").await;
    let drawn: f64 = tab.number("performance.getEntriesByType('paint').at(-1).startTime");
    let cells = tab.number("document.querySelectorAll('.map .cell').length");
    assert!(cells > 200.0);
    tab.is_quiet();
    // For the record, not to be asserted: it is the machine's.
    let _ = writeln!(
        std::io::stderr(),
        "a run of 10,000 ranges and batches: {server:?} of the server's, drawn by the browser after {drawn:.0} ms, {} bytes",
        run.body.len()
    );
}

#[expect(clippy::disallowed_methods, reason = "it measures what is told and not asserted")]
fn now() -> Instant {
    Instant::now()
}
