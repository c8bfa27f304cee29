//! The report of a run: what, when, by whom, what it cost and what was proved, for whoever must be able to show it later.
//!
//! Read in one repeatable-read transaction, so that its parts agree while the run goes on.

mod csv;
mod words;

use std::collections::BTreeMap;
use std::time::Duration;

use super::logs::without_query;
use super::{QueryTimings, Source, Standing};
use crate::model::RunId;
use crate::pg::Connection;
use crate::store::{HoldPeriod, LoggedEvent, Stay, StoreError, Subject};

pub use csv::{Cells, batches_to_csv, events_to_csv};

/// A run, and all that is known of how it came about.
pub struct Report {
    /// Where it stands.
    pub standing: Standing,
    /// Who was at work on it.
    pub stays: Vec<Stay>,
    /// What held it, each time.
    pub holds: Vec<HoldPeriod>,
    /// The application's queries meanwhile.
    pub timings: Vec<QueryTimings>,
    /// All that happened, oldest first.
    pub events: Vec<LoggedEvent>,
}

/// How long one signal held a run, in all.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct HeldBy {
    /// The signal.
    pub signal: String,
    /// How often.
    pub times: usize,
    /// How long in all, of all processes.
    pub milliseconds: u64,
}

impl HeldBy {
    /// How long in all.
    #[must_use]
    pub fn time(&self) -> Duration {
        Duration::from_millis(self.milliseconds)
    }
}

impl Source<'_> {
    /// The report of a run; `None`: there is none of that number.
    pub async fn report(&self, connection: &Connection, run: RunId) -> Result<Option<Report>, StoreError> {
        self.store.begin_look(&**connection).await?;
        let report = self.read_report(connection, run).await;
        self.store.end_look(&**connection).await?;
        report
    }

    async fn read_report(&self, connection: &Connection, run: RunId) -> Result<Option<Report>, StoreError> {
        let Some(mut standing) = self.of_run(connection, run).await? else { return Ok(None) };
        let (store, client) = (self.store, &**connection);
        let mut events = store.events(client, Some(&standing.run.job)).await?;
        events.retain(|event| event.run == Some(run.0));
        let mut holds = store.holds(client, run).await?;
        // What other sessions ran is for those who may see their sessions, not for a report that is handed on.
        let texts = standing.run.reason.iter_mut();
        let texts = texts.chain(standing.workers.iter_mut().map(|worker| &mut worker.doing));
        let texts = texts.chain(holds.iter_mut().map(|hold| &mut hold.message));
        for text in texts.chain(events.iter_mut().map(|event| &mut event.message)) {
            text.truncate(without_query(text).len());
        }
        Ok(Some(Report {
            stays: store.stays(client, run).await?,
            holds,
            timings: QueryTimings::of(&store.timings(client, Subject::Run(run)).await?),
            events,
            standing,
        }))
    }
}

impl Report {
    /// What held it, by signal, the longest first. A hold that lasts is counted up to now.
    #[must_use]
    pub fn held_by(&self) -> Vec<HeldBy> {
        let now = self.standing.now.as_microsecond();
        let mut sums: BTreeMap<&str, (usize, Duration)> = BTreeMap::new();
        for hold in &self.holds {
            let microseconds = hold.ended.unwrap_or(now).saturating_sub(hold.began).max(0).unsigned_abs();
            for signal in &hold.signals {
                let sum = sums.entry(signal).or_default();
                *sum = (sum.0 + 1, sum.1 + Duration::from_micros(microseconds));
            }
        }
        let mut all: Vec<HeldBy> = sums
            .into_iter()
            .map(|(signal, (times, time))| HeldBy {
                signal: signal.to_owned(),
                times,
                milliseconds: u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
            })
            .collect();
        all.sort_by(|one, other| {
            other.milliseconds.cmp(&one.milliseconds).then_with(|| one.signal.cmp(&other.signal))
        });
        all
    }
}
