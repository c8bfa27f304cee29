//! The list of signals, and what is common to reading them.

use std::time::Duration;

use tokio_postgres::Error;

use super::archive::Archive;
use super::canary::Canary;
use super::checkpoints::Checkpoints;
use super::probe::Asked;
use super::replica_lag::ReplicaLag;
use super::server_wal::ServerWal;
use super::{
    active_sessions, archive, autovacuum, canary, checkpoints, dead_tuples, disk, oldest_transaction, probe,
    replica_lag, server_wal, slots,
};
use crate::model::{Limit, Limits};
use crate::pg::Connection;
use crate::plan::pressure::{Judge, Reading, Rule, stale_after};

/// Readings in the order of a source's rules.
pub(super) type Readings = Vec<Reading>;

/// What is said where the server hides other sessions.
pub(super) const HIDDEN: &str = "this role doesn't see other roles' sessions; GRANT pg_monitor TO it";

/// How often what changes fast is read.
const FAST: Duration = Duration::from_secs(1);

/// How often the rest is: spirit's interval.
const SLOW: Duration = Duration::from_secs(5);

/// One thing that is read, and the signals it is read for.
pub(super) struct Source {
    what: What,
    every: Duration,
    asked: Option<Duration>,
    /// One a rule; `None`: that limit is off.
    judges: Vec<Option<Judge>>,
}

enum What {
    ReplicaLag(ReplicaLag),
    Slots,
    OldestTransaction,
    ActiveSessions,
    Autovacuum,
    DeadTuples,
    Archive(Archive),
    ServerWal(ServerWal),
    Checkpoints(Checkpoints),
    /// Somebody gave the limit.
    Disk(bool),
    Canary(Canary),
    Probe(Asked),
}

impl Source {
    /// Every signal there is, less those whose limits are off.
    pub(super) fn all(limits: &Limits) -> Vec<Self> {
        let mut sources = vec![
            Self::new(What::ReplicaLag(ReplicaLag::default()), FAST, replica_lag::rules(limits)),
            Self::new(What::ActiveSessions, FAST, vec![active_sessions::rule(limits)]),
            Self::new(What::Slots, SLOW, slots::rules(limits)),
            Self::new(What::OldestTransaction, SLOW, vec![oldest_transaction::rule(limits)]),
            Self::new(What::Autovacuum, SLOW, vec![autovacuum::rule(limits)]),
            Self::new(What::DeadTuples, SLOW, vec![dead_tuples::rule(limits)]),
            Self::new(What::Archive(Archive::default()), SLOW, vec![archive::rule(limits)]),
            Self::new(What::ServerWal(ServerWal::default()), FAST, vec![server_wal::rule(limits)]),
            Self::new(What::Checkpoints(Checkpoints::default()), SLOW, vec![checkpoints::rule(limits)]),
            Self::new(What::Disk(disk::is_explicit(limits)), SLOW, disk::rules(limits)),
        ];
        sources.extend(
            canary::rules(limits)
                .into_iter()
                .map(|(canary, rule)| Self::new(What::Canary(canary), FAST, vec![Some(rule)])),
        );
        sources.extend(probe::rules(limits).into_iter().map(|(asked, rule)| {
            let every = asked.probe.every;
            Self::new(What::Probe(asked), every, vec![Some(rule)])
        }));
        sources.retain(|source| source.judges.iter().any(Option::is_some));
        sources
    }

    fn new(what: What, every: Duration, rules: Vec<Option<Rule>>) -> Self {
        let judge = |rule| Judge::new(Rule { stale_after: stale_after(every), ..rule });
        let judges = rules.into_iter().map(|rule| rule.map(judge)).collect();
        Self { what, every, asked: None, judges }
    }

    /// Whether both read the same thing.
    pub(super) fn reads_as(&self, other: &Self) -> bool {
        match (&self.what, &other.what) {
            (What::Canary(one), What::Canary(other)) => one == other,
            (What::Probe(one), What::Probe(other)) => one.probe == other.probe,
            (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
        }
    }

    /// Goes on from what another source read of the same thing, under this one's rules.
    pub(super) fn inherit(&mut self, before: Self) {
        let explicit = matches!(self.what, What::Disk(true));
        self.what = before.what;
        if let What::Disk(given) = &mut self.what {
            *given = explicit;
        }
        self.asked = before.asked;
        for (judge, before) in self.judges.iter_mut().zip(before.judges) {
            match (judge.as_mut(), before) {
                (Some(judge), Some(before)) => *judge = before.under(judge.rule().clone()),
                // This one was off and is not known: it is read at once.
                (Some(_), None) => self.asked = None,
                (None, _) => {}
            }
        }
    }

    pub(super) fn is_due(&self, at: Duration) -> bool {
        self.asked.is_none_or(|asked| at.saturating_sub(asked) >= self.every)
    }

    pub(super) fn was_asked(&mut self, at: Duration) {
        self.asked = Some(at);
    }

    pub(super) fn judges(&mut self) -> impl Iterator<Item = &mut Judge> {
        self.judges.iter_mut().flatten()
    }

    pub(super) fn note(&mut self, at: Duration, readings: Readings) {
        for (judge, reading) in self.judges.iter_mut().zip(readings) {
            if let Some(judge) = judge {
                judge.note(at, reading);
            }
        }
    }

    /// What no message may tell.
    pub(super) fn texts(&self) -> Vec<String> {
        match &self.what {
            What::Canary(canary) => canary.texts(),
            What::Probe(asked) => asked.texts(),
            _ => Vec::new(),
        }
    }

    pub(super) fn needs_the_database(&self) -> bool {
        !matches!(&self.what, What::Probe(asked) if asked.is_address())
    }

    /// Reads it in the transaction that is open.
    pub(super) async fn read(
        &mut self,
        connection: &Connection,
        table: u32,
        at: Duration,
    ) -> Result<Readings, Error> {
        let reading = match &mut self.what {
            What::ReplicaLag(lag) => return lag.read(connection, at).await,
            What::Slots => return slots::read(connection).await,
            What::Disk(explicit) => return disk::read(connection, table, *explicit).await,
            What::OldestTransaction => oldest_transaction::read(connection).await?,
            What::ActiveSessions => active_sessions::read(connection).await?,
            What::Autovacuum => autovacuum::read(connection, table).await?,
            What::DeadTuples => dead_tuples::read(connection, table).await?,
            What::Archive(archive) => archive.read(connection).await?,
            What::ServerWal(wal) => wal.read(connection).await?,
            What::Checkpoints(checkpoints) => checkpoints.read(connection, at).await?,
            What::Canary(canary) => canary.read(connection).await?,
            What::Probe(asked) => asked.read(connection).await?,
        };
        Ok(vec![reading])
    }

    /// Asks what is not in the database; `None`: it is.
    pub(super) async fn ask(&self) -> Option<Readings> {
        match &self.what {
            What::Probe(asked) => asked.ask().await.map(|reading| vec![reading]),
            _ => None,
        }
    }
}

/// The limit that is in force, and whether somebody gave it; `None`: it is off.
pub(super) fn in_force<T: Copy>(said: Option<Limit<T>>, default: Option<Limit<T>>) -> Option<(T, bool)> {
    let limit = said.or(default).and_then(Limit::at)?;
    Some((limit, said.is_some()))
}

/// A value with whose it is.
pub(super) fn value(value: f64, detail: impl Into<String>) -> Reading {
    Reading::Value { value, detail: detail.into() }
}

/// What asking again won't tell.
pub(super) fn out_of_reach(why: impl Into<String>) -> Reading {
    Reading::Unreadable { why: why.into(), definitive: true }
}

/// What may be told the next time.
pub(super) fn not_yet(why: impl Into<String>) -> Reading {
    Reading::Unreadable { why: why.into(), definitive: false }
}

/// There is nothing that could be too much.
pub(super) fn not_applicable(why: impl Into<String>) -> Reading {
    Reading::NotApplicable { why: why.into() }
}
