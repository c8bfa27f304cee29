//! Reports of runs.

use std::path::Path;

use crate::support::{Items, JobKind};

async fn done() -> Items {
    let items = Items::new(200, JobKind::Sweeping).await;
    items
        .project
        .configure("[[timed_query]]\nname = \"one item\"\nsql = \"SELECT * FROM items WHERE id = 7\"\n");
    items.project.longhaul(&["run", "fill", "--workers", "1"]).await.succeeded();
    items
}

#[tokio::test]
async fn a_report_tells_what_was_done_by_whom_and_what_was_proved() {
    let items = done().await;
    let text = items.project.longhaul(&["report", "fill"]).await.succeeded().stdout;
    for part in [
        "fill  run 1 on public.items by key id",
        "Proof\n  of 200 rows none is left to do, in one snapshot (",
        "Queries of the application\n  one item: ",
        "At work\n  ",
        ": 200 rows in 40 batches",
        "run 1 of fill was signed off",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let json = items.project.longhaul(&["report", "fill", "--json"]).await.succeeded().stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["run"]["state"], "done");
    assert_eq!(json["queries"][0]["before"]["times"], 5);
    assert_eq!(json["at_work"][0]["rows_changed"], 200);
    assert!(json["events"].as_array().unwrap().len() >= 2, "{json}");
}

#[tokio::test]
async fn batches_and_events_can_be_had_as_csv() {
    let items = done().await;
    let outcome = items.project.longhaul(&["report", "fill", "--csv", "fill.csv"]).await;
    assert!(outcome.stderr.contains("written: fill.batches.csv"), "{}", outcome.stderr);
    assert_eq!(outcome.succeeded().stdout, "");
    let rows = |name: &str| -> Vec<csv::StringRecord> {
        let path = items.project.jobs().join("..").join(name);
        csv::Reader::from_path(Path::new(&path)).unwrap().into_records().collect::<Result<_, _>>().unwrap()
    };
    let batches = rows("fill.batches.csv");
    let stored: i64 = items.database().value("SELECT count(*) FROM longhaul.batch").await;
    assert_eq!(i64::try_from(batches.len()).unwrap(), stored);
    let changed: i64 = batches.iter().map(|batch| batch[7].parse::<i64>().unwrap()).sum();
    assert_eq!(changed, 200);
    let events = rows("fill.events.csv");
    assert!(events.iter().any(|event| &event[1] == "run.started"), "{events:?}");
}

#[tokio::test]
async fn a_report_is_one_file_that_needs_nothing_and_shows_all_as_text() {
    let items = Items::new(200, JobKind::Sweeping).await;
    let script = "<script>alert(1)</script>\"><img src=x onerror=alert(2)>";
    items.project.configure(&format!(
        "pause_file = \"pause\"\n[[timed_query]]\nname = '{script}'\nsql = \"SELECT 1\"\n"
    ));
    items.project.write("../pause", script);
    let process = items.project.spawn(&["run", "fill", "--workers", "1"]);
    items.until("EXISTS (SELECT FROM longhaul.event WHERE kind = 'hold.began')").await;
    std::fs::remove_file(items.project.jobs().join("../pause")).unwrap();
    process.outcome().await.succeeded();
    items
        .project
        .longhaul(&["report", "fill", "--html", "fill.html"])
        .await
        .succeeded()
        .says("written: fill.html");
    let html = items.project.read("../fill.html");
    for part in [
        "<h2>Sign-off</h2>",
        "<h2>Over time</h2>",
        "<svg",
        "Queries of the application",
        "Who was at work",
        "<h2>Events</h2>",
    ] {
        assert!(html.contains(part), "{part} is not in the report");
    }
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "as text");
    for foreign in ["<script", "<img", "http://", "https://", "<iframe", "<link", "@import", "url("] {
        assert!(!html.contains(foreign), "{foreign} is in the report");
    }
    assert!(html.contains("default-src 'none'"), "its policy");
}

#[tokio::test]
async fn a_report_of_what_never_ran_says_so() {
    let items = Items::new(10, JobKind::Sweeping).await;
    items
        .project
        .longhaul(&["report", "fill"])
        .await
        .ended_with(1)
        .says("error: fill has never been run on this database");
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    items.project.longhaul(&["report", "fill", "--run", "77"]).await.ended_with(1).says("fill has no run 77");
    items
        .project
        .longhaul(&["report", "fill", "--csv", "no/such/directory/x.csv"])
        .await
        .ended_with(1)
        .says("error: can't write no/such/directory/x.batches.csv");
}
