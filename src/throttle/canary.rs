//! A query of the user's that tells by its latency how the server feels.

use tokio_postgres::Error;

use super::source::value;
use super::texts;
use crate::clock::Clock;
use crate::model::{Limit, Limits};
use crate::pg::{Connection, ErrorClass, classify, search_path};
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

    /// Its time from the request to the last row, planning and network included, parsing not.
    pub(super) async fn read(&self, connection: &Connection) -> Result<Reading, Error> {
        connection.batch_execute(search_path::AS_AUTHOR).await?;
        // In parentheses it can be nothing but a query.
        let statement = connection.prepare(&format!("SELECT * FROM (\n{}\n) AS canary", self.query)).await?;
        // The server's time passes for real, whatever the caller's clock says.
        let clock = Clock::system();
        let begun = clock.monotonic();
        let answer = connection.query(&statement, &[]).await;
        let seconds = (clock.monotonic() - begun).as_secs_f64();
        match answer {
            Ok(_) => Ok(value(seconds, "")),
            Err(error) if classify(&error) == ErrorClass::Timeout => Ok(value(seconds, "given up")),
            Err(error) => Err(error),
        }
    }
}
