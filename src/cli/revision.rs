//! `longhaul revision` and `longhaul merge`: new revision files. The whole graph, with the new revision in it, is
//! checked before anything is written.

use std::path::PathBuf;

use clap::Args;

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::new_file::{self, NewFile, Then};
use super::revisions::Revisions;
use crate::manifest::{Draft, DraftKind};

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
    /// The directory it goes to, of those that are read [default: its parent's]
    #[arg(long = "in", value_name = "DIR")]
    inside: Option<PathBuf>,
    /// Open the new file in $VISUAL or $EDITOR
    #[arg(long)]
    edit: bool,
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

pub(crate) async fn revision(args: &RevisionArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let named = args.head.iter().chain(&args.depends_on).map(String::as_str);
    let revisions = Revisions::of_targets(context, named).await?;
    let draft = Draft {
        id: id(args.rev_id.as_ref()),
        message: args.message.clone(),
        revises: parents(args.head.as_deref(), args.splice, &revisions)?,
        depends: distinct(&args.depends_on, &revisions)?,
        label: args.branch_label.clone(),
        kind: if args.job { DraftKind::Job } else { DraftKind::Schema },
    };
    let then = if args.edit { Then::Edit } else { Then::Leave };
    new_file::write(
        context,
        &revisions.manifest,
        &NewFile { draft, dir: args.inside.clone(), then, body: None },
    )
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
        kind: DraftKind::Schema,
    };
    new_file::write(context, manifest, &NewFile { draft, dir: None, then: Then::Leave, body: None })
}

pub(super) fn id(given: Option<&String>) -> String {
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

/// What a new revision revises: the head, or what was asked for.
pub(super) fn parents(
    wanted: Option<&str>,
    splice: bool,
    revisions: &Revisions,
) -> Result<Vec<String>, Failure> {
    let manifest = &revisions.manifest;
    let heads = manifest.graph.heads();
    match (wanted, heads.as_slice()) {
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
            if heads.contains(&parent) || splice {
                return Ok(vec![parent.to_owned()]);
            }
            let children = manifest.graph.children(parent).join(", ");
            let failure =
                Failure::new(exit::USAGE, format!("{parent} is no head: {children} revises it already"));
            Err(failure.hint(Some("--splice begins a new branch there".to_owned())))
        }
    }
}
