//! A query of the user's that tells by its latency how the server feels.

use tokio_postgres::Error;

use super::source::value;
use super::texts;
use crate::model::{Limit, Limits};
use crate::pg::{Connection, timed};
use crate::plan::pressure::{Reading, Rule, Unit};

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Canary {
    query: String,
}

pub(super) fn rules(limits: &Limits) -> Vec<(Canary, Rule)> {
    let Some(latency) = limits.canary_latency.and_then(Limit::at) else { return Vec::new() };
    let rule = |query: &String| {
        // No two rules have one name.
        let signal = match limits.canaries.as_slice() {
            [_] => "canary latency".to_owned(),
            _ => format!("latency of canary `{}`", texts::apart(query).0),
        };
        let rule = Rule::above(signal, Unit::Seconds, latency.as_secs_f64());
        (Canary { query: query.clone() }, Rule { gradient: true, ..rule })
    };
    limits.canaries.iter().map(rule).collect()
}

impl Canary {
    /// What stands in quotes in it.
    pub(super) fn texts(&self) -> Vec<String> {
        texts::apart(&self.query).1
    }

    /// Its time from the request to the last row.
    pub(super) async fn read(&self, connection: &Connection) -> Result<Reading, Error> {
        let timed = timed::time(connection, "canary", &self.query).await?;
        Ok(value(timed.took.as_secs_f64(), if timed.gave_up { "given up" } else { "" }))
    }
}
