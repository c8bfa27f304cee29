//! `longhaul split-column` and `longhaul merge-columns`.

use clap::Args;

use super::{ChangeArgs, SyncArgs, column, name, read};
use crate::cli::context::Context;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::revisions::Revisions;
use crate::kit::{NewColumn, OldColumn, map_columns};
use crate::model::{Ident, TableName};
use crate::pg::Connection;
use crate::pg::anatomy::Anatomy;
use crate::pg::quote;
use crate::pg::search_path::prepare_as_author;

#[derive(Args, Debug)]
pub(crate) struct SplitColumnArgs {
    /// The column: table.column or schema.table.column, as SQL writes it
    #[arg(value_name = "TABLE.COLUMN")]
    column: String,
    /// A new column: its name, its type, and its value in SQL over the row
    #[arg(required = true, num_args = 2.., value_name = "NAME TYPE = SQL")]
    into: Vec<String>,
    /// The old column's value in SQL over the new ones
    #[arg(long, value_name = "SQL")]
    back: String,
    #[command(flatten)]
    sync: SyncArgs,
    #[command(flatten)]
    change: ChangeArgs,
}

#[derive(Args, Debug)]
pub(crate) struct MergeColumnsArgs {
    /// The table, as SQL writes it
    table: String,
    /// An old column, and its value in SQL over the new one
    #[arg(required = true, num_args = 2.., value_name = "OLD = SQL")]
    columns: Vec<String>,
    /// The new column: its name, its type, and its value in SQL over the row
    #[arg(long, value_name = "NAME TYPE = SQL")]
    into: String,
    #[command(flatten)]
    sync: SyncArgs,
    #[command(flatten)]
    change: ChangeArgs,
}

pub(crate) async fn split_column(args: &SplitColumnArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let (connection, anatomy) = read(context, &args.column).await?;
    let asked = Asked { olds: vec![(anatomy, args.back.clone())], into: &args.into, sync: &args.sync };
    asked.write(context, &connection, &args.change).await
}

pub(crate) async fn merge_columns(args: &MergeColumnsArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let table = TableName::parse(&args.table).map_err(|error| Failure::from_error(exit::USAGE, &error))?;
    let mut olds = Vec::new();
    let connection = context.connector()?.connect("kit").await?;
    for old in &args.columns {
        let (old, back) = equation(old)?;
        let anatomy = column(context, &connection, &table, &name(old)?).await?;
        olds.push((anatomy, back.to_owned()));
    }
    let asked = Asked { olds, into: std::slice::from_ref(&args.into), sync: &args.sync };
    asked.write(context, &connection, &args.change).await
}

/// Old columns with what makes them, and new ones as they were written.
struct Asked<'a> {
    olds: Vec<(Anatomy, String)>,
    into: &'a [String],
    sync: &'a SyncArgs,
}

impl Asked<'_> {
    async fn write(
        &self,
        context: &Context<'_>,
        connection: &Connection,
        change: &ChangeArgs,
    ) -> Result<u8, Failure> {
        let revisions = Revisions::of_targets(context, change.head.iter().map(String::as_str)).await?;
        let table = self.olds[0].0.table.quoted();
        let mut news = Vec::new();
        for written in self.into {
            news.push(new_column(connection, &table, written).await?);
        }
        for (anatomy, back) in &self.olds {
            let old = &anatomy.column;
            let nulls =
                news.iter().map(|new| format!("NULL::{} AS {}", new.type_name, quote::quoted(&new.name)));
            let sql = format!(
                "SELECT CAST(({back}) AS {}) FROM (SELECT {}) AS {}",
                old.type_name,
                nulls.collect::<Vec<_>>().join(", "),
                quote::quoted(&anatomy.table.name)
            );
            prepare_as_author(connection, &sql).await.map_err(|error| {
                let failure = Failure::new(exit::USAGE, format!("{} can't be made by {back}", old.name));
                failure.because(&error).hint(Some("it is SQL over the new columns alone".to_owned()))
            })?;
        }
        let olds: Vec<OldColumn<'_>> =
            self.olds.iter().map(|(anatomy, value)| OldColumn { anatomy, value }).collect();
        let (pages, book) = map_columns(&olds, &news, &self.sync.options())?;
        super::write(context, &revisions, change, &pages, &book)
    }
}

/// `NAME TYPE = SQL`, asked of the server.
async fn new_column(connection: &Connection, table: &str, written: &str) -> Result<NewColumn, Failure> {
    let (column, value) = equation(written)?;
    let (column, type_name) = column
        .trim()
        .rsplit_once('"')
        .map_or_else(
            || column.trim().split_once(char::is_whitespace),
            |(quoted, type_name)| Some((&column.trim()[..=quoted.len()], type_name)),
        )
        .ok_or_else(|| {
            Failure::new(exit::USAGE, format!("`{written}` lacks a type: write NAME TYPE = SQL"))
        })?;
    let Ident(name) = name(column)?;
    let type_name = type_name.trim();
    let sql = format!("SELECT CAST(({value}) AS {type_name}) FROM {table}");
    let prepared = prepare_as_author(connection, &sql).await.map_err(|error| {
        let failure = Failure::new(exit::USAGE, format!("{name} {type_name} can't be made by {value}"));
        failure.because(&error).hint(Some("it is SQL over the columns of the table".to_owned()))
    })?;
    // Text has many names and one `=`; anything that isn't one of PostgreSQL's own is compared as text.
    let oid = prepared.columns()[0].type_().oid();
    let sql = "SELECT typnamespace = 'pg_catalog'::regnamespace AND typcategory = ANY ('{A,B,D,I,N,R,S,T,U,V}'::\"char\"[]) \
               AND typname NOT IN ('json', 'xml', 'jsonpath') FROM pg_type WHERE oid = $1";
    let is_plain = connection.query_opt(sql, &[&oid]).await.ok().flatten().is_some_and(|row| row.get(0));
    Ok(NewColumn { name, type_name: type_name.to_owned(), value: value.to_owned(), is_plain })
}

/// The two sides of the first `=` outside quotes.
fn equation(written: &str) -> Result<(&str, &str), Failure> {
    let mut quoted = false;
    let at = written.find(|c| {
        quoted ^= c == '"';
        c == '=' && !quoted
    });
    let sides = at.map(|at| (written[..at].trim(), written[at + 1..].trim()));
    sides.filter(|(left, right)| !left.is_empty() && !right.is_empty()).ok_or_else(|| {
        let hint = "a column stands left of `=`, and SQL right of it".to_owned();
        Failure::new(exit::USAGE, format!("`{written}` says nothing of a column")).hint(Some(hint))
    })
}
