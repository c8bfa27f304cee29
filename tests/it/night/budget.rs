//! Runs of different jobs at once share what the whole database has.

use std::time::Duration;

use longhaul::clock::Clock;

use crate::support::{Items, JobKind, Primary};

/// Rows a second, of all.
const BUDGET: i64 = 200;

#[tokio::test]
async fn runs_of_different_jobs_share_one_budget_and_who_is_left_gets_all_of_it() {
    // What other tests do to their server would hold the runs.
    let primary = Primary::start(&[]).await;
    let items = Items::on(primary.database().await, 100_000, JobKind::Counting).await;
    items
        .database()
        .execute("CREATE TABLE others (id int PRIMARY KEY, n int); INSERT INTO others SELECT generate_series(1, 100000)")
        .await;
    let other = "[job]\ntable = \"others\"\nset = { n = \"id\" }\n\n[batch]\nmin = 10\nmax = 10\n";
    items.project.write("other.toml", other);
    items.project.longhaul(&["set", "--database", &format!("rows_per_second={BUDGET}")]).await.succeeded();
    let processes = [items.project.spawn(&["run", "fill"]), items.project.spawn(&["run", "other"])];
    // Both have heard of each other.
    items.until("(SELECT count(DISTINCT run_id) = 2 FROM longhaul.range WHERE rows_seen > 100)").await;

    let clock = Clock::system();
    let passed = async || -> [i64; 2] {
        // Which of them came first, and how many ranges it has by now, makes no difference.
        let query = "SELECT array_agg((SELECT sum(r.rows_seen)::int8 FROM longhaul.range AS r WHERE r.run_id = run.id)
                                      ORDER BY run.name) FROM longhaul.run WHERE run.name IN ('fill', 'other')";
        items.database().value::<Vec<i64>>(query).await.try_into().unwrap()
    };
    let measured = async |time: Duration| {
        let (before, began) = (passed().await, clock.monotonic());
        clock.sleep(time).await;
        let (after, seconds) = (passed().await, (clock.monotonic() - began).as_secs_f64());
        [0, 1].map(|at| (after[at] - before[at]) as f64 / seconds / BUDGET as f64)
    };
    let [one, two] = measured(Duration::from_secs(8)).await;
    // A slow machine may not use all it may; nobody ever gets more, but for what a bucket holds for a moment.
    assert!(one + two < 1.15, "{one} and {two} of the budget");
    assert!(one > two / 2.0 && two > one / 2.0, "{one} and {two}: not shared fairly");

    let [first, second] = processes;
    first.kill().await;
    // Its heart is silent for ten seconds at the most until others take what it had.
    let deadline = clock.monotonic() + Duration::from_secs(60);
    loop {
        let [_, alone] = measured(Duration::from_secs(4)).await;
        assert!(alone < 1.25, "{alone} of the budget");
        if alone > 0.75 {
            break;
        }
        assert!(clock.monotonic() < deadline, "who is left never got the other's share: {alone}");
    }
    second.kill().await;
}
