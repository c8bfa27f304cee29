//! What the statements before one have done, as far as it matters for those that follow.

use std::collections::BTreeSet;

use super::cost::{Estimate, Work};
use super::effects::Effect;
use super::facts::{Facts, Relation};
use super::lock::{Blocks, LockMode};
use super::operation::{Change, ConstraintKind, Operation};

/// Where a statement is met.
#[derive(Clone, Debug)]
pub(crate) struct Scene<'f> {
    pub(crate) facts: &'f Facts,
    /// The section runs in one transaction: locks are kept to its end.
    pub(crate) in_transaction: bool,
    /// Tables and indexes that revisions before or statements before have made: nobody else has them yet.
    made: BTreeSet<String>,
    /// Tables that this transaction has locked against others, and the line that did.
    pub(crate) held: Vec<Held>,
    /// Constraints that this transaction added without looking at the rows: table and name.
    pub(crate) unchecked: Vec<(String, String)>,
    /// Columns whose constraint `IS NOT NULL` was added, and whether it has been validated: table, constraint, column.
    proofs: Vec<(String, String, String, bool)>,
    /// Values that this transaction has added to enums, as written.
    pub(crate) values: Vec<String>,
    /// What indexes that were made meanwhile begin with: table and columns.
    indexed: Vec<(String, Vec<String>)>,
}

/// A lock that is kept to the end of the transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) table: String,
    pub(crate) lock: LockMode,
    pub(crate) line: usize,
}

impl<'f> Scene<'f> {
    pub(crate) fn new(facts: &'f Facts) -> Self {
        Self {
            facts,
            in_transaction: true,
            made: BTreeSet::new(),
            held: Vec::new(),
            unchecked: Vec::new(),
            proofs: Vec::new(),
            values: Vec::new(),
            indexed: Vec::new(),
        }
    }

    /// A section begins; what the revisions before it made is still there. `in_transaction`: as one.
    pub(crate) fn begin(&mut self, in_transaction: bool) {
        self.in_transaction = in_transaction;
        self.end_transaction();
    }

    fn end_transaction(&mut self) {
        self.held.clear();
        self.unchecked.clear();
        self.values.clear();
    }

    /// What is known of a relation, by its name in a statement or with its schema.
    pub(crate) fn relation(&self, name: &str) -> Option<&'f Relation> {
        let by_schema = || self.facts.relations.values().find(|relation| relation.qualified == name);
        self.facts.relations.get(name).or_else(by_schema)
    }

    /// Nobody else has it: it was made by a statement before, or isn't there.
    pub(crate) fn is_new(&self, name: &str) -> bool {
        self.made.contains(name) || (self.facts.is_read && self.relation(name).is_none())
    }

    /// The column can't be NULL, and PostgreSQL knows it without looking.
    pub(crate) fn proves_not_null(&self, table: &str, column: &str) -> bool {
        let proven = |(of, _, proven, is_valid): &(String, String, String, bool)| {
            *is_valid && of == table && proven == column
        };
        self.relation(table).is_some_and(|found| found.proves_not_null(column))
            || self.proofs.iter().any(proven)
    }

    /// An index begins with these columns, in whatever order.
    pub(crate) fn has_index_on(&self, table: &str, columns: &[String]) -> bool {
        let begins = |index: &[String]| {
            index.len() >= columns.len() && index[..columns.len()].iter().all(|c| columns.contains(c))
        };
        self.relation(table).is_some_and(|found| found.indexes.iter().any(|index| begins(index)))
            || self.indexed.iter().any(|(of, index)| of == table && begins(index))
    }

    /// How long this work on a table takes.
    pub(crate) fn takes(&self, table: &str, work: Work) -> Estimate {
        if work == Work::None || self.is_new(table) {
            return Estimate::About(std::time::Duration::ZERO);
        }
        match self.relation(table) {
            Some(found) => Estimate::About(work.takes(found.heap, found.total)),
            None => Estimate::Unknown,
        }
    }

    /// All that a statement's effects take, one after another.
    pub(crate) fn takes_all(&self, effects: &[Effect]) -> Estimate {
        let each = effects.iter().map(|effect| self.takes(&effect.table, effect.work));
        each.fold(Estimate::About(std::time::Duration::ZERO), Estimate::and)
    }

    /// A statement is through.
    pub(crate) fn pass(&mut self, line: usize, operations: &[Operation], effects: &[Effect]) {
        for operation in operations {
            self.note(operation);
        }
        if !self.in_transaction {
            self.end_transaction();
            return;
        }
        for effect in effects.iter().filter(|effect| effect.lock.blocks() >= Blocks::Writes) {
            let known = self.held.iter().any(|held| held.table == effect.table && held.lock >= effect.lock);
            if !known {
                self.held.push(Held { table: effect.table.clone(), lock: effect.lock, line });
            }
        }
    }

    fn note(&mut self, operation: &Operation) {
        match operation {
            // IF NOT EXISTS, and it does: the table is as old as it was.
            Operation::CreateTable { table: name, .. } | Operation::Fill { relation: name }
                if self.relation(name).is_none() =>
            {
                self.made.insert(name.clone());
            }
            // What has the name from now on is another.
            Operation::DropTable { table } => {
                self.made.insert(table.clone());
            }
            Operation::CreateIndex { table, columns, .. } => {
                self.indexed.push((table.clone(), columns.clone()));
            }
            Operation::AddEnumValue { value } => self.values.push(value.clone()),
            Operation::Alter { table, change } => self.note_change(table, change),
            _ => {}
        }
    }

    fn note_change(&mut self, table: &str, change: &Change) {
        match change {
            Change::RenameTable { to } => {
                let schema = table.rsplit_once('.').map(|(schema, _)| format!("{schema}."));
                let name = format!("{}{to}", schema.unwrap_or_default());
                if self.is_new(table) {
                    self.made.insert(name);
                }
            }
            Change::AddConstraint(added) => {
                let name = added.name.clone().unwrap_or_default();
                match &added.kind {
                    ConstraintKind::Unique { columns, .. } => {
                        self.indexed.push((table.to_owned(), columns.clone()));
                    }
                    ConstraintKind::Check { not_null_of: Some(column) } => {
                        let valid = !added.not_valid;
                        self.proofs.push((table.to_owned(), name.clone(), column.clone(), valid));
                    }
                    _ => {}
                }
                if added.not_valid {
                    self.unchecked.push((table.to_owned(), name));
                }
            }
            Change::Validate { constraint } => {
                for proof in &mut self.proofs {
                    proof.3 |= proof.0 == table && proof.1 == *constraint;
                }
            }
            _ => {}
        }
    }
}
