//! How many sessions of others are running something: Vitess' `threads_running`, and the measure of the server's load.

use tokio_postgres::Error;

use super::source::{HIDDEN, in_force, out_of_reach, value};
use crate::model::Limits;
use crate::pg::Connection;
use crate::plan::pressure::{Reading, Rule, Unit};

pub(super) fn rule(limits: &Limits) -> Option<Rule> {
    let (most, explicit) = in_force(limits.active_sessions, Limits::DEFAULTS.active_sessions)?;
    let rule = Rule::above("active sessions", Unit::Count, f64::from(most));
    Some(Rule { explicit, gradient: true, ..rule })
}

pub(super) async fn read(connection: &Connection) -> Result<Reading, Error> {
    let statement = connection.prepared(include_str!("active_sessions.sql")).await?;
    let row = connection.query_one(&statement, &[]).await?;
    let count = |name: &str| row.get::<_, i64>(name);
    Ok(match (count("hidden"), count("untracked")) {
        (0, 0) => value(count("active") as f64, ""),
        (0, untracked) => out_of_reach(format!("track_activities is off in {untracked} sessions")),
        _ => out_of_reach(HIDDEN),
    })
}
