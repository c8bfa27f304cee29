//! `longhaul worker`: goes on with unfinished runs as their hours open, beside other workers, and with what
//! `upgrade --detach` left.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;

use super::args::Crew;
use super::context::Context;
use super::failure::Failure;
use super::{exit, run, serve, signals};
use crate::config::LintBefore;
use crate::engine::{
    ChangeOptions, DataRevisions, Ended, Engine, History, HistoryError, HistoryStep, JobOutcome, RunError,
    RunRequest,
};
use crate::store::UpgradeCommand;

/// How often to look for work.
const LOOK_EVERY: Duration = Duration::from_secs(2);

#[derive(Args, Debug)]
pub(crate) struct WorkerArgs {
    /// End when nothing is asked for any more
    #[arg(long)]
    once: bool,
    /// Serve the status page beside the work; who may see it is said under [page] in the configuration
    #[arg(long, value_name = "ADDR:PORT")]
    serve: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) crew: Crew,
}

/// What became of a request.
enum Outcome {
    Done,
    /// An operator has cancelled the run of this job, which the request needs.
    Cancelled(String),
    /// Another process is at it, or the operator stopped: it stays open.
    Open,
    Failed(HistoryError),
}

pub(crate) async fn worker(args: &WorkerArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let connector = context.connector()?;
    let metrics = args.serve.map(|listen| serve::beside(listen, context)).transpose()?;
    let terminal = context.observer_with(context.printer.terminal(context.clock), metrics);
    let stop = signals::listen(terminal.clone())?;
    let engine = context.engine(&connector, &*terminal, &stop);
    let alerts = context.alerts(&connector, terminal.clone());
    context.finish(alerts, work(args, context, &engine).await).await
}

async fn work(args: &WorkerArgs, context: &Context<'_>, engine: &Engine<'_>) -> Result<u8, Failure> {
    let stop = engine.stop;
    let mut code = exit::DONE;
    context.printer.say("waiting for unfinished runs, and for what `upgrade --detach` leaves");
    while !stop.is_asked() {
        let mut open = 0;
        for command in requests(context).await? {
            match carry_on(context, engine, &command).await? {
                Outcome::Done => finish(context, &command, "done").await?,
                Outcome::Cancelled(job) => {
                    let target = &command.target;
                    context.printer.say(&format!("`upgrade {target}` is given up: {job} was cancelled"));
                    finish(context, &command, &format!("cancelled: {job} was")).await?;
                }
                Outcome::Open => open += 1,
                Outcome::Failed(error) => {
                    finish(context, &command, &format!("failed: {error}")).await?;
                    context.printer.failure(&error.into());
                    code = exit::FAILED;
                }
            }
        }
        for job in unfinished(context).await? {
            match go_on(context, engine, &job).await? {
                Outcome::Done | Outcome::Cancelled(_) => {}
                Outcome::Open => open += 1,
                Outcome::Failed(error) => {
                    context.printer.failure(&error.into());
                    code = exit::FAILED;
                }
            }
        }
        if args.once && open == 0 {
            return Ok(code);
        }
        stop.asked_within(context.clock, LOOK_EVERY).await;
    }
    Ok(exit::STOPPED)
}

/// How a worker works on runs: beside others, and however long they are held.
const REQUEST: RunRequest = RunRequest { anew: false, join: true, patient: true, only: None };

async fn unfinished(context: &Context<'_>) -> Result<Vec<String>, Failure> {
    match context.reader("worker").await? {
        Some(connection) => Ok(context.store.unfinished_jobs(&*connection).await?),
        None => Ok(Vec::new()),
    }
}

/// Goes on with the run of a job, if its file is here.
async fn go_on(context: &Context<'_>, engine: &Engine<'_>, id: &str) -> Result<Outcome, Failure> {
    let manifest = context.manifest()?;
    let Ok(job) = manifest.job(id, &context.settings.dirs) else { return Ok(Outcome::Open) };
    let history = History { engine, manifest: &manifest };
    match Box::pin(history.run(job, REQUEST)).await {
        Ok(JobOutcome::Ended(ended)) => {
            let is_left = matches!(*ended, Ended::Left { .. });
            // Of what was not even begun nothing is said, again and again.
            if !matches!(*ended, Ended::Left { run: None, .. }) {
                run::report(context, &job.name, &ended);
            }
            Ok(if is_left { Outcome::Open } else { Outcome::Done })
        }
        Ok(JobOutcome::Skipped) => Ok(Outcome::Done),
        Err(error) => Ok(of_error(error)),
    }
}

/// What another process has, or had taken from us, stays open for the next look.
fn of_error(error: HistoryError) -> Outcome {
    match error {
        HistoryError::Busy { .. }
        | HistoryError::Stopped { .. }
        | HistoryError::Run(RunError::Busy { .. } | RunError::GivenUp | RunError::LeaseLost { .. }) => {
            Outcome::Open
        }
        error => Outcome::Failed(error),
    }
}

async fn requests(context: &Context<'_>) -> Result<Vec<UpgradeCommand>, Failure> {
    match context.reader("worker").await? {
        Some(connection) => Ok(context.store.requested_upgrades(&*connection).await?),
        None => Ok(Vec::new()),
    }
}

async fn carry_on(
    context: &Context<'_>,
    engine: &Engine<'_>,
    command: &UpgradeCommand,
) -> Result<Outcome, Failure> {
    // Read anew each time: a deployment may have brought files.
    let manifest = context.manifest()?;
    let history = History { engine, manifest: &manifest };
    // What an operator has ended for good isn't begun again for him.
    if !command.cancelled.is_empty() {
        match cancelled(&history, command).await {
            Ok(None) => {}
            Ok(Some(job)) => return Ok(Outcome::Cancelled(job)),
            Err(error) => return Ok(of_error(error)),
        }
    }
    // Whoever asked was refused then, or said that it may be.
    let lint = (engine.settings.lint == LintBefore::Refuse).then_some(LintBefore::Warn);
    let options =
        ChangeOptions { tag: command.tag.as_deref(), request: REQUEST, lint, ..ChangeOptions::default() };
    match Box::pin(history.upgrade(&command.target, DataRevisions::Run, &options)).await {
        Ok(steps) if steps.iter().any(|step| matches!(step, HistoryStep::Stopped { .. })) => {
            Ok(Outcome::Open)
        }
        Ok(_) => Ok(Outcome::Done),
        Err(error) => Ok(of_error(error)),
    }
}

/// The job that the request needs, and that was cancelled since.
async fn cancelled(history: &History<'_>, command: &UpgradeCommand) -> Result<Option<String>, HistoryError> {
    let connection = history.look("worker").await?;
    let way = history.way_up(&connection, &command.target, DataRevisions::Run).await?;
    let job = way.path.iter().find(|id| command.cancelled.contains(&id.0));
    Ok(job.map(|id| {
        history.manifest.revision(&id.0).map_or(id.to_string(), |revision| revision.message.clone())
    }))
}

async fn finish(context: &Context<'_>, command: &UpgradeCommand, outcome: &str) -> Result<(), Failure> {
    if let Some(connection) = context.reader("worker").await? {
        context.store.finish_command(&*connection, command.id, outcome).await?;
    }
    Ok(())
}
