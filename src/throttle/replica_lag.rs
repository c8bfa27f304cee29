//! How far standbys and subscribers are behind: in time, and in bytes of WAL.
//!
//! `replay_lag` alone doesn't tell. It is measured when a replica confirms something, and so it stays where it was, or is
//! NULL, while replay is paused or the replica is cut off. Therefore this keeps where the primary was when ([`History`]):
//! a replica is behind by at least the age of the oldest WAL that it hasn't replayed. One that has all there is, is not
//! behind, whatever was measured last: a primary that idles makes nobody late.
//!
//! A physical slot that nobody is connected to is a standby that was cut off, and counts. A base backup and
//! `pg_receivewal` replay nothing and don't.

mod history;

use std::time::Duration;

use tokio_postgres::{Error, Row};

use self::history::History;
use super::source::{Readings, in_force, not_applicable, out_of_reach, value};
use crate::model::Limits;
use crate::pg::Connection;
use crate::plan::pressure::{LAG_RELEASE, Rule, Unit};

const HIDDEN: &str = "this role doesn't see how far the replicas are; GRANT pg_monitor TO it";

/// What is known of the replicas.
#[derive(Default)]
pub(super) struct ReplicaLag {
    history: History,
}

/// How far one replica is behind.
struct Behind {
    who: String,
    seconds: f64,
    bytes: f64,
}

/// In time, and in bytes.
pub(super) fn rules(limits: &Limits) -> Vec<Option<Rule>> {
    let defaults = Limits::DEFAULTS;
    let lag = |(explicit, rule)| Rule { explicit, release: LAG_RELEASE, ..rule };
    let seconds = in_force(limits.replica_lag, defaults.replica_lag)
        .map(|(most, explicit)| (explicit, Rule::above("replica lag", Unit::Seconds, most.as_secs_f64())));
    let bytes = in_force(limits.replica_lag_bytes, defaults.replica_lag_bytes)
        .map(|(most, explicit)| (explicit, Rule::above("replica lag in WAL", Unit::Bytes, most as f64)));
    vec![seconds.map(lag), bytes.map(lag)]
}

impl ReplicaLag {
    pub(super) async fn read(&mut self, connection: &Connection, at: Duration) -> Result<Readings, Error> {
        let statement = connection.prepared(include_str!("replica_lag.sql")).await?;
        let rows = connection.query(&statement, &[]).await?;
        // There is one row at the least, without a replica in it.
        let current: i64 = rows.first().map_or(0, |row| row.get("current"));
        self.history.note(at, current);
        let both = |reading| vec![reading; 2];
        if rows.iter().any(|row| row.get("hidden")) {
            return Ok(both(out_of_reach(HIDDEN)));
        }
        let behind: Vec<Behind> = rows.iter().filter_map(|row| self.behind(row, current, at)).collect();
        let worst = |of: fn(&Behind) -> f64| behind.iter().max_by(|one, other| of(one).total_cmp(&of(other)));
        let (Some(latest), Some(furthest)) = (worst(|b| b.seconds), worst(|b| b.bytes)) else {
            return Ok(both(not_applicable("there is no replica")));
        };
        Ok(vec![value(latest.seconds, latest.who.as_str()), value(furthest.bytes, furthest.who.as_str())])
    }

    fn behind(&self, row: &Row, current: i64, at: Duration) -> Option<Behind> {
        let position: i64 = row.get::<_, Option<i64>>("position")?;
        let measured: Option<f64> = row.get("replay_lag");
        let who: String = row.get("who");
        let seconds = self.history.behind(position, measured, at);
        Some(Behind { who, seconds, bytes: (current - position).max(0) as f64 })
    }
}
