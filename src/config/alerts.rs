//! `[[alert]]`: who is told of what, and how.
//!
//! Everything is tried out when it is read: a template is rendered with a sample, so that a slip in it is not found at
//! night. A variable that is not set matters only to who sends.

mod target;
mod template;
#[cfg(test)]
mod tests;

use std::time::Duration;

use minijinja::value::{Serde, Value};

use self::target::target;
use self::template::template;
use super::{Environment, Secret};
use crate::manifest::{DocumentError, Section, nearest, render};
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
