//! `longhaul current`

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::revisions::Revisions;
use crate::manifest::list_dirs;
use crate::model::counted;

#[derive(Args, Debug)]
pub(crate) struct CurrentArgs {
    /// Exit with 3 unless the database is at every head
    #[arg(long)]
    check_heads: bool,
}

pub(crate) async fn current(args: &CurrentArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let revisions = Revisions::of_database(context).await?;
    let applied = revisions.applied.clone().unwrap_or_default();
    let graph = &revisions.manifest.graph;
    let heads = graph.applied_heads(&applied);
    let unknown = graph.unknown_applied(&applied);
    let pending = graph.pending(&applied, &graph.heads()).len();
    if context.printer.json {
        let heads: Vec<Value> = heads.iter().map(|id| revisions.json(id)).collect();
        context
            .printer
            .data(&format!("{:#}", json!({ "current": heads, "unknown": unknown, "pending": pending })));
    } else {
        for id in heads {
            let verbose = context.printer.is_verbose();
            context.printer.data(&if verbose { revisions.block(id) + "\n" } else { revisions.title(id) });
        }
        for id in &unknown {
            context
                .printer
                .data(&format!("{id} (applied, and in no file of {})", list_dirs(&context.settings.dirs)));
        }
        if applied.is_empty() {
            context.printer.say("no revision is applied");
        }
    }
    if args.check_heads && (pending > 0 || !unknown.is_empty()) {
        let (message, hint) = if pending > 0 {
            let message =
                format!("the database is not at every head, with {} pending", counted(pending, "revision"));
            (message, "`longhaul pending` lists them, `longhaul upgrade heads` applies them")
        } else {
            let message =
                format!("the database has the revision {}, and no file here does", unknown.join(", "));
            (message, "is --dir the right directory, and is it as new as the database?")
        };
        return Err(Failure::new(exit::FOUND, message).hint(Some(hint.to_owned())));
    }
    Ok(exit::DONE)
}
