//! What is changed: the old column and the new one, and the names both have before and after the switch.

use crate::pg::anatomy::Anatomy;
use crate::pg::anatomy::scratch::Renamed;
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
    pub(super) renamed: &'a Renamed,
    /// The old column until the switch.
    pub(super) old: String,
    /// The new column until the switch.
    pub(super) new: String,
    /// The old column after it.
    pub(super) old_after: String,
    /// The new column after it.
    pub(super) new_after: String,
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

    /// How a definition reads from the switch on: with the new name, or where the new column takes the old one's name, as
    /// it always did.
    pub(super) fn after<'t>(&self, original: &'t str, renamed: &'t str) -> &'t str {
        if self.new == self.new_after { renamed } else { original }
    }

    /// Whether two values of the column differ, whatever its type.
    pub(super) fn differ(&self, one: &str, other: &str) -> String {
        differ(one, other, self.anatomy.column.is_plain)
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
