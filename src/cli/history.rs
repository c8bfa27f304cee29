//! `longhaul history`

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::revisions::Revisions;
use crate::plan::graph::drawing::{self, RowKind, Style};

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
    /// Draw the graph: `*` is a schema revision, `o` a data revision (in boxes on a UTF-8 terminal)
    #[arg(long, conflicts_with_all = ["dot", "json"])]
    graph: bool,
}

pub(crate) async fn history(args: &HistoryArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let mut revisions = if args.indicate_current {
        Revisions::of_database(context).await?
    } else {
        Revisions::of_targets(context, args.range.as_deref().into_iter()).await?
    };
    let applied = revisions.applied.clone().unwrap_or_default();
    if !args.indicate_current {
        revisions.forget_database();
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
    if args.graph {
        for line in drawn(context, &revisions, &shown) {
            context.printer.data(&line);
        }
        return Ok(exit::DONE);
    }
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

/// The lanes, and beside each revision what `history` says of it.
fn drawn(context: &Context<'_>, revisions: &Revisions, shown: &[&str]) -> Vec<String> {
    let rows = drawing::draw(&revisions.manifest.graph, shown);
    let style = if context.printer.draws_boxes() { Style::Boxes } else { Style::Ascii };
    let width = rows.iter().map(|row| row.text(style, '*').chars().count()).max().unwrap_or_default();
    let mut lines = Vec::new();
    for row in &rows {
        let RowKind::Revision(id) = &row.kind else {
            lines.push(row.text(style, ' '));
            continue;
        };
        let mark = match (revisions.get(id).job(), style) {
            (None, Style::Boxes) => '●',
            (None, Style::Ascii) => '*',
            (Some(_), Style::Boxes) => '○',
            (Some(_), Style::Ascii) => 'o',
        };
        let said = if context.printer.is_verbose() {
            revisions.block(id) + "\n"
        } else {
            with_depends(revisions, id)
        };
        let below = row.below().text(style, ' ');
        // Not `lines()`: the empty line at a block's end is wanted.
        for (at, text) in said.split('\n').enumerate() {
            let drawn = if at == 0 { row.text(style, mark) } else { below.clone() };
            lines.push(format!("{drawn:width$} {text}").trim_end().to_owned());
        }
    }
    lines
}

/// What `history` says of it, with the dependencies, which no lane shows, in words.
fn with_depends(revisions: &Revisions, id: &str) -> String {
    let line = revisions.line(id);
    let depends: Vec<&str> = revisions.get(id).depends.iter().map(|id| id.0.as_str()).collect();
    if depends.is_empty() { line } else { format!("{line} [depends on {}]", depends.join(", ")) }
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
