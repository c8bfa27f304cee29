//! `longhaul status [JOB]`

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::watch;
use crate::observe::{Source, Standing};

#[derive(Args, Debug)]
pub(crate) struct StatusArgs {
    /// A revision id or prefix, a job's name, or a file's path; all jobs without it
    job: Option<String>,
    /// Go on showing it: on a terminal all runs live, with keys to pause, resume, slow down and more; elsewhere the same
    /// text, or with --json an object on a line, each time something has changed
    #[arg(long)]
    watch: bool,
}

pub(crate) async fn status(args: &StatusArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let job = match &args.job {
        Some(wanted) => Some(context.manifest()?.job(wanted, &context.settings.dirs)?.id().to_owned()),
        None => None,
    };
    if args.watch {
        return watch::watch(job.as_deref(), context).await;
    }
    let manifest = context.manifest().ok();
    let source = Source { store: &context.store, settings: &context.settings, manifest: manifest.as_ref() };
    let standings = match context.reader("status").await? {
        Some(connection) => source.standings(&connection, job.as_deref()).await?,
        None => Vec::new(),
    };
    if context.printer.json {
        let runs: Vec<Value> = standings.iter().map(Standing::json).collect();
        context.printer.data(&format!("{:#}", json!({ "runs": runs })));
    } else if standings.is_empty() {
        context.printer.data("no job has been run on this database");
    } else {
        let texts: Vec<String> = standings.iter().map(Standing::text).collect();
        context.printer.data(&texts.join("\n\n"));
    }
    Ok(exit::DONE)
}
