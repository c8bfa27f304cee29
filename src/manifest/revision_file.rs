//! A `.sql` file becomes a schema [`Revision`].
//!
//! The header is a block of `-- key: value` lines; the sections begin with `-- migrate:up`, `-- migrate:down`,
//! `-- migrate:verify` and `-- migrate:when` (a query: unless it returns true, nothing is done). A file with marks and no header is dbmate's: its id is its version, and it revises the
//! file before it (the directory fills that in).

use std::path::Path;

use sha2::{Digest, Sha256};

use super::document::{DocumentError, nearest};
use super::{file_name_parts, sql};
use crate::model::{Revision, RevisionBody, RevisionId, SchemaRevision, Section};

const HEADER: &[&str] = &["revision", "revises", "message", "labels", "depends"];

const SECTIONS: &[&str] = &["up", "down", "verify", "when"];

/// A section as it stands in the file.
struct Written {
    name: &'static str,
    transaction: bool,
    text: String,
}

/// A revision from its file's text, and whether the file had a header of its own (dbmate's have none).
pub fn parse_revision(file: &Path, text: &str) -> Result<(Revision, bool), DocumentError> {
    let mut header: Vec<(&str, &str)> = Vec::new();
    let mut sections: Vec<Written> = Vec::new();
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
            let (name, transaction) =
                section_head(mark.trim()).map_err(|(message, hint)| complain(message, hint))?;
            if sections.iter().any(|known| known.name == name) {
                return Err(complain(format!("the section `{name}` is there twice"), None));
            }
            // So many line ends that PostgreSQL counts lines as an editor does.
            sections.push(Written { name, transaction, text: "\n".repeat(number + 1) });
        } else if let Some(section) = sections.last_mut() {
            section.text.push_str(line);
            section.text.push('\n');
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
    for section in &sections {
        no_transaction_statement(file, &section.text)?;
        no_copy_through_the_client(file, &section.text)?;
    }
    build(file, &header, sections)
}

/// What follows `-- migrate:`, which dbmate takes without the blank as well.
pub(super) fn section_mark(line: &str) -> Option<&str> {
    line.strip_prefix("--")?.trim_start().strip_prefix("migrate:")
}

/// A section that ended its transaction would leave half of itself behind when it fails.
fn no_transaction_statement(file: &Path, body: &str) -> Result<(), DocumentError> {
    let Some((at, word)) = sql::transaction_statement(body) else { return Ok(()) };
    let (before, line) = (&body[..at], body[..at].matches('\n').count());
    Err(DocumentError {
        file: file.to_owned(),
        line: line + 1,
        column: before.rsplit('\n').next().map_or(0, |start| start.chars().count()) + 1,
        message: format!(
            "a revision can't begin or end a transaction (`{word}`): it runs in one, all or nothing"
        ),
        hint: Some(
            "take the statement out; what must be committed first goes into a revision before, and what can't run in \
             a transaction under `-- migrate:up transaction:false`"
                .into(),
        ),
        source_line: body.lines().nth(line).unwrap_or_default().to_owned(),
    })
}

/// COPY … FROM STDIN waits for rows that nobody sends.
fn no_copy_through_the_client(file: &Path, body: &str) -> Result<(), DocumentError> {
    let is_copy = |at: &std::ops::Range<usize>| {
        let words: Vec<String> =
            super::statement::words(&body[at.clone()]).iter().map(|word| word.to_ascii_uppercase()).collect();
        words.first().is_some_and(|word| word == "COPY")
            && words.iter().any(|word| matches!(word.as_str(), "STDIN" | "STDOUT"))
    };
    let Some(at) = sql::statements(body).into_iter().find(is_copy) else { return Ok(()) };
    let line = body[..at.start].matches('\n').count();
    Err(DocumentError {
        file: file.to_owned(),
        line: line + 1,
        column: body[..at.start].rsplit('\n').next().map_or(0, |start| start.chars().count()) + 1,
        message: "a revision can't COPY from or to the client: there is none that sends or takes rows"
            .to_owned(),
        hint: Some("write INSERT statements, or COPY from a file of the server's".to_owned()),
        source_line: body.lines().nth(line).unwrap_or_default().to_owned(),
    })
}

/// The text without what an editor or git may change: line ends and trailing space.
pub(super) fn normalise(text: &str) -> String {
    text.trim().lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

/// SHA-256 in hex.
pub(super) fn checksum(normalised: &str) -> String {
    use std::fmt::Write as _;
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(normalised) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// The section's name, and whether it runs in a transaction.
fn section_head(mark: &str) -> Result<(&'static str, bool), (String, Option<String>)> {
    let (name, options) = mark.split_once(char::is_whitespace).unwrap_or((mark, ""));
    let known = SECTIONS.iter().copied().find(|known| *known == name).ok_or_else(|| {
        (format!("unknown section `{name}`"), Some(format!("the sections are {}", SECTIONS.join(", "))))
    })?;
    match options.trim() {
        "" | "transaction:true" => Ok((known, true)),
        "transaction:false" if matches!(known, "up" | "down") => Ok((known, false)),
        "transaction:false" => Err((
            format!("`{known}` holds queries, which have no need of `transaction:false`"),
            Some("take the option out".into()),
        )),
        other => Err((
            format!("unknown option `{other}`"),
            Some("the option is transaction:true or transaction:false".into()),
        )),
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
    sections: Vec<Written>,
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
    let (mut up, mut condition, mut content) = (None, None, String::new());
    for Written { name, transaction, text } in sections {
        // A section with nothing in it, as a new file has it, asks for nothing.
        let has_statements = has_statements(&text);
        match name {
            "up" => {
                content = normalise(&text);
                up = Some(section(text, transaction));
            }
            "down" => body.down = Some(section(text, transaction)),
            "verify" => body.verify = Some(text).filter(|_| has_statements),
            _ => condition = Some(text).filter(|_| has_statements),
        }
    }
    body.up = up.ok_or_else(|| {
        complain("the file has no section `up`", "put a line `-- migrate:up` above its statements")
    })?;
    // What does something can't be taken back by doing nothing; a merge can.
    if !body.up.is_empty() {
        body.down = body.down.filter(|down| !down.is_empty());
    } else if body.down.is_none() {
        body.down = Some(Section::default());
    }
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
        condition,
        checksum: checksum(&content),
        content,
        body: RevisionBody::Schema(body),
    };
    Ok((revision, own_header))
}

/// The section to run; an empty one when nothing stands there but comments.
fn section(text: String, transaction: bool) -> Section {
    if !has_statements(&text) {
        return Section::default();
    }
    if transaction {
        return Section::Transaction(text);
    }
    let statements = sql::statements(&text).into_iter().map(|at| {
        let lines = text[..at.start].matches('\n').count();
        "\n".repeat(lines) + &text[at]
    });
    Section::Statements(statements.collect())
}

/// Whether anything but comments stands there. What doesn't end is PostgreSQL's to complain about.
fn has_statements(text: &str) -> bool {
    sql::without_quotes(text).map_or(true, |plain| plain.chars().any(|c| !c.is_whitespace() && c != ';'))
}
