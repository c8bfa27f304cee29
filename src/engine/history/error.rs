//! Why the history could not be moved, and what a person can do about it.

use std::path::PathBuf;

use crate::engine::{RunError, SqlExcerpt};
use crate::model::RevisionId;
use crate::pg::{ConnectError, sqlstate};
use crate::plan::graph::ResolveError;
use crate::store::StoreError;

/// A data revision that can't run yet.
#[derive(Debug, thiserror::Error)]
#[error("the job `{job}` is revision {revision}, which comes after {}", missing.join(", "))]
pub struct Gate {
    /// The job.
    pub job: String,
    /// Its revision.
    pub revision: RevisionId,
    /// The revisions before it that are not applied.
    pub missing: Vec<String>,
}

/// Why the history could not be moved.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The control schema could not be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A data revision's run didn't come to its end.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The target means nothing.
    #[error(transparent)]
    Target(#[from] ResolveError),
    /// `head`, and there are several.
    #[error("`head` is ambiguous: the heads are {}", heads.join(", "))]
    SeveralHeads {
        /// The heads.
        heads: Vec<String>,
    },
    /// The database has been where these files don't lead.
    #[error("the database has the revision {}, and no file here does", revisions.join(", "))]
    UnknownApplied {
        /// The revisions.
        revisions: Vec<String>,
    },
    /// A data revision's parents are not applied.
    #[error(transparent)]
    Gate(#[from] Gate),
    /// A statement of a revision failed; its transaction is rolled back.
    #[error("{}: revision {revision} failed, and nothing of it was kept", file.display())]
    Revision {
        /// The revision.
        revision: RevisionId,
        /// Its file.
        file: PathBuf,
        /// Its SQL with the place of the error.
        excerpt: Option<SqlExcerpt>,
        /// The server's answer.
        #[source]
        source: tokio_postgres::Error,
    },
    /// `-- migrate:verify` didn't hold; the transaction is rolled back.
    #[error(
        "{}: revision {revision} didn't verify: query {number} returned {found}, not true; nothing of it was kept",
        file.display()
    )]
    Unverified {
        /// The revision.
        revision: RevisionId,
        /// Its file.
        file: PathBuf,
        /// Which of its queries, from 1.
        number: usize,
        /// What it returned.
        found: String,
    },
    /// The operator stopped while another upgrade was waited for.
    #[error("stopped before revision {revision}")]
    Stopped {
        /// The revision that would have been next.
        revision: RevisionId,
    },
}

impl HistoryError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Connect(error) => error.hint(),
            Self::Store(error) => error.hint(),
            Self::Run(error) => error.hint(),
            Self::Target(_) => None,
            Self::SeveralHeads { .. } => Some("name one of them, or `heads` for all".to_owned()),
            Self::UnknownApplied { .. } => {
                Some("is --dir the right directory, and is it as new as the database?".to_owned())
            }
            Self::Gate(gate) => {
                Some(format!("longhaul upgrade {}", gate.missing.last().map_or("head", String::as_str)))
            }
            Self::Revision { source, .. } => sqlstate::hint(source),
            Self::Unverified { .. } => Some("mend the revision, or its -- migrate:verify section".to_owned()),
            Self::Stopped { .. } => Some("run upgrade again to go on".to_owned()),
        }
    }
}
