//! A `.sql` file becomes a schema [`Revision`].
//!
//! The header is a block of `-- key: value` lines; the sections begin with `-- migrate:up`, `-- migrate:down` and
//! `-- migrate:verify`. A file with marks and no header is dbmate's: its id is its version, and it revises the
//! file before it (the directory fills that in).

use std::path::Path;

use sha2::{Digest, Sha256};

use super::document::{DocumentError, nearest};
use super::{file_name_parts, sql};
use crate::model::{Revision, RevisionBody, RevisionId, SchemaRevision};

const HEADER: &[&str] = &["revision", "revises", "message", "labels", "depends"];

/// A revision from its file's text, and whether the file had a header of its own (dbmate's have none).
pub fn parse_revision(file: &Path, text: &str) -> Result<(Revision, bool), DocumentError> {
    let mut header: Vec<(&str, &str)> = Vec::new();
    let mut sections: Vec<(&str, String)> = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in text.lines().enumerate() {
        let complain = |message: String, hint: Option<String>| DocumentError {
            file: file.to_owned(),
            line: number + 1,
            column: 1,
            message,
            hint,
            source_line: line.to_owned(),
        };
        if let Some(mark) = section_mark(line) {
            let name = section_name(mark.trim()).map_err(|(message, hint)| complain(message, hint))?;
            if sections.iter().any(|(known, _)| *known == name) {
                return Err(complain(format!("the section `{name}` is there twice"), None));
            }
            // So many line ends that PostgreSQL counts lines as an editor does.
            sections.push((name, "\n".repeat(number + 1)));
        } else if let Some((_, body)) = sections.last_mut() {
            body.push_str(line);
            body.push('\n');
        } else if let Some((key, value)) = header_line(line) {
            if !HEADER.contains(&key) {
                let hint = nearest(key, HEADER.iter().copied()).map(|near| format!("did you mean `{near}`?"));
                if hint.is_some() {
                    return Err(complain(format!("unknown header `{key}`"), hint));
                }
            }
            if HEADER.contains(&key) && header.iter().any(|(known, _)| *known == key) {
                let hint = "several ids stand in one line, with commas between them";
                return Err(complain(format!("the header `{key}` is there twice"), Some(hint.into())));
            }
            header.push((key, value));
        } else if !(line.trim().is_empty() || line.trim_start().starts_with("--")) {
            let hint = "put the statements below a line `-- migrate:up`";
            return Err(complain("SQL stands before the first section".into(), Some(hint.into())));
        }
    }
    for (_, body) in &sections {
        in_one_transaction(file, body)?;
    }
    build(file, &header, sections)
}

/// What follows `-- migrate:`, which dbmate takes without the blank as well.
pub(super) fn section_mark(line: &str) -> Option<&str> {
    line.strip_prefix("--")?.trim_start().strip_prefix("migrate:")
}

/// A section that ended its transaction would leave half of itself behind when it fails.
fn in_one_transaction(file: &Path, body: &str) -> Result<(), DocumentError> {
    let Some((at, word)) = sql::transaction_statement(body) else { return Ok(()) };
    let (before, line) = (&body[..at], body[..at].matches('\n').count());
    Err(DocumentError {
        file: file.to_owned(),
        line: line + 1,
        column: before.rsplit('\n').next().map_or(0, |start| start.chars().count()) + 1,
        message: format!(
            "a revision can't begin or end a transaction (`{word}`): it runs in one, all or nothing"
        ),
        hint: Some("take the statement out; what must be committed first goes into a revision before".into()),
        source_line: body.lines().nth(line).unwrap_or_default().to_owned(),
    })
}

/// SHA-256 in hex of the text without what an editor or git may change: line ends and trailing space.
pub(super) fn checksum(text: &str) -> String {
    let mut hash = Sha256::new();
    for line in text.trim().lines() {
        hash.update(line.trim_end());
        hash.update(b"\n");
    }
    hash.finalize().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn section_name(mark: &str) -> Result<&'static str, (String, Option<String>)> {
    let (name, options) = mark.split_once(char::is_whitespace).unwrap_or((mark, ""));
    let known = ["up", "down", "verify"].into_iter().find(|known| *known == name).ok_or_else(|| {
        (format!("unknown section `{name}`"), Some("the sections are up, down, verify".into()))
    })?;
    match options.trim() {
        "" | "transaction:true" => Ok(known),
        "transaction:false" => Err((
            "this version runs each section in one transaction and can't honour `transaction:false`".into(),
            Some("run statements like CREATE INDEX CONCURRENTLY by hand, then `IF NOT EXISTS` here".into()),
        )),
        other => Err((format!("unknown option `{other}`"), Some("the option is transaction:true".into()))),
    }
}

/// `-- key: value`, where the key is one word.
fn header_line(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.strip_prefix("--")?.trim_start().split_once(':')?;
    let word = !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    word.then(|| (key, value.trim()))
}

fn build(
    file: &Path,
    header: &[(&str, &str)],
    sections: Vec<(&str, String)>,
) -> Result<(Revision, bool), DocumentError> {
    let complain = |message: &str, hint: &str| DocumentError {
        file: file.to_owned(),
        line: 1,
        column: 1,
        message: message.to_owned(),
        hint: Some(hint.to_owned()),
        source_line: String::new(),
    };
    let value = |key: &str| header.iter().find(|(known, _)| *known == key).map(|(_, value)| *value);
    let list = |key: &str| -> Vec<String> {
        let items = value(key).unwrap_or_default().split(',').map(str::trim);
        items.filter(|item| !item.is_empty()).map(str::to_owned).collect()
    };
    let ids = |key: &str| list(key).into_iter().map(RevisionId).collect();
    let parts = file_name_parts(file);
    let own_header = value("revision").is_some();
    let id = match (value("revision"), parts) {
        (Some(id), _) if !id.is_empty() => id.to_owned(),
        (None, Some(parts)) if !parts.version.is_empty() => parts.version,
        _ => return Err(complain("the file has no revision id", "begin it with a line `-- revision: <id>`")),
    };
    let mut body = SchemaRevision::default();
    let mut up = None;
    for (name, text) in sections {
        match name {
            "up" => up = Some(text),
            "down" => body.down = Some(text).filter(|text| has_statements(text)),
            // A section with nothing in it, as a new file has it, asks for nothing.
            _ => body.verify = Some(text).filter(|text| has_statements(text)),
        }
    }
    body.up = up.ok_or_else(|| {
        complain("the file has no section `up`", "put a line `-- migrate:up` above its statements")
    })?;
    let revision = Revision {
        id: RevisionId(id),
        revises: ids("revises"),
        depends: ids("depends"),
        labels: list("labels"),
        message: value("message").map_or_else(
            || file_name_parts(file).map(|parts| parts.slug.replace('_', " ")).unwrap_or_default(),
            str::to_owned,
        ),
        file: file.to_owned(),
        checksum: checksum(&body.up),
        body: RevisionBody::Schema(body),
    };
    Ok((revision, own_header))
}

/// Whether anything but comments stands there. What doesn't end is PostgreSQL's to complain about.
fn has_statements(text: &str) -> bool {
    sql::without_quotes(text).map_or(true, |plain| plain.chars().any(|c| !c.is_whitespace() && c != ';'))
}
