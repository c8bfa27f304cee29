//! JSON by POST. The client is a blocking one, as a probe's: a message now and then needs no more.

use std::time::Duration;

use ureq::Agent;
use ureq::http::Response;

use super::{Answer, Undelivered, secrets, shortened};
use crate::config::Secret;

/// As much of an answer's body is read.
const MOST_BODY: u64 = 4096;

/// No receiver can put a message off for longer.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Sends the body; 2xx takes it.
pub(super) async fn post(
    url: &Secret,
    headers: &[(String, Secret)],
    body: String,
    timeout: Duration,
) -> Result<Answer, Undelivered> {
    let (url, headers) = (url.clone(), headers.to_vec());
    let posted = tokio::task::spawn_blocking(move || post_blocking(&url, &headers, &body, timeout)).await;
    posted.unwrap_or_else(|error| Err(Undelivered::because(error.to_string())))
}

fn post_blocking(
    url: &Secret,
    headers: &[(String, Secret)],
    body: &str,
    timeout: Duration,
) -> Result<Answer, Undelivered> {
    let hidden = secrets(url, headers);
    let mut request = agent(url.expose(), timeout).post(url.expose());
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        request = request.header("Content-Type", "application/json");
    }
    for (name, value) in headers {
        request = request.header(name, value.expose());
    }
    let mut response =
        request.send(body).map_err(|error| Undelivered::because(shortened(&error.to_string(), &hidden)))?;
    let status = response.status();
    let said = response.body_mut().with_config().limit(MOST_BODY).lossy_utf8(true).read_to_string();
    let said = shortened(&said.unwrap_or_default(), &hidden);
    let text = if said.is_empty() {
        format!("HTTP {}", status.as_u16())
    } else {
        format!("HTTP {}: {said}", status.as_u16())
    };
    if status.is_success() {
        return Ok(Answer { text });
    }
    Err(Undelivered { reason: text, retry_after: retry_after(&response) })
}

fn retry_after<B>(response: &Response<B>) -> Option<Duration> {
    let seconds: u64 = response.headers().get("retry-after")?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

fn agent(url: &str, timeout: Duration) -> Agent {
    let mut config = Agent::config_builder()
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        // A message that is posted is not to be turned into a question somewhere else.
        .max_redirects(0)
        .max_idle_connections(0);
    // What is on this machine is not behind the proxy that the environment names.
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = authority.split(['/', '?']).next().unwrap_or_default().rsplit('@').next().unwrap_or_default();
    if ["localhost", "127.", "[::1]"].iter().any(|local| host.starts_with(local)) {
        config = config.proxy(None);
    }
    Agent::new_with_config(config.build())
}
