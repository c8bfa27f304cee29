//! How old the oldest transaction of others is: nothing that dies after it began can be cleaned up.

use tokio_postgres::Error;

use super::source::{HIDDEN, in_force, not_applicable, out_of_reach, value};
use crate::model::Limits;
use crate::pg::Connection;
use crate::plan::pressure::{Reading, Rule, Unit};

pub(super) fn rule(limits: &Limits) -> Option<Rule> {
    let (most, explicit) = in_force(limits.oldest_transaction, Limits::DEFAULTS.oldest_transaction)?;
    Some(Rule { explicit, ..Rule::above("oldest transaction", Unit::Seconds, most.as_secs_f64()) })
}

pub(super) async fn read(connection: &Connection) -> Result<Reading, Error> {
    let statement = connection.prepared(include_str!("oldest_transaction.sql")).await?;
    let row = connection.query_one(&statement, &[]).await?;
    if row.get::<_, i64>("hidden") > 0 {
        return Ok(out_of_reach(HIDDEN));
    }
    Ok(match row.get::<_, Option<f64>>("seconds") {
        Some(seconds) => value(seconds, row.get::<_, String>("who")),
        None => not_applicable("no other transaction is open"),
    })
}
