//! Findings as annotations of a GitHub workflow: one command a line.

use super::super::context::Context;
use super::Told;
use super::sarif::message;
use crate::plan::lint::finding::{Finding, Level};

pub(super) fn print(context: &Context<'_>, told: &Told<'_>) {
    for linted in told.linted {
        let file = linted.file.display().to_string();
        let at_least = if context.printer.is_verbose() { Level::Note } else { Level::Warning };
        for finding in linted.findings().filter(|finding| finding.level >= at_least) {
            context.printer.data(&annotation(&file, finding));
        }
    }
}

fn annotation(file: &str, finding: &Finding) -> String {
    let command = match finding.level {
        Level::Danger => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };
    let (line, column) = (finding.line, finding.column);
    format!(
        "::{command} file={},line={line},col={column},title={}::{}",
        property(file),
        property(&format!("longhaul {}", finding.rule)),
        data(&message(finding))
    )
}

/// What follows the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_finding_ends_its_line_or_its_property() {
        assert_eq!(property("a,b:c%\n"), "a%2Cb%3Ac%25%0A");
        assert_eq!(data("50 %\nof: it"), "50 %25%0Aof: it");
    }
}
