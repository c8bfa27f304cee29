//! A backfill of the payroll example over several nights in fast motion, with what can happen in them; its log tells it as a
//! story.

use crate::support::{Database, Project};

const BACKFILL: &str = "20260302_5c1d7e88a0f4_backfill_gross_amount.toml";

/// An hour takes two seconds.
fn clock(at: &str) -> String {
    format!("{at}*1800")
}

#[tokio::test]
async fn the_log_of_several_nights_reads_as_a_story() {
    let project = Project::example(Database::payroll().await);
    let night =
        "\n[hours]\nopen = [\"22:00-05:00\"]\nzone = \"Europe/Berlin\"\nblackout = [\"2026-11-28\"]\n";
    project.write(BACKFILL, &(project.read(BACKFILL) + night));
    project.configure("[limits]\nrows_per_second = 400\n");
    let database = &project.database;
    let begin =
        async |at: &str| project.spawn_with(&[("LONGHAUL_CLOCK", &clock(at))], &["run", "5c1d", "--wait"]);
    let passed = async |rows: i64| {
        database.until(&format!("(SELECT coalesce(sum(rows_seen), 0) >= {rows} FROM longhaul.range)")).await;
    };
    let say = async |arguments: &[&str]| project.longhaul(arguments).await.succeeded();

    // Thursday: at work from 22:00 on, paused for a payroll run, resumed, until the hours close.
    let mut process = begin("2026-11-26T20:59:00Z").await;
    passed(500).await;
    say(&["pause", "5c1d", "--why", "payroll run"]).await;
    process.hear("was paused by").await;
    say(&["resume", "5c1d", "--why", "payroll is through"]).await;
    passed(1500).await;
    // Its machine loses power; somebody begins it again on Friday night.
    process.kill().await;
    let mut process = begin("2026-11-27T20:59:00Z").await;
    process.hear("goes on").await;
    passed(1800).await;
    // Saturday is closed, from midnight on.
    process.hear("closed until tomorrow 00:00").await;
    say(&["set", "5c1d", "rows_per_second=50000", "--why", "nobody works on Sunday"]).await;
    project.configure("");
    process.kill().await;
    let mut process = begin("2026-11-28T22:30:00Z").await;
    process.hear("signed off").await;
    process.outcome().await.succeeded();

    let log = say(&["log", "5c1d"]).await.stdout;
    let mut rest = log.as_str();
    for told in [
        "began on payroll.entries",
        "was asked for: payroll run",
        "was paused by",
        "was resumed by",
        "goes on from",
        "its process is gone",
        "waits: ",
        "closed until tomorrow 00:00",
        "set rows_per_second=50000",
        "goes on from",
        "was signed off",
    ] {
        let at = rest
            .find(told)
            .unwrap_or_else(|| panic!("`{told}` is missing, or in the wrong place, in:\n{log}"));
        rest = &rest[at + told.len()..];
    }
}
