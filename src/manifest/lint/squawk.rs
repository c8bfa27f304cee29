//! What `squawk_linter` says of a statement, by the rules that `plan::lint::squawk` has on.

use squawk_linter::{Linter, Rule};
use squawk_syntax::{Parse, SourceFile};

use crate::plan::lint::squawk::{Remark, SQUAWK};

/// Its remarks, each with where it begins.
pub(super) fn remarks(parsed: &Parse<SourceFile>, sql: &str) -> Vec<(Remark, usize)> {
    let rules = SQUAWK.iter().filter_map(|(name, _)| Rule::try_from(*name).ok());
    let mut linter = Linter::from(rules.collect::<Vec<_>>());
    linter.settings.assume_in_transaction = true;
    let violations = linter.lint(parsed, sql);
    violations
        .into_iter()
        .filter_map(|violation| {
            let name = violation.code.to_string();
            let rule = SQUAWK.iter().find(|(rule, _)| *rule == name)?.0;
            let help = violation.help.unwrap_or_default();
            let help = if help.is_empty() { String::new() } else { format!("-- {help}") };
            let remark = Remark { rule, line: 1, column: 1, says: violation.message, help };
            Some((remark, usize::from(violation.text_range.start())))
        })
        .collect()
}
