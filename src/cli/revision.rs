//! `longhaul revision` and `longhaul merge`: new revision files. The whole graph, with the new revision in it, is
//! checked before anything is written.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use jiff::tz::TimeZone;
use serde_json::json;

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::revisions::Revisions;
use crate::manifest::Manifest;
use crate::plan::graph::{Graph, Node};

/// Characters of a message that go into the file's name, as Alembic's `truncate_slug_length`.
const SLUG: usize = 40;

#[derive(Args, Debug)]
pub(crate) struct RevisionArgs {
    /// What the revision is for; it also names the file
    #[arg(short, long, value_name = "TEXT")]
    message: String,
    /// A data revision: a job that is run in batches
    #[arg(long)]
    job: bool,
    /// Its id [default: twelve random hexadecimal digits]
    #[arg(long, value_name = "ID")]
    rev_id: Option<String>,
    /// What it revises: an id, a unique prefix, BRANCH@head, or `base` for nothing [default: the head]
    #[arg(long, value_name = "REVISION")]
    head: Option<String>,
    /// Allow a parent that others revise already: a new branch
    #[arg(long)]
    splice: bool,
    /// A label for the branch that begins here
    #[arg(long, value_name = "LABEL")]
    branch_label: Option<String>,
    /// A revision that must be applied before, without being the parent; can be repeated
    #[arg(long, value_name = "REVISION")]
    depends_on: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct MergeArgs {
    /// The revisions to merge; `heads` for all heads
    #[arg(required = true, value_name = "REVISION")]
    revisions: Vec<String>,
    /// What the revision is for; it also names the file
    #[arg(short, long, value_name = "TEXT")]
    message: String,
    /// Its id [default: twelve random hexadecimal digits]
    #[arg(long, value_name = "ID")]
    rev_id: Option<String>,
}

/// A revision that is to be written.
struct Draft {
    id: String,
    message: String,
    revises: Vec<String>,
    depends: Vec<String>,
    label: Option<String>,
    job: bool,
}

pub(crate) async fn revision(args: &RevisionArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let named = args.head.iter().chain(&args.depends_on).map(String::as_str);
    let revisions = Revisions::of_targets(context, named).await?;
    let draft = Draft {
        id: id(args.rev_id.as_ref()),
        message: args.message.clone(),
        revises: parents(args, &revisions)?,
        depends: distinct(&args.depends_on, &revisions)?,
        label: args.branch_label.clone(),
        job: args.job,
    };
    write(context, &revisions.manifest, &draft)
}

pub(crate) async fn merge(args: &MergeArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let revisions = Revisions::of_targets(context, args.revisions.iter().map(String::as_str)).await?;
    let manifest = &revisions.manifest;
    let revises = distinct(&args.revisions, &revisions)?;
    if revises.len() < 2 {
        let failure = Failure::new(
            exit::USAGE,
            format!("there is nothing to merge: only {} was named", revises.join(", ")),
        );
        return Err(failure.hint(Some(format!("the heads are {}", manifest.graph.heads().join(", ")))));
    }
    let draft = Draft {
        id: id(args.rev_id.as_ref()),
        message: args.message.clone(),
        revises,
        depends: Vec::new(),
        label: None,
        job: false,
    };
    write(context, manifest, &draft)
}

fn id(given: Option<&String>) -> String {
    given.cloned().unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string()[..12].to_owned())
}

/// The revisions that the targets mean, each once.
fn distinct(targets: &[String], revisions: &Revisions) -> Result<Vec<String>, Failure> {
    let mut found: Vec<String> = Vec::new();
    for target in targets {
        for id in revisions.resolve(target)? {
            if !found.iter().any(|known| known == id) {
                found.push(id.to_owned());
            }
        }
    }
    Ok(found)
}

fn parents(args: &RevisionArgs, revisions: &Revisions) -> Result<Vec<String>, Failure> {
    let manifest = &revisions.manifest;
    let heads = manifest.graph.heads();
    match (args.head.as_deref(), heads.as_slice()) {
        (Some("base"), _) | (None, []) => Ok(Vec::new()),
        (None | Some("head"), [head]) => Ok(vec![(*head).to_owned()]),
        (None | Some("head"), several) => {
            let failure =
                Failure::new(exit::USAGE, format!("there are several heads: {}", several.join(", ")));
            Err(failure.hint(Some("name one with --head, or `longhaul merge heads` first".to_owned())))
        }
        (Some(wanted), heads) => {
            let parent = match revisions.resolve(wanted)?[..] {
                [parent] => parent,
                [] => return Err(Failure::new(exit::USAGE, format!("`{wanted}` is no revision"))),
                ref several => {
                    let several = format!("`{wanted}` is several revisions: {}", several.join(", "));
                    let merge = format!("name one, or `longhaul merge {wanted}` first");
                    return Err(Failure::new(exit::USAGE, several).hint(Some(merge)));
                }
            };
            if heads.contains(&parent) || args.splice {
                return Ok(vec![parent.to_owned()]);
            }
            let children = manifest.graph.children(parent).join(", ");
            let failure =
                Failure::new(exit::USAGE, format!("{parent} is no head: {children} revises it already"));
            Err(failure.hint(Some("--splice begins a new branch there".to_owned())))
        }
    }
}

/// Checks the graph with the draft in it, then writes the file; never over another.
fn write(context: &Context<'_>, manifest: &Manifest, draft: &Draft) -> Result<u8, Failure> {
    let file = path(context, draft);
    let mut nodes: Vec<Node> =
        manifest.graph.order().into_iter().filter_map(|id| manifest.graph.node(id)).cloned().collect();
    nodes.push(Node {
        id: draft.id.clone(),
        revises: draft.revises.clone(),
        depends: draft.depends.clone(),
        labels: draft.label.iter().cloned().collect(),
        place: file.display().to_string(),
    });
    Graph::build(nodes)
        .map_err(|error| Failure::new(exit::USAGE, "the revision can't be added").because(&error))?;
    let cant = |error: std::io::Error| {
        Failure::new(exit::FAILED, format!("can't write {}", file.display())).because(&error)
    };
    let mut opened = std::fs::File::create_new(&file).map_err(cant)?;
    opened.write_all(text(draft).as_bytes()).map_err(cant)?;
    if context.printer.json {
        context
            .printer
            .data(&format!("{:#}", json!({ "id": draft.id, "file": file, "revises": draft.revises })));
    } else {
        context.printer.data(&file.display().to_string());
    }
    Ok(exit::DONE)
}

fn path(context: &Context<'_>, draft: &Draft) -> PathBuf {
    let date = context.clock.wall().to_zoned(TimeZone::system()).strftime("%Y%m%d").to_string();
    let extension = if draft.job { "toml" } else { "sql" };
    context.settings.dir.join(format!("{date}_{}_{}.{extension}", draft.id, slug(&draft.message)))
}

fn slug(message: &str) -> String {
    let words: String =
        message.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
    let slug = words.split_whitespace().collect::<Vec<_>>().join("_");
    slug.chars().take(SLUG).collect::<String>().trim_end_matches('_').to_owned()
}

fn text(draft: &Draft) -> String {
    if draft.job { job_text(draft) } else { schema_text(draft) }
}

fn schema_text(draft: &Draft) -> String {
    let mut lines = vec![format!("-- revision: {}", draft.id)];
    let mut header = |key: &str, ids: &[String]| {
        if !ids.is_empty() {
            lines.push(format!("-- {key}: {}", ids.join(", ")));
        }
    };
    header("revises", &draft.revises);
    header("depends", &draft.depends);
    header("labels", draft.label.as_slice());
    lines.push(format!("-- message: {}", draft.message.replace('\n', " ")));
    for section in ["up", "down", "verify"] {
        lines.push(format!("\n-- migrate:{section}"));
    }
    lines.join("\n") + "\n"
}

fn job_text(draft: &Draft) -> String {
    let list = |ids: &[String]| toml::Value::from(ids.to_vec()).to_string();
    let mut lines = vec![
        format!("revision = {}", toml::Value::from(draft.id.clone())),
        format!("revises  = {}", list(&draft.revises)),
        format!("message  = {}", toml::Value::from(draft.message.clone())),
    ];
    if !draft.depends.is_empty() {
        lines.push(format!("depends  = {}", list(&draft.depends)));
    }
    if let Some(label) = &draft.label {
        lines.push(format!("labels   = {}", list(std::slice::from_ref(label))));
    }
    lines.push(JOB.to_owned());
    lines.join("\n")
}

/// The rest of a data revision: what its author fills in.
const JOB: &str = r#"
[job]
table = "schema.table"
set   = { column = "expression over the row" }
# where = "…"        # rows still to do; default: some target IS DISTINCT FROM its expression
# key   = ["id"]     # default: the primary key; any NOT NULL unique key

[batch]
target = "500ms"

# [limits]
# rows_per_second = 20000

# [verify]
# totals = ["sum(new) = sum(old)", "by column"]

# [down]
# set = { column = "NULL" }
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_becomes_a_name_that_any_file_system_takes() {
        assert_eq!(slug("Add `gross_amount` to payroll.entries!"), "add_gross_amount_to_payroll_entries");
        assert_eq!(slug("ä/../x"), "x");
        assert!(slug(&"word ".repeat(40)).len() <= SLUG);
    }

    #[test]
    fn a_new_file_reads_back_as_what_was_asked_for() {
        let draft = Draft {
            id: "5c1d7e88a0f4".to_owned(),
            message: "say \"hello\" to\nthem".to_owned(),
            revises: vec!["3f9a0c1b7d52".to_owned(), "90be11d4a6c3".to_owned()],
            depends: vec!["77aa77aa77aa".to_owned()],
            label: Some("payroll".to_owned()),
            job: false,
        };
        let path = std::path::Path::new("jobs/x.sql");
        let (read, own_header) = crate::manifest::parse_revision(path, &schema_text(&draft)).unwrap();
        assert!(own_header);
        let ids = |ids: &[crate::model::RevisionId]| ids.iter().map(|id| id.0.clone()).collect::<Vec<_>>();
        assert_eq!((ids(&read.revises), ids(&read.depends)), (draft.revises.clone(), draft.depends.clone()));
        assert_eq!(
            (read.labels, read.message.as_str()),
            (vec!["payroll".to_owned()], "say \"hello\" to them")
        );
        let job = crate::manifest::parse_job(path, &job_text(&draft)).unwrap().revision.unwrap();
        assert_eq!((ids(&job.revises), job.message), (draft.revises, draft.message));
    }
}
