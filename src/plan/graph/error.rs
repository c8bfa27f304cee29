//! What is wrong with a history, or with the name of a revision in it.

use std::fmt;

use super::resolve::MIN_PREFIX;

/// How one revision names another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// As its parent.
    Revises,
    /// As a revision that must be applied before it.
    Depends,
}

/// One revision of a cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: String,
    /// Its file's path.
    pub place: String,
}

/// Why the files are no history.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// A file without an id.
    #[error("{place}: the revision's id is empty")]
    EmptyId {
        /// The file's path.
        place: String,
    },
    /// An id that could not be written everywhere.
    #[error(
        "{place}: the revision id `{id}` holds {character:?}; allowed are letters, digits, `_`, `.` and `-`"
    )]
    BadId {
        /// The id as given.
        id: String,
        /// The file's path.
        place: String,
        /// The first character that is not allowed.
        character: char,
    },
    /// Two files with one id.
    #[error("revision `{id}` is defined twice: in {first} and in {second}")]
    DuplicateId {
        /// The id.
        id: String,
        /// One file's path.
        first: String,
        /// The other's.
        second: String,
    },
    /// A label without a name.
    #[error("{place}: a branch label is empty")]
    EmptyLabel {
        /// The file's path.
        place: String,
    },
    /// A label that could not be written everywhere.
    #[error(
        "{place}: the branch label `{label}` holds {character:?}; allowed are letters, digits, `_`, `.` and `-`"
    )]
    BadLabel {
        /// The label as given.
        label: String,
        /// The file's path.
        place: String,
        /// The first character that is not allowed.
        character: char,
    },
    /// A label that means something else where a revision is named.
    #[error("{place}: the branch label `{label}` is a word with a meaning of its own")]
    ReservedLabel {
        /// The label.
        label: String,
        /// The file's path.
        place: String,
    },
    /// A label that is a revision's id.
    #[error("{place}: the branch label `{label}` is the id of the revision in {other}")]
    LabelIsId {
        /// The label.
        label: String,
        /// The path of the file that declares it.
        place: String,
        /// The path of the revision's file.
        other: String,
    },
    /// One label on two revisions.
    #[error("the branch label `{label}` is declared twice: in {first} and in {second}")]
    DuplicateLabel {
        /// The label.
        label: String,
        /// One file's path.
        first: String,
        /// The other's.
        second: String,
    },
    /// A revision that names one which no file defines.
    #[error("{place}: revision `{id}` {link} `{parent}`, which no file defines{}", did_you_mean(nearest.as_deref()))]
    MissingParent {
        /// The revision that names it.
        id: String,
        /// Its file's path.
        place: String,
        /// How it names it.
        link: Link,
        /// The id that is missing.
        parent: String,
        /// The most similar id, where one is similar.
        nearest: Option<String>,
    },
    /// A revision that names itself.
    #[error("{place}: revision `{id}` {link} itself")]
    SelfReference {
        /// The id.
        id: String,
        /// The file's path.
        place: String,
        /// How it names itself.
        link: Link,
    },
    /// Revisions that follow each other in a circle.
    #[error("revisions follow each other in a circle: {}", circle(members))]
    Cycle {
        /// Each follows the next, the last follows the first; the first is that with the first file path.
        members: Vec<Member>,
    },
}

/// Why a text names no revision.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// Too little to go by.
    #[error(
        "`{target}` is no revision's id, and too short for the beginning of one: give {MIN_PREFIX} characters or more"
    )]
    TooShort {
        /// The text as given.
        target: String,
    },
    /// The beginning of several ids.
    #[error("`{target}` is the beginning of several revisions' ids: {}", candidates.join(", "))]
    Ambiguous {
        /// The text as given.
        target: String,
        /// All of them, sorted.
        candidates: Vec<String>,
    },
    /// No id, and the beginning of none.
    #[error("`{target}` is no revision{}", did_you_mean(nearest.as_deref()))]
    Unknown {
        /// The text as given.
        target: String,
        /// The most similar id, where one is similar.
        nearest: Option<String>,
    },
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Revises => "revises",
            Self::Depends => "depends on",
        })
    }
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|id| format!("; the most similar id is `{id}`")).unwrap_or_default()
}

fn circle(members: &[Member]) -> String {
    let mut names: Vec<String> = members.iter().map(|m| format!("`{}` ({})", m.id, m.place)).collect();
    names.extend(members.first().map(|first| format!("`{}`", first.id)));
    names.join(" follows ")
}
