//! `longhaul rename-column` and its kin: the revisions of a change without downtime, as files.

mod add_not_null;
mod change_type;
mod mapping;
mod rename_column;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

pub(super) use add_not_null::{NotNullArgs, add_not_null};
pub(super) use change_type::{TypeArgs, change_type};
pub(super) use mapping::{MergeColumnsArgs, SplitColumnArgs, merge_columns, split_column};
pub(super) use rename_column::{RenameArgs, rename_column};

use crate::cli::context::Context;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::new_file::{self, NewFile, Then};
use crate::cli::revision::{id, parents};
use crate::cli::revisions::Revisions;
use crate::kit::{Book, BothWritten, KitError, Page, SyncOptions};
use crate::manifest::{Draft, nearest};
use crate::model::{Ident, TableName};
use crate::pg::Connection;
use crate::pg::anatomy::Anatomy;
use crate::pg::catalog::Table;
use crate::pg::search_path::prepare_as_author;

/// What every change of a column takes.
#[derive(Args, Debug)]
pub(crate) struct ChangeArgs {
    /// What the first of them revises: an id, a unique prefix, BRANCH@head [default: the head]
    #[arg(long, value_name = "REVISION")]
    head: Option<String>,
    /// Allow a parent that others revise already: a new branch
    #[arg(long)]
    splice: bool,
    /// The directory they go to, of those that are read [default: their parent's]
    #[arg(long = "in", value_name = "DIR")]
    inside: Option<PathBuf>,
}

/// How two columns are kept equal.
#[derive(Args, Debug)]
pub(crate) struct SyncArgs {
    /// Which counts when one statement writes both columns, and differently
    #[arg(long, value_name = "WHICH", value_enum, default_value_t)]
    both_written: Which,
    /// The sync trigger fires for what subscriptions and `session_replication_role` = replica write as well
    #[arg(long)]
    always: bool,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Which {
    /// The new column's value
    #[default]
    New,
    /// The old column's value
    Old,
    /// Neither: the statement fails
    Refuse,
}

/// Prepared, which takes one statement only, before it is run as part of others.
async fn is_type(connection: &Connection, type_name: &str) -> Result<(), Failure> {
    let prepared = prepare_as_author(connection, &format!("SELECT CAST(NULL AS {type_name})")).await;
    prepared.map(drop).map_err(|error| {
        let failure = Failure::new(exit::USAGE, format!("`{type_name}` is no type here"));
        failure
            .because(&error)
            .hint(Some("write it as in SQL, in quotes where the shell needs them".to_owned()))
    })
}

async fn is_expression(connection: &Connection, sql: &str, anatomy: &Anatomy) -> Result<(), Failure> {
    let statement = format!("SELECT {sql} FROM {}", anatomy.table.quoted());
    let prepared = prepare_as_author(connection, &statement).await;
    prepared.map(drop).map_err(|error| {
        let failure = Failure::new(exit::USAGE, format!("the value can't be made by {sql}"));
        let hint =
            "give --using and --back expressions with $1 for the value, of the types that the columns have";
        failure.because(&error).hint(Some(hint.to_owned()))
    })
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn cant_try(error: tokio_postgres::Error) -> Failure {
    let hint = "an empty copy of the table is made in a schema of its own and rolled back: the role needs CREATE on the \
                database for it";
    let failure = Failure::new(exit::FAILED, "can't try the change on a copy of the table").because(&error);
    let is_right = error.code() == Some(&tokio_postgres::error::SqlState::INSUFFICIENT_PRIVILEGE);
    failure.hint(is_right.then(|| hint.to_owned()))
}

impl SyncArgs {
    fn options(&self) -> SyncOptions {
        let both_written = match self.both_written {
            Which::New => BothWritten::NewWins,
            Which::Old => BothWritten::OldWins,
            Which::Refuse => BothWritten::Refuse,
        };
        SyncOptions { both_written, always: self.always }
    }
}

fn name(written: &str) -> Result<Ident, Failure> {
    Ident::parse(written).map_err(|error| Failure::from_error(exit::USAGE, &error))
}

/// The column of that name, and all that stands on it.
async fn read(context: &Context<'_>, written: &str) -> Result<(Connection, Anatomy), Failure> {
    let (table, name) =
        TableName::parse_with_column(written).map_err(|error| Failure::from_error(exit::USAGE, &error))?;
    let connection = context.connector()?.connect("kit").await?;
    let anatomy = column(context, &connection, &table, &name).await?;
    Ok((connection, anatomy))
}

async fn column(
    context: &Context<'_>,
    connection: &Connection,
    table: &TableName,
    column: &Ident,
) -> Result<Anatomy, Failure> {
    let cant = |error: tokio_postgres::Error| {
        Failure::new(exit::FAILED, format!("can't read what stands on {table}.{column}")).because(&error)
    };
    let Some(found) = Table::read(connection, table).await.map_err(cant)? else {
        return Err(Failure::new(exit::USAGE, format!("there is no table {table}")));
    };
    let control = &context.store.schema;
    Anatomy::read(connection, (found.oid, &column.0), control).await.map_err(cant)?.ok_or_else(|| {
        let columns = found.columns.iter().map(|column| column.name.0.as_str());
        let near = nearest(&column.0, columns);
        let hint = near.map(|near| format!("did you mean `{}`?", Ident(near.to_owned())));
        Failure::new(exit::USAGE, format!("{} has no column {column}", found.name)).hint(hint)
    })
}

/// Writes the files, each revising the one before, or none of them.
fn write(
    context: &Context<'_>,
    revisions: &Revisions,
    args: &ChangeArgs,
    pages: &[Page],
    book: &Book,
) -> Result<u8, Failure> {
    let mut revises = parents(args.head.as_deref(), args.splice, revisions)?;
    let mut written: Vec<(String, PathBuf)> = Vec::new();
    for page in pages {
        let draft = Draft {
            id: id(None),
            message: page.message.clone(),
            revises: std::mem::take(&mut revises),
            depends: Vec::new(),
            label: None,
            kind: page.kind,
        };
        revises = vec![draft.id.clone()];
        let new =
            NewFile { draft, dir: args.inside.clone(), then: Then::Leave, body: Some(page.text.clone()) };
        let created = context.manifest().and_then(|manifest| new_file::create(context, &manifest, &new));
        match created {
            Ok(file) => written.push((new.draft.id, file)),
            Err(failure) => {
                for (_, file) in &written {
                    let _ = std::fs::remove_file(file);
                }
                return Err(failure.detail(Some("no file of the change was left behind".to_owned())));
            }
        }
    }
    for (_, file) in &written {
        new_file::finish(context, file, Then::Leave)?;
    }
    report(context, &written, pages, book);
    Ok(exit::DONE)
}

fn report(context: &Context<'_>, written: &[(String, PathBuf)], pages: &[Page], book: &Book) {
    let printer = context.printer;
    if printer.json {
        let files: Vec<Value> = written
            .iter()
            .zip(pages)
            .map(|((id, file), page)| json!({ "id": id, "file": file, "message": page.message, "when": page.when }))
            .collect();
        let all = json!({ "revisions": files, "by_hand": book.by_hand, "notes": book.notes });
        printer.data(&format!("{all:#}"));
        return;
    }
    for ((id, file), page) in written.iter().zip(pages) {
        printer.data(&format!("{}", file.display()));
        printer.say(&format!("    longhaul upgrade {id}    # {}", page.when));
    }
    for note in &book.notes {
        printer.say(&format!("note: {note}"));
    }
    for item in &book.by_hand {
        printer.say(&format!("by hand: {item}"));
    }
}

impl From<KitError> for Failure {
    fn from(error: KitError) -> Self {
        Self::from_error(exit::USAGE, &error).hint(Some(error.hint().to_owned()))
    }
}
