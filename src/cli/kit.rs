//! `longhaul rename-column` and its kin: the revisions of a change without downtime, as files.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::new_file::{self, NewFile, Then};
use super::revision::{id, parents};
use super::revisions::Revisions;
use crate::kit::{Book, BothWritten, KitError, Page, PageKind, RenameOptions, rename};
use crate::manifest::{Draft, DraftKind, nearest};
use crate::model::{Ident, TableName};
use crate::pg::Connection;
use crate::pg::anatomy::{Anatomy, scratch};
use crate::pg::catalog::Table;

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
    let (connection, anatomy) = anatomy(context, &args.column).await?;
    let renamed = scratch::renamed(&connection, &anatomy, &new.0).await.map_err(|error| {
        let hint = "an empty copy of the table is made in a schema of its own and rolled back: the role needs \
                    CREATE on the database for it";
        Failure::new(exit::FAILED, "can't try the new name on a copy").because(&error).hint(Some(hint.to_owned()))
    })?;
    let (pages, book) = rename(&anatomy, &renamed, &new.0, &args.sync.options())?;
    write(context, &revisions, &args.change, &pages, &book)
}

impl SyncArgs {
    fn options(&self) -> RenameOptions {
        let both_written = match self.both_written {
            Which::New => BothWritten::NewWins,
            Which::Old => BothWritten::OldWins,
            Which::Refuse => BothWritten::Refuse,
        };
        RenameOptions { both_written, always: self.always }
    }
}

fn name(written: &str) -> Result<Ident, Failure> {
    Ident::parse(written).map_err(|error| Failure::from_error(exit::USAGE, &error))
}

/// The column, and all that stands on it.
async fn anatomy(context: &Context<'_>, written: &str) -> Result<(Connection, Anatomy), Failure> {
    let (table, column) =
        TableName::parse_with_column(written).map_err(|error| Failure::from_error(exit::USAGE, &error))?;
    let connection = context.connector()?.connect("kit").await?;
    let cant = |error: tokio_postgres::Error| {
        Failure::new(exit::FAILED, format!("can't read what stands on {written}")).because(&error)
    };
    let Some(found) = Table::read(&connection, &table).await.map_err(cant)? else {
        return Err(Failure::new(exit::USAGE, format!("there is no table {table}")));
    };
    match Anatomy::read(&connection, found.oid, &column.0).await.map_err(cant)? {
        Some(anatomy) => Ok((connection, anatomy)),
        None => {
            let columns = found.columns.iter().map(|column| column.name.0.as_str());
            let near =
                nearest(&column.0, columns).map(|near| format!("did you mean `{}`?", Ident(near.to_owned())));
            let message = format!("{} has no column {column}", found.name);
            Err(Failure::new(exit::USAGE, message).hint(near))
        }
    }
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
        let kind = match page.kind {
            PageKind::Schema => DraftKind::Schema,
            PageKind::Job => DraftKind::Job,
        };
        let draft = Draft {
            id: id(None),
            message: page.message.clone(),
            revises: std::mem::take(&mut revises),
            depends: Vec::new(),
            label: None,
            kind,
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
