//! Limits of several places become one: the strictest, or the nearer.

use super::{FreeDisk, Limit, Limits, OnAutovacuum};

impl Limits {
    /// Of each limit the stricter one: what holds for a job within its configuration within its database. What one does not
    /// say is left to the other; "off" is the laxest; canaries and probes of both are asked.
    #[must_use]
    pub fn strictest(&self, other: &Self) -> Self {
        Self {
            rows_per_second: least(self.rows_per_second, other.rows_per_second),
            wal_per_second: least(self.wal_per_second, other.wal_per_second),
            replica_lag: least(self.replica_lag, other.replica_lag),
            replica_lag_bytes: least(self.replica_lag_bytes, other.replica_lag_bytes),
            slot_retained: least(self.slot_retained, other.slot_retained),
            blocked_for: least(self.blocked_for, other.blocked_for),
            oldest_transaction: least(self.oldest_transaction, other.oldest_transaction),
            active_sessions: least(self.active_sessions, other.active_sessions),
            autovacuum: autovacuum(self.autovacuum, other.autovacuum),
            dead_tuples: least(self.dead_tuples, other.dead_tuples),
            unarchived_wal: least(self.unarchived_wal, other.unarchived_wal),
            server_wal_per_second: least(self.server_wal_per_second, other.server_wal_per_second),
            requested_checkpoints: least(self.requested_checkpoints, other.requested_checkpoints),
            free_disk: both(self.free_disk, other.free_disk, FreeDisk::strictest),
            canaries: joined(&self.canaries, &other.canaries),
            canary_latency: least(self.canary_latency, other.canary_latency),
            probes: joined(&self.probes, &other.probes),
            hold_limit: least(self.hold_limit, other.hold_limit),
        }
    }

    /// Of each limit this one where it says something, or else that of `base`: what holds when an operator's settings
    /// stand above a job's file. Canaries and probes replace those of `base`.
    #[must_use]
    pub fn or(&self, base: &Self) -> Self {
        Self {
            rows_per_second: self.rows_per_second.or(base.rows_per_second),
            wal_per_second: self.wal_per_second.or(base.wal_per_second),
            replica_lag: self.replica_lag.or(base.replica_lag),
            replica_lag_bytes: self.replica_lag_bytes.or(base.replica_lag_bytes),
            slot_retained: self.slot_retained.or(base.slot_retained),
            blocked_for: self.blocked_for.or(base.blocked_for),
            oldest_transaction: self.oldest_transaction.or(base.oldest_transaction),
            active_sessions: self.active_sessions.or(base.active_sessions),
            autovacuum: self.autovacuum.or(base.autovacuum),
            dead_tuples: self.dead_tuples.or(base.dead_tuples),
            unarchived_wal: self.unarchived_wal.or(base.unarchived_wal),
            server_wal_per_second: self.server_wal_per_second.or(base.server_wal_per_second),
            requested_checkpoints: self.requested_checkpoints.or(base.requested_checkpoints),
            free_disk: self.free_disk.or(base.free_disk),
            canaries: nearer(&self.canaries, &base.canaries),
            canary_latency: self.canary_latency.or(base.canary_latency),
            probes: nearer(&self.probes, &base.probes),
            hold_limit: self.hold_limit.or(base.hold_limit),
        }
    }
}

/// The combination of what both give; off beside anything else is nothing.
fn both<T: Copy>(
    one: Option<Limit<T>>,
    other: Option<Limit<T>>,
    stricter: impl FnOnce(T, T) -> T,
) -> Option<Limit<T>> {
    match (one, other) {
        (Some(Limit::At(one)), Some(Limit::At(other))) => Some(Limit::At(stricter(one, other))),
        (None | Some(Limit::Off), Some(only)) => Some(only),
        (only, None | Some(Limit::Off)) => only,
    }
}

fn least<T: Copy + PartialOrd>(one: Option<Limit<T>>, other: Option<Limit<T>>) -> Option<Limit<T>> {
    both(one, other, |one, other| if other < one { other } else { one })
}

fn autovacuum(one: Option<OnAutovacuum>, other: Option<OnAutovacuum>) -> Option<OnAutovacuum> {
    match (one, other) {
        (Some(OnAutovacuum::Hold), _) | (_, Some(OnAutovacuum::Hold)) => Some(OnAutovacuum::Hold),
        (one, other) => one.or(other),
    }
}

impl FreeDisk {
    fn strictest(self, other: Self) -> Self {
        Self {
            share: self.share.into_iter().chain(other.share).reduce(f64::max),
            bytes: self.bytes.max(other.bytes),
        }
    }
}

/// Those of both, each once: a job may repeat what its configuration asks.
fn joined<T: Clone + PartialEq>(one: &[T], other: &[T]) -> Vec<T> {
    let mut all = one.to_vec();
    all.extend(other.iter().filter(|item| !one.contains(item)).cloned());
    all
}

fn nearer<T: Clone>(own: &[T], base: &[T]) -> Vec<T> {
    if own.is_empty() { base.to_vec() } else { own.to_vec() }
}
