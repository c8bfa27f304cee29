//! `[[alert]]`: who is told of what, and how.
//!
//! Everything is tried out when it is read: a template is rendered with a sample, so that a slip in it is not found at
//! night. A variable that is not set matters only to who sends.

use std::path::PathBuf;
use std::time::Duration;

use minijinja::value::{Serde, Value};

use super::address::{Gap, expand};
use super::{Environment, Secret};
use crate::manifest::{DocumentError, Placed, PlacedPair, Section, nearest, render};
use crate::model::{AlertKind, AlertMessage, AlertThresholds, parse_duration};

/// One `[[alert]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Its name: what it is known by in the database, so that several hosts send one message.
    pub name: String,
    /// What it tells of.
    pub on: Vec<AlertKind>,
    /// From when on.
    pub thresholds: AlertThresholds,
    /// Where to. An error: a variable in it is not set, and nothing can be sent from here.
    pub target: Result<AlertTarget, DocumentError>,
    /// What is sent, a template; `None`: the message as it is.
    pub template: Option<String>,
    /// How long one try may take.
    pub timeout: Duration,
    /// How long it is tried again.
    pub retry_for: Duration,
}

/// Where an alert goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlertTarget {
    /// An address that takes JSON by POST.
    Webhook {
        /// The address.
        url: Secret,
        /// Further headers.
        headers: Vec<(String, Secret)>,
    },
    /// An address that takes what Slack takes: Slack, Mattermost, Rocket.Chat, Discord (with `/slack` behind its own).
    Slack {
        /// The address.
        url: Secret,
        /// Further headers.
        headers: Vec<(String, Secret)>,
    },
    /// A command, run in `sh`, with the JSON on its standard input.
    Command(String),
    /// The log, and standard error.
    Log,
}

/// The keys of the table.
pub(super) const KEYS: &[&str] = &[
    "name",
    "on",
    "webhook",
    "slack",
    "command",
    "log",
    "headers",
    "template",
    "template_file",
    "held_for",
    "stalled_for",
    "running_for",
    "quarantine_above",
    "timeout",
    "retry_for",
];

/// Those whose lines may be shown in an error; in others there may be a secret, or they may be slips for such.
const HARMLESS: &[&str] = &[
    "name",
    "on",
    "log",
    "template_file",
    "held_for",
    "stalled_for",
    "running_for",
    "quarantine_above",
    "timeout",
    "retry_for",
    "[[alert]]",
];

/// What a template may name.
const NAMES: &str = "a template may name alert, kind, status, severity, id, title, message, job, run, table, revision, \
                     database, host, at, detail and version; in JSON write {{ message | tojson }}";

impl Alert {
    /// Longer than any answer that is worth waiting for.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
    /// An outage of a chat service, or of the way to it.
    pub const DEFAULT_RETRY_FOR: Duration = Duration::from_secs(3600);

    /// All of the file.
    pub(super) fn read_all(
        root: &Section<'_>,
        environment: &Environment,
    ) -> Result<Vec<Self>, DocumentError> {
        let mut alerts: Vec<Self> = Vec::new();
        for section in root.sections("alert", "[alert]").map_err(concealed)? {
            let alert = Self::read(&section, environment).map_err(concealed)?;
            if alerts.iter().any(|other| other.name == alert.name) {
                let place = section.place_of("name").unwrap_or_else(|| section.place());
                let message = format!("two alerts are called `{}`", alert.name);
                let hint = "by its name an alert is known in the database: give each its own";
                return Err(concealed(section.complain(&place, message, Some(hint.to_owned()))));
            }
            alerts.push(alert);
        }
        Ok(alerts)
    }

    fn read(section: &Section<'_>, environment: &Environment) -> Result<Self, DocumentError> {
        section.only(KEYS)?;
        let duration = |key: &str, default: Duration| match section.text(key)? {
            None => Ok(default),
            Some(written) => parse_duration(&written.value)
                .map_err(|error| section.complain(&written, error.to_string(), None)),
        };
        let default = AlertThresholds::DEFAULT;
        let running_for = section.text("running_for")?;
        let thresholds = AlertThresholds {
            held_for: duration("held_for", default.held_for)?,
            stalled_for: duration("stalled_for", default.stalled_for)?,
            running_for: running_for.map(|_| duration("running_for", Duration::ZERO)).transpose()?,
            quarantine_above: quarantine_above(section)?,
        };
        let target = target(section, environment)?;
        Ok(Self {
            name: name(section)?,
            on: kinds(section)?,
            thresholds,
            template: template(section)?,
            target,
            timeout: duration("timeout", Self::DEFAULT_TIMEOUT)?,
            retry_for: duration("retry_for", Self::DEFAULT_RETRY_FOR)?,
        })
    }

    /// What the template makes of the message; without one `None`.
    #[must_use]
    pub fn rendered(&self, message: &AlertMessage) -> Option<Result<String, String>> {
        let template = self.template.as_ref()?;
        Some(render(template, &Value::from(Serde(message))).map_err(|error| error.to_string()))
    }
}

/// Without the line of the file, unless there can be no secret in it.
fn concealed(error: DocumentError) -> DocumentError {
    let key = error.source_line.split('=').next().unwrap_or_default().trim();
    if HARMLESS.contains(&key) { error } else { DocumentError { source_line: String::new(), ..error } }
}

fn name(section: &Section<'_>) -> Result<String, DocumentError> {
    let hint = "name it: name = \"oncall\"";
    let written = section.text("name")?.ok_or_else(|| section.missing("name", hint))?;
    let name = written.value.trim();
    if name.is_empty() || name.chars().count() > 100 || name.contains(char::is_control) {
        let message = "`name` must have 1 to 100 characters, in one line";
        return Err(section.complain(&written, message, Some(hint.to_owned())));
    }
    Ok(name.to_owned())
}

fn kinds(section: &Section<'_>) -> Result<Vec<AlertKind>, DocumentError> {
    let words = || AlertKind::ALL.iter().map(|kind| kind.as_str());
    let all = || words().collect::<Vec<_>>().join(", ");
    let mut kinds = Vec::new();
    for written in section.texts("on")? {
        let kind = AlertKind::from_word(&written.value).ok_or_else(|| {
            let hint = nearest(&written.value, words()).map_or_else(
                || format!("an alert can be on {}", all()),
                |near| format!("did you mean `{near}`?"),
            );
            section.complain(
                &written,
                format!("`{}` is nothing that an alert tells of", written.value),
                Some(hint),
            )
        })?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    if kinds.is_empty() {
        return Err(section.missing_or_empty("on", &format!("what it tells of: some of {}", all())));
    }
    Ok(kinds)
}

fn quarantine_above(section: &Section<'_>) -> Result<u64, DocumentError> {
    let Some(written) = section.text_or_number("quarantine_above")? else {
        return Ok(AlertThresholds::DEFAULT.quarantine_above);
    };
    written.value.parse().map_err(|_| {
        let message = "`quarantine_above` must be a whole number of rows, from 0";
        section.complain(&written, message, None)
    })
}

/// Where to: exactly one of the keys.
fn target(
    section: &Section<'_>,
    environment: &Environment,
) -> Result<Result<AlertTarget, DocumentError>, DocumentError> {
    let hint = "say where to: webhook = \"https://…\", slack = \"https://…\", command = \"…\" or log = true";
    let says_log = section.flag("log")?.is_some_and(|flag| flag.value);
    let given = ["webhook", "slack", "command", "log"];
    let given: Vec<&str> = given
        .into_iter()
        .filter(|key| section.place_of(key).is_some() && (*key != "log" || says_log))
        .collect();
    let [key] = given.as_slice() else {
        let Some(second) = given.get(1) else { return Err(section.missing("webhook", hint)) };
        let message = format!("an alert goes to one place, and this one has `{}` and `{second}`", given[0]);
        let place = section.place_of(second).unwrap_or_else(|| section.place());
        return Err(section.complain(&place, message, Some("make two alerts of it".to_owned())));
    };
    let headers = section.pairs("headers")?;
    if let (Some((header, _)), "command" | "log") = (headers.first(), *key) {
        return Err(section.complain(header, "`headers` go with `webhook` and `slack`", None));
    }
    if *key == "log" {
        return Ok(Ok(AlertTarget::Log));
    }
    let written = section.text(key)?.ok_or_else(|| section.missing(key, hint))?;
    if written.value.trim().is_empty() {
        return Err(section.complain(&written, format!("`{key}` is empty"), Some(hint.to_owned())));
    }
    if *key == "command" {
        return Ok(Ok(AlertTarget::Command(written.value)));
    }
    let sending = || -> Result<AlertTarget, Unfit> {
        let url = put_in(section, key, &written, environment)?;
        let url = address(section, key, &written, &url)?;
        let one = |(name, value): &PlacedPair| -> Result<_, Unfit> {
            Ok((header_name(section, name)?, header_value(section, value, environment)?))
        };
        let headers = headers.iter().map(one).collect::<Result<_, Unfit>>()?;
        Ok(if *key == "slack" {
            AlertTarget::Slack { url, headers }
        } else {
            AlertTarget::Webhook { url, headers }
        })
    };
    match sending() {
        Ok(target) => Ok(Ok(target)),
        Err(Unfit::Incomplete(error)) => Ok(Err(concealed(error))),
        Err(Unfit::Wrong(error)) => Err(error),
    }
}

/// Why there is no target.
enum Unfit {
    /// A variable is not set.
    Incomplete(DocumentError),
    /// It can't be used.
    Wrong(DocumentError),
}

impl From<DocumentError> for Unfit {
    fn from(error: DocumentError) -> Self {
        Self::Wrong(error)
    }
}

fn put_in(
    section: &Section<'_>,
    key: &str,
    written: &Placed<String>,
    environment: &Environment,
) -> Result<String, Unfit> {
    expand(&written.value, environment).map_err(|gap| {
        let error = section.complain(written, gap.message(key), Some(gap.hint()));
        match gap {
            Gap::Unset(_) => Unfit::Incomplete(error),
            Gap::Unnamed => Unfit::Wrong(error),
        }
    })
}

/// The text itself is told nowhere.
fn address(
    section: &Section<'_>,
    key: &str,
    written: &Placed<String>,
    url: &str,
) -> Result<Secret, DocumentError> {
    let url = url.trim();
    let place = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let is_well = place.is_some_and(|place| {
        !place.is_empty() && !place.starts_with('/') && place.bytes().all(|byte| byte.is_ascii_graphic())
    });
    if is_well {
        return Ok(Secret::new(url.to_owned()));
    }
    let message = format!("`{key}` is no address");
    Err(section.complain(
        written,
        message,
        Some("write it like \"https://hooks.example.com/longhaul\"".to_owned()),
    ))
}

fn header_name(section: &Section<'_>, written: &Placed<String>) -> Result<String, DocumentError> {
    let name = &written.value;
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !name.is_empty() && name.bytes().all(is_token) {
        return Ok(name.clone());
    }
    Err(section.complain(written, format!("`{name}` is no name of a header"), None))
}

fn header_value(
    section: &Section<'_>,
    written: &Placed<String>,
    environment: &Environment,
) -> Result<Secret, Unfit> {
    let value = put_in(section, "headers", written, environment)?;
    if value.bytes().all(|byte| byte == b' ' || byte == b'\t' || byte.is_ascii_graphic()) {
        return Ok(Secret::new(value));
    }
    let message = "a header's value has a character in it that no header can have";
    Err(section.complain(written, message, None).into())
}

/// Its text, tried out.
fn template(section: &Section<'_>) -> Result<Option<String>, DocumentError> {
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

#[cfg(test)]
mod tests;
