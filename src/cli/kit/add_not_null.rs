//! `longhaul add-not-null`.

use clap::Args;

use super::{ChangeArgs, is_expression, read, write};
use crate::cli::context::Context;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::revisions::Revisions;
use crate::kit;
use crate::pg::quote;

#[derive(Args, Debug)]
pub(crate) struct NotNullArgs {
    /// The column: table.column or schema.table.column, as SQL writes it
    #[arg(value_name = "TABLE.COLUMN")]
    column: String,
    /// The value for rows, and clients, that have none: SQL over the row
    #[arg(long, value_name = "SQL")]
    fill: Option<String>,
    #[command(flatten)]
    change: ChangeArgs,
}

pub(crate) async fn add_not_null(args: &NotNullArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let revisions = Revisions::of_targets(context, args.change.head.iter().map(String::as_str)).await?;
    let (connection, anatomy) = read(context, &args.column).await?;
    let (pages, book) = kit::add_not_null(&anatomy, args.fill.as_deref())?;
    if let Some(fill) = &args.fill {
        let value = format!("CAST(({fill}) AS {})", anatomy.column.type_name);
        is_expression(&connection, &value, &anatomy).await?;
    } else {
        let column = quote::quoted(&anatomy.column.name);
        let sql = format!("SELECT EXISTS (SELECT FROM {} WHERE {column} IS NULL)", anatomy.table.quoted());
        let found = connection.query_one(&sql, &[]).await.map_err(|error| {
            Failure::new(exit::FAILED, format!("can't look for rows without {column}")).because(&error)
        })?;
        if found.get(0) {
            let failure = Failure::new(exit::USAGE, format!("{} has rows without a value", args.column));
            let hint = "say what they get: --fill with an SQL expression over the row";
            return Err(failure.hint(Some(hint.to_owned())));
        }
    }
    write(context, &revisions, &args.change, &pages, &book)
}
