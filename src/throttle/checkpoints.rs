//! Checkpoints that came before their time, mostly because `max_wal_size` was full.

use std::collections::VecDeque;
use std::time::Duration;

use tokio_postgres::Error;

use super::source::{in_force, value};
use crate::model::Limits;
use crate::pg::Connection;
use crate::plan::pressure::{Reading, Rule, Unit};

const WINDOW: Duration = Duration::from_secs(60);

/// From PostgreSQL 17 on (`server_version_num`) they are counted elsewhere.
const CHECKPOINTER: i32 = 170_000;

/// The counter, as it was seen.
#[derive(Default)]
pub(super) struct Checkpoints {
    seen: VecDeque<(Duration, i64)>,
}

pub(super) fn rule(limits: &Limits) -> Option<Rule> {
    let (most, explicit) = in_force(limits.requested_checkpoints, Limits::DEFAULTS.requested_checkpoints)?;
    Some(Rule { explicit, ..Rule::above("requested checkpoints", Unit::PerMinute, f64::from(most)) })
}

impl Checkpoints {
    pub(super) async fn read(&mut self, connection: &Connection, at: Duration) -> Result<Reading, Error> {
        let version = connection.prepared("SELECT current_setting('server_version_num')::int4").await?;
        let version: i32 = connection.query_one(&version, &[]).await?.get(0);
        let sql = if version >= CHECKPOINTER {
            "SELECT num_requested FROM pg_stat_checkpointer"
        } else {
            "SELECT checkpoints_req FROM pg_stat_bgwriter"
        };
        let statement = connection.prepared(sql).await?;
        let row = connection.query_one(&statement, &[]).await?;
        Ok(value(self.note(at, row.get(0)) as f64, ""))
    }

    /// How many there were in the last minute, as far as it was seen.
    fn note(&mut self, at: Duration, counter: i64) -> i64 {
        // The statistics were reset.
        if self.seen.back().is_some_and(|(_, last)| *last > counter) {
            self.seen.clear();
        }
        self.seen.push_back((at, counter));
        while self.seen.get(1).is_some_and(|(seen, _)| at.saturating_sub(*seen) >= WINDOW) {
            self.seen.pop_front();
        }
        self.seen.front().map_or(0, |(_, first)| counter - first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_of_the_last_minute_count() {
        let mut checkpoints = Checkpoints::default();
        let at = Duration::from_secs;
        assert_eq!(checkpoints.note(at(0), 40), 0, "what was before is not known to be of this minute");
        assert_eq!(checkpoints.note(at(5), 42), 2);
        assert_eq!(checkpoints.note(at(60), 43), 3);
        assert_eq!(checkpoints.note(at(65), 43), 1);
        assert_eq!(checkpoints.note(at(125), 43), 0);
        assert_eq!(checkpoints.note(at(130), 1), 0, "the counter was reset");
    }
}
