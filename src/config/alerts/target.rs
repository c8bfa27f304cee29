//! Where an alert goes to, with the variables in its place.

use super::AlertTarget;
use crate::config::address::{Gap, expand};
use crate::config::{Environment, Secret};
use crate::manifest::{DocumentError, Placed, PlacedPair, Section};

/// Where to: exactly one of the keys.
pub(super) fn target(
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
        Err(Unfit::Incomplete(error)) => Ok(Err(super::concealed(error))),
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
