//! What is dangerous only beside other statements of the same transaction.

use super::{Case, Words};
use crate::plan::lint::cost::{Estimate, writing};
use crate::plan::lint::finding::{Blocked, Finding, Level};
use crate::plan::lint::lock::{Blocks, LockMode};
use crate::plan::lint::operation::{Change, Operation};

/// Tables that one transaction may lock against everybody before it is told.
const MANY: usize = 3;

pub(super) fn validate(case: &Case<'_>) -> Option<Finding> {
    let Operation::Alter { table, change: Change::Validate { constraint } } = case.operation else {
        return None;
    };
    let is_added = |(of, name): &(String, String)| of == table && name == constraint;
    if !case.scene.in_transaction || !case.scene.unchecked.iter().any(is_added) {
        return None;
    }
    let time = case.scene.takes_all(case.effects);
    let held = case.scene.held.iter().filter(|held| held.table == *table).map(|held| held.lock).max()?;
    let blocked = vec![Blocked { table: table.clone(), what: held.blocks(), time }];
    let level = if time.is_harmless() { Level::Note } else { Level::Danger };
    Some(Finding {
        blocked,
        ..case.finding(
            level,
            Words {
                says: format!("{constraint} is added and validated in one transaction"),
                why: "the lock of ADD CONSTRAINT is held until the commit, so NOT VALID saves nothing",
                safe: format!(
                    "-- in a revision of its own:\nALTER TABLE {table} VALIDATE CONSTRAINT {constraint};"
                ),
            },
        )
    })
}

pub(super) fn long_after_lock(case: &Case<'_>) -> Option<Finding> {
    if !case.scene.in_transaction {
        return None;
    }
    let (time, level) = match case.operation {
        Operation::Write { table, has_where, .. } => {
            let rows = case.scene.relation(table).map(|found| found.rows.unwrap_or(found.heap / 100));
            let time = match rows {
                _ if case.scene.is_new(table) => return None,
                Some(rows) => Estimate::About(writing(rows)),
                None => Estimate::Unknown,
            };
            // How many a WHERE finds isn't known.
            (time, if *has_where { Level::Warning } else { Level::Danger })
        }
        Operation::Fill { .. } | Operation::Load { .. } if case.scene.facts.is_read => {
            (Estimate::Unknown, Level::Note)
        }
        Operation::Fill { .. } | Operation::Load { .. } => return None,
        // Told by its own rule.
        Operation::Alter { change: Change::Validate { constraint }, table }
            if case.scene.unchecked.iter().any(|(of, name)| of == table && name == constraint) =>
        {
            return None;
        }
        // Fails before it does anything.
        Operation::CreateIndex { concurrently: true, .. } | Operation::Reindex { concurrently: true, .. } => {
            return None;
        }
        _ => (case.scene.takes_all(case.effects), Level::Danger),
    };
    if time.is_harmless() {
        return None;
    }
    let blocks_already = |held: &&crate::plan::lint::scene::Held| {
        case.effects.iter().any(|effect| effect.table == held.table && effect.lock >= held.lock)
    };
    let kept: Vec<_> = case.scene.held.iter().filter(|held| !blocks_already(held)).collect();
    let first = kept.first()?;
    let blocked =
        kept.iter().map(|held| Blocked { table: held.table.clone(), what: held.lock.blocks(), time });
    Some(Finding {
        blocked: blocked.collect(),
        ..case.finding(
            level,
            Words {
                says: format!(
                    "this runs while the {} of line {} on {} is held",
                    first.lock.words(),
                    first.line,
                    first.table
                ),
                why: "locks are held until the commit, whichever statement took them",
                safe: "-- this statement in a revision of its own".to_owned(),
            },
        )
    })
}

pub(super) fn many_locks(case: &Case<'_>) -> Option<Finding> {
    let strong = |lock: LockMode| lock.blocks() == Blocks::All;
    let mut before: Vec<&str> =
        case.scene.held.iter().filter(|held| strong(held.lock)).map(|held| held.table.as_str()).collect();
    before.sort_unstable();
    before.dedup();
    let new = case.effects.iter().filter(|effect| strong(effect.lock)).map(|effect| effect.table.as_str());
    let new: Vec<&str> = new.filter(|table| !before.contains(table)).collect();
    // Told once, where the number is reached.
    if before.len() >= MANY || before.len() + new.len() < MANY {
        return None;
    }
    before.extend(new);
    Some(case.finding(
        Level::Note,
        Words {
            says: format!("one transaction locks {} against everybody", before.join(", ")),
            why: "programs that use them in another order wait for each other: a deadlock ends one of the two",
            safe: "-- each table in a revision of its own".to_owned(),
        },
    ))
}

pub(super) fn enum_value(case: &Case<'_>) -> Option<Finding> {
    if matches!(case.operation, Operation::AddEnumValue { .. }) {
        return None;
    }
    let value = case.scene.values.iter().find(|value| case.statement.sql.contains(value.as_str()))?;
    Some(case.finding(
        Level::Danger,
        Words {
            says: format!("{value} was added to its enum in this transaction: using it fails"),
            why: "a new value of an enum can be used only after the commit",
            safe: "-- ALTER TYPE … ADD VALUE in a revision before".to_owned(),
        },
    ))
}
