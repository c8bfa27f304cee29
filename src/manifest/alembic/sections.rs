//! What Alembic prints with `--sql`, taken apart at the marks it puts before each revision.

use std::collections::BTreeMap;
use std::path::Path;

use super::{AlembicDirection, AlembicSql};
use crate::manifest::document::{DocumentError, complaint};
use crate::manifest::revision_file::section_mark;
use crate::manifest::sql;

/// How a line of Alembic's log begins.
const LOG: &str = "INFO  [alembic";

/// A print being read.
struct Print<'p> {
    file: &'p Path,
    text: &'p str,
    /// The text with blanks for quotes and comments.
    plain: String,
}

/// A line `-- Running upgrade a -> b`.
struct Mark {
    id: String,
    /// Where its line begins, and where what follows it does.
    start: usize,
    end: usize,
}

/// The statements of each revision in the print of one direction, by the revision's id.
pub fn read_alembic_sql(
    file: &Path,
    text: &str,
    direction: AlembicDirection,
) -> Result<BTreeMap<String, AlembicSql>, DocumentError> {
    let plain = sql::without_quotes(text)
        .map_err(|reason| complaint(file, text, 0, format!("the SQL can't be read: {reason}"), None))?;
    let print = Print { file, text, plain };
    let marks = print.marks(direction)?;
    if marks.is_empty() {
        let message = format!("there is no line `{} …` in it", direction.mark().trim_end());
        return Err(print.complain(0, message, Some(direction.command())));
    }
    let ends = marks.iter().skip(1).map(|next| next.start).chain([text.len()]);
    let mut found = BTreeMap::new();
    for (mark, end) in marks.iter().zip(ends) {
        if found.insert(mark.id.clone(), print.section(mark, end)?).is_some() {
            return Err(print.complain(mark.start, format!("revision {} is there twice", mark.id), None));
        }
    }
    Ok(found)
}

impl AlembicDirection {
    fn mark(self) -> &'static str {
        match self {
            Self::Upgrade => "-- Running upgrade ",
            Self::Downgrade => "-- Running downgrade ",
        }
    }

    fn command(self) -> &'static str {
        match self {
            Self::Upgrade => "it must be what `alembic upgrade base:heads --sql` prints",
            Self::Downgrade => "it must be what `alembic downgrade heads:base --sql` prints",
        }
    }
}

impl Print<'_> {
    fn complain(&self, at: usize, message: String, hint: Option<&str>) -> DocumentError {
        complaint(self.file, self.text, at, message, hint.map(str::to_owned))
    }

    fn marks(&self, direction: AlembicDirection) -> Result<Vec<Mark>, DocumentError> {
        let mut marks = Vec::new();
        let mut end = 0;
        for line in self.text.split_inclusive('\n') {
            let start = end;
            end += line.len();
            if line.starts_with(LOG) {
                let hint = "print it again with standard error elsewhere: `> FILE` without `2>&1`";
                return Err(self.complain(
                    start,
                    "Alembic's log stands between the SQL".to_owned(),
                    Some(hint),
                ));
            }
            let Some(links) = line.strip_prefix(direction.mark()) else { continue };
            let before = self.plain[..start].trim_end();
            if !(before.is_empty() || before.ends_with(';')) {
                if sql::without_quotes(&self.text[..start]).is_err() {
                    // The words stand in a quote.
                    continue;
                }
                return Err(self.unended(start));
            }
            let Some((from, to)) = links.split_once("->") else {
                return Err(self.complain(start, "the mark names no two revisions".to_owned(), None));
            };
            let id = match direction {
                AlembicDirection::Upgrade => to.trim(),
                AlembicDirection::Downgrade => from.trim(),
            };
            marks.push(Mark { id: id.to_owned(), start, end });
        }
        Ok(marks)
    }

    /// Without what Alembic adds: BEGIN, COMMIT, and the statements on its version table.
    fn section(&self, mark: &Mark, end: usize) -> Result<AlembicSql, DocumentError> {
        let mut kept: Vec<&str> = Vec::new();
        let mut tables: Vec<&str> = Vec::new();
        // A mark stands in a transaction, whoever began it.
        let (mut in_transaction, mut leaves_transaction) = (true, false);
        let mut at = mark.end;
        for plain in self.plain[mark.end..end].split_inclusive(';') {
            let whole = self.text[at..at + plain.len()].trim();
            let code = plain.trim_start();
            let statement = self.text[at + plain.len() - code.len()..at + plain.len()].trim_end();
            let words = code.trim_end_matches(';').trim();
            match words {
                "BEGIN" => in_transaction = true,
                "COMMIT" => in_transaction = false,
                _ if version_table(statement).is_some() => tables.extend(version_table(statement)),
                _ if is_drop_of(statement, &tables) || matches!(whole, "" | ";") => {}
                _ => {
                    if let Some(line) = whole.lines().skip(1).find(|line| version_table(line).is_some()) {
                        let offset = line.as_ptr() as usize - self.text.as_ptr() as usize;
                        return Err(self.unended(offset));
                    }
                    leaves_transaction |= !in_transaction && !words.is_empty();
                    kept.push(whole);
                }
            }
            at += plain.len();
        }
        let text = kept.join("\n\n");
        if let Some((_, word)) = sql::transaction_statement(&text) {
            let message = format!("revision {} begins or ends a transaction by itself: {word}", mark.id);
            let hint = "use autocommit_block() in it, or take the statement out";
            return Err(self.complain(mark.start, message, Some(hint)));
        }
        if text.lines().any(|line| section_mark(line).is_some()) {
            let message = format!("revision {} has a line `-- migrate:` in it", mark.id);
            return Err(self.complain(mark.start, message, Some("it would begin a section: take it out")));
        }
        let line = self.text[..mark.start].matches('\n').count() + 1;
        Ok(AlembicSql { text, leaves_transaction, line })
    }

    fn unended(&self, at: usize) -> DocumentError {
        let message = "the statement before this line has no end".to_owned();
        self.complain(at, message, Some("its `;` stands in a comment: put one before the comment"))
    }
}

/// The version table, where the statement is one that Alembic keeps it with.
fn version_table(statement: &str) -> Option<&str> {
    if let Some(rest) = statement.strip_prefix("INSERT INTO ") {
        return rest.split_once(" (version_num) VALUES ('").map(|(table, _)| table);
    }
    if let Some(rest) = statement.strip_prefix("UPDATE ") {
        let (table, rest) = rest.split_once(" SET version_num='")?;
        return rest.contains(&format!(" WHERE {table}.version_num = '")).then_some(table);
    }
    let (table, rest) = statement.strip_prefix("DELETE FROM ")?.split_once(" WHERE ")?;
    rest.strip_prefix(table)?.starts_with(".version_num = '").then_some(table)
}

/// Older Alembics end the way down with a DROP TABLE of their own.
fn is_drop_of(statement: &str, tables: &[&str]) -> bool {
    let table = statement.strip_prefix("DROP TABLE ").map(|rest| rest.trim_end_matches(';'));
    table.is_some_and(|table| tables.contains(&table))
}
