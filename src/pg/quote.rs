//! The one way for an identifier to become SQL. Values never do: they are parameters.

use crate::model::{Ident, TableName};

/// The identifier in double quotes, always: no list of keywords to keep, and any name is only a name.
#[must_use]
pub fn ident(ident: &Ident) -> String {
    quoted(&ident.0)
}

/// Any text as an identifier.
#[must_use]
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `"schema"."table"`.
#[must_use]
pub fn table(name: &TableName) -> String {
    match &name.schema {
        Some(schema) => format!("{}.{}", ident(schema), ident(&name.table)),
        None => ident(&name.table),
    }
}

/// `"a", "b"`.
#[must_use]
pub fn list<'n>(names: impl IntoIterator<Item = &'n Ident>) -> String {
    names.into_iter().map(ident).collect::<Vec<_>>().join(", ")
}
