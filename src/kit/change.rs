//! What is changed: the old column and the new one, and the names both have before and after the switch.

use crate::pg::anatomy::scratch::{Definition, Renamed};
use crate::pg::anatomy::{Anatomy, ColumnFacts};
use crate::pg::quote;

/// What happens when one INSERT or UPDATE writes both columns, and differently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BothWritten {
    /// The new column's value counts: for clients that save whole rows and send a stale old one along.
    #[default]
    NewWins,
    /// The old column's value counts.
    OldWins,
    /// The statement fails.
    Refuse,
}

/// What the author of a change decides.
#[derive(Clone, Debug, Default)]
pub struct SyncOptions {
    /// When one statement writes both columns, and differently.
    pub both_written: BothWritten,
    /// The sync trigger fires for what subscriptions and sessions with `session_replication_role = replica` write as well.
    pub always: bool,
}

/// Why a change isn't written.
#[derive(Debug, thiserror::Error)]
pub enum KitError {
    /// The kit can't do it.
    #[error("{what}")]
    Unfit {
        /// What is in the way.
        what: String,
        /// What to do.
        hint: String,
    },
}

impl KitError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &str {
        let Self::Unfit { hint, .. } = self;
        hint
    }

    pub(super) fn unfit(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Unfit { what: what.into(), hint: hint.into() }
    }
}

/// A column that takes another's place.
pub(super) struct Change<'a> {
    pub(super) anatomy: &'a Anatomy,
    /// The new column.
    pub(super) facts: &'a ColumnFacts,
    /// How definitions read with the new column until the switch.
    pub(super) renamed: &'a Renamed,
    /// How they read with the old column after it, where that gets another name.
    pub(super) left: Option<&'a Renamed>,
    /// The old column until the switch.
    pub(super) old: String,
    /// The new column until the switch.
    pub(super) new: String,
    /// The old column after it.
    pub(super) old_after: String,
    /// The new column after it.
    pub(super) new_after: String,
}

impl<'a> Change<'a> {
    /// No names change: for parts that concern the column alone.
    pub(super) fn standing_still(anatomy: &'a Anatomy, renamed: &'a Renamed, new: &str) -> Self {
        let old = anatomy.column.name.clone();
        Self {
            anatomy,
            facts: &anatomy.column,
            renamed,
            left: None,
            old_after: old.clone(),
            old,
            new: new.to_owned(),
            new_after: new.to_owned(),
        }
    }
}

impl BothWritten {
    /// In words, for columns of these names.
    pub(super) fn tell(self, old: &str, new: &str) -> String {
        match self {
            Self::NewWins => {
                format!("{new} counts: a client that saves whole rows may send a stale old value along")
            }
            Self::OldWins => format!("{old} counts"),
            Self::Refuse => "the statement fails if they differ".to_owned(),
        }
    }
}

impl Change<'_> {
    /// A name as a person would write it.
    pub(super) fn q(&self, name: &str) -> String {
        self.anatomy.quoting().name(name)
    }

    /// `schema.table`
    pub(super) fn table(&self) -> String {
        format!("{}.{}", self.q(&self.anatomy.table.schema), self.q(&self.anatomy.table.name))
    }

    /// Another object of the table's schema.
    pub(super) fn beside(&self, name: &str) -> String {
        format!("{}.{}", self.q(&self.anatomy.table.schema), self.q(name))
    }

    pub(super) fn alter(&self, what: &str) -> String {
        format!("alter table {} {what}", self.table())
    }

    /// `COMMENT ON` what, if there is one.
    pub(super) fn comment(on: &str, comment: Option<&String>) -> Option<String> {
        comment.map(|comment| format!("comment on {on} is {}", quote::literal(comment)))
    }

    /// How the old column's own definition reads from the switch on.
    pub(super) fn left<'t>(
        &'t self,
        original: &'t str,
        of: impl Fn(&'t Renamed) -> Option<&'t Definition>,
    ) -> &'t str {
        let left = self.left.and_then(of).and_then(|definition| definition.as_deref().ok());
        left.unwrap_or(original)
    }

    /// How a definition reads from the switch on: with the new name, or where the new column takes the old one's name, as
    /// it always did.
    pub(super) fn after<'t>(&self, original: &'t str, renamed: &'t str) -> &'t str {
        if self.new == self.new_after { renamed } else { original }
    }

    /// Whether two values of the column differ, whatever its type.
    pub(super) fn differ(&self, one: &str, other: &str) -> String {
        differ(one, other, self.facts.is_plain)
    }
}

/// Whether two values differ. What has no `=` of PostgreSQL's own, or one that overlooks differences, is compared as text.
pub(super) fn differ(one: &str, other: &str, is_plain: bool) -> String {
    if is_plain {
        format!("{one} is distinct from {other}")
    } else {
        format!("{one}::text collate \"C\" is distinct from {other}::text collate \"C\"")
    }
}
