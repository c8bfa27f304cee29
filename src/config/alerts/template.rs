//! What an alert sends instead of its message: a template, tried out on a sample of each kind.

use std::path::PathBuf;

use minijinja::value::{Serde, Value};

use crate::manifest::{DocumentError, Section, render};
use crate::model::{AlertKind, AlertMessage};

/// What a template may name.
const NAMES: &str = "a template may name alert, kind, status, severity, id, title, message, job, run, table, revision, \
                     database, host, at, detail and version; in JSON write {{ message | tojson }}";

/// Its text, tried out.
pub(super) fn template(section: &Section<'_>) -> Result<Option<String>, DocumentError> {
    let (inline, file) = (section.text("template")?, section.text("template_file")?);
    let (text, written, path) = match (inline, file) {
        (None, None) => return Ok(None),
        (Some(_), Some(file)) => {
            let message = "an alert has one template: `template` or `template_file`";
            return Err(section.complain(&file, message, None));
        }
        (Some(inline), None) => (inline.value.clone(), inline, None),
        (None, Some(file)) => {
            let path = PathBuf::from(&file.value);
            let text = std::fs::read_to_string(&path).map_err(|error| {
                section.complain(
                    &file,
                    format!("`template_file` {} can't be read: {error}", path.display()),
                    None,
                )
            })?;
            (text, file, Some(path))
        }
    };
    let sends_json = section.place_of("webhook").is_some() && !says_content_type(section)?;
    for kind in AlertKind::ALL {
        let sample = AlertMessage::sample(
            "sample",
            kind,
            "sample on localhost:5432",
            "sample",
            "2026-01-01T00:00:00Z",
        );
        let rendered = render(&text, &Value::from(Serde(&sample))).map_err(|error| {
            if let Some(path) = &path {
                return DocumentError { hint: Some(NAMES.to_owned()), ..error.in_file(path) };
            }
            let message = format!("in the template, line {}, column {}: {error}", error.line, error.column);
            section.complain(&written, message, Some(NAMES.to_owned()))
        })?;
        if let (true, Err(error)) = (sends_json, serde_json::from_str::<serde_json::Value>(&rendered)) {
            let message = format!("what the template makes of a message is no JSON: {error}");
            let hint = "write texts as {{ message | tojson }}, or say what it is: headers = { Content-Type = \"text/plain\" }";
            return Err(section.complain(&written, message, Some(hint.to_owned())));
        }
    }
    Ok(Some(text))
}

/// Whether the headers say that it is something else than JSON.
fn says_content_type(section: &Section<'_>) -> Result<bool, DocumentError> {
    let headers = section.pairs("headers")?;
    Ok(headers.iter().any(|(name, value)| {
        name.value.eq_ignore_ascii_case("content-type") && !value.value.to_ascii_lowercase().contains("json")
    }))
}
