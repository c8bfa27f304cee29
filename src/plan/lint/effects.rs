//! Which locks a statement takes, and what it does to the rows meanwhile: PostgreSQL's table of 14 to 18, as measured on
//! running servers. `tests/it/lint/corpus.rs` measures each line again.

use super::cost::Work;
use super::lock::LockMode::{
    self, AccessExclusive, Exclusive, Share, ShareRowExclusive, ShareUpdateExclusive,
};
use super::operation::{Change, ConstraintKind, NewColumn, NewConstraint, Operation};
use super::scene::Scene;
use super::types::is_rewritten;

/// What one table feels of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) table: String,
    pub(crate) lock: LockMode,
    pub(crate) work: Work,
    /// Its partitions and children as well.
    pub(crate) with_children: bool,
}

fn on(table: &str, lock: LockMode, work: Work) -> Effect {
    Effect { table: table.to_owned(), lock, work, with_children: true }
}

/// What others feel of an operation: tables that nobody else has yet are left out.
pub(crate) fn effects(operation: &Operation, scene: &Scene<'_>) -> Vec<Effect> {
    let found = match operation {
        Operation::Alter { table, change } => alter(table, change, scene),
        Operation::CreateTable { references, partition_of, inherits, .. } => {
            let references = references.iter().map(|table| on(table, ShareRowExclusive, Work::None));
            let inherits = inherits.iter().map(|parent| alone(on(parent, ShareUpdateExclusive, Work::None)));
            let parent = partition_of.iter().flat_map(|parent| {
                let default = default_partition(parent, scene);
                default.into_iter().chain([alone(on(parent, AccessExclusive, Work::None))])
            });
            references.chain(inherits).chain(parent).collect()
        }
        Operation::DropTable { table } => {
            let others = scene.relation(table).into_iter().flat_map(|found| {
                let keys = found.constraints.iter().filter_map(|constraint| constraint.references.as_ref());
                keys.chain(found.referenced_by.iter().map(|other| &other.table))
            });
            let others = others.map(|other| on(other, AccessExclusive, Work::None));
            [on(table, AccessExclusive, Work::None)].into_iter().chain(others).collect()
        }
        Operation::Truncate { table, cascade } => {
            let others = scene.relation(table).into_iter().filter(|_| *cascade);
            let others = others.flat_map(|found| &found.referenced_by);
            let others = others.map(|other| on(&other.table, AccessExclusive, Work::Empty));
            [on(table, AccessExclusive, Work::Empty)].into_iter().chain(others).collect()
        }
        Operation::CreateIndex { table, concurrently: true, .. } => {
            vec![on(table, ShareUpdateExclusive, Work::Build)]
        }
        // ON ONLY makes an entry in the catalog, for the partitions' indexes to be attached.
        Operation::CreateIndex { table, only: true, .. }
            if scene.relation(table).is_some_and(super::facts::Relation::is_partitioned) =>
        {
            vec![alone(on(table, Share, Work::None))]
        }
        Operation::CreateIndex { table, .. } => vec![on(table, Share, Work::Build)],
        Operation::DropIndex { index, concurrently } => {
            let lock = if *concurrently { ShareUpdateExclusive } else { AccessExclusive };
            of_index(index, lock, Work::None, scene)
        }
        Operation::Reindex { name: Some(name), concurrently } => {
            let lock = if *concurrently { ShareUpdateExclusive } else { Share };
            of_index(name, lock, Work::Build, scene)
        }
        Operation::Repack { table: Some(table), .. } => vec![on(table, AccessExclusive, Work::Rewrite)],
        Operation::Describe { table } => vec![on(table, ShareUpdateExclusive, Work::None)],
        Operation::Refresh { view, concurrently: true } => vec![on(view, Exclusive, Work::Scan)],
        Operation::Refresh { view, concurrently: false } => vec![on(view, AccessExclusive, Work::Rewrite)],
        Operation::CreateTrigger { table } => vec![on(table, ShareRowExclusive, Work::None)],
        Operation::Attach { table, .. } => vec![on(table, AccessExclusive, Work::None)],
        Operation::Lock { table, mode } => vec![on(table, *mode, Work::None)],
        Operation::CheckDomain { domain } => {
            let tables = scene.facts.types.get(domain).map(|found| found.tables.as_slice());
            tables.unwrap_or_default().iter().map(|table| on(table, Share, Work::Scan)).collect()
        }
        _ => Vec::new(),
    };
    found.into_iter().filter(|effect| !scene.is_new(&effect.table) || is_elsewhere(effect, scene)).collect()
}

/// Known only by what another relation says of it.
fn is_elsewhere(effect: &Effect, scene: &Scene<'_>) -> bool {
    let names = |name: &String| *name == effect.table;
    scene.facts.relations.values().any(|found| {
        found.referenced_by.iter().any(|other| names(&other.table))
            || found.table == effect.table
            || found.default_partition.as_ref().is_some_and(names)
            || found.constraints.iter().any(|constraint| constraint.references.as_ref().is_some_and(names))
    }) || scene.facts.types.values().any(|found| found.tables.iter().any(names))
}

fn alone(effect: Effect) -> Effect {
    Effect { with_children: false, ..effect }
}

/// Of an index its table feels it.
fn of_index(index: &str, lock: LockMode, work: Work, scene: &Scene<'_>) -> Vec<Effect> {
    match scene.relation(index) {
        Some(found) => vec![on(&found.table, lock, work)],
        None => Vec::new(),
    }
}

/// Its rows could belong into a new partition.
fn default_partition(parent: &str, scene: &Scene<'_>) -> Option<Effect> {
    let name = scene.relation(parent)?.default_partition.as_ref()?;
    Some(on(name, AccessExclusive, Work::Scan))
}

fn alter(table: &str, change: &Change, scene: &Scene<'_>) -> Vec<Effect> {
    let at_once = |lock| vec![on(table, lock, Work::None)];
    let found = scene.relation(table);
    match change {
        Change::AddColumn(column) => add_column(table, column, scene),
        Change::AddConstraint(constraint) => add_constraint(table, constraint, scene),
        Change::SetType { column, to, converts } => set_type(table, column, (to, *converts), scene),
        Change::SetNotNull { column } => {
            let work = if scene.proves_not_null(table, column) { Work::None } else { Work::Scan };
            vec![on(table, AccessExclusive, work)]
        }
        Change::SetExpression { .. } => vec![on(table, AccessExclusive, Work::Rewrite)],
        Change::Validate { constraint } => {
            let valid = found.and_then(|found| found.constraint(constraint)).is_some_and(|c| c.is_valid);
            let work = if valid { Work::None } else { Work::Scan };
            vec![on(table, ShareUpdateExclusive, work)]
        }
        Change::DropConstraint { constraint } => {
            let other = found.and_then(|found| found.constraint(constraint)?.references.as_ref());
            let other = other.map(|other| on(other, AccessExclusive, Work::None));
            at_once(AccessExclusive).into_iter().chain(other).collect()
        }
        Change::DropColumn { column } => {
            at_once(AccessExclusive).into_iter().chain(keys_of(table, column, scene)).collect()
        }
        Change::Move { .. } => vec![alone(on(table, AccessExclusive, Work::Rewrite))],
        Change::Triggers => at_once(ShareRowExclusive),
        Change::Options => at_once(ShareUpdateExclusive),
        Change::Attach { child } => {
            let parent = scene.relation(table);
            let added = scene.relation(child);
            let checked =
                added.is_some_and(|child| child.constraints.iter().any(|c| c.kind == 'c' && c.is_valid));
            let has = |index: &Vec<String>| added.is_some_and(|child| child.indexes.contains(index));
            let is_indexed = parent.is_none_or(|parent| parent.indexes.iter().all(has));
            let work = match (is_indexed, checked) {
                (false, _) => Work::Build,
                (true, false) => Work::Scan,
                (true, true) => Work::None,
            };
            let parent = alone(on(table, ShareUpdateExclusive, Work::None));
            [parent, on(child, AccessExclusive, work)]
                .into_iter()
                .chain(default_partition(table, scene))
                .collect()
        }
        Change::Detach { child, concurrently: true } => {
            vec![alone(on(table, ShareUpdateExclusive, Work::None)), on(child, AccessExclusive, Work::None)]
        }
        Change::Detach { child, concurrently: false } => {
            let default = default_partition(table, scene).map(|effect| Effect { work: Work::None, ..effect });
            let both =
                [alone(on(table, AccessExclusive, Work::None)), on(child, AccessExclusive, Work::None)];
            both.into_iter().chain(default).collect()
        }
        Change::RenameColumn { .. } | Change::RenameTable { .. } | Change::Other => at_once(AccessExclusive),
    }
}

fn add_column(table: &str, column: &NewColumn, scene: &Scene<'_>) -> Vec<Effect> {
    let is_there = scene.relation(table).is_some_and(|found| found.column(&column.name).is_some());
    if column.if_not_exists && is_there {
        return vec![on(table, AccessExclusive, Work::None)];
    }
    let has_value = column.default.as_deref().is_some_and(|default| !default.eq_ignore_ascii_case("null"));
    let is_checked = scene.facts.types.get(&column.type_name).is_some_and(|found| found.is_checked);
    let work = if column.is_virtual {
        if column.has_check || column.not_null { Work::Scan } else { Work::None }
    } else if column.is_stored || column.is_numbered || is_checked || is_volatile(column, scene) {
        Work::Rewrite
    } else if column.unique.is_some() {
        Work::Build
    } else if column.references.is_some() && has_value {
        Work::LookUp
    } else if column.has_check || (column.not_null && !has_value) {
        Work::Scan
    } else {
        Work::None
    };
    let other = column.references.iter().map(|other| on(other, ShareRowExclusive, Work::None));
    [on(table, AccessExclusive, work)].into_iter().chain(other).collect()
}

/// Its default is another one for each row.
pub(super) fn is_volatile(column: &NewColumn, scene: &Scene<'_>) -> bool {
    column.calls.iter().any(|function| scene.facts.is_volatile(function))
}

fn add_constraint(table: &str, added: &NewConstraint, scene: &Scene<'_>) -> Vec<Effect> {
    let unless_later = |work| if added.not_valid { Work::None } else { work };
    match &added.kind {
        ConstraintKind::ForeignKey { references, .. } => vec![
            on(table, ShareRowExclusive, unless_later(Work::LookUp)),
            on(references, ShareRowExclusive, Work::None),
        ],
        ConstraintKind::Check { .. } => vec![on(table, AccessExclusive, unless_later(Work::Scan))],
        ConstraintKind::NotNull { column } => {
            let work = if scene.proves_not_null(table, column) { Work::None } else { Work::Scan };
            vec![on(table, AccessExclusive, unless_later(work))]
        }
        ConstraintKind::Unique { using_index: true, .. } => vec![on(table, AccessExclusive, Work::None)],
        ConstraintKind::Unique { .. } | ConstraintKind::Exclude => {
            vec![on(table, AccessExclusive, Work::Build)]
        }
    }
}

fn set_type(table: &str, column: &str, (to, converts): (&str, bool), scene: &Scene<'_>) -> Vec<Effect> {
    let found = scene.relation(table);
    let is_checked = scene.facts.types.get(to).is_some_and(|found| found.is_checked);
    let kept = found.and_then(|found| found.column(column)).is_some_and(|column| {
        !converts && !is_checked && !is_rewritten(&column.type_name, to, scene.facts.is_utc)
    });
    let has_check = found.is_some_and(|found| {
        found.constraints.iter().any(|c| c.kind == 'c' && c.columns.iter().any(|name| name == column))
    });
    let work = match (kept, has_check) {
        (false, _) => Work::Rewrite,
        (true, true) => Work::Scan,
        (true, false) => Work::None,
    };
    [on(table, AccessExclusive, work)].into_iter().chain(keys_of(table, column, scene)).collect()
}

/// Tables at the other end of the foreign keys that a column is part of: the keys are dropped, or made again.
fn keys_of<'s>(table: &str, column: &str, scene: &'s Scene<'_>) -> impl Iterator<Item = Effect> + use<'s> {
    let column = column.to_owned();
    let found = scene.relation(table);
    let part = move |columns: &[String]| columns.contains(&column);
    let own = found.into_iter().flat_map(|found| &found.constraints);
    let is_part = part.clone();
    let own = own.filter(move |constraint| is_part(&constraint.columns));
    let theirs = found.into_iter().flat_map(|found| &found.referenced_by);
    let theirs = theirs.filter(move |other| part(&other.columns)).map(|other| &other.table);
    let others = own.filter_map(|constraint| constraint.references.as_ref()).chain(theirs);
    others.map(|other| on(other, AccessExclusive, Work::None))
}
