//! The log: what happens, with its fields, and nothing that is nobody's business.

use serde_json::Value;

use crate::quarantine::Amounts;
use crate::support::{Items, JobKind};

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[tokio::test]
async fn a_log_of_json_has_an_object_a_line_with_the_runs_fields() {
    let items = Items::new(40, JobKind::Counting).await;
    items.project.configure("[log]\nto = \"log.json\"\nformat = \"json\"\nlevel = \"debug\"\n");
    let outcome = items.project.longhaul(&["run", "fill"]).await.succeeded();
    assert!(outcome.stderr.contains("run 1 of fill is done"), "a terminal is talked to all the same");
    let text = std::fs::read_to_string(items.project.jobs().parent().unwrap().join("log.json")).unwrap();
    let lines = lines(&text);
    let of = |message: &str| lines.iter().filter(|line| line["message"] == message).collect::<Vec<_>>();
    let begun = of("begun")[0];
    assert_eq!(
        (&begun["run"], &begun["job"], &begun["table"]),
        (&1.into(), &"fill".into(), &"public.items".into())
    );
    assert_eq!(begun["level"], "INFO");
    let batches = of("committed");
    assert_eq!(batches.len(), 4);
    for (number, batch) in (1_u64..).zip(batches) {
        assert_eq!(
            (&batch["batch"], &batch["rows_seen"], &batch["worker"]),
            (&number.into(), &10.into(), &0.into())
        );
        assert_eq!((&batch["pass"], &batch["level"]), (&"backfill".into(), &"DEBUG".into()));
        assert!(batch["range"].is_i64() && batch["took_ms"].is_u64(), "{batch}");
    }
    assert_eq!(of("signed off")[0]["rows"], 40);
    // Another process adds to it.
    items.project.longhaul(&["run", "fill", "--anew"]).await;
    let after = std::fs::read_to_string(items.project.jobs().parent().unwrap().join("log.json")).unwrap();
    assert!(after.starts_with(&text) && after.len() > text.len());
}

#[tokio::test]
async fn a_log_on_standard_error_has_the_place_of_the_talk() {
    let items = Items::new(40, JobKind::Counting).await;
    let outcome = items.project.longhaul(&["run", "fill", "--log", "-"]).await.succeeded();
    for line in outcome.stderr.lines() {
        assert!(line.contains(" INFO longhaul::") || line.contains(" WARN longhaul::"), "{line}");
    }
    assert!(outcome.stderr.contains("run=1 job=\"fill\" pass=\"backfill\""), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("committed"), "batches are debug");
    let level = [("LONGHAUL_LOG", "warn,longhaul::batch=debug")];
    let outcome = items.project.longhaul_with(&level, &["run", "fill", "--anew", "--log", "-"]).await;
    let text = outcome.succeeded().stderr;
    assert!(text.contains("DEBUG longhaul::batch: committed") && !text.contains(" INFO "), "{text}");
}

#[tokio::test]
async fn nothing_of_a_row_and_no_password_is_in_a_log() {
    for (max, code) in [("", 1), ("100", 5), ("1", 4)] {
        let amounts = Amounts::new(120, max).await;
        amounts.project.configure("[log]\nto = \"-\"\nformat = \"json\"\nlevel = \"trace\"\n");
        let outcome = amounts.project.longhaul(&["run", "fill"]).await.ended_with(code);
        let lines = lines(&outcome.stderr);
        assert!(!lines.is_empty());
        for line in &lines {
            let text = line.to_string();
            assert!(!text.contains("n/a") && !text.contains("id = 40") && !text.contains("= 40"), "{text}");
        }
        if code == 1 {
            let last = lines.last().unwrap();
            assert_eq!((&last["level"], &last["code"]), (&"ERROR".into(), &1.into()));
            assert_eq!(last["message"], "a row can't take its new value, and nothing of its batch was kept");
        }
    }
}

#[tokio::test]
async fn a_log_that_cannot_be_written_or_understood_is_refused() {
    let items = Items::new(20, JobKind::Counting).await;
    items
        .project
        .longhaul(&["run", "fill", "--log", "nowhere/log"])
        .await
        .ended_with(2)
        .says("error: can't write the log nowhere/log\n  because: No such file or directory")
        .says("hint: name a file that can be written");
    for (text, said) in [
        ("level = \"loud\"", "own.toml:2:9: `loud` is no level of a log"),
        ("level = \"info,x=loud\"", "`info,x=loud` is no level of a log"),
        ("format = \"jsn\"", "own.toml:2:10: `jsn` is no format of a log"),
        ("to = \"\"", "own.toml:2:6: `to` is empty"),
        ("file = \"x\"", "unknown key `file` in [log]"),
    ] {
        items.project.write("../own.toml", &format!("[log]\n{text}\n"));
        items.project.longhaul(&["status", "--config", "own.toml"]).await.ended_with(2).says(said);
    }
}

#[tokio::test]
async fn revisions_are_logged_without_the_text_of_their_statements() {
    let items = Items::new(20, JobKind::Counting).await;
    items.project.write(
        "1_role.sql",
        "-- revision: aaaa1111\n-- message: a role\n-- migrate:up transaction:false\nCREATE TABLE one (x text DEFAULT 'hunter2');\n\
         CREATE INDEX CONCURRENTLY one_x ON one (x);\n-- migrate:down\nDROP TABLE one;\n",
    );
    let level = [("LONGHAUL_LOG", "debug")];
    let outcome = items.project.longhaul_with(&level, &["upgrade", "--log", "-"]).await.succeeded();
    assert!(outcome.stderr.contains("revision=\"aaaa1111 a role\" direction=\"up\""), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("statement CREATE TABLE number=1 of=2"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
}
