//! On a terminal: bars, the live view and its keys, and the terminal given back as it was.

use crate::support::{Items, JobKind, Screen};

/// A job that takes long, whatever the machine: a row or two a second.
async fn slow_items() -> Items {
    let items = Items::new(2000, JobKind::Sweeping).await;
    items.write_job("set = { new = \"old * 2\" }\n\n[limits]\nrows_per_second = 20");
    items
}

/// The command, and then how it ended and whether the terminal is as it was.
fn and_after(command: &str) -> String {
    format!("{command}; echo \"ended with $?\"; stty -a | tr ' ' '\\n' | grep -x -e -*icanon; echo all of it")
}

fn assert_given_back(screen: &Screen) {
    let contents = screen.contents();
    assert!(!screen.is_alternate(), "{contents}");
    assert!(contents.lines().any(|line| line.trim() == "icanon"), "{contents}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_paused_and_resumed_by_keys_of_the_live_view() {
    let items = slow_items().await;
    let run = items.project.spawn(&["run", "fill"]);
    items.passed(1).await;
    let watch = and_after("longhaul status --watch");
    let mut screen = Screen::run(&items.project, (24, 100), &watch);
    screen.until("> fill").await;
    screen.until("running").await;
    screen.type_keys("p").await;
    screen.until("why pause fill?").await;
    screen.type_keys("payroll run\r").await;
    run.outcome().await.ended_with(4).says("was paused by").says("payroll run");
    screen.until("] paused").await;
    let why: String = items.database().value("SELECT wanted_why FROM longhaul.run").await;
    assert_eq!(why, "payroll run");
    screen.type_keys("r").await;
    screen.until("] waiting").await;
    assert_eq!(items.state().await, "waiting");
    screen.type_keys("-").await;
    screen.until("set rows_per_second=13 for fill").await;
    screen.type_keys("srows=1\rno\r").await;
    screen.until("there is no setting `rows`").await;
    screen.type_keys("q").await;
    screen.until("all of it").await;
    assert!(screen.had_all && screen.contents().contains("ended with 0"), "{}", screen.contents());
    assert_given_back(&screen);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_lost_is_said_and_made_again_and_ctrl_c_ends_the_view() {
    let items = slow_items().await;
    let watch = and_after("longhaul status --watch");
    let mut screen = Screen::run(&items.project, (24, 100), &watch);
    screen.until("no job has been run on this database").await;
    items
        .database()
        .execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE application_name = 'longhaul watch' AND datname = current_database()",
        )
        .await;
    screen.until("trying again").await;
    screen.until("a run appears here by itself").await;
    let run = items.project.spawn(&["run", "fill"]);
    screen.until("> fill").await;
    screen.type_keys("\x03").await;
    screen.until("all of it").await;
    assert_given_back(&screen);
    run.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_shows_a_bar_and_its_workers_and_leaves_nothing_of_them_behind() {
    let items = slow_items().await;
    let run = and_after("longhaul run fill --workers 2");
    let mut screen = Screen::run(&items.project, (24, 80), &run);
    screen.until("fill backfill  ").await;
    screen.until("worker 1").await;
    screen.until("working").await;
    screen.type_keys("\x03").await;
    screen.until("all of it").await;
    let contents = screen.contents();
    for said in ["run 1 of fill begins", "finishing the batch", "is stopped", "ended with 4"] {
        assert!(contents.contains(said), "`{said}` is not in:\n{contents}");
    }
    assert!(!contents.contains("worker 1"), "{contents}");
    assert!(contents.lines().all(|line| !line.contains("] running")), "{contents}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dumb_terminal_gets_lines() {
    let items = Items::new(50, JobKind::Sweeping).await;
    let mut screen = Screen::run(&items.project, (24, 100), &and_after("TERM=dumb longhaul run fill"));
    screen.until("all of it").await;
    let contents = screen.contents();
    assert!(contents.contains("backfill: about 50 rows to pass"), "{contents}");
    assert!(contents.contains("is done: 50 rows changed"), "{contents}");
}
