//! `[callbacks]`: what is run before and after changes of the history.

use crate::manifest::{Document, DocumentError};

/// What is run before and after changes of the history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Callbacks {
    /// A command that must succeed before what may lose data is begun.
    pub backup: Option<String>,
    /// A command before the first revision.
    pub before: Option<String>,
    /// A command after the last.
    pub after: Option<String>,
    /// A command when one failed.
    pub failed: Option<String>,
    /// SQL in each schema revision's transaction, before its own.
    pub before_revision: Option<String>,
    /// The same after its own.
    pub after_revision: Option<String>,
}

impl Callbacks {
    /// Every key of the table.
    pub(super) const KEYS: &[&str] =
        &["backup", "before", "after", "failed", "before_revision", "after_revision"];

    pub(super) fn read(document: &Document<'_>) -> Result<Self, DocumentError> {
        let Some(section) = document.root().section("callbacks")? else { return Ok(Self::default()) };
        section.only(Self::KEYS)?;
        let text = |key: &str| section.text(key).map(|text| text.map(|text| text.value));
        Ok(Self {
            backup: text("backup")?,
            before: text("before")?,
            after: text("after")?,
            failed: text("failed")?,
            before_revision: text("before_revision")?,
            after_revision: text("after_revision")?,
        })
    }
}
