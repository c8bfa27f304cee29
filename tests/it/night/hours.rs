//! Hours: outside of them nothing is begun, at closing nothing goes on, and whoever waits goes through several nights.

use jiff::{Timestamp, ToSpan};
use longhaul::clock::Clock;

use crate::support::{Items, JobKind};

const NIGHT: &str = "\n[hours]\nopen = [\"22:00-05:00\"]\nzone = \"Europe/Berlin\"\n";

async fn at_night(rows: i32, rate: u32) -> Items {
    let items = Items::new(rows, JobKind::Counting).await;
    let job = items.project.read("fill.toml") + NIGHT + &format!("[limits]\nrows_per_second = {rate}\n");
    items.project.write("fill.toml", &job);
    items
}

#[tokio::test]
async fn outside_its_hours_nothing_is_begun() {
    let items = at_night(20, 1000).await;
    let noon = [("LONGHAUL_CLOCK", "2026-11-26T11:00:00Z*1")];
    let outcome = items.project.longhaul_with(&noon, &["run", "fill"]).await.ended_with(75);
    outcome
        .says("the hours of the job are 22:00-05:00 (Europe/Berlin); closed until today 22:00")
        .says("nothing was begun");
    let begun: bool = items.database().value("SELECT to_regclass('longhaul.run') IS NOT NULL").await;
    assert!(!begun, "the control schema was made");
}

#[tokio::test]
async fn when_its_hours_close_the_run_waits_and_says_until_when() {
    let items = at_night(4000, 200).await;
    // Two minutes before closing, twenty times as fast.
    let late = [("LONGHAUL_CLOCK", "2026-11-27T03:58:00Z*20")];
    let outcome = items.project.longhaul_with(&late, &["run", "fill"]).await.ended_with(75);
    outcome.says("closed until today 22:00");
    assert_eq!(items.state().await, "waiting");
    let done = items.assert_rows_fit_the_checkpoint("closed").await;
    assert!(done > 0 && done < 4000, "{done}");
    let log = items.project.longhaul(&["log", "fill"]).await.succeeded().stdout;
    assert!(log.contains("waits: ") && log.contains("closed until today 22:00"), "{log}");
}

#[tokio::test]
async fn a_batch_that_runs_at_closing_is_cancelled() {
    let items = Items::new(40, JobKind::Counting).await;
    items.write_patient_job();
    let job = items.project.read("fill.toml") + NIGHT;
    items.project.write("fill.toml", &job);
    items.project.configure("lock_timeout = \"60s\"");
    let holder = items.holding(15).await;
    // The batch's target is a minute of the machine's clock, and closing is less than that away: only what is thought of
    // as short is begun, so the target is shortened for all but the batch at work.
    items.project.write("fill.toml", &job.replace("60s", "500ms"));
    let late = [("LONGHAUL_CLOCK", "2026-11-27T03:59:50Z*1")];
    let process = items.project.spawn_with(&late, &["run", "fill"]);
    items.batch_is_blocked().await;
    process.outcome().await.ended_with(75).says("closed until today 22:00");
    holder.batch_execute("ROLLBACK").await.unwrap();
    items.assert_rows_fit_the_checkpoint("cancelled at closing").await;
}

#[tokio::test]
async fn who_waits_goes_through_several_nights_to_the_end() {
    let items = at_night(1500, 200).await;
    // A day takes 24 seconds, a night seven: the work takes eight at least.
    let evening = [("LONGHAUL_CLOCK", "2026-11-26T20:59:00Z*3600")];
    let process = items.project.spawn_with(&evening, &["run", "fill", "--wait"]);
    process.outcome().await.succeeded();
    items.assert_each_row_done_once("several nights").await;
    let nights: i64 =
        items.database().value("SELECT count(*) FROM longhaul.event WHERE kind = 'run.waiting'").await;
    assert!(nights >= 1, "it never waited for a night");
}

#[tokio::test]
async fn the_strictest_of_job_configuration_and_database_holds() {
    let items = at_night(20, 1000).await;
    items.project.configure("[hours]\nblackout = [\"2026-11-26\"]\nzone = \"Europe/Berlin\"\n");
    let evening = [("LONGHAUL_CLOCK", "2026-11-26T21:30:00Z*1")];
    let outcome = items.project.longhaul_with(&evening, &["run", "fill"]).await.ended_with(75);
    outcome.says("blackout 2026-11-26 of the configuration").says("closed until tomorrow 00:00");
    items.project.configure("");
    let set = ["set", "--database", "open=23:00-24:00", "zone=Europe/Berlin"];
    items.project.longhaul(&set).await.succeeded();
    let outcome = items.project.longhaul_with(&evening, &["run", "fill"]).await.ended_with(75);
    outcome.says("the hours of the whole database are 23:00-24:00");
}

#[tokio::test]
async fn by_the_clock_on_the_wall_it_begins_when_they_open_and_ends_when_they_close() {
    let items = Items::new(20_000, JobKind::Counting).await;
    items.database().execute("ALTER TABLE audit ADD at timestamptz DEFAULT clock_timestamp()").await;
    let clock = Clock::system();
    // The next whole minute is at least ten seconds away.
    let minute = |at: Timestamp| at.as_second().div_euclid(60) * 60;
    let opens = Timestamp::from_second(minute(clock.wall() + 10.seconds()) + 60).unwrap();
    let closes = opens + 1.minute();
    let hours = format!(
        "\n[hours]\nopen = [\"{}-{}\"]\nzone = \"UTC\"\n[limits]\nrows_per_second = 100\n",
        opens.strftime("%H:%M"),
        closes.strftime("%H:%M")
    );
    items.project.write("fill.toml", &(items.project.read("fill.toml") + &hours));
    let mut process = items.project.spawn(&["run", "fill", "--wait"]);
    process.hear("closed until").await;
    // Up to seventy seconds away: longer than anything is waited for.
    clock.sleep_until(opens).await;
    items.until("(SELECT count(*) > 0 FROM longhaul.range WHERE rows_seen > 0)").await;
    clock.sleep_until(closes).await;
    items.until("(SELECT state = 'waiting' FROM longhaul.run)").await;
    process.kill().await;
    items.sessions_are_gone().await;
    let query = "SELECT min(at) >= to_timestamp($1) AND max(at) <= to_timestamp($2), count(*) FROM audit";
    let row = items.database().row(query, &[&(opens.as_second() as f64), &(closes.as_second() as f64)]).await;
    assert!(row.get::<_, bool>(0), "rows were changed outside of the minute");
    let rows: i64 = row.get(1);
    assert!(rows > 500, "only {rows} rows in a minute at 100 a second");
}
