//! Constraints that are added.

use super::{Case, Words, name_for};
use crate::plan::lint::finding::{Finding, Level};
use crate::plan::lint::operation::{Change, ConstraintKind, NewConstraint, Operation};

fn added<'c>(case: &Case<'c>) -> Option<(&'c str, &'c NewConstraint)> {
    match case.operation {
        Operation::Alter { table, change: Change::AddConstraint(added) } => Some((table, added)),
        _ => None,
    }
}

/// The constraint added without looking, and looked at later.
fn later(table: &str, added: &NewConstraint, name: &str) -> String {
    format!(
        "ALTER TABLE {table} ADD CONSTRAINT {name} {} NOT VALID;\n\
         -- in the next revision, beside reads and writes:\nALTER TABLE {table} VALIDATE CONSTRAINT {name};",
        added.body
    )
}

pub(super) fn check(case: &Case<'_>) -> Option<Finding> {
    let (table, added) = added(case)?;
    let what = match &added.kind {
        ConstraintKind::Check { .. } => "the CHECK",
        ConstraintKind::NotNull { .. } => "NOT NULL",
        _ => return None,
    };
    let name = added.name.clone().unwrap_or_else(|| name_for(table, &[], "check"));
    case.if_blocking(|| Words {
        says: format!("{what} looks at every row of {table}"),
        why: "without NOT VALID the rows are looked at under ACCESS EXCLUSIVE",
        safe: later(table, added, &name),
    })
}

pub(super) fn foreign_key(case: &Case<'_>) -> Option<Finding> {
    let (table, added) = added(case)?;
    let ConstraintKind::ForeignKey { columns, references } = &added.kind else { return None };
    let parts: Vec<&str> = columns.iter().map(String::as_str).collect();
    let name = added.name.clone().unwrap_or_else(|| name_for(table, &parts, "fkey"));
    let is_partitioned =
        case.scene.relation(table).is_some_and(super::super::facts::Relation::is_partitioned);
    let safe = if is_partitioned && case.scene.facts.version < 18 {
        format!(
            "-- before PostgreSQL 18 a partitioned table takes no NOT VALID: for each partition\n{}\n-- and then\n\
             ALTER TABLE {table} ADD CONSTRAINT {name} {};",
            later("PARTITION", added, &name),
            added.body
        )
    } else {
        later(table, added, &name)
    };
    case.if_blocking(|| Words {
        says: format!("each row of {table} is looked up in {references}"),
        why: "without NOT VALID the rows are looked up under SHARE ROW EXCLUSIVE on both tables",
        safe,
    })
}

pub(super) fn unique(case: &Case<'_>) -> Option<Finding> {
    let (table, added) = added(case)?;
    let (word, safe) = match &added.kind {
        ConstraintKind::Unique { word, columns, .. } => {
            let parts: Vec<&str> = columns.iter().map(String::as_str).collect();
            let suffix = if *word == "UNIQUE" { "key" } else { "pkey" };
            let parts = if *word == "UNIQUE" { parts.as_slice() } else { &[] };
            let name = added.name.clone().unwrap_or_else(|| name_for(table, parts, suffix));
            let columns = columns.join(", ");
            let safe = format!(
                "-- in a revision with `-- migrate:up transaction:false`:\n\
                 CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({columns});\n\
                 ALTER TABLE {table} ADD CONSTRAINT {name} {word} USING INDEX {name};"
            );
            (*word, safe)
        }
        ConstraintKind::Exclude => (
            "EXCLUDE",
            format!(
                "-- EXCLUDE can't be added in the background: while {table} is small, or on a new table that a job copies to"
            ),
        ),
        _ => return None,
    };
    case.if_blocking(|| Words {
        says: format!("the index of {word} on {table} is built while all wait"),
        why: "ADD CONSTRAINT builds its index under ACCESS EXCLUSIVE",
        safe,
    })
}

pub(super) fn no_index(case: &Case<'_>) -> Option<Finding> {
    let (table, columns, other) = match case.operation {
        Operation::Alter { table, change: Change::AddColumn(column) } => {
            (table, vec![column.name.clone()], column.references.as_ref()?)
        }
        Operation::Alter { table, change: Change::AddConstraint(added) } => match &added.kind {
            ConstraintKind::ForeignKey { columns, references } => (table, columns.clone(), references),
            _ => return None,
        },
        _ => return None,
    };
    let scene = case.scene;
    if columns.is_empty() || scene.has_index_on(table, &columns) || scene.is_new(table) {
        return None;
    }
    let parts: Vec<&str> = columns.iter().map(String::as_str).collect();
    let index = name_for(table, &parts, "idx");
    let is_large = scene.relation(table).is_some_and(|found| found.heap > LARGE);
    let level = if is_large { Level::Warning } else { Level::Note };
    Some(case.finding(
        level,
        Words {
            says: format!("no index of {table} begins with {}", columns.join(", ")),
            why: "each DELETE, and each UPDATE of the key, of a row it points to looks through the whole table",
            safe: format!(
                "-- {other} is pointed to; in a revision with `-- migrate:up transaction:false`:\n\
                 CREATE INDEX CONCURRENTLY {index} ON {table} ({});",
                columns.join(", ")
            ),
        },
    ))
}

/// Bytes of a table that nobody wants looked through for every deleted row.
const LARGE: u64 = 1 << 20;

pub(super) fn domain(case: &Case<'_>) -> Option<Finding> {
    let Operation::CheckDomain { domain } = case.operation else { return None };
    let known = case.scene.facts.is_read;
    if !known {
        return Some(case.finding(Level::Warning, domain_words(domain)));
    }
    case.if_blocking(|| domain_words(domain))
}

fn domain_words(domain: &str) -> Words {
    Words {
        says: format!("every row of every table with a column of {domain} is looked at"),
        why: "ALTER DOMAIN holds SHARE on all of them until the last is looked at",
        safe: format!(
            "ALTER DOMAIN {domain} ADD CONSTRAINT … CHECK (…) NOT VALID;\n\
             -- it holds for new values; VALIDATE looks at all of them under the same lock, at a quiet hour"
        ),
    }
}
