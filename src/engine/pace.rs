//! The pace in force: what the job, the configuration, `set` and the whole database say about it, put together.

use std::time::Duration;

use jiff::Timestamp;

use super::Leave;
use crate::config::Settings;
use crate::manifest::LiveSettings;
use crate::model::{Hours, Job, Limits};
use crate::plan::hours::{self, Opening, Schedule};
use crate::plan::scale::Bounds;

/// What the pace is put together from.
#[derive(Clone, Copy)]
pub(super) struct Basis<'b> {
    pub(super) job: &'b Job,
    pub(super) settings: &'b Settings,
    /// Workers, where nothing is said of them later.
    pub(super) workers: Bounds,
}

/// The pace in force.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    /// Limits of this run: the strictest of all.
    pub(super) limits: Limits,
    /// Rows a second that all runs of the database share.
    pub(super) database_rows: Option<f64>,
    /// WAL bytes a second that they share.
    pub(super) database_wal: Option<f64>,
    pub(super) schedule: Schedule,
    pub(super) target: Duration,
    pub(super) workers: Bounds,
    /// Stored settings that can't be understood.
    pub(super) problems: Vec<String>,
}

/// Where the hours and limits of a pace come from, as they are named to people.
const JOB: &str = "the job";
const SET: &str = "`longhaul set`";
const CONFIGURATION: &str = "the configuration";
const DATABASE: &str = "the whole database";

/// The hours that a job's runs keep: its own, or those of its run's settings, those of the configuration and those of the
/// whole database. For those who show them; `stored` are the run's and the database's settings.
#[must_use]
pub fn hours_in_force(job: Option<&Job>, settings: &Settings, stored: (&str, &str)) -> Schedule {
    let parse = |text| LiveSettings::parse(text).unwrap_or_default().hours;
    schedule(job.and_then(|job| job.hours.clone()), parse(stored.0), settings, parse(stored.1))
}

/// Rows a second that a run may do, by who says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowLimits {
    /// The run's settings or else its job: what `set` for the run changes.
    pub own: Option<u32>,
    /// The strictest of the configuration and the whole database, which stand above it.
    pub outer: Option<u32>,
}

/// The rows a second that a job's run may do, for those who show and change them; `stored` are the run's and the database's
/// settings.
#[must_use]
pub fn row_limits(job: Option<&Job>, settings: &Settings, stored: (&str, &str)) -> RowLimits {
    let parse = |text| LiveSettings::parse(text).unwrap_or_default().limits;
    let run = parse(stored.0);
    let own = job.map_or_else(|| run.clone(), |job| run.or(&job.limits));
    let (configured, database) = (settings.limits.rows_per_second(), parse(stored.1).rows_per_second());
    RowLimits { own: own.rows_per_second(), outer: configured.into_iter().chain(database).min() }
}

fn schedule(
    job: Option<Hours>,
    run: Option<Hours>,
    settings: &Settings,
    database: Option<Hours>,
) -> Schedule {
    let own = match run {
        Some(hours) => Some((SET, hours)),
        None => job.map(|hours| (JOB, hours)),
    };
    let configured = settings.hours.clone().map(|hours| (CONFIGURATION, hours));
    let everywhere = database.map(|hours| (DATABASE, hours));
    own.into_iter().chain(configured).chain(everywhere).collect()
}

impl Basis<'_> {
    /// The pace with the run's and the database's settings, as stored. What can't be understood of them is told, and holds
    /// the run: `set` checks before it stores, so a newer version must have written it.
    pub(super) fn pace(&self, run: &str, database: &str) -> Pace {
        let mut problems = Vec::new();
        let mut parse = |text: &str, whose: &str| {
            LiveSettings::parse(text).unwrap_or_else(|error| {
                problems.push(format!("the settings stored for {whose} can't be read: {}", error.message));
                LiveSettings::default()
            })
        };
        let (run, database) = (parse(run, "this run"), parse(database, DATABASE));
        let own = run.limits.or(&self.job.limits);
        let limits = own.strictest(&self.settings.limits).strictest(&database.limits.without_rates());
        let schedule = schedule(self.job.hours.clone(), run.hours, self.settings, database.hours);
        let workers = run.workers.unwrap_or(self.workers);
        let workers = match database.workers {
            Some(most) => Bounds { least: workers.least.min(most.most), most: workers.most.min(most.most) },
            None => workers,
        };
        Pace {
            database_rows: database.limits.rows_per_second().map(f64::from),
            database_wal: database.limits.wal_per_second().map(|bytes| bytes as f64),
            limits,
            schedule,
            target: run.target.unwrap_or(self.job.batch.target),
            workers,
            problems,
        }
    }
}

impl Pace {
    /// A time in the zone of the hours.
    pub(super) fn describe_time(&self, at: Timestamp, now: Timestamp) -> String {
        hours::describe_time(at, now, &self.schedule.zone())
    }

    /// Why nothing may be begun now, if the hours are closed.
    pub(super) fn closed(&self, now: Timestamp) -> Option<Leave> {
        match self.schedule.at(now) {
            Opening::Closed { until, reason } => Some(self.closed_until(&reason, until, now)),
            Opening::Open { .. } => None,
        }
    }

    /// The hours are closed until then.
    pub(super) fn closed_until(&self, reason: &str, until: Option<Timestamp>, now: Timestamp) -> Leave {
        let until_when = match until {
            Some(until) => format!("until {}", self.describe_time(until, now)),
            None => "and do not open again".to_owned(),
        };
        Leave::Closed { reason: format!("{reason}; closed {until_when}"), until }
    }

    /// Rows a second of this run.
    pub(super) fn rows_per_second(&self) -> Option<f64> {
        self.limits.rows_per_second().map(f64::from)
    }

    /// WAL bytes a second of this run.
    pub(super) fn wal_per_second(&self) -> Option<f64> {
        self.limits.wal_per_second().map(|bytes| bytes as f64)
    }

    /// Whether rows or WAL a second are limited.
    pub(super) fn is_limited(&self) -> bool {
        self.rows_per_second().is_some()
            || self.wal_per_second().is_some()
            || self.database_rows.is_some()
            || self.database_wal.is_some()
    }
}
