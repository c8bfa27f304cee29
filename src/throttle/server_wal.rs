//! How much WAL the whole server writes a second, the run included.

use std::collections::VecDeque;

use tokio_postgres::Error;

use super::source::{in_force, not_yet, value};
use crate::model::Limits;
use crate::pg::Connection;
use crate::plan::pressure::{Reading, Rule, Unit};

/// The rate is taken over so many seconds: single commits of others must not hold the run.
const WINDOW: f64 = 5.0;

/// Where the server was, at the seconds of its own clock.
#[derive(Default)]
pub(super) struct ServerWal {
    seen: VecDeque<(f64, i64)>,
}

pub(super) fn rule(limits: &Limits) -> Option<Rule> {
    let (most, explicit) = in_force(limits.server_wal_per_second, Limits::DEFAULTS.server_wal_per_second)?;
    Some(Rule { explicit, ..Rule::above("WAL of the server", Unit::BytesPerSecond, most as f64) })
}

impl ServerWal {
    pub(super) async fn read(&mut self, connection: &Connection) -> Result<Reading, Error> {
        let sql =
            "SELECT extract(epoch FROM clock_timestamp())::float8, (pg_current_wal_lsn() - '0/0')::int8";
        let statement = connection.prepared(sql).await?;
        let row = connection.query_one(&statement, &[]).await?;
        Ok(match self.note(row.get(0), row.get(1)) {
            Some(rate) => value(rate, ""),
            None => not_yet("a rate takes two readings"),
        })
    }

    /// Bytes a second, since a [`WINDOW`] ago or the first time.
    fn note(&mut self, seconds: f64, position: i64) -> Option<f64> {
        // Another server, or a clock that was set back: what was seen of the other tells nothing.
        if self.seen.back().is_some_and(|(at, last)| *last > position || *at >= seconds) {
            self.seen.clear();
        }
        self.seen.push_back((seconds, position));
        while self.seen.get(1).is_some_and(|(at, _)| seconds - at >= WINDOW) {
            self.seen.pop_front();
        }
        let (at, first) = *self.seen.front()?;
        (seconds > at).then(|| (position - first) as f64 / (seconds - at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let mut wal = ServerWal::default();
        assert_eq!(wal.note(100.0, 1000), None);
        assert_eq!(wal.note(101.0, 3000), Some(2000.0));
        assert_eq!(wal.note(105.0, 3000), Some(400.0));
        assert_eq!(wal.note(106.0, 3000), Some(0.0), "the burst is over five seconds ago");
        assert_eq!(wal.note(107.0, 10), None, "another server");
        assert_eq!(wal.note(108.0, 20), Some(10.0));
    }
}
