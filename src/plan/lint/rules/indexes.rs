//! Indexes.

use super::{Case, Words};
use crate::plan::lint::finding::{Finding, Level};
use crate::plan::lint::operation::{Change, Operation};

const ALONE: &str = "-- in a revision with `-- migrate:up transaction:false`:\n";

pub(super) fn create(case: &Case<'_>) -> Option<Finding> {
    let Operation::CreateIndex { table, concurrently: false, .. } = case.operation else { return None };
    let is_partitioned =
        case.scene.relation(table).is_some_and(crate::plan::lint::facts::Relation::is_partitioned);
    let rest = case.after(" INDEX ").unwrap_or_default();
    let unique =
        if case.statement.sql.to_ascii_uppercase().contains("UNIQUE INDEX") { "UNIQUE " } else { "" };
    let safe = if is_partitioned {
        format!(
            "CREATE {unique}INDEX … ON ONLY {table} (…);\n{ALONE}-- for each partition\n\
             CREATE {unique}INDEX CONCURRENTLY … ON PARTITION (…);\nALTER INDEX … ATTACH PARTITION …;"
        )
    } else {
        format!("{ALONE}CREATE {unique}INDEX CONCURRENTLY {rest};")
    };
    case.if_blocking(|| Words {
        says: format!("the index on {table} is built while writes wait"),
        why: "CREATE INDEX without CONCURRENTLY holds SHARE until the index is built, and the transaction's end",
        safe,
    })
}

pub(super) fn drop(case: &Case<'_>) -> Option<Finding> {
    let Operation::DropIndex { index, concurrently: false } = case.operation else { return None };
    let table = &case.effects.first()?.table;
    Some(case.finding(
        Level::Note,
        Words {
            says: format!("DROP INDEX {index} asks for ACCESS EXCLUSIVE on {table}"),
            why: "it is held for a moment, and longhaul lets old transactions finish first; in the background nobody waits at all",
            safe: format!("{ALONE}DROP INDEX CONCURRENTLY {index};"),
        },
    ))
}

pub(super) fn reindex(case: &Case<'_>) -> Option<Finding> {
    let Operation::Reindex { name, concurrently: false } = case.operation else { return None };
    let upper = case.statement.sql.to_ascii_uppercase();
    let word = ["INDEX", "TABLE", "SCHEMA", "DATABASE"]
        .into_iter()
        .find(|word| upper.split_whitespace().skip(1).any(|found| found == *word));
    let (word, target) = (word.unwrap_or("INDEX"), name.as_deref().unwrap_or_default());
    let words = || Words {
        says: format!(
            "REINDEX {word} {target} builds again while writes wait, and reads that would use the index"
        ),
        why: "REINDEX without CONCURRENTLY holds SHARE on the table and ACCESS EXCLUSIVE on its indexes",
        safe: format!("{ALONE}REINDEX {word} CONCURRENTLY {target};"),
    };
    if name.is_none() || (case.effects.is_empty() && !case.scene.facts.is_read) {
        return Some(case.finding(Level::Danger, words()));
    }
    case.if_blocking(words)
}

pub(super) fn concurrently(case: &Case<'_>) -> Option<Finding> {
    let what = match case.operation {
        Operation::CreateIndex { concurrently: true, .. } => "CREATE INDEX CONCURRENTLY",
        Operation::DropIndex { concurrently: true, .. } => "DROP INDEX CONCURRENTLY",
        Operation::Reindex { concurrently: true, .. } => "REINDEX CONCURRENTLY",
        Operation::Alter { change: Change::Detach { concurrently: true, .. }, .. } => {
            "DETACH PARTITION CONCURRENTLY"
        }
        Operation::Repack { word: word @ "VACUUM FULL", .. } => word,
        _ => return None,
    };
    case.scene.in_transaction.then(|| {
        case.finding(
            Level::Danger,
            Words {
                says: format!("{what} can't run in a transaction: the revision fails"),
                why: "the section is one transaction",
                safe: "-- migrate:up transaction:false".to_owned(),
            },
        )
    })
}
