//! A run with all that is known of it, read from the database: for `status`, the page, reports and metrics.
//!
//! Reads only, through whatever connection it is given; where it stands in the middle of a crash is what the database says.

mod words;

use jiff::Timestamp;

use crate::config::Settings;
use crate::engine::{Comparison, hours_in_force};
use crate::manifest::Manifest;
use crate::model::{RunId, RunState, Wanted};
use crate::pg::Connection;
use crate::plan::eta::{EtaEstimator, EtaRange};
use crate::plan::hours::{Opening, Schedule, describe_time};
use crate::store::{PassTotals, QuarantineCount, RunRow, Store, StoreError, WorkerRow};

/// Where standings are read from.
#[derive(Clone, Copy)]
pub struct Source<'s> {
    /// The control schema.
    pub store: &'s Store,
    /// The configuration, for its hours.
    pub settings: &'s Settings,
    /// The files, for the jobs' hours; `None` where they can't be read.
    pub manifest: Option<&'s Manifest>,
}

/// A run with what is known about it elsewhere.
pub struct Standing {
    /// The run as stored.
    pub run: RunRow,
    /// Sums of the pass that it is in.
    pub pass: PassTotals,
    /// Sums of all its passes.
    pub all: PassTotals,
    /// Up to where the first open range is done, for people.
    pub checkpoint: Option<String>,
    /// Rows that can't take their new values.
    pub quarantine: QuarantineCount,
    /// Its workers that live.
    pub workers: Vec<WorkerRow>,
    /// Its latest batches.
    pub pace: EtaEstimator,
    /// The hours that it keeps.
    pub schedule: Schedule,
    /// The database's clock.
    pub now: Timestamp,
    /// Of a run that is done, what was expected of it.
    pub compared: Option<Comparison>,
}

impl Source<'_> {
    /// The latest run of each job, or of one.
    pub async fn standings(
        &self,
        connection: &Connection,
        job: Option<&str>,
    ) -> Result<Vec<Standing>, StoreError> {
        let mut standings = Vec::new();
        for run in self.store.runs(&**connection, job).await? {
            standings.push(self.standing(connection, run).await?);
        }
        Ok(standings)
    }

    /// One run, also one that others of its job came after; `None`: there is none of that number.
    pub async fn of_run(&self, connection: &Connection, run: RunId) -> Result<Option<Standing>, StoreError> {
        match self.store.run(&**connection, run).await? {
            Some(run) => Ok(Some(self.standing(connection, run).await?)),
            None => Ok(None),
        }
    }

    /// What is known of this run.
    pub async fn standing(&self, connection: &Connection, run: RunRow) -> Result<Standing, StoreError> {
        let (store, client) = (self.store, &**connection);
        let open = store.open_ranges(client, run.id, run.pass).await?;
        let database = store.database_settings(client).await?;
        let job = self.manifest.and_then(|manifest| manifest.job(&run.job, &self.settings.dirs).ok());
        let schedule = hours_in_force(job, self.settings, (&run.settings, &database));
        let mut pace = EtaEstimator::new();
        for (at, seen) in store.recent_batches(client, run.id, run.pass).await? {
            pace.record(at, seen);
        }
        let all = store.totals(client, run.id, None).await?;
        let compared = match run.state {
            RunState::Done => Comparison::of(store, client, (run.id, all.rows_changed), &schedule).await?,
            _ => None,
        };
        Ok(Standing {
            compared,
            pass: store.totals(client, run.id, Some(run.pass)).await?,
            all,
            checkpoint: open.first().and_then(|range| range.standing(&run.key_columns)),
            quarantine: store.count_quarantine(client, run.id).await?,
            workers: store.workers(client, run.id).await?.into_iter().filter(|worker| worker.alive).collect(),
            pace,
            schedule,
            now: store.now(client).await?,
            run,
        })
    }
}

impl Standing {
    /// The state in words: `running` says whether anybody is.
    #[must_use]
    pub fn state(&self) -> String {
        let active = self.run.state.is_active();
        match (active, self.workers.as_slice(), self.run.wish.wanted) {
            (true, [], _) => {
                format!("interrupted while {}: no process is at work, run it again to go on", self.run.state)
            }
            (true, _, Wanted::Pause) => format!("{}, and about to be paused", self.run.state),
            (true, _, Wanted::Cancel) => format!("{}, and about to be cancelled", self.run.state),
            _ => self.run.state.to_string(),
        }
    }

    /// Percent of the pass that is done; `None` once the run is over. An estimate never claims the end.
    #[must_use]
    pub fn percent(&self) -> Option<u64> {
        if self.run.state.is_final() {
            return None;
        }
        (self.pass.rows_seen * 100).checked_div(self.run.estimated_rows).map(|percent| percent.min(99))
    }

    /// How long still, while a process is at work on the backfill.
    #[must_use]
    pub fn left(&self) -> Option<EtaRange> {
        let remaining = self.run.estimated_rows.checked_sub(self.pass.rows_seen)?;
        if self.workers.is_empty() { None } else { self.pace.estimate(remaining) }
    }

    /// When it will be done by the clock, where the hours make that another question than how long it takes.
    #[must_use]
    pub fn end(&self, left: EtaRange) -> Option<String> {
        if self.schedule.is_empty() { None } else { self.schedule.describe_finish(self.now, left) }
    }

    /// Whether the hours are open, while the run isn't over.
    #[must_use]
    pub fn hours(&self) -> Option<String> {
        if self.schedule.is_empty() || self.run.state.is_final() {
            return None;
        }
        let when = |until: Option<Timestamp>| match until {
            Some(until) => format!("until {}", describe_time(until, self.now, &self.schedule.zone())),
            None => "for good".to_owned(),
        };
        Some(match self.schedule.at(self.now) {
            Opening::Open { until } => format!("open {}", when(until)),
            Opening::Closed { until, reason } => format!("closed {}: {reason}", when(until)),
        })
    }

    /// Each process with the number of its workers and the first of them.
    #[must_use]
    pub fn processes(&self) -> Vec<(usize, &WorkerRow)> {
        let mut processes: Vec<(usize, &WorkerRow)> = Vec::new();
        for worker in &self.workers {
            let same = |known: &&mut (usize, &WorkerRow)| {
                (&known.1.host, known.1.process_id) == (&worker.host, worker.process_id)
            };
            match processes.iter_mut().find(same) {
                Some((count, _)) => *count += 1,
                None => processes.push((1, worker)),
            }
        }
        processes
    }

    /// Of the rows changed, those that stayed on their pages, in percent.
    #[must_use]
    pub fn heap_only(&self) -> Option<u64> {
        (self.all.rows_hot * 100).checked_div(self.all.rows_changed)
    }
}
