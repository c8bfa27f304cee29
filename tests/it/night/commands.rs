//! Each command in each state of a run, first where nobody is at work on it, then where somebody is.

use rustix::process::Signal;

use crate::support::{Items, JobKind, Outcome, Process};

const COMMANDS: [[&str; 3]; 4] = [
    ["pause", "fill", ""],
    ["resume", "fill", ""],
    ["cancel", "fill", ""],
    ["set", "fill", "rows_per_second=7"],
];

/// What a command says, and the state after it; the exit code is 1 where it is refused.
enum Expected {
    Done(&'static str, &'static str),
    Refused(&'static str),
}
use Expected::{Done, Refused};

async fn command(items: &Items, [name, job, setting]: [&str; 3]) -> Outcome {
    let words: Vec<&str> = [name, job, setting].into_iter().filter(|word| !word.is_empty()).collect();
    items.project.longhaul(&words).await
}

/// Gives each command once, always in the state that the run is in now.
async fn each_command(items: &Items, state: &str, expected: [Expected; 4]) {
    items.sessions_are_gone().await;
    assert_eq!(items.state().await, state);
    let columns = "state, wanted, wanted_by, wanted_at, wanted_why, settings, finished_at";
    items.database().execute("DROP TABLE IF EXISTS kept; CREATE TABLE kept AS TABLE longhaul.run").await;
    for (command_line, expected) in COMMANDS.into_iter().zip(expected) {
        let outcome = command(items, command_line).await;
        let when = format!("{} of one that is {state}: {}", command_line[0], outcome.stderr);
        match expected {
            Done(says, after) => {
                outcome.succeeded().says(says);
                assert_eq!(items.state().await, after, "{when}");
            }
            Refused(says) => {
                let outcome = outcome.ended_with(1).says(says);
                assert!(outcome.stderr.contains("hint:"), "{when}");
                assert_eq!(items.state().await, state, "{when}");
            }
        }
        items
            .database()
            .execute(&format!(
                "UPDATE longhaul.run AS r SET ({columns}) = (SELECT {columns} FROM kept WHERE kept.id = r.id)"
            ))
            .await;
    }
}

const SETTING: &str = "set for the run of fill, from the next batch on";

/// Of a run that anybody may go on with.
fn open(state: &'static str) -> [Expected; 4] {
    [
        Done("is paused; nobody was at work on it", "paused"),
        Done("may go on", "waiting"),
        Done("is cancelled; what it changed stays", "cancelled"),
        Done(SETTING, state),
    ]
}

#[tokio::test]
async fn where_nobody_is_at_work_each_command_comes_true_at_once_or_says_why_not() {
    let items = Items::new(200, JobKind::Counting).await;
    for command_line in COMMANDS {
        command(&items, command_line).await.ended_with(1).says("has no run on this database");
    }
    items.project.configure("[limits]\nrows_per_second = 100\n");
    let process = items.project.spawn(&["run", "fill"]);
    items.passed(20).await;
    process.kill().await;
    each_command(&items, "running", open("running")).await;

    let process = items.project.spawn(&["run", "fill"]);
    items.passed(40).await;
    process.signal(Signal::INT);
    process.outcome().await.ended_with(4);
    each_command(&items, "stopped", open("stopped")).await;

    items.database().execute("ALTER TABLE items ADD CONSTRAINT odd CHECK (id <> 100 OR visits = 0)").await;
    items.project.longhaul(&["run", "fill"]).await.ended_with(1);
    items.database().execute("ALTER TABLE items DROP CONSTRAINT odd").await;
    each_command(&items, "failed", open("failed")).await;

    items.project.longhaul(&["pause", "fill"]).await.succeeded();
    let paused = [
        Done("is paused already", "paused"),
        Done("may go on", "waiting"),
        Done("is cancelled; what it changed stays", "cancelled"),
        Done(SETTING, "paused"),
    ];
    each_command(&items, "paused", paused).await;

    items.project.longhaul(&["resume", "fill"]).await.succeeded();
    each_command(&items, "waiting", open("waiting")).await;

    items.project.configure("");
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    let done = [
        Refused("a run that is done can't be paused"),
        Refused("a run that is done can't be resumed"),
        Refused("a run that is done can't be cancelled"),
        Refused("a run that is done can't be given other settings"),
    ];
    each_command(&items, "done", done).await;
    items.assert_each_row_done_once("after all those commands").await;

    items.project.longhaul(&["run", "fill", "--anew"]).await.succeeded();
    items.database().execute("UPDATE longhaul.run SET state = 'running', finished_at = NULL WHERE id = (SELECT max(id) FROM longhaul.run)").await;
    items.project.longhaul(&["cancel", "fill"]).await.succeeded();
    let cancelled = [
        Refused("a run that is cancelled can't be paused"),
        Refused("a run that is cancelled can't be resumed"),
        Done("is cancelled already", "cancelled"),
        Refused("a run that is cancelled can't be given other settings"),
    ];
    each_command(&items, "cancelled", cancelled).await;
}

/// A run that somebody is at work on, in one of the ways there are.
struct AtWork {
    items: Items,
    process: Process,
    /// Kept as long as the work is to last.
    holder: Option<tokio_postgres::Client>,
}

async fn at_work(how: &str) -> AtWork {
    let items = Items::new(2000, JobKind::Sweeping).await;
    let (mut arguments, mut variables) = (vec!["run", "fill"], Vec::new());
    let mut holder = None;
    let mut settings = "[limits]\nrows_per_second = 100\n".to_owned();
    let file = items.project.jobs().join("hold");
    let file = file.to_str().unwrap().to_owned();
    match how {
        "held" => {
            items.project.write("hold", "backup\n");
            arguments.extend(["--pause-file", &file]);
        }
        "closed" => {
            settings += "[hours]\nopen = [\"22:00-05:00\"]\nzone = \"UTC\"\n";
            arguments.push("--wait");
            variables.push(("LONGHAUL_CLOCK", "2026-11-26T04:59:50Z*2"));
        }
        "proving" => {
            settings.clear();
            holder = Some(items.holding_the_proof().await);
        }
        _ => {}
    }
    items.project.configure(&settings);
    let mut process = items.project.spawn_with(&variables, &arguments);
    match how {
        "held" => process.hear("backup").await,
        "closed" => process.hear("closed until").await,
        "proving" => items.until("EXISTS (SELECT FROM longhaul.run WHERE state = 'proving')").await,
        _ => items.passed(20).await,
    }
    AtWork { items, process, holder }
}

#[tokio::test]
async fn where_somebody_is_at_work_each_command_reaches_him() {
    for how in ["running", "held", "closed", "proving"] {
        // Settings change nothing of where it stands, and to resume what goes on anyway nothing at all.
        let AtWork { items, mut process, holder } = at_work(how).await;
        command(&items, ["resume", "fill", ""]).await.succeeded().says("may go on as it is");
        command(&items, ["set", "fill", "target=300ms"]).await.succeeded().says(SETTING);
        assert!(process.is_running(), "{how}");
        // A pause ends the process, unless it waits for somebody to resume it.
        command(&items, ["pause", "fill", "--why=tea"]).await.succeeded();
        if how == "closed" {
            items.until("(SELECT state = 'paused' FROM longhaul.run)").await;
            command(&items, ["pause", "fill", ""]).await.succeeded().says("paused already");
            command(&items, ["resume", "fill", ""]).await.succeeded();
            assert!(process.is_running(), "{how}");
            process.kill().await;
        } else {
            process.outcome().await.ended_with(4).says("tea");
            items.until("(SELECT state = 'paused' FROM longhaul.run)").await;
        }

        drop(holder);

        let AtWork { items, process, holder } = at_work(how).await;
        command(&items, ["cancel", "fill", "--why=wrong column"]).await.succeeded();
        process.outcome().await.ended_with(4).says("wrong column");
        assert_eq!(items.state().await, "cancelled", "{how}");
        command(&items, ["cancel", "fill", ""]).await.succeeded().says("cancelled already");
        drop(holder);
    }
}
