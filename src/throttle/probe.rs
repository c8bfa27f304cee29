//! Questions of the user's own: a query, as gh-ost's `throttle-query`, or an address, as its `throttle-http`.

use std::time::Duration;

use tokio_postgres::Error;
use ureq::Agent;

use super::source::{not_yet, out_of_reach, value};
use super::texts;
use crate::model::{Limits, Probe, Question};
use crate::pg::{Connection, search_path};
use crate::plan::pressure::{Bound, Reading, Rule, Unit};

/// An address that has not answered by then has not answered.
const PATIENCE: Duration = Duration::from_secs(1);

/// The one answer that lets a run go on.
const GO_ON: f64 = 200.0;

/// A probe, with what it takes to ask.
pub(super) struct Asked {
    pub(super) probe: Probe,
    /// Of an address.
    agent: Option<Agent>,
}

/// The probes, with a rule each. Two that would be called the same are numbered.
pub(super) fn rules(limits: &Limits) -> Vec<(Asked, Rule)> {
    let mut rules: Vec<(Asked, Rule)> = Vec::new();
    for probe in &limits.probes {
        let mut rule = rule(probe);
        let plain = rule.signal.clone();
        let mut number = 1;
        while rules.iter().any(|(_, other)| other.signal == rule.signal) {
            number += 1;
            rule.signal = format!("{plain} ({number})");
        }
        rules.push((Asked::new(probe.clone()), rule));
    }
    rules
}

fn rule(probe: &Probe) -> Rule {
    match &probe.question {
        Question::Sql { query, above } => {
            let signal = format!("probe {}", probe.name.clone().unwrap_or_else(|| texts::apart(query).0));
            // It lets go where it holds: what the number means is the user's.
            Rule { release: 1.0, ..Rule::above(signal, Unit::Number, *above) }
        }
        Question::Url(url) => {
            let signal = format!("probe {}", probe.name.clone().unwrap_or_else(|| host(url)));
            Rule { bound: Bound::Other(GO_ON), ..Rule::above(signal, Unit::Status, GO_ON) }
        }
    }
}

/// Scheme, host and port of an address. What stands before or behind them may be a secret, and this goes into logs.
fn host(url: &str) -> String {
    let (scheme, place) = url.split_once("://").unwrap_or(("http", url));
    let authority = place.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}")
}

impl Asked {
    fn new(probe: Probe) -> Self {
        let agent = matches!(probe.question, Question::Url(_)).then(agent);
        Self { probe, agent }
    }

    pub(super) fn is_address(&self) -> bool {
        self.agent.is_some()
    }

    /// What stands in quotes in its query.
    pub(super) fn texts(&self) -> Vec<String> {
        match &self.probe.question {
            Question::Sql { query, .. } => texts::apart(query).1,
            Question::Url(_) => Vec::new(),
        }
    }

    /// Asks the database.
    pub(super) async fn read(&self, connection: &Connection) -> Result<Reading, Error> {
        let Question::Sql { query, above } = &self.probe.question else {
            return Ok(not_yet("an address is not asked here"));
        };
        connection.batch_execute(search_path::AS_AUTHOR).await?;
        // In parentheses it can be nothing but a query; its first column gets a name that no other one has.
        let statement = format!(
            "SELECT pg_catalog.pg_typeof(longhaul_probe_answer)::text, longhaul_probe_answer::text \
             FROM (\n{query}\n) AS probe (longhaul_probe_answer) LIMIT 1"
        );
        let Some(row) = connection.query_opt(&statement, &[]).await? else {
            return Ok(out_of_reach("the query returned no row"));
        };
        let (kind, answer): (&str, Option<&str>) = (row.get(0), row.get(1));
        Ok(judged(kind, answer, *above))
    }

    /// Asks an address; `None`: it is a query.
    pub(super) async fn ask(&self) -> Option<Reading> {
        let (Question::Url(url), Some(agent)) = (&self.probe.question, self.agent.clone()) else {
            return None;
        };
        let url = url.clone();
        // The client is a blocking one: a tenth of the dependencies, and a question a second needs no more.
        let answer = tokio::task::spawn_blocking(move || agent.get(url).call()).await;
        Some(match answer {
            Ok(Ok(response)) => value(f64::from(response.status().as_u16()), ""),
            Ok(Err(error)) => value(0.0, error.to_string()),
            Err(error) => value(0.0, error.to_string()),
        })
    }
}

/// What a query's first column says. True holds whatever `above` is.
fn judged(kind: &str, answer: Option<&str>, above: f64) -> Reading {
    match (kind, answer) {
        (_, None) => out_of_reach("the query's first column is NULL"),
        ("boolean", Some("true")) => value(above + 1.0, "true"),
        ("boolean", Some(_)) => value(above, "false"),
        (_, Some(text)) => match text.parse::<f64>() {
            Ok(number) if !number.is_nan() => value(number, ""),
            _ => out_of_reach(format!(
                "the query's first column is {kind}: neither true or false nor a number"
            )),
        },
    }
}

fn agent() -> Agent {
    let config = Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        // An answer is an answer, and only 200 is the right one.
        .http_status_as_error(false)
        .max_redirects(0)
        // Nothing but the address itself may answer for it.
        .proxy(None)
        // A kept connection that the other side has closed would look like no answer.
        .max_idle_connections(0);
    Agent::new_with_config(config.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_holds_when_it_is_true_or_greater() {
        assert_eq!(judged("boolean", Some("true"), 0.0), value(1.0, "true"));
        assert_eq!(judged("boolean", Some("false"), 0.0), value(0.0, "false"));
        assert_eq!(judged("bigint", Some("12"), 10.0), value(12.0, ""));
        assert_eq!(judged("numeric", Some("0.5"), 0.0), value(0.5, ""));
        for (kind, answer) in [("bigint", None), ("text", Some("busy")), ("numeric", Some("NaN"))] {
            let reading = judged(kind, answer, 0.0);
            assert!(matches!(reading, Reading::Unreadable { definitive: true, .. }), "{kind} {answer:?}");
        }
    }

    #[test]
    fn an_address_without_a_name_is_called_by_its_host_and_keeps_its_secrets() {
        for url in
            ["https://me:secret@gate:8443/secret?token=secret", "https://gate:8443?a@b", "https://gate:8443"]
        {
            let probe = Probe { name: None, question: Question::Url(url.into()), every: Probe::EVERY };
            assert_eq!(rule(&probe).signal, "probe https://gate:8443");
        }
    }

    #[test]
    fn probes_that_would_be_called_the_same_are_numbered() {
        let probe = |above| Probe {
            name: Some("payroll".into()),
            question: Question::Sql { query: "SELECT 1".into(), above },
            every: Probe::EVERY,
        };
        let limits = Limits { probes: vec![probe(0.0), probe(1.0)], ..Limits::default() };
        let names: Vec<String> = rules(&limits).into_iter().map(|(_, rule)| rule.signal).collect();
        assert_eq!(names, ["probe payroll", "probe payroll (2)"]);
    }
}
