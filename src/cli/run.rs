//! `longhaul run JOB`

use std::sync::Arc;

use clap::Args;

use super::args::Crew;
use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::signals;
use crate::engine::{Ended, History, JobOutcome, RunRequest};
use crate::model::human_count;
use crate::observe::Terminal;

#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// A revision id or prefix, a job's name, or a file's path
    job: String,
    /// Begin another run, giving up an unfinished one; rows that are done stay done
    #[arg(long)]
    anew: bool,
    #[command(flatten)]
    pub(crate) crew: Crew,
}

pub(crate) async fn run(args: &RunArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let manifest = context.manifest()?;
    let job = manifest.job(&args.job, &context.settings.dirs)?;
    let connector = context.connector()?;
    let terminal = Arc::new(Terminal::new(context.clock, context.printer.talk(), context.printer.bars));
    let stop = signals::listen(terminal.clone())?;
    let engine = context.engine(&connector, &*terminal, &stop);
    let history = History { engine: &engine, manifest: &manifest };
    match history.run(job, RunRequest { anew: args.anew }).await? {
        JobOutcome::Ended(ended) => Ok(report(context, &job.name, &ended)),
        JobOutcome::Skipped => {
            context.printer.say(&format!("{} is passed over: its condition doesn't hold", job.name));
            Ok(exit::DONE)
        }
    }
}

/// Says how it ended, and returns the exit code.
pub(crate) fn report(context: &Context<'_>, job: &str, ended: &Ended) -> u8 {
    match ended {
        Ended::Done { run, totals, .. } => {
            let (changed, batches) = (human_count(totals.rows_changed), human_count(totals.batches));
            context.printer.say(&format!(
                "run {run} of {job} is done: {changed} rows changed in {batches} batches, signed off"
            ));
            exit::DONE
        }
        Ended::AlreadyDone(run) => {
            let when = run.finished_at.as_deref().unwrap_or("before");
            context.printer.say(&format!(
                "{job} is done: run {} was signed off at {when}; --anew runs it again",
                run.id
            ));
            exit::DONE
        }
        Ended::Stopped { run, totals, cancelled } => {
            let (seen, changed) = (human_count(totals.rows_seen), human_count(totals.rows_changed));
            let how = if *cancelled {
                "its batch was cancelled and nothing of it kept"
            } else {
                "its last batch was committed"
            };
            context.printer.say(&format!(
                "run {run} of {job} is stopped: {how}; {seen} rows passed, {changed} changed so far; run it again to go on"
            ));
            if *cancelled { exit::INTERRUPTED } else { exit::STOPPED }
        }
    }
}
