//! `[limits]`, the same in a job's file, in the configuration, and in what operators set while a run goes on.

#[cfg(test)]
mod tests;

use std::time::Duration;

use super::document::{DocumentError, Placed, Section};
use super::sql;
use crate::model::{
    FreeDisk, Limit, Limits, OnAutovacuum, Probe, Question, parse_duration, parse_share, parse_size,
};

/// Every key of `[limits]`.
pub const LIMITS_KEYS: &[&str] = &[
    "rows_per_second",
    "wal_per_second",
    "replica_lag",
    "replica_lag_bytes",
    "slot_retained",
    "blocked_for",
    "oldest_transaction",
    "active_sessions",
    "autovacuum",
    "dead_tuples",
    "unarchived_wal",
    "server_wal_per_second",
    "requested_checkpoints",
    "free_disk",
    "canary",
    "canary_latency",
    "probe",
    "hold_limit",
];

/// Every key of `[[limits.probe]]`.
pub const PROBE_KEYS: &[&str] = &["name", "sql", "above", "url", "every"];

const OFF: &str = "off";

/// The signals' session gives up on a statement after this time, and so a canary can't be seen to take longer.
const LONGEST_CANARY: Duration = Duration::from_secs(1);

/// Reads the table `[limits]`; complaints point at the place.
pub fn limits(section: &Section<'_>) -> Result<Limits, DocumentError> {
    section.only(LIMITS_KEYS)?;
    let duration = |key| limit(section, key, |text| parse_duration(text).map_err(|error| error.to_string()));
    let size = |key| limit(section, key, |text| parse_size(text).map_err(|error| error.to_string()));
    Ok(Limits {
        rows_per_second: count(section, "rows_per_second")?,
        wal_per_second: size("wal_per_second")?,
        replica_lag: duration("replica_lag")?,
        replica_lag_bytes: size("replica_lag_bytes")?,
        slot_retained: size("slot_retained")?,
        blocked_for: duration("blocked_for")?,
        oldest_transaction: duration("oldest_transaction")?,
        active_sessions: count(section, "active_sessions")?,
        autovacuum: autovacuum(section)?,
        dead_tuples: limit(section, "dead_tuples", |text| {
            parse_share(text).map_err(|error| error.to_string())
        })?,
        unarchived_wal: size("unarchived_wal")?,
        server_wal_per_second: size("server_wal_per_second")?,
        requested_checkpoints: count(section, "requested_checkpoints")?,
        free_disk: limit(section, "free_disk", free_disk)?,
        canaries: canary(section)?,
        canary_latency: canary_latency(section)?,
        probes: section.sections("probe", "limits.probe")?.iter().map(probe).collect::<Result<_, _>>()?,
        hold_limit: duration("hold_limit")?,
    })
}

fn limit<T>(
    section: &Section<'_>,
    key: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<Limit<T>>, DocumentError> {
    match section.text(key)? {
        None => Ok(None),
        Some(text) if text.value == OFF => Ok(Some(Limit::Off)),
        Some(text) => match parse(&text.value) {
            Ok(value) => Ok(Some(Limit::At(value))),
            Err(message) => Err(section.complain(&text, message, None)),
        },
    }
}

fn count(section: &Section<'_>, key: &str) -> Result<Option<Limit<u32>>, DocumentError> {
    if section.says(key, OFF) {
        return Ok(Some(Limit::Off));
    }
    Ok(section.count(key)?.map(|count| Limit::At(count.value)))
}

fn autovacuum(section: &Section<'_>) -> Result<Option<OnAutovacuum>, DocumentError> {
    let Some(word) = section.text("autovacuum")? else { return Ok(None) };
    match word.value.as_str() {
        "hold" => Ok(Some(OnAutovacuum::Hold)),
        // As every other limit is switched off.
        "ignore" | OFF => Ok(Some(OnAutovacuum::Ignore)),
        other => {
            let message = format!("`autovacuum` is \"hold\" or \"ignore\", and not \"{other}\"");
            Err(section.complain(&word, message, None))
        }
    }
}

fn free_disk(text: &str) -> Result<FreeDisk, String> {
    if text.trim_end().ends_with('%') {
        let share = parse_share(text).map_err(|error| error.to_string())?;
        return Ok(FreeDisk { share: Some(share), bytes: None });
    }
    let bytes = parse_size(text)
        .map_err(|_| format!("`{text}` is neither a share nor a size: write it like \"2%\" or \"20GB\""))?;
    Ok(FreeDisk { share: None, bytes: Some(bytes) })
}

fn canary(section: &Section<'_>) -> Result<Vec<String>, DocumentError> {
    let Some(canary) = section.text("canary")? else { return Ok(Vec::new()) };
    let query = query(section, "canary", &canary)?;
    if section.place_of("canary_latency").is_none() {
        let hint = "say how long the canary may take: canary_latency = \"50ms\"";
        return Err(section.missing("canary_latency", hint));
    }
    Ok(vec![query])
}

fn canary_latency(section: &Section<'_>) -> Result<Option<Limit<Duration>>, DocumentError> {
    let longest = LONGEST_CANARY;
    limit(section, "canary_latency", |text| match parse_duration(text) {
        Ok(latency) if latency > longest => {
            Err("a canary is given up after 1 s, so that is the most".to_owned())
        }
        latency => latency.map_err(|error| error.to_string()),
    })
}

fn probe(section: &Section<'_>) -> Result<Probe, DocumentError> {
    section.only(PROBE_KEYS)?;
    let above = section.number("above")?;
    let question = match (section.text("sql")?, section.text("url")?) {
        (None, None) => {
            return Err(section.missing("sql", "a probe asks with sql = \"…\" or url = \"http://…\""));
        }
        (Some(_), Some(url)) => {
            let hint = "make two probes of it";
            return Err(section.complain(
                &url,
                "a probe asks with `sql` or with `url`, not with both",
                Some(hint.into()),
            ));
        }
        (Some(sql), None) => Question::Sql {
            query: query(section, "sql", &sql)?,
            above: above.map_or(0.0, |above| above.value),
        },
        (None, Some(url)) => {
            if let Some(above) = above {
                let message = "`above` goes with `sql`: an address holds by any answer but 200";
                return Err(section.complain(&above, message, None));
            }
            Question::Url(address(section, &url)?)
        }
    };
    let every = match section.text("every")? {
        None => Probe::EVERY,
        Some(every) => {
            parse_duration(&every.value).map_err(|error| section.complain(&every, error.to_string(), None))?
        }
    };
    Ok(Probe { name: section.text("name")?.map(|name| name.value), question, every })
}

/// One query, without the semicolon at its end; complaints call it `key`.
pub fn query(section: &Section<'_>, key: &str, written: &Placed<String>) -> Result<String, DocumentError> {
    let text = written.value.trim().trim_end_matches(';').trim_end();
    if text.is_empty() {
        return Err(section.complain(written, format!("`{key}` is empty"), None));
    }
    // It is put in parentheses, as an expression is.
    sql::one_expression(text)
        .map_err(|problem| section.complain(written, format!("this is no single query: {problem}"), None))?;
    Ok(text.to_owned())
}

fn address(section: &Section<'_>, url: &Placed<String>) -> Result<String, DocumentError> {
    let text = url.value.trim();
    let place = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    if place.is_some_and(|place| !place.is_empty() && !place.contains(char::is_whitespace)) {
        return Ok(text.to_owned());
    }
    let message = format!("`{text}` is no address: write it like \"http://localhost:8080/healthy\"");
    Err(section.complain(url, message, None))
}
