//! `longhaul change-type`.

use clap::Args;

use super::{ChangeArgs, SyncArgs, cant_try, is_expression, is_type, read, write};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::revisions::Revisions;
use crate::kit::{self, Book, Retyping, change_type_at_once, fits};
use crate::pg::anatomy::scratch::{self, Trial};
use crate::pg::quote;

#[derive(Args, Debug)]
pub(crate) struct TypeArgs {
    /// The column: table.column or schema.table.column, as SQL writes it
    #[arg(value_name = "TABLE.COLUMN")]
    column: String,
    /// Its new type, as SQL writes it
    #[arg(value_name = "TYPE")]
    new: String,
    /// The new value, in SQL with $1 for the old one and names with their schemas [default: a cast]
    #[arg(long, value_name = "SQL")]
    using: Option<String>,
    /// The old value, likewise with $1 for the new one [default: a cast]
    #[arg(long, value_name = "SQL")]
    back: Option<String>,
    #[command(flatten)]
    sync: SyncArgs,
    #[command(flatten)]
    change: ChangeArgs,
}

pub(crate) async fn change_type(args: &TypeArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let revisions = Revisions::of_targets(context, args.change.head.iter().map(String::as_str)).await?;
    let (connection, anatomy) = read(context, &args.column).await?;
    is_type(&connection, &args.new).await?;
    fits(&anatomy, "")?;
    if args.using.is_none()
        && !scratch::rewrites(&connection, &anatomy, &args.new).await.map_err(cant_try)?
        && let Some(page) = change_type_at_once(&anatomy, &args.new)
    {
        return write(context, &revisions, &args.change, &[page], &Book::default());
    }
    let retyping = Retyping::new(&anatomy, &args.new, args.using.clone(), args.back.clone());
    let cast = format!("$1::{}", args.new);
    let using =
        retyping.forward.as_ref().unwrap_or(&cast).replace("$1", &quote::quoted(&anatomy.column.name));
    is_expression(&connection, &format!("CAST(({using}) AS {})", args.new), &anatomy).await?;
    let back = retyping.backward.replace("$1", &format!("(NULL::{})", args.new));
    is_expression(&connection, &format!("CAST(({back}) AS {})", anatomy.column.type_name), &anatomy).await?;
    let (new, old) = (&retyping.names.0, &retyping.names.1);
    let trial = Trial { name: new, retyping: Some((&args.new, &using)) };
    let renamed = scratch::renamed(&connection, &anatomy, trial).await.map_err(cant_try)?;
    let trial = Trial { name: old, retyping: None };
    let left = scratch::renamed(&connection, &anatomy, trial).await.map_err(cant_try)?;
    let (pages, book) = kit::change_type(&anatomy, (&renamed, &left), &retyping, &args.sync.options())?;
    write(context, &revisions, &args.change, &pages, &book)
}
