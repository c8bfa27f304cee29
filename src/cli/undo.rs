//! `longhaul undo JOB`: the values that a job overwrote are put back.

use clap::Args;

use super::args::Crew;
use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::{confirm, run, signals};
use crate::engine::{ChangeOptions, Ended, History, RunRequest};
use crate::model::human_count;

#[derive(Args, Debug)]
pub(crate) struct UndoArgs {
    /// A revision id or prefix, a job's name, or a file's path
    job: String,
    /// A word that is kept with each event of the log: a release, a ticket
    #[arg(long, value_name = "TEXT")]
    tag: Option<String>,
    #[command(flatten)]
    pub(crate) crew: Crew,
}

pub(crate) async fn undo(args: &UndoArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let manifest = context.manifest()?;
    let job = manifest.job(&args.job, &context.settings.dirs)?;
    let question = format!("this puts back the values that {} overwrote in {}; go on?", job.name, job.table);
    if context.asks && !confirm::agrees(&question) {
        return Err(Failure::new(exit::STOPPED, "not agreed to: nothing was undone"));
    }
    let connector = context.connector()?;
    let terminal = context.observer(context.printer.terminal(context.clock));
    let stop = signals::listen(terminal.clone())?;
    let engine = context.engine(&connector, &*terminal, &stop);
    let history = History { engine: &engine, manifest: &manifest };
    let request = RunRequest::default();
    let options = ChangeOptions { tag: args.tag.as_deref(), request, ..ChangeOptions::default() };
    let alerts = context.alerts(&connector, terminal.clone());
    let undone = Box::pin(history.undo(job, &options)).await.map_err(Failure::from);
    let ended = context.finish(alerts, undone).await?;
    let Ended::Done { run, totals, proof } = &ended else {
        return Ok(run::report(context, &job.name, &ended));
    };
    let (rows, batches) = (human_count(totals.rows_changed), human_count(totals.batches));
    let left = proof.remaining.unsigned_abs();
    context.printer.say(&format!(
        "run {run} has undone {}: {rows} rows hold their old values again, in {batches} batches; {} no longer held what \
         the job wrote, and were left as they are",
        job.name,
        human_count(left)
    ));
    Ok(exit::DONE)
}
