//! Traffic comes first: who waits for a batch doesn't wait for long, and who has a row locked is waited for.

use std::time::{Duration, Instant};

use crate::support::{Items, JobKind};

#[expect(clippy::disallowed_methods, reason = "another session's wait is measured, by the machine's clock")]
fn now() -> Instant {
    Instant::now()
}

/// A session that wants a row of a batch that can't end waits less than 300 ms, 99 times in 100.
#[tokio::test]
async fn a_session_that_wants_a_row_of_our_batch_hardly_waits() {
    let items = Items::new(2000, JobKind::Sweeping).await;
    // One batch that takes all rows, and hangs at each for as long as it is let.
    items.project.write(
        "fill.toml",
        "[job]\ntable = \"items\"\nset = { new = \"old * 2\" }\n[batch]\nmin = 200\nmax = 2000\n",
    );
    items.project.configure("lock_timeout = \"60s\"");
    items
        .database()
        .execute(
            "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN IF NEW.new IS NOT NULL AND OLD.new IS NULL THEN PERFORM pg_sleep(0.002); END IF; RETURN NEW; END $$;
             CREATE TRIGGER slowly BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION slowly()",
        )
        .await;
    let process = items.project.spawn(&["run", "fill"]);
    let client = items.database().connect().await;
    let mut waits = Vec::new();
    items
        .until(
            "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() \
             AND application_name = 'longhaul batches' AND wait_event = 'PgSleep')",
        )
        .await;
    for row in 0..200_i32 {
        let began = now();
        client.execute("UPDATE items SET old = old WHERE id = $1", &[&(row * 10 + 1)]).await.unwrap();
        waits.push(began.elapsed());
    }
    waits.sort_unstable();
    let p99 = waits[197];
    assert!(p99 < Duration::from_millis(300), "p99 {p99:?}, worst {:?}", waits[199]);
    process.outcome().await.succeeded();
    let gave_way: i64 = items.database().value("SELECT sum(gave_way)::int8 FROM longhaul.range").await;
    assert!(gave_way > 0, "no batch had to give way, so nothing was shown");
    let status = items.project.longhaul(&["status", "fill"]).await.succeeded().stdout;
    assert!(status.contains("gave way to them"), "{status}");
}

#[tokio::test]
async fn who_has_a_row_locked_is_waited_for_and_named() {
    let items = Items::new(40, JobKind::Counting).await;
    let holder = items.holding(15).await;
    let mut process = items.project.spawn(&["run", "fill"]);
    process.hear("held by session").await;
    assert_eq!(items.checkpoint().await, 10);
    holder.batch_execute("ROLLBACK").await.unwrap();
    process.outcome().await.succeeded();
    items.assert_each_row_done_once("a locked row").await;
    let waited: bool = items.database().value("SELECT sum(lock_wait) >= '0' FROM longhaul.range").await;
    assert!(waited);
}
