//! Each kind, from what really happens.

use serde_json::Value;

use super::{alert, webhook};
use crate::quarantine::Amounts;
use crate::support::{Database, Items, JobKind, Project, Received, Receiver};

/// The message of this kind and status, once it has come.
async fn hears(receiver: &Receiver, kind: &str, status: &str) -> Value {
    let find = || {
        receiver
            .received()
            .iter()
            .map(Received::json)
            .find(|one| one["kind"] == kind && one["status"] == status)
    };
    crate::support::wait_for(kind, async || find().is_some()).await;
    find().unwrap()
}

fn sentence(message: &Value) -> &str {
    message["message"].as_str().unwrap()
}

#[tokio::test]
async fn a_run_that_fails_over_a_row_is_told_without_the_rows_values() {
    let receiver = Receiver::new().await;
    let amounts = Amounts::new(80, "").await;
    amounts.project.configure(&webhook(&receiver, &["failed"]));
    amounts.project.longhaul(&["run", "fill"]).await.ended_with(1);
    let message = hears(&receiver, "failed", "firing").await;
    assert_eq!(
        sentence(&message),
        "run 1 of fill failed: a row can't take its new value (SQLSTATE 22P02); `longhaul log` tells all of it"
    );
    assert_eq!(message["severity"], "critical");
    assert!(!message.to_string().contains("n/a"), "{message}");
}

#[tokio::test]
async fn a_run_that_pauses_by_itself_or_whose_totals_differ_is_told_without_values() {
    let receiver = Receiver::new().await;
    let amounts = Amounts::new(120, "1").await;
    amounts.project.configure(&webhook(&receiver, &["failed"]));
    amounts.project.longhaul(&["run", "fill"]).await.ended_with(4);
    let message = hears(&receiver, "failed", "firing").await;
    assert_eq!(
        sentence(&message),
        "run 1 of fill has paused by itself: a row can't take its new value (SQLSTATE 22P02); `longhaul log` tells all of it"
    );
    let other = Receiver::new().await;
    let amounts = Amounts::new(39, "").await;
    let job = amounts.project.read("fill.toml").replace("count(amount) = count(*)", "sum(amount) = count(*)");
    amounts.project.write("fill.toml", &job);
    amounts.project.configure(&webhook(&other, &["failed"]));
    amounts.project.longhaul(&["run", "fill"]).await.ended_with(3);
    let message = hears(&other, "failed", "firing").await;
    assert_eq!(sentence(&message), "run 1 of fill failed: the totals differ; `longhaul log` tells all of it");
}

#[tokio::test]
async fn a_batch_that_fails_is_told_and_logged_without_the_keys_of_its_rows() {
    let receiver = Receiver::new().await;
    let project = Project::new(Database::empty().await);
    project
        .database
        .execute(
            "CREATE TABLE people (mail text PRIMARY KEY, done bool);
             INSERT INTO people SELECT 'ann' || i || '@example.com' FROM generate_series(100, 199) AS i;
             CREATE SEQUENCE tries;
             CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 IF nextval('tries') = 1 THEN RAISE 'try again' USING ERRCODE = '40001'; END IF;
                 RAISE 'no room' USING ERRCODE = '53100';
             END $$;
             CREATE TRIGGER fails BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION fails()",
        )
        .await;
    project.write(
        "fill.toml",
        "[job]\ntable = \"people\"\nset = { done = \"true\" }\nwhere = \"done IS NULL\"\n",
    );
    project.configure(&format!(
        "{}\n[log]\nto = \"longhaul.log\"\nlevel = \"debug\"\n",
        webhook(&receiver, &["failed"])
    ));
    project.longhaul(&["run", "fill"]).await.ended_with(4).says("the batch from the beginning up to ann");
    let message = hears(&receiver, "failed", "firing").await;
    assert_eq!(
        sentence(&message),
        "run 1 of fill has paused by itself: a batch failed, and nothing of it was kept: no room; `longhaul log` tells all of it"
    );
    let log = std::fs::read_to_string(project.jobs().parent().unwrap().join("longhaul.log")).unwrap();
    assert!(log.contains("waiting: a batch failed, and nothing of it was kept: try again"), "{log}");
    for text in [log, message.to_string()] {
        assert!(!text.contains("@example.com"), "{text}");
    }
}

#[tokio::test]
async fn a_revision_that_fails_and_one_that_is_undone_are_told() {
    let receiver = Receiver::new().await;
    let items = Items::new(20, JobKind::Counting).await;
    items.project.configure(&webhook(&receiver, &["failed", "rollback"]));
    items.project.write(
        "1_note.sql",
        "-- revision: aaaa1111\n-- migrate:up\nALTER TABLE items ADD note text;\n-- migrate:down\nALTER TABLE items DROP note;\n",
    );
    items.project.longhaul(&["upgrade"]).await.succeeded();
    items.project.write(
        "2_bad.sql",
        "-- revision: bbbb2222\n-- revises: aaaa1111\n-- migrate:up\nALTER TABLE nowhere ADD x int;\n-- migrate:down\nSELECT 1;\n",
    );
    items.project.longhaul(&["upgrade"]).await.ended_with(1);
    let message = hears(&receiver, "failed", "firing").await;
    assert_eq!(message["revision"], "bbbb2222");
    assert_eq!(sentence(&message), "revision bbbb2222 failed: relation \"nowhere\" does not exist");
    items.project.longhaul(&["downgrade", "base", "--yes"]).await.succeeded();
    let message = hears(&receiver, "rollback", "firing").await;
    assert_eq!(sentence(&message), "`downgrade base` begins to undo 1 revision: aaaa1111");
}

#[tokio::test]
async fn rows_in_quarantine_are_told_and_that_they_are_gone() {
    let receiver = Receiver::new().await;
    let amounts = Amounts::new(400, "100").await;
    amounts.project.configure(&(webhook(&receiver, &["quarantine", "finished"]) + "quarantine_above = 3\n"));
    amounts.project.longhaul(&["run", "fill"]).await.ended_with(5);
    let message = hears(&receiver, "quarantine", "firing").await;
    assert_eq!(sentence(&message), "run 1 of fill has 10 rows in quarantine, more than 3");
    assert!(sentence(&hears(&receiver, "finished", "firing").await).contains("quarantine"));
    amounts.project.longhaul(&["quarantine", "drop", "fill", "--why", "written off", "--yes"]).await;
    amounts.project.longhaul(&["worker", "--once"]).await;
    let over = hears(&receiver, "quarantine", "resolved").await;
    assert_eq!(over["id"], message["id"]);
    assert!(sentence(&over).starts_with("fewer rows are in the quarantine of run 1 of fill"), "{over}");
}

#[tokio::test]
async fn a_run_that_is_held_too_long_is_told_and_that_it_goes_on() {
    let receiver = Receiver::new().await;
    let items = Items::new(4000, JobKind::Counting).await;
    let job = items.project.read("fill.toml")
        + "\n[limits]\nrows_per_second = 50\n[[limits.probe]]\nname = \"payroll\"\nsql = \"SELECT count(*) FROM busy\"\n";
    items.database().execute("CREATE TABLE busy ()").await;
    items.project.write("fill.toml", &job);
    items.project.configure(&(webhook(&receiver, &["held", "stalled"]) + "held_for = \"1s\"\n"));
    let run = items.project.spawn(&["run", "fill"]);
    items.passed(20).await;
    items.database().execute("INSERT INTO busy DEFAULT VALUES").await;
    let message = hears(&receiver, "held", "firing").await;
    let said = sentence(&message);
    assert!(said.starts_with("run 1 of fill is held for ") && said.contains("probe payroll 1 > 0"), "{said}");
    items.database().execute("DELETE FROM busy").await;
    let over = hears(&receiver, "held", "resolved").await;
    assert_eq!(over["id"], message["id"]);
    assert!(sentence(&over).starts_with("run 1 of fill is held no longer"), "{over}");
    run.kill().await;
}

#[tokio::test]
async fn a_run_whose_process_died_is_told_by_another_and_that_it_goes_on() {
    let receiver = Receiver::new().await;
    let items = Items::new(4000, JobKind::Counting).await;
    let job = items.project.read("fill.toml") + "\n[limits]\nrows_per_second = 50\n";
    items.project.write("fill.toml", &job);
    let run = items.project.spawn(&["run", "fill"]);
    items.passed(20).await;
    run.kill().await;
    // A worker would go on with it at once: one that has no file of the job can only tell.
    items.project.configure(
        &(webhook(&receiver, &["stalled", "running"]) + "stalled_for = \"1s\"\nrunning_for = \"1s\"\n"),
    );
    let elsewhere = tempfile::tempdir().unwrap();
    let watching = items.project.spawn(&["worker", "--dir", elsewhere.path().to_str().unwrap()]);
    let message = hears(&receiver, "stalled", "firing").await;
    assert!(
        sentence(&message).starts_with("run 1 of fill has stalled: no process is at work on it, and its last one left without a word for "),
        "{message}"
    );
    items.project.longhaul(&["set", "fill", "rows_per_second=off"]).await.succeeded();
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    let over = hears(&receiver, "stalled", "resolved").await;
    assert_eq!(over["id"], message["id"]);
    watching.kill().await;
}

#[tokio::test]
async fn a_file_that_changed_since_it_was_applied_is_told_and_that_it_is_mended() {
    let receiver = Receiver::new().await;
    let items = Items::new(20, JobKind::Counting).await;
    let file = "-- revision: aaaa1111\n-- migrate:up\nALTER TABLE items ADD note text;\n-- migrate:down\nALTER TABLE items DROP note;\n";
    items.project.write("1_note.sql", file);
    items.project.longhaul(&["upgrade"]).await.succeeded();
    items.project.write("1_note.sql", &file.replace("note text", "note int"));
    items.project.configure(&webhook(&receiver, &["drift"]));
    items.project.longhaul(&["worker", "--once"]).await.succeeded();
    let message = hears(&receiver, "drift", "firing").await;
    assert!(
        sentence(&message)
            .contains("1_note.sql says something else than what was applied as revision aaaa1111"),
        "{message}"
    );
    items.project.longhaul(&["worker", "--once"]).await.succeeded();
    assert_eq!(receiver.received().len(), 1, "it is told once");
    items.project.write("1_note.sql", file);
    items.project.longhaul(&["worker", "--once"]).await.succeeded();
    assert_eq!(hears(&receiver, "drift", "resolved").await["id"], message["id"]);
    // The same again is told again: once, and that it is over.
    items.project.write("1_note.sql", &file.replace("note text", "note int"));
    for _ in 0..2 {
        items.project.longhaul(&["worker", "--once"]).await.succeeded();
    }
    items.project.write("1_note.sql", file);
    for _ in 0..2 {
        items.project.longhaul(&["worker", "--once"]).await.succeeded();
    }
    let messages: Vec<Value> = receiver.received().iter().map(Received::json).collect();
    let told: Vec<(&str, &str)> =
        messages.iter().map(|one| (one["status"].as_str().unwrap(), one["id"].as_str().unwrap())).collect();
    let (first, again) = (told[0].1, told[2].1);
    assert!(again.strip_prefix(first).is_some_and(|rest| rest.starts_with(" again ")), "{told:?}");
    assert_eq!(
        told,
        [("firing", first), ("resolved", first), ("firing", again), ("resolved", again)],
        "each once"
    );
}

#[tokio::test]
async fn a_night_in_which_nothing_was_done_is_told() {
    let receiver = Receiver::new().await;
    let items = Items::new(4000, JobKind::Counting).await;
    let job = items.project.read("fill.toml");
    items.project.write("fill.toml", &(job.clone() + "\n[limits]\nrows_per_second = 50\n"));
    let run = items.project.spawn(&["run", "fill"]);
    items.passed(20).await;
    run.signal(rustix::process::Signal::TERM);
    run.outcome().await.ended_with(4);
    // The run stands still since three days ago, and may work an hour a day, which was long ago today.
    items
        .database()
        .execute(
            "UPDATE longhaul.run SET started_at = started_at - interval '3 days';
             UPDATE longhaul.batch SET finished_at = finished_at - interval '3 days'",
        )
        .await;
    let hour: i32 = items.database().value("SELECT extract(hour FROM now() AT TIME ZONE 'UTC')::int4").await;
    let (from, to) = ((hour + 18) % 24, (hour + 19) % 24);
    items.project.write(
        "fill.toml",
        &format!("{job}\n[hours]\nopen = [\"{from:02}:00-{to:02}:00\"]\nzone = \"UTC\"\n"),
    );
    items.project.configure(&webhook(&receiver, &["window_missed"]));
    items.project.longhaul(&["worker", "--once"]).await.succeeded();
    let message = hears(&receiver, "window_missed", "firing").await;
    assert!(sentence(&message).contains("run 1 of fill did nothing in its hours from "), "{message}");
    assert!(sentence(&message).ends_with(": it is stopped"), "{message}");
}

#[tokio::test]
async fn a_failure_that_the_database_cannot_keep_is_told_all_the_same() {
    let receiver = Receiver::new().await;
    let items = Items::new(20, JobKind::Counting).await;
    items.project.configure(&alert(&["failed"], &format!("webhook = \"{}/hook\"\n", receiver.url)));
    let nowhere = [("DATABASE_URL", "postgres://clerk:hunter2@127.0.0.1:1/hrms")];
    items.project.longhaul_with(&nowhere, &["run", "fill"]).await.ended_with(1);
    let message = hears(&receiver, "failed", "firing").await;
    assert!(
        sentence(&message).contains("the database can't be reached: can't connect to hrms on 127.0.0.1:1"),
        "{message}"
    );
    assert!(!message.to_string().contains("hunter2"));
}

#[tokio::test]
async fn a_query_that_a_revision_has_made_slower_is_told() {
    let receiver = Receiver::new().await;
    let project = Project::new(Database::empty().await);
    project.database.execute("CREATE FUNCTION pay_slip() RETURNS int LANGUAGE sql AS 'SELECT 1'").await;
    let query = "[[timed_query]]\nname = \"pay slip\"\nsql = \"SELECT pay_slip()\"\n";
    project.configure(&format!("{}{query}", webhook(&receiver, &["slower"])));
    project.write(
        "1_slow.sql",
        "-- revision: 1a\n-- message: slow\n\n-- migrate:up\nCREATE OR REPLACE FUNCTION pay_slip() RETURNS int LANGUAGE sql AS \
         'SELECT 1 FROM pg_sleep(0.1)';\n\n-- migrate:down\nSELECT 1;\n",
    );
    // What was there before an alert was first looked for is nobody's news.
    project.longhaul(&["set", "--database", "rows_per_second=100000"]).await.succeeded();
    project.longhaul(&["upgrade", "--no-lint"]).await.succeeded();
    let message = hears(&receiver, "slower", "firing").await;
    assert!(sentence(&message).contains("the query \"pay slip\" takes"), "{message}");
    assert_eq!(message["revision"], "1a");
}
