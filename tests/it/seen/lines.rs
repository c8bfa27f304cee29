//! Without a terminal: lines of JSON, and the status anew when it has changed.

use serde_json::Value;

use crate::support::{Items, JobKind, Screen};

#[tokio::test(flavor = "multi_thread")]
async fn json_progress_is_an_object_a_line_on_stderr() {
    let items = Items::new(50, JobKind::Sweeping).await;
    let outcome = items.project.longhaul(&["run", "fill", "--json"]).await.succeeded();
    let objects: Vec<Value> =
        outcome.stderr.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let events: Vec<&str> = objects.iter().map(|object| object["event"].as_str().unwrap()).collect();
    for event in ["started", "pass", "batch", "pass_done", "proving", "proved", "said"] {
        assert!(events.contains(&event), "{event} is not in {events:?}");
    }
    for object in &objects {
        assert!(object["at"].as_str().unwrap().ends_with('Z'), "{object}");
    }
    let batch = objects.iter().find(|object| object["event"] == "batch").unwrap();
    assert_eq!((&batch["run"], &batch["job"], &batch["total"]), (&1.into(), &"fill".into(), &50.into()));
    assert_eq!((&batch["state"], &batch["rows_seen"]), (&"running".into(), &10.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn json_errors_are_objects_too() {
    let items = Items::new(50, JobKind::Sweeping).await;
    items.database().execute("INSERT INTO items (id, old) VALUES (0, 2000000000)").await;
    let outcome = items.project.longhaul(&["run", "fill", "--json"]).await.ended_with(1);
    let last: Value = serde_json::from_str(outcome.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(last["event"], "error", "{last}");
    assert!(last["error"].is_string() && last["because"].is_array(), "{last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_is_printed_anew_when_it_has_changed() {
    let items = Items::new(50, JobKind::Sweeping).await;
    // A pipe is no terminal.
    let mut screen = Screen::run(&items.project, (40, 100), "longhaul status --watch | cat");
    screen.until("no job has been run on this database").await;
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    screen.until("state       done").await;
    assert!(!screen.had_all);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_as_json_is_a_line_a_change() {
    let items = Items::new(50, JobKind::Sweeping).await;
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    let first = "longhaul status --watch --json | head -n 1 > line; echo read";
    let mut screen = Screen::run(&items.project, (24, 80), first);
    screen.until("read").await;
    let line = std::fs::read_to_string(items.project.jobs().parent().unwrap().join("line")).unwrap();
    let status: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(status["runs"][0]["state"], "done");
}
