//! A column and everything that stands on it, as the catalog has it: what a change of its name or type must take along.
//!
//! Only `pg_catalog` is read. [`scratch`] asks PostgreSQL how definitions read once the column is renamed.

mod facts;
pub mod scratch;

use serde::de::DeserializeOwned;
use tokio_postgres::{Client, Error};

use crate::pg::quote::Quoting;

pub use facts::{
    Check, ColumnFacts, ForeignKey, Function, Grant, Identity, Index, IndexConstraint, Leaf, Policy,
    Publication, Sequence, StatisticsObject, TableFacts, Trigger, View,
};

/// A table's column with all that stands on it.
#[derive(Clone, Debug)]
pub struct Anatomy {
    /// The table.
    pub table: TableFacts,
    /// The column.
    pub column: ColumnFacts,
    /// Indexes that have it in them.
    pub indexes: Vec<Index>,
    /// CHECK constraints that read it.
    pub checks: Vec<Check>,
    /// Foreign keys from it and to it.
    pub foreign_keys: Vec<ForeignKey>,
    /// All triggers of the table.
    pub triggers: Vec<Trigger>,
    /// Policies that read it.
    pub policies: Vec<Policy>,
    /// Views that read it, and those that stand on them, lowest first.
    pub views: Vec<View>,
    /// Extended statistics on it.
    pub statistics: Vec<StatisticsObject>,
    /// Publications that the table is in.
    pub publications: Vec<Publication>,
    /// Functions whose text names it.
    pub functions: Vec<Function>,
    /// Whatever else depends on it, in PostgreSQL's words: generated columns, rules, functions with a parsed body.
    pub others: Vec<String>,
}

impl Anatomy {
    /// Reads it; functions of the schema `control` are left out. `None` when the table has no such column.
    pub async fn read(
        client: &Client,
        (table, column): (u32, &str),
        control: &str,
    ) -> Result<Option<Self>, Error> {
        let row = client.query_opt(include_str!("anatomy/column.sql"), &[&table, &column]).await?;
        let Some(row) = row else { return Ok(None) };
        let facts: ColumnFacts = parsed(row.get(0));
        let number = i32::from(facts.number);
        let about = async |sql: &str| -> Result<String, Error> {
            client.query_one(sql, &[&table, &number]).await.map(|row| row.get(0))
        };
        let table_facts = TableFacts::read(client, table).await?;
        let condition = if table_facts.version < 150_000 { "NULL" } else { "pg_get_expr(r.prqual, $1)" };
        let publications = include_str!("anatomy/publications.sql").replace("{condition}", condition);
        let functions =
            client.query_one(include_str!("anatomy/functions.sql"), &[&table, &column, &control]).await?;
        let found = Self {
            indexes: parsed(&about(include_str!("anatomy/indexes.sql")).await?),
            checks: parsed(&about(include_str!("anatomy/checks.sql")).await?),
            foreign_keys: parsed(&about(include_str!("anatomy/foreign_keys.sql")).await?),
            triggers: parsed(&about(include_str!("anatomy/triggers.sql")).await?),
            policies: parsed(&about(include_str!("anatomy/policies.sql")).await?),
            views: parsed(&about(include_str!("anatomy/views.sql")).await?),
            statistics: parsed(&about(include_str!("anatomy/statistics.sql")).await?),
            publications: parsed(&about(&publications).await?),
            functions: parsed(functions.get(0)),
            others: parsed(&about(include_str!("anatomy/others.sql")).await?),
            table: table_facts,
            column: facts,
        };
        Ok(Some(found))
    }

    /// How names are written for a person to read.
    #[must_use]
    pub fn quoting(&self) -> Quoting<'_> {
        Quoting::new(&self.table.keywords)
    }
}

impl TableFacts {
    /// Reads them of a table that is there.
    pub async fn read(client: &Client, table: u32) -> Result<Self, Error> {
        let row = client.query_one(include_str!("anatomy/table.sql"), &[&table]).await?;
        Ok(parsed(row.get(0)))
    }
}

/// What our own query built.
fn parsed<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).expect("the query builds what is read here")
}
