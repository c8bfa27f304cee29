//! `lint`: what `upgrade` makes of findings that are dangerous.

use crate::manifest::{DocumentError, Section, nearest};

/// What `upgrade` makes of findings that are dangerous.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LintBefore {
    /// It doesn't begin.
    #[default]
    Refuse,
    /// It tells them, and begins.
    Warn,
    /// It doesn't look.
    Off,
}

const WORDS: [(&str, LintBefore); 3] =
    [("refuse", LintBefore::Refuse), ("warn", LintBefore::Warn), ("off", LintBefore::Off)];

pub(super) fn read(root: &Section<'_>) -> Result<LintBefore, DocumentError> {
    let Some(written) = root.text("lint")? else { return Ok(LintBefore::default()) };
    let known = WORDS.iter().find(|(word, _)| *word == written.value).map(|(_, before)| *before);
    known.ok_or_else(|| {
        let near = nearest(&written.value, WORDS.iter().map(|(word, _)| *word));
        let hint = near.map_or_else(
            || "`lint` is \"refuse\", \"warn\" or \"off\"".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        root.complain(&written, format!("`{}` says nothing about lint", written.value), Some(hint))
    })
}
