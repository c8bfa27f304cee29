//! `longhaul pause`, `resume`, `cancel` and `set`: from any host, at the next batch.

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::exit;
use super::failure::Failure;
use crate::engine::{Commanded, Stopper};
use crate::plan::control::Command;

#[derive(Args, Debug)]
pub(crate) struct CommandArgs {
    /// A revision id or prefix, a job's name, or a file's path
    job: String,
    /// Why; kept in the log and shown to everybody
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct SetArgs {
    /// A revision id or prefix, a job's name, or a file's path; left out with --database
    #[arg(required_unless_present = "database")]
    job: Option<String>,
    /// workers=2 (or 1..8), target=200ms, any key of [limits], open="Mon-Fri 22:00-05:00; Sat", blackout, zone; with
    /// nothing behind the `=` a setting is taken back
    #[arg(value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// For every run of the database: limits that all share, and hours that all keep
    #[arg(long)]
    database: bool,
    /// Why; kept in the log
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
}

pub(crate) async fn command(
    args: &CommandArgs,
    command: Command,
    context: &Context<'_>,
) -> Result<u8, Failure> {
    let manifest = context.manifest()?;
    let job = manifest.job(&args.job, &context.settings.dirs)?;
    let connector = context.connector()?;
    let terminal = context.printer.lines(context.clock);
    let (_stopper, stop) = Stopper::new();
    let engine = context.engine(&connector, &*terminal, &stop);
    let done = engine.command(job.into(), command, args.why.as_deref()).await?;
    let name = &job.name;
    let text = match (command, &done) {
        (Command::Pause, Commanded::Asked(run)) => {
            format!(
                "run {run} of {name} pauses after the batches in hand; `longhaul resume {name}` lets it go on"
            )
        }
        (Command::Pause, Commanded::Done(run)) => {
            format!("run {run} of {name} is paused; nobody was at work on it")
        }
        (Command::Pause, Commanded::Already(run)) => {
            format!("run {run} of {name} is paused already, or about to be")
        }
        (Command::Resume, Commanded::Asked(run)) => {
            format!("run {run} of {name} goes on: the pause is taken back")
        }
        (Command::Resume, Commanded::Done(run)) => {
            format!(
                "run {run} of {name} may go on: a `longhaul worker` or `run --wait` takes it up, or `longhaul run {name}`"
            )
        }
        (Command::Resume, Commanded::Already(run)) => format!("run {run} of {name} may go on as it is"),
        (_, Commanded::Asked(run)) => {
            format!("run {run} of {name} ends after the batches in hand; what they changed stays")
        }
        (_, Commanded::Done(run)) => format!("run {run} of {name} is cancelled; what it changed stays"),
        (_, Commanded::Already(run)) => format!("run {run} of {name} is cancelled already, or about to be"),
    };
    context.printer.say(&text);
    if context.printer.json {
        let (outcome, run) = match done {
            Commanded::Asked(run) => ("asked", run),
            Commanded::Done(run) => ("done", run),
            Commanded::Already(run) => ("already", run),
        };
        context
            .printer
            .data(&format!("{:#}", json!({ "run": run.0, "command": command.as_str(), "outcome": outcome })));
    }
    Ok(exit::DONE)
}

pub(crate) async fn set(args: &SetArgs, context: &Context<'_>) -> Result<u8, Failure> {
    // With --database the first word is no job.
    let assignments: Vec<String> =
        args.job.iter().filter(|_| args.database).chain(&args.settings).cloned().collect();
    if assignments.is_empty() {
        return Err(Failure::new(exit::USAGE, "nothing is to be set")
            .hint(Some("write key=value, like rows_per_second=5000".to_owned())));
    }
    let connector = context.connector()?;
    let terminal = context.printer.lines(context.clock);
    let (_stopper, stop) = Stopper::new();
    let engine = context.engine(&connector, &*terminal, &stop);
    let (stored, whose) = match &args.job {
        Some(wanted) if !args.database => {
            let manifest = context.manifest()?;
            let job = manifest.job(wanted, &context.settings.dirs)?;
            let stored = engine.set(job.into(), &assignments, args.why.as_deref()).await?;
            (stored, format!("the run of {}", job.name))
        }
        _ => (engine.set_database(&assignments, args.why.as_deref()).await?, "the whole database".to_owned()),
    };
    if stored.is_empty() {
        context.printer.say(&format!("nothing is set for {whose} any more"));
    } else {
        context.printer.say(&format!("set for {whose}, from the next batch on:"));
    }
    if context.printer.json {
        context.printer.data(&format!("{:#}", json!({ "settings": stored })));
    } else if !stored.is_empty() {
        context.printer.data(stored.trim_end());
    }
    Ok(exit::DONE)
}
