//! Which part of the table's rows is dead, as the server's statistics have it.

use tokio_postgres::Error;

use super::source::{in_force, not_applicable, value};
use crate::model::Limits;
use crate::pg::Connection;
use crate::plan::pressure::{Reading, Rule, Unit};

pub(super) fn rule(limits: &Limits) -> Option<Rule> {
    let (most, explicit) = in_force(limits.dead_tuples, Limits::DEFAULTS.dead_tuples)?;
    Some(Rule { explicit, ..Rule::above("dead rows of the table", Unit::Share, most) })
}

pub(super) async fn read(connection: &Connection, table: u32) -> Result<Reading, Error> {
    let statement = connection.prepared(include_str!("dead_tuples.sql")).await?;
    let row = connection.query_one(&statement, &[&table]).await?;
    let (dead, live): (i64, i64) = (row.get("dead"), row.get("live"));
    Ok(match dead + live {
        0 => not_applicable("the statistics know no row of the table"),
        all => value(dead as f64 / all as f64, ""),
    })
}
