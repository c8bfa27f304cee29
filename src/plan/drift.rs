//! Whether a job's file still says what the run was begun with.
//!
//! The definition is stored with the run, one `key = value` line a setting, and compared at each resume (spirit
//! compares the statement's text, GitLab the arguments: going on with another job's checkpoint skips rows without a
//! word). A difference stops the resume; the diff is what the operator decides by. Nothing is stored here.

use similar::TextDiff;

/// Unchanged lines shown around a change: as `diff -u`.
const CONTEXT_LINES: usize = 3;

/// What the comparison found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// The file defines what the run was begun with.
    None,
    /// It does not.
    Changed {
        /// A unified diff, from the stored definition to the file's, each line ended by a newline.
        diff: String,
    },
}

impl Drift {
    /// Compares the definition stored with the run with the one in the file now. How a line or the text ends (`\n`,
    /// `\r\n`, blanks, nothing) is no change; everything else is, and so is the lines' order.
    #[must_use]
    pub fn between(stored: &str, file: &str) -> Self {
        let (stored, file) = (normalize_line_ends(stored), normalize_line_ends(file));
        if stored == file {
            return Self::None;
        }
        let diff = TextDiff::from_lines(&stored, &file)
            .unified_diff()
            .context_radius(CONTEXT_LINES)
            .header("as it was stored", "in the file now")
            .to_string();
        Self::Changed { diff }
    }
}

fn normalize_line_ends(text: &str) -> String {
    text.trim_end().lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STORED: &str = "table = payroll.entries\nset.gross_amount = gross_pay\nkey = id\n";

    #[test]
    fn the_same_definition_has_not_drifted_however_its_lines_end() {
        assert_eq!(Drift::between(STORED, STORED), Drift::None);
        assert_eq!(Drift::between(STORED, &STORED.replace('\n', " \r\n")), Drift::None);
        assert_eq!(Drift::between(STORED, STORED.trim_end()), Drift::None);
        assert_eq!(Drift::between("", "\n"), Drift::None);
    }

    #[test]
    fn a_changed_expression_is_shown_as_a_unified_diff() {
        let Drift::Changed { diff } = Drift::between(STORED, &STORED.replace("gross_pay", "gross_pay * 100"))
        else {
            panic!("the expression has changed");
        };
        let want = "\
--- as it was stored
+++ in the file now
@@ -1,3 +1,3 @@
 table = payroll.entries
-set.gross_amount = gross_pay
+set.gross_amount = gross_pay * 100
 key = id
";
        assert_eq!(diff, want);
    }

    #[test]
    fn an_added_setting_and_a_removed_one_are_shown() {
        let filter = "where = period_id > 7";
        let Drift::Changed { diff } = Drift::between(STORED, &format!("{STORED}{filter}")) else {
            panic!("a line was added");
        };
        assert!(diff.ends_with(&format!("\n+{filter}\n")), "{diff}");
        let Drift::Changed { diff } = Drift::between(&format!("{STORED}{filter}"), STORED) else {
            panic!("a line was removed");
        };
        assert!(diff.ends_with(&format!("\n-{filter}\n")), "{diff}");
    }

    proptest! {
        #[test]
        fn a_change_is_found_exactly_when_the_settings_differ(
            stored in prop::collection::vec("[a-c] = [x-z]{1,2}", 0..6),
            file in prop::collection::vec("[a-c] = [x-z]{1,2}", 0..6),
        ) {
            match Drift::between(&stored.join("\n"), &file.join("\n")) {
                Drift::None => prop_assert_eq!(stored, file),
                Drift::Changed { diff } => {
                    prop_assert_ne!(stored, file);
                    prop_assert!(diff.starts_with("--- as it was stored\n+++ in the file now\n@@ "));
                    prop_assert!(diff.lines().skip(3).any(|line| line.starts_with(['+', '-'])));
                }
            }
        }

        #[test]
        fn no_pair_of_texts_makes_it_panic(stored in "(.|\n){0,60}", file in "(.|\n){0,60}") {
            let _ = Drift::between(&stored, &file);
        }
    }
}
