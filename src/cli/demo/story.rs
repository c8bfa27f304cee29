//! The story: expand, backfill with a kill in the middle, proof, contract.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use super::example;
use super::writers::{Account, Writers};
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;
use crate::clock::Clock;
use crate::config::{Environment, Target};
use crate::model::{human_count, human_duration};
use crate::pg::local::LocalServer;
use crate::pg::{Connection, Connector, search_path};

const DATABASE: &str = "payroll";
const JOB: &str = "backfill_gross_amount";

/// The kill comes when this share of the rows has been passed, in percent.
const KILL_AT: i64 = 40;

/// What the story is told with.
pub(super) struct Story<'s> {
    pub(super) clock: &'s Clock,
    pub(super) printer: &'s Printer,
    pub(super) server: &'s LocalServer,
    pub(super) directory: &'s Path,
    pub(super) rows: u32,
    pub(super) keep: bool,
}

/// Rows and cents.
struct Sum {
    rows: i64,
    cents: i64,
}

impl Story<'_> {
    /// Tells it, and returns the exit code: failed if any of it didn't come out as told.
    pub(super) async fn tell(&self, started: Instant) -> Result<u8, Failure> {
        let printer = self.printer;
        printer.say(&format!("PostgreSQL {} on port {}", self.server.version(), self.server.port()));
        self.connector("postgres")?.connect("demo").await?.execute("CREATE DATABASE payroll", &[]).await?;
        let connector = self.connector(DATABASE)?;

        printer.headline("\n1. The schema of a salary system, and its data");
        self.longhaul(&["upgrade", "90be"]).await?;
        let connection = connector.connect("demo").await?;
        self.seed(&connection).await?;

        printer.headline(
            "\n2. Expand: the column gets its new name beside the old one, kept equal by a trigger",
        );
        self.longhaul(&["upgrade", "3f9a"]).await?;
        let before = sum(&connection, "gross_pay").await?;
        let last_id = connection.query_one("SELECT max(id) FROM payroll.entries", &[]).await?.get(0);
        let writers = Writers::start(self.clock, &connector, last_id).await?;
        printer.say("From here on four clients write to the table all the time: two know the old name only.");

        printer.headline("\n3. Backfill, and kill -9 in the middle of it");
        let killed_at = self.run_and_kill(&connection).await?;
        self.longhaul(&["status"]).await?;

        printer.headline("\n4. The same command again: it goes on where it was");
        self.longhaul(&["run", JOB]).await?;

        printer.headline("\n5. Contract: the clients know the new name, the old one goes");
        let account = writers.stop().await?;
        self.longhaul(&["upgrade"]).await?;
        let after = sum(&connection, "gross_amount").await?;

        printer.headline("\nWhat happened");
        let fits = self.summary(&connection, &before, &account, &after, killed_at).await?;
        let took = human_duration(self.clock.monotonic().saturating_duration_since(started));
        printer.say(&format!("  in all                    {took}"));
        if !self.keep {
            self.printer
                .say("\nThe server is stopped and removed. With --keep it stays up, to look around in.");
        }
        Ok(if fits { exit::DONE } else { exit::FAILED })
    }

    async fn seed(&self, connection: &Connection) -> Result<(), Failure> {
        let started = self.clock.monotonic();
        connection.batch_execute(search_path::SESSION_AS_AUTHOR).await?;
        connection.batch_execute(example::SEED).await?;
        connection.batch_execute(&format!("CALL demo.generate_payroll(42, {})", self.rows)).await?;
        connection.batch_execute("DROP SCHEMA demo CASCADE").await?;
        let took = human_duration(self.clock.monotonic().saturating_duration_since(started));
        self.printer.say(&format!("{} pay entries generated in {took}", human_count(self.rows.into())));
        Ok(())
    }

    /// Runs the job until it has passed its share, kills it, and returns how many rows had been passed.
    async fn run_and_kill(&self, connection: &Connection) -> Result<i64, Failure> {
        let mut child = self.spawn(&["run", JOB])?;
        let share = i64::from(self.rows) * KILL_AT / 100;
        let passed = "SELECT coalesce(sum(rows_seen), 0)::int8 FROM longhaul.range";
        let there = "SELECT to_regclass('longhaul.range') IS NOT NULL";
        loop {
            if let Some(status) = child.try_wait().map_err(cant_run)? {
                return Err(Failure::new(
                    exit::FAILED,
                    format!("`longhaul run` ended before it was killed: {status}"),
                ));
            }
            if connection.query_one(there, &[]).await?.get(0)
                && connection.query_one(passed, &[]).await?.get::<_, i64>(0) >= share
            {
                break;
            }
            self.clock.sleep(Duration::from_millis(20)).await;
        }
        child.kill().await.map_err(cant_run)?;
        self.printer.say("\nkill -9!");
        // Its last batch may still be running in the server, and commits or not with its checkpoint.
        let gone =
            "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'longhaul batches')";
        while !connection.query_one(gone, &[]).await?.get::<_, bool>(0) {
            self.clock.sleep(Duration::from_millis(20)).await;
        }
        let torn: i64 = connection
            .query_one(
                "SELECT count(*) FROM payroll.entries WHERE gross_amount IS DISTINCT FROM gross_pay \
                 AND id <= (SELECT max(checkpoint[1]::int8) FROM longhaul.range)",
                &[],
            )
            .await?
            .get(0);
        if torn > 0 {
            let message = format!("{torn} rows up to the checkpoint are not done: that must not happen");
            return Err(Failure::new(exit::FAILED, message));
        }
        self.printer.say("every row up to the checkpoint is done\n");
        Ok(connection.query_one(passed, &[]).await?.get(0))
    }

    async fn summary(
        &self,
        connection: &Connection,
        before: &Sum,
        account: &Account,
        after: &Sum,
        killed_at: i64,
    ) -> Result<bool, Failure> {
        let run = connection
            .query_one(
                "SELECT sum(rows_changed)::int8, sum(batches)::int8, max(pass) FROM longhaul.range",
                &[],
            )
            .await?;
        let (changed, batches): (i64, i64) = (run.get(0), run.get(1));
        let expected = before.cents + account.cents;
        let fits = after.cents == expected && after.rows == before.rows + account.inserted.cast_signed();
        let say = |label: &str, text: String| self.printer.say(&format!("  {label:<25} {text}"));
        say("rows backfilled", format!("{} in {} batches", count(changed), count(batches)));
        say(
            "killed with kill -9 after",
            format!("{} rows; the second run went on from there", count(killed_at)),
        );
        say(
            "written meanwhile",
            format!(
                "{} statements by 4 clients, p99 {}, worst {}",
                human_count(account.statements),
                human_duration(account.p99),
                human_duration(account.worst)
            ),
        );
        say("sum before", format!("{} (gross_pay of {} entries)", money(before.cents), count(before.rows)));
        say(
            "what the clients added",
            format!("{} and {} entries", money(account.cents), human_count(account.inserted)),
        );
        say("sum after", format!("{} (gross_amount of {} entries)", money(after.cents), count(after.rows)));
        say(
            "not one cent moved",
            if fits { "true".to_owned() } else { format!("FALSE: expected {}", money(expected)) },
        );
        Ok(fits)
    }

    /// Where to look, with the server still up.
    pub(super) fn look_around(&self) {
        let url = self.server.url(DATABASE);
        let psql = self.server.bin_dir().join("psql");
        for line in [
            "\nThe server stays up until Ctrl-C. Look around in another terminal:".to_owned(),
            format!("  {} '{url}'", psql.display()),
            "    SELECT * FROM longhaul.status;      -- the run, as `longhaul status` shows it".to_owned(),
            "    SELECT * FROM longhaul.event;       -- what happened, as `longhaul log` shows it".to_owned(),
            "    SELECT * FROM longhaul.batch;       -- every batch with its keys, rows and time".to_owned(),
            "    SELECT sign_off FROM longhaul.run;  -- the proof".to_owned(),
            format!("  cd {} && export DATABASE_URL='{url}'", self.directory.display()),
            "    longhaul serve                      # the same as a page: runs, charts, history".to_owned(),
            "    longhaul log                        # who did what when".to_owned(),
        ] {
            self.printer.say(&line);
        }
    }

    fn connector(&self, database: &str) -> Result<Connector, Failure> {
        let target = Target::resolve(Some(&self.server.url(database)), &Environment::default())
            .map_err(|error| Failure::new(exit::FAILED, error.to_string()))?;
        Ok(Connector::new(target, Duration::from_secs(10)))
    }

    /// Runs this program as a person would, and fails if it does.
    async fn longhaul(&self, arguments: &[&str]) -> Result<(), Failure> {
        let status: ExitStatus = self.spawn(arguments)?.wait().await.map_err(cant_run)?;
        if status.success() {
            return Ok(());
        }
        Err(Failure::new(exit::FAILED, format!("`longhaul {}` ended with {status}", arguments.join(" "))))
    }

    fn spawn(&self, arguments: &[&str]) -> Result<Child, Failure> {
        self.printer.say(&format!("$ longhaul {}", arguments.join(" ")));
        let program = std::env::current_exe().map_err(cant_run)?;
        Command::new(program)
            .args(arguments)
            .current_dir(self.directory)
            .env("DATABASE_URL", self.server.url(DATABASE))
            .env_remove("LONGHAUL_ENV")
            .env_remove("LONGHAUL_CONFIG")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(cant_run)
    }
}

async fn sum(connection: &Connection, column: &str) -> Result<Sum, Failure> {
    let column = crate::pg::quote::quoted(column);
    let statement = format!("SELECT count(*), (sum({column}) * 100)::int8 FROM payroll.entries");
    let row = connection.query_one(&statement, &[]).await?;
    Ok(Sum { rows: row.get(0), cents: row.get(1) })
}

fn count(rows: i64) -> String {
    human_count(rows.unsigned_abs())
}

fn money(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", human_count(cents.unsigned_abs() / 100), cents.unsigned_abs() % 100)
}

#[expect(clippy::needless_pass_by_value, reason = "an argument of map_err")]
fn cant_run(error: std::io::Error) -> Failure {
    Failure::new(exit::FAILED, "can't run this program once more").because(&error)
}
