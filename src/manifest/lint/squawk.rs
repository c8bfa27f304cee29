//! What `squawk_linter` says of a statement, by the rules that `plan::lint::squawk` has on.

use squawk_linter::{Linter, LinterSettings, Rule, Version};
use squawk_syntax::{Parse, SourceFile};

use crate::plan::lint::squawk::{Remark, SQUAWK};

/// Its remarks, each with where it begins.
pub(super) fn remarks(parsed: &Parse<SourceFile>, sql: &str, version: u32) -> Vec<(Remark, usize)> {
    let rules = SQUAWK.iter().filter_map(|(name, _)| Rule::try_from(*name).ok());
    let settings = LinterSettings {
        pg_version: version.to_string().parse().unwrap_or_else(|_| Version::default()),
        assume_in_transaction: true,
    };
    let mut linter = Linter::from(rules.collect::<Vec<_>>());
    linter.settings = settings;
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
