//! `longhaul quarantine list, export, retry, drop`: rows that can't take their new values.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::signals;
use crate::manifest::Manifest;
use crate::model::{Ident, counted};
use crate::observe::Cells;
use crate::store::{Quarantined, RunRow};

#[derive(Subcommand, Debug)]
pub(crate) enum QuarantineCommand {
    /// The rows in quarantine, with their keys and errors
    List(ListArgs),
    /// Write them, old values and all, into a CSV file
    Export(ExportArgs),
    /// Try them again, each in a transaction of its own
    ///
    /// Exits with 5 when a row failed again.
    Retry(RetryArgs),
    /// Leave them as they are, for a reason: the run can be signed off without them
    Drop(DropArgs),
}

#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// A revision id or prefix, a job's name, or a file's path; all jobs without it
    job: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// A revision id or prefix, a job's name, or a file's path
    job: String,
    /// Where to: a file that isn't there yet, or - for standard output
    #[arg(long, value_name = "FILE")]
    csv: PathBuf,
    /// For a spreadsheet: what it would take for a formula gets an apostrophe in front
    #[arg(long)]
    spreadsheet: bool,
}

#[derive(Args, Debug)]
pub(crate) struct RetryArgs {
    /// A revision id or prefix, a job's name, or a file's path
    job: String,
}

#[derive(Args, Debug)]
pub(crate) struct DropArgs {
    /// A revision id or prefix, a job's name, or a file's path
    job: String,
    /// Only the row with this key, as `quarantine list --json` has it in `key_text`
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Why; kept with each row, in the log and in the sign-off's run
    #[arg(long, value_name = "TEXT")]
    why: String,
}

pub(crate) async fn quarantine(command: &QuarantineCommand, context: &Context<'_>) -> Result<u8, Failure> {
    match command {
        QuarantineCommand::List(args) => list(args, context).await,
        QuarantineCommand::Export(args) => export(args, context).await,
        QuarantineCommand::Retry(args) => retry(args, context).await,
        QuarantineCommand::Drop(args) => give_up(args, context).await,
    }
}

/// A run with the rows in its quarantine.
struct Held {
    run: RunRow,
    rows: Vec<Quarantined>,
}

impl Held {
    fn row(&self, row: &Quarantined) -> String {
        let columns: Vec<Ident> = self.run.key_columns.iter().map(|name| Ident(name.clone())).collect();
        row.key.describe(&columns)
    }
}

/// The latest run of each job that has rows in quarantine.
async fn held(job: Option<&str>, context: &Context<'_>) -> Result<Vec<Held>, Failure> {
    let mut held = Vec::new();
    let Some(connection) = context.reader("quarantine").await? else { return Ok(held) };
    for run in context.store.runs(&*connection, job).await? {
        let rows = context.store.quarantined(&*connection, run.id, None).await?;
        let rows: Vec<Quarantined> = rows.into_iter().filter(|row| row.state != "settled").collect();
        if !rows.is_empty() {
            held.push(Held { run, rows });
        }
    }
    Ok(held)
}

async fn list(args: &ListArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let job = match &args.job {
        Some(wanted) => Some(context.manifest()?.job(wanted, &context.settings.dirs)?.id().to_owned()),
        None => None,
    };
    let all = held(job.as_deref(), context).await?;
    if context.printer.json {
        let runs: Vec<Value> = all.iter().map(as_json).collect();
        context.printer.data(&format!("{:#}", json!({ "runs": runs })));
        return Ok(exit::DONE);
    }
    if all.is_empty() {
        context.printer.data("no row is in quarantine");
    }
    for held in &all {
        context.printer.data(&format!("{}  run {} on {}", held.run.name, held.run.id, held.run.table));
        for row in &held.rows {
            let why = row.why.as_ref().map(|why| format!("; {why}")).unwrap_or_default();
            let tries = if row.tries == 1 { "1 try".to_owned() } else { format!("{} tries", row.tries) };
            context.printer.data(&format!(
                "  {:<8} {}  {} {}  ({tries}, last {}{why})",
                row.state,
                held.row(row),
                row.sqlstate,
                row.error,
                row.tried_at
            ));
        }
    }
    Ok(exit::DONE)
}

fn as_json(held: &Held) -> Value {
    let rows: Vec<Value> = held
        .rows
        .iter()
        .map(|row| {
            json!({
                "key": row.key.0, "key_text": row.key.to_string(), "state": row.state, "sqlstate": row.sqlstate,
                "error": row.error, "tries": row.tries, "found_at": row.found_at, "tried_at": row.tried_at,
                "settled_by": row.settled_by, "why": row.why, "old_values": row.old_values,
            })
        })
        .collect();
    json!({
        "run": held.run.id.0, "job": held.run.job, "name": held.run.name, "table": held.run.table,
        "key_columns": held.run.key_columns, "rows": rows,
    })
}

async fn export(args: &ExportArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let id = context.manifest()?.job(&args.job, &context.settings.dirs)?.id().to_owned();
    let all = held(Some(&id), context).await?;
    let failed = |error: &(dyn std::error::Error + 'static)| {
        Failure::new(exit::FAILED, format!("can't write {}", args.csv.display())).because(error)
    };
    let text = csv_of(&all, args.spreadsheet).map_err(|error| failed(&error))?;
    let rows = all.iter().map(|held| held.rows.len()).sum();
    if args.csv == Path::new("-") {
        context.printer.data(text.trim_end_matches('\n'));
    } else {
        let mut file = std::fs::File::create_new(&args.csv).map_err(|error| {
            let hint = (error.kind() == std::io::ErrorKind::AlreadyExists)
                .then(|| "it is there already: name another file, or remove it".to_owned());
            failed(&error).hint(hint)
        })?;
        std::io::Write::write_all(&mut file, text.as_bytes()).map_err(|error| failed(&error))?;
        file.sync_all().map_err(|error| failed(&error))?;
        context.printer.say(&format!("{} written to {}", counted(rows, "row"), args.csv.display()));
    }
    Ok(exit::DONE)
}

/// A line a row: its run, its key, what happened, and its old values.
fn csv_of(all: &[Held], spreadsheet: bool) -> Result<String, csv::Error> {
    let cells = if spreadsheet { Cells::Harmless } else { Cells::Plain };
    let cell = |text: &str| cells.text(text);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "run",
        "state",
        "key",
        "sqlstate",
        "error",
        "tries",
        "found_at",
        "tried_at",
        "why",
        "old_values",
    ])?;
    for held in all {
        for row in &held.rows {
            writer.write_record([
                held.run.id.to_string(),
                row.state.clone(),
                cell(&held.row(row)),
                row.sqlstate.clone(),
                cell(&row.error),
                row.tries.to_string(),
                row.found_at.clone(),
                row.tried_at.clone(),
                cell(row.why.as_deref().unwrap_or_default()),
                cell(&row.old_values.to_string()),
            ])?;
        }
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8(bytes).expect("it was written from texts"))
}

async fn retry(args: &RetryArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let manifest: Manifest = context.manifest()?;
    let job = manifest.job(&args.job, &context.settings.dirs)?;
    let connector = context.connector()?;
    let terminal = context.observer(context.printer.lines(context.clock));
    let stop = signals::listen(terminal.clone())?;
    let engine = context.engine(&connector, &*terminal, &stop);
    let retried = engine.retry(job).await?;
    let (name, failed) = (&job.name, retried.failed.len());
    let all_done = failed == 0 && !retried.stopped;
    for (row, error) in &retried.failed {
        context.printer.say(&format!("{row}: {error}"));
    }
    if context.printer.json {
        let failed: Vec<Value> =
            retried.failed.iter().map(|(row, error)| json!({ "row": row, "error": error })).collect();
        let told = json!({
            "job": name, "done": retried.done, "needless": retried.needless, "failed": failed,
            "stopped": retried.stopped,
        });
        context.printer.data(&format!("{told:#}"));
    }
    let next = match (retried.stopped, failed) {
        (true, _) => "stopped by a signal, the rest was not tried",
        (_, 0) => "`longhaul run` signs the job off",
        _ => "mend them and try again, or `longhaul quarantine drop` them with a reason",
    };
    context.printer.say(&format!(
        "{name}: {} done, {} needed nothing, {failed} failed again; {next}",
        retried.done, retried.needless
    ));
    Ok(match (all_done, retried.stopped) {
        (true, _) => exit::DONE,
        (_, true) => exit::STOPPED,
        _ => exit::QUARANTINED,
    })
}

async fn give_up(args: &DropArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let manifest = context.manifest()?;
    let job = manifest.job(&args.job, &context.settings.dirs)?;
    let connector = context.connector()?;
    let terminal = context.observer(context.printer.lines(context.clock));
    let stop = signals::listen(terminal.clone())?;
    let engine = context.engine(&connector, &*terminal, &stop);
    let dropped = engine.drop_quarantined(job, args.key.as_deref(), &args.why).await?;
    let rows = counted(usize::try_from(dropped).unwrap_or(usize::MAX), "row");
    let next = if dropped > 0 { "; `longhaul run` signs the job off without them" } else { "" };
    context.printer.say(&format!("{rows} of {} left as they are{next}", job.name));
    Ok(exit::DONE)
}
