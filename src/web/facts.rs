//! What pages show, as plain data: read in one place, and drawn by `view` without looking anywhere else.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::key::{EventFilter, Key};
use super::problem::Problem;
use crate::config::Settings;
use crate::manifest::Manifest;
use crate::model::{RevisionId, RunId};
use crate::observe::{QueryTimings, Source, Standing};
use crate::pg::Connection;
use crate::store::{
    AppliedRevision, EventsOf, HoldPeriod, ListedRun, LoggedBatch, MappedRange, NumberedEvent, Point,
    QuarantinedKey, SignalSeries, Span, Store, StoreError, Subject,
};

/// Stretches of a chart: as many as a wide screen tells apart.
const POINTS: u32 = 300;
/// Rows of a list on a page of its own.
pub(super) const PAGE: i64 = 100;
/// Rows of a list that is a part of a page.
const FEW: i64 = 12;

/// What a page shows.
pub(super) enum Facts {
    Overview(Overview),
    History(History),
    Revision(Box<OneRevision>),
    Run(Box<OneRun>),
    Batches(Batches),
    Quarantine(Quarantine),
    Events(Events),
}

/// All runs, and where the database stands.
pub(super) struct Overview {
    pub(super) standings: Vec<Standing>,
    pub(super) history: History,
    pub(super) events: Vec<NumberedEvent>,
    /// Whether longhaul has stored anything there.
    pub(super) is_stored: bool,
}

/// The revisions: of the files, and as applied.
pub(super) struct History {
    /// Why there is none: the files can't be read.
    pub(super) manifest: Result<Manifest, Problem>,
    pub(super) applied: BTreeMap<String, AppliedRevision>,
    /// The latest run of each data revision that has one that isn't over.
    pub(super) runs: BTreeMap<String, i64>,
}

/// A revision.
pub(super) struct OneRevision {
    pub(super) id: String,
    pub(super) history: History,
    /// The application's queries, when it was applied or undone last.
    pub(super) timings: Vec<QueryTimings>,
    pub(super) runs: Vec<ListedRun>,
    pub(super) events: Vec<NumberedEvent>,
}

/// A run, and what it did over time.
pub(super) struct OneRun {
    pub(super) standing: Standing,
    pub(super) ranges: Vec<MappedRange>,
    pub(super) points: Vec<Point>,
    pub(super) signals: Vec<SignalSeries>,
    pub(super) holds: Vec<HoldPeriod>,
    /// The application's queries meanwhile.
    pub(super) timings: Vec<QueryTimings>,
    pub(super) batches: Vec<LoggedBatch>,
    pub(super) events: Vec<NumberedEvent>,
    /// All runs of its job.
    pub(super) runs: Vec<ListedRun>,
    pub(super) zone: TimeZone,
}

/// Batches of a run that are kept.
pub(super) struct Batches {
    pub(super) standing: Standing,
    pub(super) kept: Vec<LoggedBatch>,
    pub(super) before: Option<i64>,
    pub(super) zone: TimeZone,
}

/// Rows in quarantine.
pub(super) struct Quarantine {
    pub(super) standing: Standing,
    /// Why they can't be shown: the role may only count them.
    pub(super) rows: Result<Vec<QuarantinedKey>, Problem>,
    pub(super) after: Option<i64>,
}

/// Events.
pub(super) struct Events {
    pub(super) listed: Vec<NumberedEvent>,
    pub(super) filter: EventFilter,
}

/// Where facts are read from.
pub(super) struct Reading<'r> {
    pub(super) store: &'r Store,
    pub(super) settings: &'r Settings,
    pub(super) connection: &'r Connection,
    pub(super) is_stored: bool,
}

impl Reading<'_> {
    /// What the page shows.
    pub(super) async fn facts(&self, key: &Key) -> Result<Facts, Problem> {
        Ok(match key {
            Key::Overview => Facts::Overview(self.overview().await?),
            Key::History => Facts::History(self.history().await?),
            Key::Revision(id) => Facts::Revision(Box::new(self.revision(id).await?)),
            Key::Run(run) | Key::Cancel(run) => Facts::Run(Box::new(self.run(*run).await?)),
            Key::Batches { run, before } => Facts::Batches(self.batches(*run, *before).await?),
            Key::Quarantine { run, after } => Facts::Quarantine(self.quarantine(*run, *after).await?),
            Key::Events(filter) => Facts::Events(self.events(filter).await?),
        })
    }

    fn manifest(&self) -> Result<Manifest, Problem> {
        Ok(Manifest::load(&self.settings.dirs)?)
    }

    async fn overview(&self) -> Result<Overview, Problem> {
        let history = self.history().await?;
        let is_stored = self.is_stored;
        if !is_stored {
            return Ok(Overview { standings: Vec::new(), history, events: Vec::new(), is_stored });
        }
        let standings = self.source(history.manifest.as_ref().ok()).standings(self.connection, None).await?;
        let events = self.store.recent_events(&**self.connection, EventsOf::default(), FEW).await?;
        Ok(Overview { standings, history, events, is_stored })
    }

    async fn history(&self) -> Result<History, Problem> {
        let manifest = self.manifest();
        if !self.is_stored {
            return Ok(History { manifest, applied: BTreeMap::new(), runs: BTreeMap::new() });
        }
        let applied = self.store.applied(&**self.connection).await?;
        let runs = self.store.runs(&**self.connection, None).await?;
        let unfinished = runs.into_iter().filter(|run| !run.state.is_final());
        let runs = unfinished.map(|run| (run.job, run.id.0)).collect();
        Ok(History { manifest, applied, runs })
    }

    async fn revision(&self, id: &str) -> Result<OneRevision, Problem> {
        let history = self.history().await?;
        let in_files = history.manifest.as_ref().is_ok_and(|manifest| manifest.revision(id).is_some());
        if !in_files && !history.applied.contains_key(id) {
            return Err(Problem::not_found(format!(
                "there is no revision `{id}`, neither in the files nor applied"
            )));
        }
        let (mut runs, mut events, mut timings) = (Vec::new(), Vec::new(), Vec::new());
        if self.is_stored {
            let subject = RevisionId(id.to_owned());
            timings = self.store.timings(&**self.connection, Subject::Revision(&subject)).await?;
            runs = self.store.runs_of_job(&**self.connection, id, FEW).await?;
            let of = EventsOf { revision: Some(id), ..EventsOf::default() };
            events = self.store.recent_events(&**self.connection, of, FEW).await?;
        }
        let timings = QueryTimings::of(&timings);
        Ok(OneRevision { id: id.to_owned(), history, timings, runs, events })
    }

    async fn standing(&self, run: i64) -> Result<Standing, Problem> {
        if !self.is_stored {
            return Err(Problem::nothing_stored());
        }
        let manifest = self.manifest().ok();
        let found = self.source(manifest.as_ref()).of_run(self.connection, RunId(run)).await?;
        found.ok_or_else(|| Problem::not_found(format!("there is no run {run}")))
    }

    async fn run(&self, id: i64) -> Result<OneRun, Problem> {
        let standing = self.standing(id).await?;
        Ok(OneRun::read(self.store, self.connection, standing).await?)
    }

    async fn batches(&self, run: i64, before: Option<i64>) -> Result<Batches, Problem> {
        let standing = self.standing(run).await?;
        let client = &**self.connection;
        let kept = self.store.batches(client, (RunId(run), before), PAGE + 1).await?;
        Ok(Batches { standing, kept, before, zone: self.store.zone(client).await? })
    }

    async fn quarantine(&self, run: i64, after: Option<i64>) -> Result<Quarantine, Problem> {
        let standing = self.standing(run).await?;
        let read =
            self.store.quarantine_keys(&**self.connection, (RunId(run), after.unwrap_or(0)), PAGE + 1).await;
        let rows = match read {
            Err(error @ StoreError::Sql { .. }) if error.class() == crate::pg::ErrorClass::Rights => {
                Err(error.into())
            }
            read => Ok(read?),
        };
        Ok(Quarantine { standing, rows, after })
    }

    async fn events(&self, filter: &EventFilter) -> Result<Events, Problem> {
        let filter = filter.clone();
        if !self.is_stored {
            return Ok(Events { listed: Vec::new(), filter });
        }
        let of = EventsOf {
            run: filter.run.map(RunId),
            revision: None,
            kind: filter.kind.as_deref(),
            before: filter.before,
        };
        let listed = self.store.recent_events(&**self.connection, of, PAGE + 1).await?;
        Ok(Events { listed, filter })
    }

    fn source<'s>(&'s self, manifest: Option<&'s Manifest>) -> Source<'s> {
        Source { store: self.store, settings: self.settings, manifest }
    }
}

impl History {
    /// The ids that are applied.
    pub(super) fn ids(&self) -> BTreeSet<String> {
        self.applied.keys().cloned().collect()
    }
}

impl OneRun {
    /// What is known of the run whose standing this is.
    pub(super) async fn read(
        store: &Store,
        connection: &Connection,
        standing: Standing,
    ) -> Result<Self, StoreError> {
        let (client, run) = (&**connection, standing.run.id);
        let of = EventsOf { run: Some(run), ..EventsOf::default() };
        let span = (run, Span::default());
        Ok(Self {
            ranges: store.map_of_ranges(client, run, standing.run.pass).await?,
            points: store.series(client, span, POINTS).await?,
            signals: store.signal_series(client, span, POINTS).await?,
            holds: store.holds(client, run).await?,
            timings: QueryTimings::of(&store.timings(client, Subject::Run(run)).await?),
            batches: store.batches(client, (run, None), FEW).await?,
            events: store.recent_events(client, of, FEW).await?,
            runs: store.runs_of_job(client, &standing.run.job, FEW).await?,
            zone: store.zone(client).await?,
            standing,
        })
    }
}
