//! The page driven against a live run: paused, watched as it pauses, resumed, seen to go on.

use super::Served;
use super::browser::Tab;
use crate::support::{Items, JobKind};

/// Batches of ten rows, ten rows a second: it lasts as long as the test needs.
async fn slow_run() -> Items {
    let items = Items::new(20_000, JobKind::Counting).await;
    items.project.configure("[limits]\nrows_per_second = 20\n");
    items
}

const PASSED: &str = "SELECT sum(rows_seen)::int8 FROM longhaul.range";

#[tokio::test]
async fn a_live_run_is_paused_and_resumed_by_keyboard_and_mouse() {
    let items = slow_run().await;
    let _run = items.project.spawn(&["run", "fill", "--wait"]);
    items.passed(10).await;
    let page = Served::of(&items.project).await;
    let tab = Tab::open(&page, 1280).await;
    tab.visit("/").await;
    // By keyboard alone: to the run, to the form, its field, its button.
    tab.tab_to("a[href='/runs/1']");
    tab.press("Enter", 13, "\r");
    tab.until(
        "the run's page is there",
        "!!document.querySelector('#act-pause') && document.readyState === 'complete'",
    )
    .await;
    tab.until_it_says("Live").await;
    tab.tab_to("#act-pause summary");
    tab.press("Enter", 13, "\r");
    tab.tab_to("#why-pause");
    tab.write("the payroll of November");
    // What is being written and where the focus is stay, while the page goes on around them.
    let before = tab.value("document.querySelector('#head dl').innerText");
    tab.until("the figures move", &format!("document.querySelector('#head dl').innerText !== {before}"))
        .await;
    assert_eq!(tab.value("document.activeElement.id"), "why-pause");
    assert_eq!(tab.value("document.activeElement.value"), "the payroll of November");
    assert_eq!(tab.value("document.querySelector('#act-pause').open"), true);
    tab.tab_to("#act-pause button");
    tab.press("Enter", 13, "\r");
    tab.until("the answer is there", "location.search.startsWith('?said=')").await;
    tab.until(
        "it is followed",
        "document.readyState === 'complete' && document.querySelector('#connection').innerText === 'Live'",
    )
    .await;
    // From here on nothing is loaded any more: it is the page that changes.
    tab.value("window.kept = 'since the pause'");
    tab.until("it is paused", "document.querySelector('#head .state').innerText.includes('paused')").await;
    tab.until_it_says("the payroll of November").await;
    tab.until("it can be resumed", "!!document.querySelector('#act-resume')").await;
    assert_eq!(items.state().await, "paused");
    let passed: i64 = items.database().value(PASSED).await;
    assert_eq!(tab.value("window.kept"), "since the pause");
    // By mouse.
    tab.click("#act-resume summary");
    tab.click("#why-resume");
    tab.write("it is over");
    tab.click("#act-resume button");
    tab.until("the answer is there", "location.search.startsWith('?said=') && !window.kept").await;
    tab.value("window.kept = 'since it goes on'");
    tab.until("it is running", "document.querySelector('#head .state').innerText.includes('running')").await;
    items.passed(i32::try_from(passed).unwrap() + 20).await;
    tab.until(
        "it is paused no more",
        "!document.querySelector('#act-resume') && !!document.querySelector('#act-pause')",
    )
    .await;
    assert_eq!(tab.value("window.kept"), "since it goes on");
    let whys: Vec<String> = items
        .database()
        .value("SELECT array_agg(message ORDER BY id) FROM longhaul.event WHERE actor LIKE '%(page)'")
        .await;
    assert!(whys[0].contains("the payroll of November") && whys[1].contains("it is over"), "{whys:?}");
    assert_eq!(tab.strangers(), Vec::<String>::new());
    tab.is_quiet();
}

#[tokio::test]
async fn without_scripts_a_run_is_paused_all_the_same() {
    let items = slow_run().await;
    let run = items.project.spawn(&["run", "fill"]);
    items.passed(10).await;
    let page = Served::of(&items.project).await;
    let tab = Tab::open(&page, 360).await;
    tab.without_scripts();
    tab.visit("/").await;
    assert!(tab.text().contains("loaded again every 10 seconds"), "{}", tab.text());
    tab.click("a[href='/runs/1']");
    tab.until("the run's page is there", "!!document.querySelector('#act-pause')").await;
    assert!(tab.text().contains("what you are writing isn't lost"), "{}", tab.text());
    tab.click("#act-pause summary");
    tab.click("#why-pause");
    tab.write("no scripts here");
    tab.click("#act-pause button");
    tab.until_it_says("It pauses after the batches in hand.").await;
    run.outcome().await.ended_with(4).says("no scripts here");
    assert_eq!(items.state().await, "paused");
}

#[tokio::test]
async fn a_line_that_is_lost_is_said_to_be_and_found_again() {
    let items = Items::new(50, JobKind::Sweeping).await;
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    let page = Served::of(&items.project).await;
    let tab = Tab::open(&page, 1280).await;
    tab.visit("/runs/1").await;
    tab.until_it_says("Live").await;
    let address = page.http.address.clone();
    page.process.kill().await;
    tab.until_it_says("Connection lost at").await;
    assert!(tab.text().contains("Sign-off"), "what was there stays: {}", tab.text());
    let _again = Served::heard(items.project.spawn(&["serve", "--listen", &address])).await;
    tab.until("it is live again", "document.querySelector('#connection').innerText === 'Live'").await;
}
