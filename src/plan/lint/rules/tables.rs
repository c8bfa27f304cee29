//! Whole tables, partitions and views.

use super::{Case, Words};
use crate::plan::lint::cost::Work;
use crate::plan::lint::finding::{Finding, Level};
use crate::plan::lint::operation::{Change, Operation};

pub(super) fn relocate(case: &Case<'_>) -> Option<Finding> {
    let Operation::Alter { table, change: Change::Move { word } } = case.operation else { return None };
    case.if_blocking(|| Words {
        says: format!("{word} writes the whole of {table} anew"),
        why: "the table is copied under ACCESS EXCLUSIVE",
        safe: format!(
            "-- a new table beside {table}, filled by a job (kind = \"copy\"), and the names exchanged at the end"
        ),
    })
}

pub(super) fn repack(case: &Case<'_>) -> Option<Finding> {
    let Operation::Repack { table, word } = case.operation else { return None };
    let target = table.as_deref().unwrap_or("every table");
    let words = || Words {
        says: format!("{word} writes the whole of {target} anew"),
        why: "the table is copied under ACCESS EXCLUSIVE",
        safe: format!(
            "-- VACUUM {target} gives the room to new rows without a lock; to give it back to the disk, pg_repack"
        ),
    };
    if table.is_none() {
        return Some(case.finding(Level::Danger, words()));
    }
    case.if_blocking(words)
}

pub(super) fn refresh(case: &Case<'_>) -> Option<Finding> {
    let Operation::Refresh { view, concurrently: false } = case.operation else { return None };
    case.if_blocking(|| Words {
        says: format!("{view} can't be read until its query is through"),
        why: "REFRESH without CONCURRENTLY holds ACCESS EXCLUSIVE on the view",
        safe: format!("-- with a unique index on the view:\nREFRESH MATERIALIZED VIEW CONCURRENTLY {view};"),
    })
}

pub(super) fn attach(case: &Case<'_>) -> Option<Finding> {
    let (parent, child) = match case.operation {
        Operation::Alter { table, change: Change::Attach { child } } => (table, child),
        Operation::CreateTable { table, partition_of: Some(parent), .. } => (parent, table),
        _ => return None,
    };
    case.if_blocking(|| {
        let is_default = case.effects.iter().any(|effect| effect.work == Work::Scan && effect.table != *child);
        let (what, safe) = if is_default {
            (
                "the default partition",
                format!(
                    "-- a CHECK on the default partition that rules the new rows out: first NOT VALID, validated in another\n\
                     -- revision; then {child} is attached without a look"
                ),
            )
        } else {
            (
                "the new partition",
                format!(
                    "ALTER TABLE {child} ADD CONSTRAINT … CHECK (what the partition's bounds say) NOT VALID;\n\
                     -- in the next revision:\nALTER TABLE {child} VALIDATE CONSTRAINT …;\n\
                     -- in the one after that, which looks at no row then:\nALTER TABLE {parent} ATTACH PARTITION {child} …;"
                ),
            )
        };
        Words {
            says: format!("every row of {what} is looked at before {child} belongs to {parent}"),
            why: "no valid CHECK says that the rows belong there, so they are looked at under ACCESS EXCLUSIVE",
            safe,
        }
    })
}

pub(super) fn detach(case: &Case<'_>) -> Option<Finding> {
    let Operation::Alter { table, change: Change::Detach { child, concurrently: false } } = case.operation
    else {
        return None;
    };
    if case.effects.is_empty() {
        return None;
    }
    Some(case.finding(
        Level::Note,
        Words {
            says: format!("DETACH PARTITION asks for ACCESS EXCLUSIVE on {table} and {child}"),
            why: "it is held for a moment; in the background nobody waits at all",
            safe: format!(
                "-- in a revision with `-- migrate:up transaction:false`:\nALTER TABLE {table} DETACH PARTITION {child} CONCURRENTLY;"
            ),
        },
    ))
}

pub(super) fn lose(case: &Case<'_>) -> Option<Finding> {
    let (what, table) = match case.operation {
        Operation::DropTable { table } => (format!("the table {table} is dropped"), table),
        Operation::Truncate { table, .. } => (format!("the rows of {table} are thrown away"), table),
        Operation::Alter { table, change: Change::DropColumn { column } } => {
            (format!("the column {table}.{column} is dropped"), table)
        }
        _ => return None,
    };
    if case.scene.is_new(table) {
        return None;
    }
    Some(case.finding(
        Level::Note,
        Words {
            says: format!("{what}: no revision brings its values back"),
            why: "programs that still use it fail from then on",
            safe: "-- when no program has used it for a while; `longhaul upgrade` runs [callbacks] backup before it"
                .to_owned(),
        },
    ))
}
