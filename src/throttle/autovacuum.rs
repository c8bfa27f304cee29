//! An autovacuum of the table. Off unless asked for: the run's own updates start it, and it would eat the night.

use tokio_postgres::Error;

use super::source::{HIDDEN, out_of_reach, value};
use crate::model::{Limits, OnAutovacuum};
use crate::pg::Connection;
use crate::plan::pressure::{Reading, Rule, Unit};

pub(super) fn rule(limits: &Limits) -> Option<Rule> {
    let is_held = limits.autovacuum == Some(OnAutovacuum::Hold);
    is_held.then(|| Rule::above("autovacuum workers on the table", Unit::Count, 0.0))
}

pub(super) async fn read(connection: &Connection, table: u32) -> Result<Reading, Error> {
    let statement = connection.prepared(include_str!("autovacuum.sql")).await?;
    let row = connection.query_one(&statement, &[&table]).await?;
    if row.get::<_, i64>("hidden") > 0 {
        return Ok(out_of_reach(HIDDEN));
    }
    Ok(value(row.get::<_, i64>("workers") as f64, row.get::<_, String>("doing")))
}
