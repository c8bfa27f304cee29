//! Reads what `plan::lint` is to know of a database: one query, whatever there is to ask.

use tokio_postgres::{Client, Error};

use crate::plan::lint::facts::{Asked, Facts};

const FACTS: &str = include_str!("catalog/lint_facts.sql");

/// Reads only, and waits for nobody.
pub(crate) async fn read(client: &Client, asked: &Asked) -> Result<Facts, Error> {
    let row = client.query_one(FACTS, &[&asked.relations, &asked.types, &asked.functions]).await?;
    Ok(serde_json::from_str(row.get(0)).expect("the query builds what the type reads"))
}
