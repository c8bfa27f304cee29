//! What is said of a statement.

use super::cost::Estimate;
use super::lock::Blocks;

/// How grave it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Harmless here and now, or a matter of taste: told with `--verbose`.
    Note,
    /// Worth a look; stops nothing.
    Warning,
    /// Others would be kept waiting, or the revision fails: `upgrade` doesn't begin.
    Danger,
}

/// One finding, at its place in a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finding {
    /// The rule, as a comment names it that allows it.
    pub(crate) rule: &'static str,
    pub(crate) level: Level,
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// What happens, in a line.
    pub(crate) says: String,
    /// Who is kept waiting.
    pub(crate) blocked: Vec<Blocked>,
    /// Why.
    pub(crate) why: String,
    /// The safe way, mostly as SQL; empty where there is none.
    pub(crate) safe: String,
}

/// What nobody can do on a table, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Blocked {
    pub(crate) table: String,
    pub(crate) what: Blocks,
    pub(crate) time: Estimate,
}

impl Level {
    /// As it is shown.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Danger => "danger",
        }
    }
}

impl Finding {
    /// As text, its place first.
    pub(crate) fn lines(&self, file: &str) -> Vec<String> {
        let Self { rule, level, line, column, says, .. } = self;
        let mut lines = vec![format!("{file}:{line}:{column}: {}: {says} [{rule}]", level.word())];
        lines.extend(self.blocked.iter().map(|blocked| format!("    {}", blocked.words())));
        if !self.why.is_empty() {
            lines.push(format!("    why: {}", self.why));
        }
        for (at, safe) in self.safe.lines().enumerate() {
            lines.push(format!("    {} {safe}", if at == 0 { "safe:" } else { "     " }));
        }
        lines
    }
}

impl Blocked {
    /// In words.
    pub(crate) fn words(&self) -> String {
        format!("{} of {} wait {}", self.what.words(), self.table, self.time.words())
    }
}
