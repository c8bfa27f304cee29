//! `longhaul edit`

use clap::Args;

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::new_file::Editor;

#[derive(Args, Debug)]
pub(crate) struct EditArgs {
    /// A revision's id or a unique prefix of it
    revision: String,
}

/// Opens the revision's file, and reads the history again when the editor has ended.
pub(crate) fn edit(args: &EditArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let manifest = context.manifest()?;
    let id = manifest.resolve(&args.revision)?;
    let revision = manifest.revision(id).expect("the graph was built from these revisions");
    Editor::find(context)?.open(&revision.file)?;
    context.manifest()?;
    Ok(exit::DONE)
}
