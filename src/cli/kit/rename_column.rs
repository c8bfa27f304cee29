//! `longhaul rename-column`.

use clap::Args;

use super::{ChangeArgs, SyncArgs, cant_try, name, read, write};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::revisions::Revisions;
use crate::kit::{fits, rename};
use crate::pg::anatomy::scratch::{self, Trial};

#[derive(Args, Debug)]
pub(crate) struct RenameArgs {
    /// The column: table.column or schema.table.column, as SQL writes it
    #[arg(value_name = "TABLE.COLUMN")]
    column: String,
    /// Its new name, as SQL writes it
    new: String,
    #[command(flatten)]
    sync: SyncArgs,
    #[command(flatten)]
    change: ChangeArgs,
}

pub(crate) async fn rename_column(args: &RenameArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let new = name(&args.new)?;
    let revisions = Revisions::of_targets(context, args.change.head.iter().map(String::as_str)).await?;
    let (connection, anatomy) = read(context, &args.column).await?;
    fits(&anatomy, &new.0)?;
    let trial = Trial { name: &new.0, retyping: None };
    let renamed = scratch::renamed(&connection, &anatomy, trial).await.map_err(cant_try)?;
    let (pages, book) = rename(&anatomy, &renamed, &new.0, &args.sync.options())?;
    write(context, &revisions, &args.change, &pages, &book)
}
