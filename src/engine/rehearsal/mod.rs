//! `plan JOB`: what a run would meet, real batches tried and rolled back, and what it would come to.
//!
//! ```text
//! preflight ─► facts ─► checks ──► batches, each in a transaction that is rolled back ─► forecast ─► checks again
//!                         │ something stops it              ▲
//!                         └── none is tried                 └── the engine's own statement, without its books
//! ```
//!
//! Nothing is written but, where the control schema is there, the forecast itself, for the comparison after the run. Whoever
//! interrupts it finds nothing left: a transaction that nobody commits is rolled back. What stays of a batch that was rolled
//! back is the room that its versions took, which the next VACUUM or prune gives back.

mod around;
mod ground;
mod measure;
mod places;
mod sample;
mod trial;

use jiff::Timestamp;
use serde::Serialize;

use super::pace::{Basis, Pace};
use super::walk::Walk;
use super::{Engine, JobPlan, Preflight, RunError, StopLevel};
use crate::model::{Job, RunState};
use crate::pg::catalog::Table;
use crate::pg::{Connection, surroundings};
use crate::plan::checkup::Finding;
use crate::plan::eta::EtaRange;
use crate::plan::forecast::{Advice, Effect, Forecast, Measured, Span};
use crate::plan::hours::Opening as Open;
use crate::plan::rehearsal::{Facts, Opening, Tried, Unfinished, is_stopped, judge, locked};
use crate::store::{NewForecast, StoreError, Use};
use measure::Tally;

/// Batches that are tried unless the person says how many.
const BATCHES: u32 = 8;

/// What `plan` found.
#[derive(Debug)]
pub struct Rehearsal {
    /// The job's table.
    pub table: String,
    /// How it will be walked, in words.
    pub walk: String,
    /// What stops it, what is worth knowing, what is fine.
    pub findings: Vec<Finding>,
    /// The batches that were tried.
    pub trials: Vec<Trial>,
    /// What they showed.
    pub measured: Option<Measured>,
    /// What a run will come to.
    pub forecast: Option<Forecast>,
    /// When it will end, in words, where hours are kept; `None`: not within them.
    pub ends: Option<String>,
    /// The same as times.
    pub ends_at: Option<(Timestamp, Timestamp)>,
    /// What settings do to it.
    pub effects: Vec<Effect>,
    /// What would make it faster.
    pub advice: Vec<Advice>,
    /// Whether the forecast is kept for the comparison after the run.
    pub kept: Kept,
}

/// A batch that was tried.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trial {
    /// Where.
    pub place: String,
    /// Rows looked at.
    pub visited: f64,
    /// Rows changed.
    pub rows: f64,
    /// Seconds, the first time: pages are read and written whole.
    pub first: f64,
    /// Seconds, the second time at the same place.
    pub second: f64,
    /// WAL bytes, the first time.
    pub wal: f64,
    /// Whole pages in it.
    pub images: f64,
    /// Rows that stayed on their pages.
    pub heap_only: f64,
}

/// Whether the forecast is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is.
    Yes,
    /// There is none.
    Nothing,
    /// It isn't: why.
    No(String),
}

/// What is known of the job, before anything is tried.
struct Scene<'s> {
    plan: &'s JobPlan,
    walk: &'s Walk,
    pace: &'s Pace,
}

impl Engine<'_> {
    /// Looks at the job and the server, tries so many batches (`None`: some, unless a trigger may reach beyond its transaction)
    /// and says what a run would come to. `None`: the operator stopped it; nothing is left of it then.
    pub async fn rehearse(&self, job: &Job, batches: Option<u32>) -> Result<Option<Rehearsal>, RunError> {
        let connection = self.connector.connect("plan").await?;
        let cancel = connection.cancel_handle();
        let mut work = Box::pin(self.rehearse_on(connection, job, batches));
        tokio::select! {
            biased;
            done = &mut work => done.map(Some),
            () = self.stop.reached(StopLevel::AfterBatch) => {
                // The transaction goes with its connection.
                cancel.cancel().await;
                Ok(None)
            }
        }
    }

    async fn rehearse_on(
        &self,
        connection: Connection,
        job: &Job,
        batches: Option<u32>,
    ) -> Result<Rehearsal, RunError> {
        let witness = self.connector.connect("preflight").await?;
        let books = self.books(&connection).await?;
        self.clock.correct(self.store.now(&*connection).await?);
        let found = match &books {
            Ok(()) => self.store.find_run(&*connection, job.id()).await?,
            Err(_) => None,
        };
        let run = found.as_ref().filter(|run| !run.state.is_final());
        let database = match &books {
            Ok(()) => self.store.database_settings(&*connection).await?,
            Err(_) => String::new(),
        };
        if let Some(locked) = self.locked(&connection, job).await? {
            return Ok(locked);
        }
        let plan = Preflight::new(&connection, &witness, job).plan(self.store).await?;
        let sampled = sample::take(self.clock, &connection, &plan).await?;
        let expected = sampled.map_or(0.0, |sample| sample.all_rows);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of rows")]
        let walk = Walk::new(&plan, self.settings.workers, expected as u64);
        let basis = Basis { job, settings: self.settings, workers: walk.workers.bounds };
        let pace = basis.pace(run.map_or("", |run| &run.settings), &database);
        let scene = Scene { plan: &plan, walk: &walk, pace: &pace };
        let mut facts = self.facts(&connection, &scene, sampled).await?;
        if let Some(run) = run {
            let who = self.store.workers(&*connection, run.id).await?;
            let who = who.iter().find(|worker| worker.alive).map(crate::store::WorkerRow::who);
            facts.unfinished = Some(Unfinished { run: run.id.0, state: run.state.to_string(), who });
        }
        facts.was_done =
            found.as_ref().is_some_and(|run| run.state == RunState::Done && run.direction == job.direction);
        let tally = self.try_batches((&connection, &witness), &scene, &mut facts, batches).await?;
        let sample = sampled.unwrap_or_default();
        let ground = ground::ground(&scene, &facts, (sample, &tally));
        // Where the rows to do couldn't be counted, nothing is known of the whole.
        facts.forecast = sampled
            .and_then(|_| Forecast::new(&ground::expected_images(&tally.measured, &facts, &plan), &ground));
        let ends = facts.forecast.as_ref().and_then(|forecast| self.ends(&pace, forecast));
        let kept = match (&facts.forecast, books) {
            (None, _) => Kept::Nothing,
            (Some(_), Err(why)) => Kept::No(why),
            (Some(forecast), Ok(())) => self.keep(&connection, job, forecast).await?,
        };
        let forecast = facts.forecast.clone();
        let effects = forecast.as_ref().map_or_else(Vec::new, |forecast| Effect::all(forecast, &ground));
        let advice = forecast
            .as_ref()
            .map_or_else(Vec::new, |forecast| Advice::all(forecast, &ground, &facts.forbidding));
        let now = self.clock.wall();
        Ok(Rehearsal {
            table: facts.table.clone(),
            walk: facts.walk.clone(),
            findings: judge(&facts),
            trials: tally.trials,
            measured: (tally.measured.rows > 0.0).then_some(tally.measured),
            ends: ends.map(|ends| crate::plan::hours::describe_times(ends, now, &pace.schedule.zone())),
            ends_at: ends,
            forecast,
            effects,
            advice,
            kept,
        })
    }

    /// All that can be said of a table that is locked: to look at the job's SQL would wait for it.
    async fn locked(&self, connection: &Connection, job: &Job) -> Result<Option<Rehearsal>, RunError> {
        let failed = RunError::sql("look who has locked the table");
        let found = Table::read(connection, &job.table).await;
        // A name that can't be looked up is told by the preflight.
        let Ok(Some(table)) = found else { return Ok(None) };
        let locks = surroundings::locks(connection, table.oid).await.map_err(failed)?;
        if locks.is_empty() {
            return Ok(None);
        }
        let table = table.name.to_string();
        let walk = "nothing more can be looked at".to_owned();
        Ok(Some(Rehearsal {
            findings: locked(&table, &locks),
            table,
            walk,
            trials: Vec::new(),
            measured: None,
            forecast: None,
            ends: None,
            ends_at: None,
            effects: Vec::new(),
            advice: Vec::new(),
            kept: Kept::Nothing,
        }))
    }

    /// Whether the control schema can be read, or why not.
    async fn books(&self, connection: &Connection) -> Result<Result<(), String>, RunError> {
        match self.store.is_readable(connection).await {
            Ok(true) => Ok(Ok(())),
            Ok(false) => Ok(Err("there is no control schema yet: the first run makes it".to_owned())),
            Err(
                error @ (StoreError::Sql { .. } | StoreError::TooNew { .. } | StoreError::Foreign { .. }),
            ) => Err(error.into()),
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    async fn keep(&self, connection: &Connection, job: &Job, forecast: &Forecast) -> Result<Kept, RunError> {
        match self.store.require(&**connection, Use::Plan).await {
            Err(error @ StoreError::Rights { .. }) => return Ok(Kept::No(error.to_string())),
            required => required?,
        }
        let (definition, actor) = (job.definition(), self.identity.to_string());
        let figures = serde_json::to_value(forecast).expect("a forecast is plain data with text keys");
        let forecast = NewForecast {
            job: job.id(),
            direction: job.direction,
            definition: &definition,
            made_by: &actor,
            figures: &figures,
        };
        self.store.keep_forecast(&**connection, forecast).await?;
        Ok(Kept::Yes)
    }

    fn opening(&self, pace: &Pace) -> Opening {
        if pace.schedule.is_empty() {
            return Opening::Always;
        }
        let now = self.clock.wall();
        let when = |at: Timestamp| pace.describe_time(at, now);
        match pace.schedule.at(now) {
            Open::Open { until: Some(until) } => Opening::Open(when(until)),
            Open::Open { until: None } => Opening::Open("further notice".to_owned()),
            Open::Closed { until: Some(until), reason } => Opening::Closed(when(until), reason),
            Open::Closed { until: None, reason } => Opening::Never(reason),
        }
    }

    /// From when to when it will end, if it begins as soon as it may.
    fn ends(&self, pace: &Pace, forecast: &Forecast) -> Option<(Timestamp, Timestamp)> {
        let (low, high) = forecast.time.durations();
        let EtaRange { low, high } = EtaRange { low, high };
        let now = self.clock.wall();
        Some((pace.schedule.finish(now, low)?, pace.schedule.finish(now, high)?))
    }

    /// Tries batches, unless something speaks against it.
    async fn try_batches(
        &self,
        connections: (&Connection, &Connection),
        scene: &Scene<'_>,
        facts: &mut Facts,
        batches: Option<u32>,
    ) -> Result<Tally, RunError> {
        let reaching = facts.surroundings.triggers.iter().find(|trigger| trigger.reaches_out);
        facts.tried = match (batches, reaching) {
            (Some(0), _) => Tried::Not,
            _ if is_stopped(&judge(facts)) => {
                Tried::LeftOut("something stops the job, as is said here".to_owned())
            }
            (None, Some(trigger)) => Tried::LeftOut(format!(
                "the trigger {} may reach beyond its transaction, where nothing can be rolled back",
                trigger.written()
            )),
            _ => {
                let (tally, tried) = self.measure(connections, scene, batches.unwrap_or(BATCHES)).await?;
                facts.tried = tried;
                return Ok(tally);
            }
        };
        Ok(Tally::default())
    }
}

/// For those who show it.
impl Rehearsal {
    /// Whether something stops the job.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        is_stopped(&self.findings)
    }

    /// Bytes of WAL for each row.
    #[must_use]
    pub fn wal_a_row(&self) -> Option<Span> {
        let forecast = self.forecast.as_ref()?;
        Some(forecast.wal.times(1.0 / forecast.rows.middle().max(1.0)))
    }
}
