//! A node of the history.

use std::path::PathBuf;

use super::{Job, RevisionId};

/// One revision: its place in the graph, and what it does.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// Its id.
    pub id: RevisionId,
    /// The revisions it follows; several: a merge; none: a base.
    pub revises: Vec<RevisionId>,
    /// Revisions that must be applied before it without being its parents.
    pub depends: Vec<RevisionId>,
    /// Branch labels.
    pub labels: Vec<String>,
    /// What it is for.
    pub message: String,
    /// The file it came from.
    pub file: PathBuf,
    /// A query that must return true for the revision to do anything; `None`: it always does.
    pub condition: Option<String>,
    /// What it does, normalised: the section `up`, or the job's definition.
    pub content: String,
    /// SHA-256 in hex of the content.
    pub checksum: String,
    /// The work.
    pub body: RevisionBody,
}

/// The two kinds of step.
#[derive(Clone, Debug, PartialEq)]
pub enum RevisionBody {
    /// Short SQL in one transaction.
    Schema(SchemaRevision),
    /// A long data job.
    Data(Box<Job>),
}

/// The sections of a schema revision's file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaRevision {
    /// `-- migrate:up`
    pub up: Section,
    /// `-- migrate:down`; `None`: the revision can't be taken back.
    pub down: Option<Section>,
    /// `-- migrate:verify`: queries, each of which must return true.
    pub verify: Option<String>,
}

/// A section's SQL. Each text begins with so many line ends that PostgreSQL counts lines as an editor does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Section {
    /// All of it in one transaction.
    Transaction(String),
    /// `transaction:false`: each statement by itself, in order.
    Statements(Vec<String>),
}

/// Which way a revision is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Applied.
    #[default]
    Up,
    /// Undone.
    Down,
}

impl Section {
    /// Whether there is nothing to run.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Transaction(sql) => sql.is_empty(),
            Self::Statements(statements) => statements.is_empty(),
        }
    }
}

impl Default for Section {
    fn default() -> Self {
        Self::Transaction(String::new())
    }
}

impl Direction {
    /// The word it is stored and shown as.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }

    /// The direction stored as this word; the control schema allows only the two.
    #[must_use]
    pub fn stored(word: &str) -> Self {
        if word == Self::Down.as_str() { Self::Down } else { Self::Up }
    }
}

impl Revision {
    /// What must be applied before it: the revisions it revises, and those it depends on.
    pub fn follows(&self) -> impl Iterator<Item = &RevisionId> {
        self.revises.iter().chain(&self.depends)
    }

    /// Whether it can be taken back.
    #[must_use]
    pub fn is_reversible(&self) -> bool {
        match &self.body {
            RevisionBody::Schema(schema) => schema.down.is_some(),
            RevisionBody::Data(job) => job.is_reversible(),
        }
    }
}
