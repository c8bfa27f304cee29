//! Alembic's revision files and the SQL it prints, read for `longhaul import alembic`.
//!
//! No Python is run. Of a file only the plain assignments at the top count (`revision`, `down_revision`,
//! `branch_labels`, `depends_on`), its docstring, and whether `upgrade` and `downgrade` do nothing; what is computed
//! is refused with its place. The SQL comes from `alembic upgrade base:heads --sql`.

mod python;
mod script;
mod sections;
mod takeover;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use script::read_alembic_script;
pub use sections::read_alembic_sql;
pub use takeover::{AlembicPrints, TakenOver, TakenSection, take_over};

use crate::model::RevisionId;

/// One of Alembic's revision files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlembicScript {
    /// `revision`
    pub id: RevisionId,
    /// `down_revision`
    pub revises: Vec<RevisionId>,
    /// `depends_on`: ids, beginnings of ids, or branch labels.
    pub depends: Vec<String>,
    /// `branch_labels`
    pub labels: Vec<String>,
    /// The first paragraph of its docstring; empty where it has none.
    pub message: String,
    /// The day it was made, as eight digits.
    pub created: Option<String>,
    /// Whether `upgrade` is there and does nothing.
    pub up_is_empty: bool,
    /// Whether `downgrade` is there and does nothing.
    pub down_is_empty: bool,
    /// Where it was read.
    pub file: PathBuf,
}

/// Which of the two prints of Alembic a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlembicDirection {
    /// `alembic upgrade … --sql`
    Upgrade,
    /// `alembic downgrade … --sql`
    Downgrade,
}

/// The statements of one revision in one direction, without Alembic's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlembicSql {
    /// The statements; empty where Alembic printed only its own.
    pub text: String,
    /// Whether some of them stand outside a transaction (`autocommit_block`).
    pub leaves_transaction: bool,
    /// The line of its mark in the print.
    pub line: usize,
}
