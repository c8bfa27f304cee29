//! A `.toml` file becomes a [`Job`].

use std::num::NonZeroU32;
use std::path::Path;

use super::document::{Document, DocumentError, Placed, Section};
use super::hours_section::hours;
use super::limits_section::limits;
use super::{slug, sql};
use crate::model::{
    Assignment, BadName, BadTolerance, BatchOptions, Direction, Down, Ident, Job, Order, Revision,
    RevisionBody, RevisionId, TableName, Tolerance, Total, Undo, Untouched, Verify, WalkOptions,
    parse_duration, parse_size,
};
use crate::plan::batch_size;

/// What a job's file holds: the job, and its place in the history if it has one.
pub struct JobFile {
    /// The job.
    pub job: Job,
    /// The revision it stands for.
    pub revision: Option<Revision>,
}

const TOP: &[&str] = &[
    "revision",
    "revises",
    "message",
    "labels",
    "depends",
    "when",
    "job",
    "batch",
    "limits",
    "hours",
    "quarantine",
    "verify",
    "down",
];

/// The default batch duration: percona-toolkit's `--chunk-time`.
const DEFAULT_TARGET: std::time::Duration = std::time::Duration::from_millis(500);

/// Strides at the most: a page holds hardly more rows, and each stride is a visit.
const MOST_STRIDES: u32 = 64;

/// Reads and checks a job's file, without the database.
pub fn parse_job(file: &Path, text: &str) -> Result<JobFile, DocumentError> {
    let document = Document::parse(file, text)?;
    let root = document.root();
    root.only(TOP)?;
    let section = root
        .section("job")?
        .ok_or_else(|| root.missing("job", "a job needs a [job] table with `table` and `set`"))?;
    section.only(&["kind", "table", "set", "where", "key", "undo", "role"])?;
    kind(&section)?;
    let undo = undo(&section)?;
    let revision = root.text("revision")?.map(|id| RevisionId(id.value));
    let name = slug(file, revision.as_ref()).unwrap_or_default();
    let job = Job {
        name,
        revision: revision.clone(),
        file: file.to_owned(),
        direction: Direction::Up,
        table: table(&section)?,
        set: assignments(&section, "set")?,
        role: role(&section)?,
        filter: expression(&section, "where")?,
        key: key(&section)?,
        batch: batch(&root)?,
        walk: walk(&root)?,
        limits: root.section("limits")?.as_ref().map(limits).transpose()?.unwrap_or_default(),
        hours: hours(&root)?,
        verify: verify(&root)?,
        quarantine: quarantine(&root)?,
        undo,
        down: down(&root, undo)?,
        restores: false,
    };
    if revision.is_none()
        && let Some(place) =
            ["revises", "depends", "labels", "when"].iter().find_map(|key| root.place_of(key))
    {
        let message = "this places the job in the history, and `revision` is missing";
        let hint = "give the job an id with revision = \"…\", or take the line out";
        return Err(root.complain(&place, message, Some(hint.into())));
    }
    let revision = revision.map(|id| history(&root, id, &job)).transpose()?;
    Ok(JobFile { job, revision })
}

fn kind(section: &Section<'_>) -> Result<(), DocumentError> {
    match section.text("kind")? {
        Some(kind) if kind.value != "update" => {
            let message = format!("this version has no jobs of kind `{}`", kind.value);
            let hint = "the kind it has is \"update\", the default";
            Err(section.complain(&kind, message, Some(hint.into())))
        }
        _ => Ok(()),
    }
}

fn role(section: &Section<'_>) -> Result<Option<Ident>, DocumentError> {
    let Some(role) = section.text("role")? else { return Ok(None) };
    let hint = "a role that SQL would quote is written '\"Pay Roll\"' here";
    Ident::parse(&role.value)
        .map(Some)
        .map_err(|error| section.complain(&role, error.to_string(), Some(hint.into())))
}

fn undo(section: &Section<'_>) -> Result<Undo, DocumentError> {
    match section.text("undo")? {
        None => Ok(Undo::None),
        Some(word) => match word.value.as_str() {
            "none" => Ok(Undo::None),
            "preimage" => Ok(Undo::Preimage),
            other => {
                let message = format!("`undo` is \"preimage\" or \"none\", and not \"{other}\"");
                Err(section.complain(&word, message, None))
            }
        },
    }
}

fn quarantine(root: &Section<'_>) -> Result<Tolerance, DocumentError> {
    let Some(section) = root.section("quarantine")? else { return Ok(Tolerance::default()) };
    section.only(&["max"])?;
    let hint = "say how many rows may be left behind: max = 100, or max = \"0.1%\"";
    let max = section.text_or_number("max")?.ok_or_else(|| section.missing("max", hint))?;
    max.value.parse().map_err(|error: BadTolerance| section.complain(&max, error.to_string(), None))
}

fn table(section: &Section<'_>) -> Result<TableName, DocumentError> {
    let written = section
        .text("table")?
        .ok_or_else(|| section.missing("table", "name the table as in SQL: table = \"payroll.entries\""))?;
    TableName::parse(&written.value).map_err(|error| {
        let hint = match error {
            BadName::Parts { .. } => {
                "write \"schema.table\"; the database is the one that DATABASE_URL names"
            }
            _ => "a name that SQL would quote is written '\"Pay Roll\".\"Entries\"' here",
        };
        section.complain(&written, error.to_string(), Some(hint.into()))
    })
}

fn column(section: &Section<'_>, written: &Placed<String>) -> Result<Ident, DocumentError> {
    Ident::parse(&written.value).map_err(|error| {
        let hint = "a column that SQL would quote is written '\"Gross Pay\"' here";
        section.complain(written, error.to_string(), Some(hint.into()))
    })
}

fn assignments(section: &Section<'_>, key: &str) -> Result<Vec<Assignment>, DocumentError> {
    let mut set = Vec::new();
    for (name, value) in section.pairs(key)? {
        let column = column(section, &name)?;
        if value.value.trim().is_empty() {
            return Err(section.complain(&value, format!("the expression for `{column}` is empty"), None));
        }
        if set.iter().any(|a: &Assignment| a.column == column) {
            return Err(section.complain(&name, format!("`{column}` is set twice"), None));
        }
        one_expression(section, &value, &value.value)?;
        set.push(Assignment { column, expression: value.value });
    }
    if set.is_empty() {
        let hint = "say what to change: set = { column = \"SQL expression over the row\" }";
        return Err(section.missing_or_empty(key, hint));
    }
    // The file's order has no meaning, so the stored definition must not change with it.
    set.sort_by(|a, b| a.column.cmp(&b.column));
    Ok(set)
}

fn expression(section: &Section<'_>, key: &str) -> Result<Option<String>, DocumentError> {
    match section.text(key)? {
        Some(text) if text.value.trim().is_empty() => Err(section.complain(
            &text,
            format!("`{key}` is empty"),
            Some("leave it out for the default".into()),
        )),
        text => {
            text.iter().try_for_each(|text| one_expression(section, text, &text.value))?;
            Ok(text.map(|text| text.value))
        }
    }
}

/// What is put in parentheses must not close them.
fn one_expression<T>(section: &Section<'_>, at: &Placed<T>, text: &str) -> Result<(), DocumentError> {
    sql::one_expression(text)
        .map_err(|problem| section.complain(at, format!("this is no SQL expression: {problem}"), None))
}

fn key(section: &Section<'_>) -> Result<Option<Vec<Ident>>, DocumentError> {
    if section.place_of("key").is_none() {
        return Ok(None);
    }
    let columns = section.texts("key")?;
    if columns.is_empty() {
        let hint = "name the key's columns, or leave `key` out for the primary key";
        return Err(section.missing_or_empty("key", hint));
    }
    let mut key: Vec<Ident> = Vec::new();
    for written in &columns {
        let column = column(section, written)?;
        if key.contains(&column) {
            return Err(section.complain(written, format!("`{column}` is named twice"), None));
        }
        key.push(column);
    }
    Ok(Some(key))
}

fn batch(root: &Section<'_>) -> Result<BatchOptions, DocumentError> {
    let mut options =
        BatchOptions { target: DEFAULT_TARGET, min: batch_size::MIN_SIZE, max: batch_size::MAX_SIZE };
    let Some(section) = root.section("batch")? else { return Ok(options) };
    section.only(&["target", "min", "max", "order", "strides", "window"])?;
    if let Some(target) = section.text("target")? {
        options.target = parse_duration(&target.value)
            .map_err(|error| section.complain(&target, error.to_string(), None))?;
    }
    let (min, max) = (section.count("min")?, section.count("max")?);
    options.min = min.as_ref().map_or(options.min, |min| min.value);
    options.max = max.as_ref().map_or(options.max.max(options.min), |max| max.value);
    if min.is_none() {
        options.min = options.min.min(options.max);
    }
    match (min, max) {
        (Some(_), Some(max)) if options.min > options.max => {
            let message = format!("`max` ({}) is less than `min` ({})", options.max, options.min);
            Err(section.complain(&max, message, None))
        }
        _ => Ok(options),
    }
}

fn walk(root: &Section<'_>) -> Result<WalkOptions, DocumentError> {
    let Some(section) = root.section("batch")? else { return Ok(WalkOptions::default()) };
    let order = match section.text("order")? {
        None => None,
        Some(order) => match [Order::Key, Order::Physical].into_iter().find(|o| o.as_str() == order.value) {
            None => {
                let message = format!("there is no order `{}`", order.value);
                let hint =
                    "the orders are \"key\" and \"physical\"; leave it out to have it chosen from the table";
                return Err(section.complain(&order, message, Some(hint.into())));
            }
            found => found,
        },
    };
    let strides = match section.count("strides")? {
        None => None,
        Some(strides) if strides.value > MOST_STRIDES => {
            let message = format!("`strides` is {}, and can be {MOST_STRIDES} at the most", strides.value);
            return Err(section.complain(&strides, message, None));
        }
        Some(strides) => NonZeroU32::new(strides.value),
    };
    let window = match section.text("window")? {
        None => None,
        Some(window) => {
            let size = parse_size(&window.value)
                .map_err(|error| section.complain(&window, error.to_string(), None))?;
            Some(size)
        }
    };
    Ok(WalkOptions { order, strides, window })
}

fn verify(root: &Section<'_>) -> Result<Verify, DocumentError> {
    let Some(section) = root.section("verify")? else { return Ok(Verify::default()) };
    section.only(&["totals", "before", "untouched"])?;
    let before = section.flag("before")?.filter(|before| before.value);
    let (is_before, untouched) = (before.is_some(), untouched(&section)?);
    let mut verify = Verify { before: is_before, untouched, ..Verify::default() };
    for written in section.texts("totals")? {
        let text = written.value.trim();
        one_expression(&section, &written, text)?;
        if let Some(by) = text.strip_prefix("by ").map(str::trim) {
            verify.by.push(by.to_owned());
        } else if let Some((left, right)) = split_equation(text) {
            verify.totals.push(Total { left, right });
        } else {
            let message = format!("`{text}` is neither a total nor a grouping");
            let hint = "write \"sum(new) = sum(old)\", or \"by column\"";
            return Err(section.complain(&written, message, Some(hint.into())));
        }
    }
    match (verify.by.is_empty(), verify.totals.is_empty()) {
        (_, true) if before.is_some() => {
            Err(section.missing("totals", "say what to take before: totals = [\"sum(new) = sum(old)\"]"))
        }
        (false, true) => {
            Err(section.missing("totals", "a grouping needs a total, like \"sum(new) = sum(old)\""))
        }
        _ => Ok(verify),
    }
}

/// `true` for every column that the job doesn't set, or a list of them.
fn untouched(section: &Section<'_>) -> Result<Untouched, DocumentError> {
    if section.is_flag("untouched") {
        let all = section.flag("untouched")?.is_some_and(|flag| flag.value);
        return Ok(if all { Untouched::All } else { Untouched::Unasked });
    }
    let columns = section.texts("untouched")?;
    if columns.is_empty() && section.place_of("untouched").is_some() {
        let hint = "name columns, or write true for all that the job doesn't set";
        return Err(section.missing_or_empty("untouched", hint));
    }
    if columns.is_empty() {
        return Ok(Untouched::Unasked);
    }
    columns.iter().map(|written| column(section, written)).collect::<Result<_, _>>().map(Untouched::These)
}

fn down(root: &Section<'_>, undo: Undo) -> Result<Option<Down>, DocumentError> {
    let Some(section) = root.section("down")? else { return Ok(None) };
    section.only(&["set", "where", "restore", "keep"])?;
    let set = section.place_of("set").or(section.place_of("where"));
    let filter = expression(&section, "where")?;
    let restore = section.flag("restore")?;
    if let Some(keep) = section.flag("keep")?.filter(|keep| keep.value) {
        if set.is_some() || restore.is_some() {
            let message = "`keep` leaves the rows as they are, and something else is written beside it";
            return Err(section.complain(&keep, message, Some("take one of them out".into())));
        }
        return Ok(Some(Down::Keep));
    }
    match restore {
        Some(restore) if restore.value && undo == Undo::None => {
            let message = "`restore` puts back the old values, and this job keeps none";
            let hint = "write undo = \"preimage\" under [job], or set = { … } here";
            Err(section.complain(&restore, message, Some(hint.into())))
        }
        Some(restore) if restore.value && set.is_some() => {
            let message = "`set` and `restore` are two ways to take the job back";
            Err(section.complain(&restore, message, Some("take one of them out".into())))
        }
        Some(restore) if restore.value => Ok(Some(Down::Restore)),
        _ => assignments(&section, "set").map(|set| Some(Down::Set(set, filter))),
    }
}

fn history(root: &Section<'_>, id: RevisionId, job: &Job) -> Result<Revision, DocumentError> {
    let ids = |key| -> Result<Vec<RevisionId>, DocumentError> {
        Ok(root.texts(key)?.into_iter().map(|id| RevisionId(id.value)).collect())
    };
    let content = super::revision_file::normalise(&job.definition());
    Ok(Revision {
        id,
        revises: ids("revises")?,
        depends: ids("depends")?,
        labels: root.texts("labels")?.into_iter().map(|label| label.value).collect(),
        message: root.text("message")?.map(|message| message.value).unwrap_or_default(),
        file: job.file.clone(),
        condition: root.text("when")?.map(|query| query.value),
        checksum: super::revision_file::checksum(&content),
        content,
        body: RevisionBody::Data(Box::new(job.clone())),
    })
}

/// Splits at the one `=` that stands outside quotes and parentheses and is no part of another operator.
fn split_equation(text: &str) -> Option<(String, String)> {
    let bytes = text.as_bytes();
    let (mut depth, mut quote, mut found) = (0_u32, None, None);
    for (at, &byte) in bytes.iter().enumerate() {
        match (quote, byte) {
            (Some(open), _) if byte == open => quote = None,
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'(') => depth += 1,
            (None, b')') => depth = depth.checked_sub(1)?,
            (None, b'=') if depth == 0 => {
                let part_of_operator = |at: Option<&u8>| at.is_some_and(|b| b"<>=!~+-*/@#%^&|`?".contains(b));
                let before = at.checked_sub(1).and_then(|before| bytes.get(before));
                if part_of_operator(before)
                    || part_of_operator(bytes.get(at + 1))
                    || found.replace(at).is_some()
                {
                    return None;
                }
            }
            (Some(_) | None, _) => {}
        }
    }
    let at = found?;
    let (left, right) = (text[..at].trim(), text[at + 1..].trim());
    (!left.is_empty() && !right.is_empty()).then(|| (left.to_owned(), right.to_owned()))
}
