//! Three workers, killed and frozen at random while clients write: every row is changed exactly once.

use std::time::Duration;

use longhaul::clock::Clock;
use rustix::process::Signal;

use crate::support::{JobKind, Pages, Process, SMALL_WINDOWS};

/// How long it goes on.
const ROUNDS: usize = 80;
const ROUND: Duration = Duration::from_millis(1500);

fn worker(pages: &Pages) -> Process {
    pages.project.spawn(&["worker", "--workers", "1", "--quiet"])
}

#[tokio::test]
async fn workers_killed_and_frozen_at_random_do_each_row_exactly_once() {
    let clock = Clock::system();
    let pages = Pages::new(300_000, 60, JobKind::Counting).await;
    pages.write_job(SMALL_WINDOWS);
    // Begun slowly, so that it lasts as long as the trouble does.
    pages.project.configure("[limits]\nrows_per_second = 2500\nactive_sessions = \"off\"\n");
    let first = pages.project.spawn(&["run", "fill", "--workers", "1"]);
    pages.database().until("EXISTS (SELECT FROM longhaul.range WHERE rows_seen > 0)").await;
    first.kill().await;

    let client = pages.database().connect().await;
    let writer = tokio::spawn(async move {
        loop {
            client
                .batch_execute("UPDATE pages SET pad = pad WHERE id = (random() * 299999)::int + 1")
                .await
                .unwrap();
            tokio::task::yield_now().await;
        }
    });
    let mut at_work = vec![worker(&pages), worker(&pages), worker(&pages)];
    // Each with the round in which it wakes up: after eleven seconds its lease is gone.
    let mut frozen: Vec<(usize, Process)> = Vec::new();
    let (mut killed, mut woken) = (0, 0);
    for round in 0..ROUNDS {
        clock.sleep(ROUND).await;
        let victim = at_work.swap_remove(fastrand::usize(..at_work.len()));
        if fastrand::bool() || frozen.len() >= 2 {
            victim.kill().await;
            killed += 1;
        } else {
            victim.signal(Signal::STOP);
            frozen.push((round + 8, victim));
        }
        at_work.push(worker(&pages));
        while let Some(at) = frozen.iter().position(|(wakes, _)| *wakes <= round) {
            let (_, sleeper) = frozen.swap_remove(at);
            sleeper.signal(Signal::CONT);
            at_work.push(sleeper);
            // There are three at work, whoever they are.
            at_work.swap_remove(0).kill().await;
            woken += 1;
        }
    }
    for (_, sleeper) in frozen {
        sleeper.signal(Signal::CONT);
        sleeper.kill().await;
    }
    assert!(killed > 0 && woken > 0, "{killed} killed, {woken} woken");
    // To the end, as fast as it goes.
    for process in at_work {
        process.kill().await;
    }
    writer.abort();
    pages.project.configure("");
    let done: i64 = pages.database().value("SELECT sum(rows_changed)::int8 FROM longhaul.range").await;
    assert!(done > 40_000, "only {done} rows were changed in all that time");
    pages.sessions_are_gone().await;
    pages.project.longhaul(&["run", "fill", "--workers", "2"]).await.succeeded();
    pages.assert_each_row_done_once("killed and frozen at random").await;
}
