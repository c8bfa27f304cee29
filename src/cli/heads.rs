//! `longhaul heads`, `longhaul branches`, `longhaul pending` and `longhaul show`: short questions to the graph.

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::revisions::Revisions;

#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// A revision's id or a unique prefix of it, a branch label, head, heads, current, or steps from there as in `head-1`
    #[arg(allow_negative_numbers = true)]
    revision: String,
}

pub(crate) fn heads(context: &Context<'_>) -> Result<u8, Failure> {
    let revisions = Revisions::of_files(context)?;
    list(context, &revisions, "heads", &revisions.manifest.graph.heads());
    Ok(exit::DONE)
}

pub(crate) async fn pending(context: &Context<'_>) -> Result<u8, Failure> {
    let revisions = Revisions::of_database(context).await?;
    let graph = &revisions.manifest.graph;
    let pending = graph.pending(&revisions.applied.clone().unwrap_or_default(), &graph.heads());
    if pending.is_empty() {
        context.printer.say("nothing is pending");
    }
    if context.printer.json {
        list(context, &revisions, "pending", &pending);
    } else {
        for id in pending {
            context.printer.data(&revisions.line(id));
        }
    }
    Ok(exit::DONE)
}

pub(crate) fn branches(context: &Context<'_>) -> Result<u8, Failure> {
    let revisions = Revisions::of_files(context)?;
    let graph = &revisions.manifest.graph;
    let points: Vec<&str> = graph.order().into_iter().filter(|id| graph.children(id).len() > 1).collect();
    if context.printer.json {
        let points: Vec<Value> = points
            .iter()
            .map(|id| json!({ "branchpoint": revisions.json(id), "into": graph.children(id) }))
            .collect();
        context.printer.data(&format!("{:#}", json!({ "branches": points })));
    } else {
        for id in points {
            context.printer.data(&revisions.title(id));
            for child in graph.children(id) {
                context.printer.data(&format!(
                    "  -> {}, {}",
                    revisions.title(child),
                    revisions.get(child).message
                ));
            }
        }
    }
    Ok(exit::DONE)
}

pub(crate) async fn show(args: &ShowArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let revisions = Revisions::of_database(context).await?;
    let ids = revisions.resolve(&args.revision)?;
    match ids[..] {
        [] => context.printer.say(&format!("`{}` is no revision: nothing is applied there", args.revision)),
        [id] if context.printer.json => context.printer.data(&format!("{:#}", revisions.json(id))),
        _ if context.printer.json => list(context, &revisions, "revisions", &ids),
        _ => {
            let blocks: Vec<String> = ids.iter().map(|id| revisions.block(id)).collect();
            context.printer.data(&blocks.join("\n\n"));
        }
    }
    Ok(exit::DONE)
}

fn list(context: &Context<'_>, revisions: &Revisions, name: &str, ids: &[&str]) {
    if context.printer.json {
        let items: Vec<Value> = ids.iter().map(|id| revisions.json(id)).collect();
        context.printer.data(&format!("{:#}", json!({ name: items })));
    } else {
        for id in ids {
            context.printer.data(&revisions.title(id));
        }
    }
}
