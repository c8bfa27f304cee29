//! `longhaul worker`: carries on what `upgrade --detach` left.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::args::Crew;
use super::context::Context;
use super::failure::Failure;
use super::{exit, signals};
use crate::engine::{ChangeOptions, DataRevisions, Engine, History, HistoryError, HistoryStep, RunError};
use crate::observe::Terminal;
use crate::store::UpgradeCommand;

/// How often to look for requests.
const LOOK_EVERY: Duration = Duration::from_secs(5);

#[derive(Args, Debug)]
pub(crate) struct WorkerArgs {
    /// End when nothing is asked for any more
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    pub(crate) crew: Crew,
}

/// What became of a request.
enum Outcome {
    Done,
    /// Another process is at it, or the operator stopped: it stays open.
    Open,
    Failed(HistoryError),
}

pub(crate) async fn worker(args: &WorkerArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let connector = context.connector()?;
    let terminal = Arc::new(Terminal::new(context.clock, context.printer.talk(), context.printer.bars));
    let stop = signals::listen(terminal.clone())?;
    let engine = context.engine(&connector, &*terminal, &stop);
    let mut code = exit::DONE;
    context.printer.say("waiting for what `upgrade --detach` leaves");
    while !stop.is_asked() {
        let mut open = 0;
        for command in requests(context).await? {
            match carry_on(context, &engine, &command).await? {
                Outcome::Done => finish(context, &command, "done").await?,
                Outcome::Open => open += 1,
                Outcome::Failed(error) => {
                    finish(context, &command, &format!("failed: {error}")).await?;
                    context.printer.failure(&error.into());
                    code = exit::FAILED;
                }
            }
        }
        if args.once && open == 0 {
            return Ok(code);
        }
        tokio::select! {
            () = context.clock.sleep(LOOK_EVERY) => {}
            () = stop.reached(crate::engine::StopLevel::AfterBatch) => {}
        }
    }
    Ok(exit::STOPPED)
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
    let options = ChangeOptions { tag: command.tag.as_deref(), ..ChangeOptions::default() };
    match Box::pin(history.upgrade(&command.target, DataRevisions::Run, &options)).await {
        Ok(steps) if steps.iter().any(|step| matches!(step, HistoryStep::Stopped { .. })) => {
            Ok(Outcome::Open)
        }
        Ok(_) => Ok(Outcome::Done),
        Err(
            HistoryError::Busy { .. }
            | HistoryError::Stopped { .. }
            | HistoryError::Run(RunError::Busy { .. }),
        ) => Ok(Outcome::Open),
        Err(error) => Ok(Outcome::Failed(error)),
    }
}

async fn finish(context: &Context<'_>, command: &UpgradeCommand, outcome: &str) -> Result<(), Failure> {
    if let Some(connection) = context.reader("worker").await? {
        context.store.finish_command(&*connection, command.id, outcome).await?;
    }
    Ok(())
}
