//! `[limits]`: how much a run may ask of the server, and which signals hold it.
//!
//! The same keys stand in a job's file, in the configuration, and in the settings that operators change while it runs.
//! Every field may be unsaid; what nobody says is [`Limits::DEFAULTS`].
//!
//! | default | source |
//! |---|---|
//! | `replica_lag` 5 s | Vitess' tablet throttler |
//! | `replica_lag_bytes` 1 GB, `slot_retained` 10 GB | ours: seconds of a fast primary; a disk that most servers have free |
//! | `blocked_for` 200 ms | ours: what a person at a screen does not notice |
//! | `active_sessions` 100 | Vitess' `threads_running` |
//! | `unarchived_wal` 672 MB | GitLab's 42 segments that wait for the archive |
//! | `free_disk` 2 % | Vitess' `datadir-used-ratio` of 0.98 |
//! | `autovacuum` ignored | ours: the run's own updates start it, and it would eat the night |
//! | `hold_limit` 1 h | ours |

mod combine;
#[cfg(test)]
mod tests;

use std::time::Duration;

/// A limit that somebody gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit<T> {
    /// `"off"`: not this limit, the default included.
    Off,
    /// This one.
    At(T),
}

/// What is said of limits in one place; `None`: nothing is said there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// Rows a second at the most.
    pub rows_per_second: Option<Limit<u32>>,
    /// Bytes of WAL a second at the most, written by the run.
    pub wal_per_second: Option<Limit<u64>>,
    /// How far the worst standby or subscriber may be behind in time.
    pub replica_lag: Option<Limit<Duration>>,
    /// How far it may be behind in bytes of WAL.
    pub replica_lag_bytes: Option<Limit<u64>>,
    /// Bytes of WAL that a replication slot may keep.
    pub slot_retained: Option<Limit<u64>>,
    /// How long a batch may keep others waiting; the lock monitor's.
    pub blocked_for: Option<Limit<Duration>>,
    /// How old the oldest transaction of others in the database may be.
    pub oldest_transaction: Option<Limit<Duration>>,
    /// How many sessions of others may be running something.
    pub active_sessions: Option<Limit<u32>>,
    /// What an autovacuum of the table means for the run.
    pub autovacuum: Option<OnAutovacuum>,
    /// Which part of the table's rows may be dead, from 0 to 1.
    pub dead_tuples: Option<Limit<f64>>,
    /// Bytes of WAL that may wait for the archive.
    pub unarchived_wal: Option<Limit<u64>>,
    /// Bytes of WAL a second of the whole server.
    pub server_wal_per_second: Option<Limit<u64>>,
    /// Checkpoints a minute that were requested, mostly because `max_wal_size` was full.
    pub requested_checkpoints: Option<Limit<u32>>,
    /// What must be free where the server's data is.
    pub free_disk: Option<Limit<FreeDisk>>,
    /// Queries whose latency tells how the server feels; empty: nothing is said.
    pub canaries: Vec<String>,
    /// How long a canary may take; at most 1 s.
    pub canary_latency: Option<Limit<Duration>>,
    /// Questions of the user's own; empty: nothing is said.
    pub probes: Vec<Probe>,
    /// A run that is held longer ends, to be run again later.
    pub hold_limit: Option<Limit<Duration>>,
}

/// What an autovacuum of the table means for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnAutovacuum {
    /// The run waits for its end.
    Hold,
    /// Nothing.
    Ignore,
}

/// What must be free. A share and a size can't be compared, so both may be there, and then both must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FreeDisk {
    /// Part of the whole, from 0 to 1.
    pub share: Option<f64>,
    /// Bytes.
    pub bytes: Option<u64>,
}

/// A question of the user's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// What the reason calls it; `None`: its query or address.
    pub name: Option<String>,
    /// What is asked.
    pub question: Question,
    /// How often.
    pub every: Duration,
}

/// What a probe asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// SQL, whose first column holds the run when it is true, or a number greater than `above`.
    Sql {
        /// One query.
        query: String,
        /// 0 unless given.
        above: f64,
    },
    /// An address, which holds the run when it answers anything but 200 within a second.
    Url(String),
}

impl Probe {
    /// How often a probe asks unless it says so: gh-ost's interval.
    pub const EVERY: Duration = Duration::from_secs(1);
}

impl<T: Copy> Limit<T> {
    /// The limit, unless it is off.
    #[must_use]
    pub fn at(self) -> Option<T> {
        match self {
            Self::Off => None,
            Self::At(value) => Some(value),
        }
    }
}

impl Limits {
    /// What holds where nobody says anything.
    pub const DEFAULTS: Self = Self {
        rows_per_second: None,
        wal_per_second: None,
        replica_lag: Some(Limit::At(Duration::from_secs(5))),
        replica_lag_bytes: Some(Limit::At(1 << 30)),
        slot_retained: Some(Limit::At(10 << 30)),
        blocked_for: Some(Limit::At(Duration::from_millis(200))),
        oldest_transaction: None,
        active_sessions: Some(Limit::At(100)),
        autovacuum: Some(OnAutovacuum::Ignore),
        dead_tuples: None,
        unarchived_wal: Some(Limit::At(672 << 20)),
        server_wal_per_second: None,
        requested_checkpoints: None,
        free_disk: Some(Limit::At(FreeDisk { share: Some(0.02), bytes: None })),
        canaries: Vec::new(),
        canary_latency: None,
        probes: Vec::new(),
        hold_limit: Some(Limit::At(Duration::from_secs(3600))),
    };

    /// Rows a second at the most; `None`: as many as go.
    #[must_use]
    pub fn rows_per_second(&self) -> Option<u32> {
        self.rows_per_second.and_then(Limit::at)
    }

    /// Bytes of WAL a second at the most; `None`: as many as come.
    #[must_use]
    pub fn wal_per_second(&self) -> Option<u64> {
        self.wal_per_second.and_then(Limit::at)
    }

    /// How long a batch may keep others waiting; [`Duration::MAX`] when that is off.
    #[must_use]
    pub fn blocked_for(&self) -> Duration {
        duration(self.blocked_for.or(Self::DEFAULTS.blocked_for))
    }

    /// How long a run may be held before it ends; [`Duration::MAX`] when that is off.
    #[must_use]
    pub fn hold_limit(&self) -> Duration {
        duration(self.hold_limit.or(Self::DEFAULTS.hold_limit))
    }

    /// The same, saying nothing of the rates of rows and WAL.
    #[must_use]
    pub fn without_rates(&self) -> Self {
        Self { rows_per_second: None, wal_per_second: None, ..self.clone() }
    }
}

fn duration(limit: Option<Limit<Duration>>) -> Duration {
    limit.and_then(Limit::at).unwrap_or(Duration::MAX)
}
