//! What the catalog says about a table: its kind, columns, and the keys it can be walked by.

use tokio_postgres::{Client, Error};

use crate::model::{Ident, Key, KeyColumn, TableName};
use crate::pg::{quote, search_path};

/// A table as the catalog has it.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its object id.
    pub oid: u32,
    /// Its full name.
    pub name: TableName,
    /// Table, view, ...
    pub kind: RelationKind,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// Its unique indexes that could serve as keys or nearly, the primary key first.
    pub indexes: Vec<UniqueIndex>,
    /// Row security hides rows from this role.
    pub row_security: bool,
}

/// `pg_class.relkind`, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationKind {
    /// An ordinary table.
    Table,
    /// A partitioned table.
    Partitioned,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A foreign table.
    Foreign,
    /// A sequence, an index, a composite type.
    Other,
}

/// A column.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of the catalog's")]
pub struct Column {
    /// Its name.
    pub name: Ident,
    /// Its type with its modifier, as SQL writes it; text and bit types without their length.
    pub type_name: String,
    /// NOT NULL.
    pub not_null: bool,
    /// `GENERATED ALWAYS AS (…)`.
    pub generated: bool,
    /// `GENERATED ALWAYS AS IDENTITY`.
    pub identity_always: bool,
    /// This role may update it.
    pub updatable: bool,
}

/// A unique index and what it may lack as a key.
#[derive(Clone, Debug)]
pub struct UniqueIndex {
    /// Its columns in order, as a key.
    pub key: Key,
    /// It is the primary key's.
    pub primary: bool,
    /// Columns of it that may be NULL.
    pub nullable: Vec<Ident>,
    /// Why it can't serve even so: partial, on an expression, not valid, mixed directions, NULLs on the
    /// unusual side, foreign collation.
    pub unfit: Option<String>,
}

impl Table {
    /// Reads the table of that name, as the role's SQL would find it; `None` when there is none that it can see.
    pub async fn read(client: &Client, name: &TableName) -> Result<Option<Self>, Error> {
        let written = quote::table(name);
        let found = search_path::ask_as_author(client, search_path::FIND_RELATION, &[&written]).await?;
        let Some(oid) = found.get::<_, Option<u32>>(0) else { return Ok(None) };
        let Some(row) = client.query_opt(include_str!("catalog/table.sql"), &[&oid]).await? else {
            return Ok(None);
        };
        let kind: &str = row.get("kind");
        Ok(Some(Self {
            oid,
            name: TableName { schema: Some(Ident(row.get("schema"))), table: Ident(row.get("name")) },
            kind: RelationKind::from_catalog(kind),
            columns: columns(client, oid).await?,
            indexes: indexes(client, oid).await?,
            row_security: row.get("row_security"),
        }))
    }

    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &Ident) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == *name)
    }
}

impl RelationKind {
    fn from_catalog(kind: &str) -> Self {
        match kind {
            "r" => Self::Table,
            "p" => Self::Partitioned,
            "v" => Self::View,
            "m" => Self::MaterializedView,
            "f" => Self::Foreign,
            _ => Self::Other,
        }
    }

    /// What a person calls it.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Table => "a table",
            Self::Partitioned => "a partitioned table",
            Self::View => "a view",
            Self::MaterializedView => "a materialized view",
            Self::Foreign => "a foreign table",
            Self::Other => "no table",
        }
    }
}

async fn columns(client: &Client, oid: u32) -> Result<Vec<Column>, Error> {
    let rows = client.query(include_str!("catalog/columns.sql"), &[&oid]).await?;
    Ok(rows
        .iter()
        .map(|row| Column {
            name: Ident(row.get("name")),
            type_name: row.get("type_name"),
            not_null: row.get("not_null"),
            generated: row.get("generated"),
            identity_always: row.get("identity_always"),
            updatable: row.get("updatable"),
        })
        .collect())
}

async fn indexes(client: &Client, oid: u32) -> Result<Vec<UniqueIndex>, Error> {
    let rows = client.query(include_str!("catalog/unique_indexes.sql"), &[&oid]).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let names: Vec<String> = row.get("columns");
            let types: Vec<String> = row.get("types");
            let nullable: Vec<String> = row.get("nullable");
            let columns = names.into_iter().zip(types);
            UniqueIndex {
                key: Key {
                    index: row.get("name"),
                    columns: columns
                        .map(|(name, type_name)| KeyColumn { name: Ident(name), type_name })
                        .collect(),
                    schemas: row.get("schemas"),
                },
                primary: row.get("primary"),
                nullable: nullable.into_iter().map(Ident).collect(),
                unfit: row.get("unfit"),
            }
        })
        .collect())
}
