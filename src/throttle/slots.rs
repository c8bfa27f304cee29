//! WAL that replication slots keep on the primary's disk, and slots that are about to lose theirs.

use tokio_postgres::Error;

use super::source::{Readings, in_force, not_applicable, value};
use crate::model::Limits;
use crate::pg::Connection;
use crate::plan::pressure::{Rule, Unit};

/// How much a slot keeps, and whether one loses WAL that its replica needs. One limit governs both.
pub(super) fn rules(limits: &Limits) -> Vec<Option<Rule>> {
    let limit = in_force(limits.slot_retained, Limits::DEFAULTS.slot_retained);
    let rule =
        |signal, unit, most| limit.map(|(_, explicit)| Rule { explicit, ..Rule::above(signal, unit, most) });
    let most = limit.map_or(0.0, |(bytes, _)| bytes as f64);
    vec![rule("WAL kept by a slot", Unit::Bytes, most), rule("a slot loses WAL", Unit::Truth, 0.0)]
}

pub(super) async fn read(connection: &Connection) -> Result<Readings, Error> {
    let statement = connection.prepared(include_str!("slots.sql")).await?;
    let rows = connection.query(&statement, &[]).await?;
    let Some(keeping) = rows.first() else {
        let none = not_applicable("there is no replication slot");
        return Ok(vec![none.clone(), none]);
    };
    let who = |row: &tokio_postgres::Row| format!("slot {}", row.get::<_, String>("name"));
    let kept = value(keeping.get::<_, i64>("kept") as f64, who(keeping));
    let losing = rows.iter().find(|row| row.get("loses"));
    let loses = match losing {
        Some(row) => value(1.0, format!("{}, wal_status {}", who(row), row.get::<_, String>("wal_status"))),
        None => value(0.0, ""),
    };
    Ok(vec![kept, loses])
}
