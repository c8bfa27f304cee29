//! `longhaul log [JOB]`

use clap::Args;

use super::context::Context;
use super::exit;
use super::failure::Failure;

#[derive(Args, Debug)]
pub(crate) struct LogArgs {
    /// A revision id or prefix, a job's name, or a file's path; everything without it
    job: Option<String>,
}

pub(crate) async fn log(args: &LogArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let about = match &args.job {
        Some(wanted) => Some(context.manifest()?.job(wanted, &context.settings.dirs)?.id().to_owned()),
        None => None,
    };
    let events = match context.reader("log").await? {
        Some(connection) => context.store.events(&*connection, about.as_deref()).await?,
        None => Vec::new(),
    };
    if context.printer.json {
        let text = serde_json::to_string_pretty(&events).expect("events are plain data with text keys");
        context.printer.data(&text);
    } else if events.is_empty() {
        context.printer.data("nothing has happened on this database yet");
    }
    for event in events.iter().filter(|_| !context.printer.json) {
        context.printer.data(&format!("{}  {}@{}  {}", event.at, event.actor, event.host, event.message));
    }
    Ok(exit::DONE)
}
