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
    /// SHA-256 in hex of what it does: the normalised section `up`, or the job's definition.
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
    pub up: String,
    /// `-- migrate:down`
    pub down: Option<String>,
    /// `-- migrate:verify`: queries, each of which must return true.
    pub verify: Option<String>,
}
