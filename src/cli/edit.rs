//! `longhaul edit`

use clap::Args;

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::new_file::Editor;
use super::revisions::Revisions;

#[derive(Args, Debug)]
pub(crate) struct EditArgs {
    /// A revision: its id, a unique prefix, head, current, BRANCH@head
    revision: String,
}

/// Opens the revision's file, and reads the history again when the editor has ended.
pub(crate) async fn edit(args: &EditArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let revisions = Revisions::of_targets(context, std::iter::once(args.revision.as_str())).await?;
    let editor = Editor::find(context)?;
    for id in revisions.resolve(&args.revision)? {
        editor.open(&revisions.get(id).file)?;
    }
    context.manifest()?;
    Ok(exit::DONE)
}
