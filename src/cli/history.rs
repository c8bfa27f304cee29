//! `longhaul history`

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::revisions::Revisions;

#[derive(Args, Debug)]
pub(crate) struct HistoryArgs {
    /// Only A, B and what lies between; either may be left out, and `-3:` begins three steps before the end
    #[arg(short, long, value_name = "A:B", allow_hyphen_values = true)]
    range: Option<String>,
    /// Mark where the database stands
    #[arg(short, long)]
    indicate_current: bool,
    /// Write the graph in Graphviz's language
    #[arg(long)]
    dot: bool,
}

pub(crate) async fn history(args: &HistoryArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let mut revisions = if args.indicate_current {
        Revisions::of_database(context).await?
    } else {
        Revisions::of_targets(context, args.range.as_deref().into_iter()).await?
    };
    let applied = revisions.applied.clone().unwrap_or_default();
    if !args.indicate_current {
        revisions.applied = None;
    }
    let graph = &revisions.manifest.graph;
    let mut shown = match &args.range {
        Some(range) => graph.range(&applied, range)?,
        None => graph.order(),
    };
    if args.dot {
        context.printer.data(&dot(&revisions, &shown));
        return Ok(exit::DONE);
    }
    shown.reverse();
    if context.printer.json {
        let items: Vec<Value> = shown.iter().map(|id| revisions.json(id)).collect();
        context.printer.data(&format!("{:#}", json!({ "history": items })));
        return Ok(exit::DONE);
    }
    let blocks = context.printer.is_verbose();
    let texts: Vec<String> =
        shown.iter().map(|id| if blocks { revisions.block(id) + "\n" } else { revisions.line(id) }).collect();
    if !texts.is_empty() {
        context.printer.data(&texts.join("\n"));
    }
    Ok(exit::DONE)
}

fn dot(revisions: &Revisions, shown: &[&str]) -> String {
    let quote = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let mut lines = vec!["digraph history {".to_owned(), "  rankdir=BT;".to_owned()];
    for id in shown {
        let revision = revisions.get(id);
        let shape = if revision.job().is_some() { "box" } else { "ellipse" };
        let label = quote(&format!("{}\n{}", revisions.title(id), revision.message)).replace('\n', "\\n");
        lines.push(format!("  {} [shape={shape}, label={label}];", quote(id)));
        for parent in &revision.revises {
            lines.push(format!("  {} -> {};", quote(id), quote(&parent.0)));
        }
        for depends in &revision.depends {
            lines.push(format!("  {} -> {} [style=dashed];", quote(id), quote(&depends.0)));
        }
    }
    lines.push("}".to_owned());
    lines.join("\n")
}
