//! Where two inventories differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use similar::{ChangeTag, TextDiff};

/// Lines of a definition that are shown; a long function's body would bury the rest.
const SHOWN_LINES: usize = 12;

/// One object that two inventories don't have alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It was there before and is not there after.
    Missing {
        /// Its kind and name.
        object: String,
        /// What it was.
        definition: String,
    },
    /// It was not there before and is there after.
    Extra {
        /// Its kind and name.
        object: String,
        /// What it is.
        definition: String,
    },
    /// It is there in both, and not the same.
    Changed {
        /// Its kind and name.
        object: String,
        /// What it was.
        before: String,
        /// What it is.
        after: String,
    },
}

impl Difference {
    /// The object's kind and name.
    #[must_use]
    pub fn object(&self) -> &str {
        match self {
            Self::Missing { object, .. } | Self::Extra { object, .. } | Self::Changed { object, .. } => {
                object
            }
        }
    }
}

/// The object, and under it the lines that went (`-`) and came (`+`), without a newline at the end.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, before, after) = match self {
            Self::Missing { definition, .. } => ("missing", definition.as_str(), ""),
            Self::Extra { definition, .. } => ("extra", "", definition.as_str()),
            Self::Changed { before, after, .. } => ("changed", before.as_str(), after.as_str()),
        };
        write!(f, "{word}: {}", self.object())?;
        let diff = TextDiff::from_lines(before, after);
        let lines: Vec<_> =
            diff.iter_all_changes().filter(|change| change.tag() != ChangeTag::Equal).collect();
        for change in lines.iter().take(SHOWN_LINES) {
            write!(f, "\n  {} {}", change.tag(), change.value().trim_end())?;
        }
        match lines.len().saturating_sub(SHOWN_LINES) {
            0 => Ok(()),
            more => write!(f, "\n  … and {more} more lines"),
        }
    }
}

/// The differences, by the objects' names.
pub(super) fn between(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> Vec<Difference> {
    let objects: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    objects
        .into_iter()
        .filter_map(|object| {
            let (name, object) = (object, object.clone());
            match (before.get(name).cloned(), after.get(name).cloned()) {
                (Some(before), Some(after)) if before != after => {
                    Some(Difference::Changed { object, before, after })
                }
                (Some(definition), None) => Some(Difference::Missing { object, definition }),
                (None, Some(definition)) => Some(Difference::Extra { object, definition }),
                _ => None,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(objects: &[(&str, &str)]) -> BTreeMap<String, String> {
        objects.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn each_difference_is_told_by_the_lines_that_differ() {
        let before = inventory(&[
            ("column t.a", "integer\nnot null\ndefault 1"),
            ("column t.b", "text"),
            ("view v", "x"),
        ]);
        let after = inventory(&[
            ("column t.a", "integer\nnot null\ndefault 2"),
            ("column t.b", "text"),
            ("view w", "y"),
        ]);
        let told: Vec<String> = between(&before, &after).iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        changed: column t.a
          - default 1
          + default 2
        missing: view v
          - x
        extra: view w
          + y
        ");
        assert_eq!(between(&before, &before), []);
    }

    #[test]
    fn a_long_definition_is_cut_and_says_so() {
        let body = (0..20).map(|line| format!("{line}\n")).collect::<String>();
        let shown = Difference::Extra { object: "function f()".into(), definition: body }.to_string();
        assert_eq!(shown.lines().count(), 1 + SHOWN_LINES + 1);
        assert!(shown.ends_with("\n  … and 8 more lines"), "{shown}");
    }
}
