//! `longhaul upgrade [TARGET]`

use std::sync::Arc;

use clap::Args;

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::{run, signals};
use crate::engine::{History, UpgradeStep};
use crate::observe::Terminal;

#[derive(Args, Debug)]
pub(crate) struct UpgradeArgs {
    /// head, heads, a revision's id or a unique prefix of it
    #[arg(default_value = "head")]
    target: String,
}

pub(crate) async fn upgrade(args: &UpgradeArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let manifest = context.manifest()?;
    let connector = context.connector()?;
    let terminal = Arc::new(Terminal::new(context.clock, context.printer.talk(), context.printer.bars));
    let stop = signals::listen(terminal.clone())?;
    let engine = context.engine(&connector, &*terminal, &stop);
    let history = History { engine: &engine, manifest: &manifest };
    let steps = history.upgrade(&args.target).await?;
    if steps.is_empty() {
        context.printer.say("nothing is pending: the database is there already");
    }
    if let Some(UpgradeStep::Stopped(ended)) = steps.last() {
        return Ok(run::report(context, "the data revision", ended));
    }
    Ok(exit::DONE)
}
