//! Rows that are changed by a schema revision, and statements that nobody can look into.

use super::{Case, Words};
use crate::plan::lint::cost::{Estimate, writing};
use crate::plan::lint::finding::{Finding, Level};
use crate::plan::lint::operation::Operation;

/// An UPDATE in one transaction may take so long: its rows can't be written meanwhile, and its dead rows stay.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

pub(super) fn bulk_write(case: &Case<'_>) -> Option<Finding> {
    let Operation::Write { table, word, has_where } = case.operation else { return None };
    if case.scene.is_new(table) {
        return None;
    }
    // Never analysed: rows of about 100 bytes.
    let rows = case.scene.relation(table).map(|found| found.rows.unwrap_or(found.heap / 100));
    let time = rows.map_or(Estimate::Unknown, |rows| Estimate::About(writing(rows)));
    let is_short = matches!(time, Estimate::About(time) if time < PATIENCE);
    let level = match (is_short, has_where) {
        (true, _) => Level::Note,
        (false, true) => Level::Warning,
        (false, false) => Level::Danger,
    };
    let which = if *has_where { "those rows of" } else { "every row of" };
    Some(case.finding(
        level,
        Words {
            says: format!("{word} changes {which} {table} in one transaction ({} for all)", time.words()),
            why: "whoever writes one of its rows waits to the end, VACUUM cleans up nothing meanwhile, and after a failure \
                  all begins anew",
            safe: format!("-- in batches, resumable: longhaul revision --job -m \"…\" for {table}"),
        },
    ))
}

pub(super) fn opaque(case: &Case<'_>) -> Option<Finding> {
    let Operation::Opaque { word } = case.operation else { return None };
    Some(case.finding(
        Level::Note,
        Words {
            says: format!("{word} is not looked into"),
            why: "what it locks is known only when it has run; `longhaul log` tells then",
            safe: "-- the statements themselves, where they can be written out".to_owned(),
        },
    ))
}

pub(super) fn unread(case: &Case<'_>) -> Option<Finding> {
    let Operation::Unread { problem } = case.operation else { return None };
    Some(case.finding(
        Level::Warning,
        Words {
            says: format!("this could not be read: {problem}"),
            why: "nothing can be said about it; PostgreSQL has the last word on what is SQL",
            safe: String::new(),
        },
    ))
}
