//! One try to deliver one message.

mod command;
mod http;
mod slack;

use std::time::Duration;

use crate::config::{Alert, AlertTarget, Secret};
use crate::engine::{Notice, Observer};
use crate::model::{AlertMessage, AlertStatus};

/// What a receiver answered that took a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// In words, without anything secret: `HTTP 200: ok`.
    pub text: String,
}

/// Why a message wasn't taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Undelivered {
    /// In words, without anything secret.
    pub reason: String,
    /// The receiver says when to try again.
    pub retry_after: Option<Duration>,
}

impl Undelivered {
    fn because(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), retry_after: None }
    }
}

/// As much of what a receiver says is kept.
const MOST: usize = 200;

/// Tries once to deliver the message as the alert says, for [`Alert::timeout`] at the most. Dropped in the middle, it may have
/// been delivered or not.
pub async fn deliver(
    alert: &Alert,
    message: &AlertMessage,
    observer: &dyn Observer,
) -> Result<Answer, Undelivered> {
    let target = alert.target.as_ref().map_err(|error| Undelivered::because(error.to_string()))?;
    match target {
        AlertTarget::Webhook { url, headers } => {
            let body = match rendered(alert, message)? {
                Some(text) => text,
                None => json(message),
            };
            http::post(url, headers, body, alert.timeout).await
        }
        AlertTarget::Slack { url, headers } => {
            let message = slack::escaped(message);
            let body = match rendered(alert, &message)? {
                Some(text) => serde_json::json!({ "text": text }).to_string(),
                None => slack::payload(&message).to_string(),
            };
            http::post(url, headers, body, alert.timeout).await
        }
        AlertTarget::Command(command) => {
            let input = match rendered(alert, message)? {
                Some(text) => text,
                None => json(message),
            };
            command::run(command, message, input, alert.timeout).await
        }
        AlertTarget::Log => {
            let over = if message.status == AlertStatus::Resolved { "over: " } else { "" };
            let text = match rendered(alert, message)? {
                Some(text) => text.trim().to_owned(),
                None => format!("{over}{}: {}", message.title, message.message),
            };
            observer.notice(Notice::Alerted { severity: message.severity, text });
            Ok(Answer { text: "written to the log".to_owned() })
        }
    }
}

fn json(message: &AlertMessage) -> String {
    serde_json::to_string(message).expect("a message is plain data with text keys")
}

fn rendered(alert: &Alert, message: &AlertMessage) -> Result<Option<String>, Undelivered> {
    let failed = |error| Undelivered::because(format!("the template can't be rendered: {error}"));
    alert.rendered(message).transpose().map_err(failed)
}

/// The beginning of what a receiver says, in one line, without the secrets that were sent to it.
fn shortened(text: &str, secrets: &[&str]) -> String {
    // Shorter ones are no secrets, and would be found in any text.
    let hidden = secrets.iter().filter(|secret| secret.len() >= 4);
    let text = hidden.fold(text.to_owned(), |text, secret| text.replace(*secret, "…"));
    let words: Vec<&str> = text.split_whitespace().collect();
    let printable: String = words.join(" ").chars().filter(|c| !c.is_control()).collect();
    let short: String = printable.chars().take(MOST).collect();
    if short.len() < printable.len() { format!("{short}…") } else { short }
}

/// Everything in an address and its headers that may be a secret, the longest first.
fn secrets<'s>(url: &'s Secret, headers: &'s [(String, Secret)]) -> Vec<&'s str> {
    let url = url.expose();
    let behind_host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let pieces = behind_host.split(['/', '?', '&', '=', '#', '@', ':']).skip(1);
    let words = headers.iter().flat_map(|(_, value)| value.expose().split(' '));
    let mut secrets: Vec<&str> = [url, behind_host]
        .into_iter()
        .chain(pieces)
        .chain(headers.iter().map(|(_, v)| v.expose()))
        .chain(words)
        .collect();
    secrets.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_receiver_says_is_shown_without_secrets_and_in_one_line() {
        let url =
            Secret::new("https://me:hunter2@hooks.example.com/services/T0/B0/xyzzy?token=plugh".to_owned());
        let headers = vec![("Authorization".to_owned(), Secret::new("Bearer sesame".to_owned()))];
        let secrets = secrets(&url, &headers);
        let said = format!(
            "no such hook: {}\r\n token plugh \u{7} of /services/T0/B0/xyzzy, Bearer sesame; me:hunter2",
            url.expose()
        );
        let shown = shortened(&said, &secrets);
        for secret in ["hunter2", "xyzzy", "plugh", "sesame"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.starts_with("no such hook: …"), "{shown}");
        assert_eq!(shortened(&"ä".repeat(500), &[]).chars().count(), MOST + 1);
    }
}
