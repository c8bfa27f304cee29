//! Names that change under programs that use them.

use super::{Case, Words, shell};
use crate::plan::lint::finding::{Finding, Level};
use crate::plan::lint::operation::{Change, Operation};

pub(super) fn rename(case: &Case<'_>) -> Option<Finding> {
    let Operation::Alter { table, change } = case.operation else { return None };
    let (old, safe) = match change {
        Change::RenameColumn { from, to } => (
            format!("{table}.{from}"),
            format!("longhaul rename-column {} {}", shell(&format!("{table}.{from}")), shell(to)),
        ),
        Change::RenameTable { to } => (
            table.clone(),
            format!(
                "-- in the same transaction, for as long as programs use the old name:\n\
                 CREATE VIEW {table} WITH (security_invoker) AS SELECT * FROM {to};"
            ),
        ),
        _ => return None,
    };
    // Without a row nothing that runs depends on it yet.
    let is_empty = case.scene.relation(table).is_some_and(|found| found.heap == 0);
    if case.effects.is_empty() {
        return None;
    }
    let level = if is_empty { Level::Note } else { Level::Danger };
    Some(case.finding(
        level,
        Words {
            says: format!("programs that use {old} fail from the moment this commits"),
            why: "old and new programs run side by side while they are deployed; PL/pgSQL finds out when it runs",
            safe,
        },
    ))
}
