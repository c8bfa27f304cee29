//! A run from its beginning to its sign-off, through all interruptions.
//!
//! ```text
//! preflight ─► takeover ─► backfill ─► sweep, until one finds nothing ─► proof ─► sign-off
//!                 ▲                        ▲                               │ rows remain
//!                 └── run again            └───────────────────────────────┘
//! ```
//!
//! Everything that is needed to go on is in the database after every commit, so nothing here has to survive.

use std::num::NonZeroU32;
use std::sync::atomic::AtomicBool;

use super::crew::Crew;
use super::ending::Ending;
use super::takeover::{Applicant, Takeover};
use super::vacuum::Vacuum;
use super::worker::{Session, Tools, Worker};
use super::{JobPlan, Notice, Observer, Preflight, Proof, RunError, Stop, StopLevel, heartbeat, takeover};
use crate::clock::Clock;
use crate::config::Settings;
use crate::model::{Job, RunId, WorkerId};
use crate::pg::{Connection, Connector, ErrorClass};
use crate::store::{Event, Identity, PassTotals, RunRow, Store};
use crate::throttle::RowRate;

/// Does jobs and revisions on one database.
pub struct Engine<'e> {
    /// Time.
    pub clock: &'e Clock,
    /// The settings of this invocation.
    pub settings: &'e Settings,
    /// Makes the connections.
    pub connector: &'e Connector,
    /// The control schema.
    pub store: &'e Store,
    /// Who we are.
    pub identity: &'e Identity,
    /// Who shows what happens.
    pub observer: &'e dyn Observer,
    /// The operator's stop.
    pub stop: &'e Stop,
}

/// What is wanted of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunRequest {
    /// Give up the unfinished run there may be, and begin anew, even if the job was done before.
    pub anew: bool,
}

/// How a run ended.
#[derive(Debug)]
pub enum Ended {
    /// Proved and signed off now.
    Done {
        /// The run.
        run: RunId,
        /// The sums over all passes.
        totals: PassTotals,
        /// The proof.
        proof: Proof,
    },
    /// It was done before.
    AlreadyDone(Box<RunRow>),
    /// The operator stopped it.
    Stopped {
        /// The run.
        run: RunId,
        /// The sums over all passes.
        totals: PassTotals,
        /// Whether a batch was cancelled in the server.
        cancelled: bool,
    },
}

impl Engine<'_> {
    /// Starts or resumes the job's run and works on it to the end.
    pub async fn run(&self, job: &Job, request: RunRequest) -> Result<Ended, RunError> {
        let mut connection = self.connector.connect("batches").await?;
        self.store.bring_up(&mut connection).await?;
        if let Some(done) = self.done_before(&connection, job, request).await? {
            return Ok(Ended::AlreadyDone(Box::new(done)));
        }
        let (plan, mut session) = match self.prepare(connection, job).await {
            Ok(prepared) => prepared,
            // Another process may have finished the job since we looked, and the revision after it taken its columns.
            Err(error) => {
                let Ok(connection) = self.connector.connect("batches").await else { return Err(error) };
                return match self.done_before(&connection, job, request).await {
                    Ok(Some(run)) => Ok(Ended::AlreadyDone(Box::new(run))),
                    _ => Err(error),
                };
            }
        };
        let applicant = Applicant {
            clock: self.clock,
            store: self.store,
            identity: self.identity,
            observer: self.observer,
            request: &request,
            workers: self.settings.workers,
        };
        let taken = match applicant.take(session.connection(), &plan).await? {
            Takeover::AlreadyDone(row) => return Ok(Ended::AlreadyDone(row)),
            Takeover::Taken(taken) => taken,
        };
        self.observer.notice(Notice::Walking { how: taken.walk.describe(None) });
        let tools = Tools {
            clock: self.clock,
            connector: self.connector,
            store: self.store,
            sql: &plan.sql,
            observer: self.observer,
            stop: self.stop,
            failed: AtomicBool::new(false),
            rate: job.rows_per_second.and_then(NonZeroU32::new).map(RowRate::per_second),
            walk: &taken.walk,
            vacuum: Vacuum::new(self.connector, self.observer, &plan, taken.expected),
            lock_timeout: self.settings.lock_timeout,
            target: job.batch.target,
            run: taken.run,
        };
        let mut crew = Crew::new(&tools, &plan, Worker::new(&tools, job, taken.worker, session));
        let heart = match crew.hire(self.identity).await {
            Ok(()) => Ok(heartbeat::start(self.clock, self.connector, self.store, crew.ids())),
            Err(error) => Err(error),
        };
        let result = match heart {
            Ok(_beating) => {
                tokio::select! {
                    result = crew.pass_through(taken.pass, taken.expected) => result,
                    () = tools.vacuum.watch() => unreachable!("it watches for ever"),
                }
            }
            Err(error) => Err(error),
        };
        tools.vacuum.stop().await;
        self.leave(crew, &plan.job, taken.run, result).await
    }

    /// The job checked against the database, and the statements prepared.
    async fn prepare(&self, mut connection: Connection, job: &Job) -> Result<(JobPlan, Session), RunError> {
        let witness = self.connector.connect("preflight").await?;
        let plan = Preflight::new(&connection, &witness, job).plan(self.store).await?;
        drop(witness);
        self.store.install(&mut connection).await?;
        let session = Session::prepare(connection, &plan.sql, self.store).await?;
        Ok((plan, session))
    }

    /// The job's run, if it is signed off: then nothing needs to be checked, and the columns it read may be gone.
    async fn done_before(
        &self,
        connection: &Connection,
        job: &Job,
        request: RunRequest,
    ) -> Result<Option<RunRow>, RunError> {
        if request.anew || self.store.version(connection).await?.is_none() {
            return Ok(None);
        }
        let run =
            self.store.find_run(&**connection, job.id()).await?.filter(|run| takeover::is_done(run, job));
        if let Some(run) = &run {
            takeover::refuse_drift(run, job)?;
        }
        Ok(run)
    }

    /// Stores how it ended, on a connection that works, and lets go of the run.
    async fn leave(
        &self,
        mut crew: Crew<'_>,
        job: &Job,
        run: RunId,
        result: Result<Option<Proof>, RunError>,
    ) -> Result<Ended, RunError> {
        let result = match result {
            // The run is another's: nothing of it may be touched.
            Err(error) if error.class() == ErrorClass::Fenced => return Err(error),
            result => result,
        };
        let ending = Ending::of(job, run, &result, self.stop.level())?;
        let ids = crew.ids();
        let stored = match self.store_ending(crew.connection(), &ids, &ending).await {
            stored @ (Ok(_) | Err(RunError::GivenUp)) => stored,
            // The connection that failed can't tell of it; a new one may.
            Err(_) => self.store_ending_again(job, &ids, &ending).await,
        };
        if matches!(stored, Err(RunError::GivenUp)) {
            return Err(RunError::GivenUp);
        }
        match result {
            Err(error) => Err(error),
            Ok(None) => {
                Ok(Ended::Stopped { run, totals: stored?, cancelled: self.stop.level() >= StopLevel::Cancel })
            }
            Ok(Some(proof)) => {
                let totals = stored?;
                self.observer.notice(Notice::Proved { proof: proof.clone() });
                Ok(Ended::Done { run, totals, proof })
            }
        }
    }

    /// On a new connection. If only the answer was lost the first time, this process isn't registered any more, and
    /// the run stands as it was to be stored.
    async fn store_ending_again(
        &self,
        job: &Job,
        workers: &[WorkerId],
        ending: &Ending,
    ) -> Result<PassTotals, RunError> {
        let mut connection = self.connector.connect("batches").await?;
        let stored = self.store_ending(&mut connection, workers, ending).await;
        let Err(RunError::GivenUp) = stored else { return stored };
        let found = self.store.find_run(&*connection, job.id()).await?;
        let is_stored = found.is_some_and(|run| {
            (run.id, run.state, run.reason.as_deref()) == (ending.run, ending.state, Some(&*ending.reason))
        });
        if is_stored { Ok(self.store.totals(&*connection, ending.run, None).await?) } else { stored }
    }

    async fn store_ending(
        &self,
        connection: &mut Connection,
        workers: &[WorkerId],
        ending: &Ending,
    ) -> Result<PassTotals, RunError> {
        failpoint!("ending.beginning");
        let transaction = takeover::still_ours(self.store, connection, workers).await?;
        let run = ending.run;
        self.store.release_ranges(&transaction, run, workers).await?;
        self.store.deregister_workers(&transaction, workers).await?;
        let reason = Some(ending.reason.as_str());
        self.store.set_run_state(&transaction, run, ending.state, reason, ending.sign_off.as_ref()).await?;
        let totals = self.store.totals(&transaction, run, None).await?;
        let event = Event {
            kind: ending.event,
            run: Some(run),
            revision: None,
            message: ending.message.clone(),
            detail: ending.sign_off.clone(),
        };
        self.store.record(&transaction, self.identity, event).await?;
        transaction.commit().await.map_err(RunError::sql("store how the run ended"))?;
        failpoint!("ending.stored");
        Ok(totals)
    }
}
