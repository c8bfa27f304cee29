//! `longhaul stamp REVISION…`: records where the database stands, without running anything.

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::signals;
use crate::engine::{ChangeOptions, History, StampRequest};

#[derive(Args, Debug)]
pub(crate) struct StampArgs {
    /// Where the database stands: ids, heads, BRANCH@head, base. What comes before each counts as applied, what follows
    /// one as not; other branches stay as they are
    #[arg(required_unless_present = "from_alembic", value_name = "REVISION")]
    revisions: Vec<String>,
    /// Forget everything that is recorded first, revisions that no file defines included
    #[arg(long)]
    purge: bool,
    /// Even if the schema plainly disagrees
    #[arg(long)]
    force: bool,
    /// Take over what Alembic's table says [default: `alembic_version`]
    #[arg(
        long, value_name = "TABLE", num_args = 0..=1, default_missing_value = "alembic_version",
        conflicts_with = "revisions"
    )]
    from_alembic: Option<String>,
    /// A word that is kept with each event of the log
    #[arg(long, value_name = "TEXT")]
    tag: Option<String>,
}

pub(crate) async fn stamp(args: &StampArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let manifest = context.manifest()?;
    let connector = context.connector()?;
    let terminal = context.observer(context.printer.terminal(context.clock));
    let stop = signals::listen(terminal.clone())?;
    let engine = context.engine(&connector, &*terminal, &stop);
    let history = History { engine: &engine, manifest: &manifest };
    let targets = match &args.from_alembic {
        Some(table) => history.alembic_heads(table).await?,
        None => args.revisions.clone(),
    };
    let request = StampRequest { targets: &targets, purge: args.purge, force: args.force };
    let options = ChangeOptions { tag: args.tag.as_deref(), ..ChangeOptions::default() };
    let stamped = history.stamp(request, &options).await?;
    let added: Vec<&str> = stamped.added.iter().map(|id| id.0.as_str()).collect();
    if context.printer.json {
        context.printer.data(&format!("{:#}", json!({ "added": added, "removed": stamped.removed })));
    }
    for id in &stamped.removed {
        context.printer.say(&format!("{id} is not recorded as applied any more"));
    }
    for id in &added {
        context.printer.say(&format!("{id} is recorded as applied"));
    }
    for id in &stamped.settled {
        context.printer.say(&format!("{id} is not half done any more"));
    }
    if added.is_empty() && stamped.removed.is_empty() && stamped.settled.is_empty() {
        context.printer.say("nothing to record: the database stands there already");
    }
    Ok(exit::DONE)
}
