//! What a revision would do to others, before it does it: locks, how long they are held, and the safe way.
//!
//! ```text
//!  file ─► manifest::lint ─► Statement, Operation ─┐
//!  database ─► pg::lint_facts ─► Facts ────────────┼─► effects: lock and work, table by table ─► rules ─► findings
//!  the statements before ─► Scene ─────────────────┘                    └─► promise, compared with what is seen (observed)
//! ```
//!
//! Called by `cli::lint` for files and by `engine::history::lint` before an upgrade. Nothing here knows SQL's grammar or a
//! database; all of it can be tried in milliseconds.

pub(crate) mod allow;
pub(crate) mod cost;
pub(crate) mod effects;
pub(crate) mod facts;
pub(crate) mod finding;
pub(crate) mod lock;
pub(crate) mod observed;
pub(crate) mod operation;
pub(crate) mod rules;
pub(crate) mod scene;
pub(crate) mod squawk;
mod types;

use std::collections::BTreeSet;

use allow::Allow;
use effects::{Effect, effects};
use facts::Asked;
use finding::Finding;
use operation::{Change, Operation, Statement};
use rules::Case;
use scene::Scene;
use squawk::Remark;

use crate::model::Direction;

/// A file as far as it is looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LintFile {
    pub(crate) sections: Vec<LintSection>,
    /// What the file's header allows everywhere.
    pub(crate) allows: Vec<Allow>,
}

/// One of its sections.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LintSection {
    pub(crate) direction: Direction,
    /// It runs as one transaction.
    pub(crate) in_transaction: bool,
    pub(crate) statements: Vec<Statement>,
    pub(crate) allows: Vec<Allow>,
    /// What `squawk_linter` says.
    pub(crate) remarks: Vec<Remark>,
}

/// What is found in one section.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Report {
    /// By line.
    pub(crate) findings: Vec<Finding>,
    /// Findings that a comment allows, with its reason.
    pub(crate) allowed: Vec<(Finding, String)>,
    /// Each statement with what others feel of it.
    pub(crate) told: Vec<(Statement, Vec<Effect>)>,
}

/// What is to be known of a database before these sections are judged.
pub(crate) fn asked<'s>(sections: impl Iterator<Item = &'s LintSection>) -> Asked {
    let (mut relations, mut types, mut functions) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let operations =
        sections.flat_map(|section| &section.statements).flat_map(|statement| &statement.operations);
    for operation in operations {
        relations.extend(names(operation).into_iter().cloned());
        match operation {
            Operation::CheckDomain { domain } => {
                types.insert(domain.clone());
            }
            Operation::Alter { change: Change::AddColumn(column), .. } => {
                types.insert(column.type_name.clone());
                functions.extend(column.calls.iter().cloned());
            }
            Operation::Alter { change: Change::SetType { to, .. }, .. } => {
                types.insert(to.clone());
            }
            _ => {}
        }
    }
    // A name has two parts at most; PostgreSQL refuses others loudly.
    let plain =
        |names: BTreeSet<String>| names.into_iter().filter(|name| name.matches('.').count() <= 1).collect();
    // What has a modifier is no domain; what is no name is no function.
    types.retain(|name| !name.contains('('));
    functions.retain(|name| name.chars().all(|c| c.is_alphanumeric() || "_.$".contains(c)));
    Asked { relations: plain(relations), types: plain(types), functions: plain(functions) }
}

/// The relations that an operation names.
fn names(operation: &Operation) -> Vec<&String> {
    match operation {
        Operation::Alter { table, change } => {
            let other = match change {
                Change::AddColumn(column) => column.references.as_ref(),
                Change::AddConstraint(added) => match &added.kind {
                    operation::ConstraintKind::ForeignKey { references, .. } => Some(references),
                    _ => None,
                },
                Change::Attach { child } | Change::Detach { child, .. } => Some(child),
                _ => None,
            };
            [table].into_iter().chain(other).collect()
        }
        Operation::CreateTable { table, references, partition_of, inherits } => {
            [table].into_iter().chain(references).chain(partition_of).chain(inherits).collect()
        }
        Operation::DropTable { table }
        | Operation::Truncate { table, .. }
        | Operation::CreateIndex { table, .. }
        | Operation::Describe { table }
        | Operation::CreateTrigger { table }
        | Operation::Attach { table, .. }
        | Operation::Write { table, .. }
        | Operation::Load { table, .. }
        | Operation::Lock { table, .. }
        | Operation::Repack { table: Some(table), .. } => vec![table],
        Operation::Fill { relation: name }
        | Operation::DropIndex { index: name, .. }
        | Operation::Reindex { name: Some(name), .. }
        | Operation::Refresh { view: name, .. } => vec![name],
        _ => Vec::new(),
    }
}

/// Looks at one section, where those before it have left the scene.
pub(crate) fn judge(section: &LintSection, of_file: &[Allow], scene: &mut Scene<'_>) -> Report {
    scene.begin(section.in_transaction);
    let mut report = Report::default();
    let mut found = Vec::new();
    for statement in &section.statements {
        let mut all = Vec::new();
        for operation in &statement.operations {
            let felt = effects(operation, scene);
            found.extend(rules::find(&Case { statement, operation, effects: &felt, scene }));
            all.extend(felt);
        }
        // What several actions of one statement find alike is told once.
        scene.pass(statement.line, &statement.operations, &all);
        report.told.push((statement.clone(), all));
    }
    found.dedup();
    found.extend(section.remarks.iter().filter_map(squawk::judge));
    allow::apply(found, section, of_file, &mut report);
    report.findings.sort_by_key(|finding| (finding.line, finding.column, std::cmp::Reverse(finding.level)));
    report
}
