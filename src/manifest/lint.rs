//! A revision's file as `plan::lint` looks at it: statements and what they do, by `squawk_syntax`; what `squawk_linter` says;
//! and the comments that allow something.
//!
//! Each statement is parsed by itself, so that one that can't be read hides no other. A file without sections is looked at as
//! one section `up`.

mod alter;
mod columns;
#[cfg(test)]
mod judged;
mod names;
mod squawk;
mod statements;
#[cfg(test)]
mod tests;

use std::ops::Range;

use self::names::Names;
use super::revision_file::section_mark;
use crate::model::Direction;
use crate::plan::lint::allow::{self, Allow};
use crate::plan::lint::operation::{Operation, Statement};
use crate::plan::lint::{LintFile, LintSection};

/// Reads a file's text. What `parse_revision` refuses is read as far as it goes: it is refused before anything is run.
pub(crate) fn read_for_lint(text: &str) -> LintFile {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut file = LintFile::default();
    let mut sections: Vec<(&str, bool, String)> = Vec::new();
    let has_marks = text.lines().any(|line| section_mark(line).is_some());
    if !has_marks {
        sections.push(("up", true, text.to_owned()));
    }
    for (number, line) in text.lines().enumerate().filter(|_| has_marks) {
        if let Some(mark) = section_mark(line) {
            let mark = mark.trim();
            let (name, options) = mark.split_once(char::is_whitespace).unwrap_or((mark, ""));
            let in_transaction = options.trim() != "transaction:false";
            sections.push((name, in_transaction, "\n".repeat(number + 1)));
        } else if let Some((_, _, section)) = sections.last_mut() {
            section.push_str(line);
            section.push('\n');
        } else {
            file.allows.extend(allow::read(line.trim(), number + 1));
        }
    }
    for (name, in_transaction, text) in sections {
        let direction = match name {
            "up" => Direction::Up,
            "down" => Direction::Down,
            _ => continue,
        };
        file.sections.push(section(direction, in_transaction, &text));
    }
    file
}

fn section(direction: Direction, in_transaction: bool, text: &str) -> LintSection {
    let mut section =
        LintSection { direction, in_transaction, allows: allows(text), ..LintSection::default() };
    let mut names = Names::default();
    for at in super::statements(text) {
        let (line, column) = place(text, at.start);
        let sql = &text[at];
        let parsed = squawk_syntax::SourceFile::parse(sql);
        let errors = parsed.errors();
        let operations = if let Some(error) = errors.first() {
            vec![Operation::Unread { problem: error.message().to_owned() }]
        } else {
            names.follow(sql);
            statements::operations(&parsed.tree(), sql, &names)
        };
        if errors.is_empty() {
            for (remark, offset) in squawk::remarks(&parsed, sql) {
                let (below, beside) = place(sql, offset);
                let column = if below == 1 { column + beside - 1 } else { beside };
                section.remarks.push(crate::plan::lint::squawk::Remark {
                    line: line + below - 1,
                    column,
                    ..remark
                });
            }
        }
        section.statements.push(Statement { line, column, sql: sql.to_owned(), operations });
    }
    section
}

/// The comments outside quotes that allow something.
fn allows(text: &str) -> Vec<Allow> {
    let inside: Vec<Range<usize>> = super::statements(text);
    let mut start = 0;
    let mut found = Vec::new();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let at = start;
        start += line.len();
        // What stands in a function's body is that body's.
        if inside.iter().any(|statement| statement.start < at && at < statement.end) {
            continue;
        }
        if line.trim_start().starts_with("--") {
            found.extend(allow::read(line.trim(), number + 1));
        }
    }
    found
}

/// Line and column of an offset, from 1.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..offset];
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    (before.matches('\n').count() + 1, column)
}
