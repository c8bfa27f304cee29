//! A run from its beginning to its sign-off, through all interruptions.
//!
//! ```text
//! preflight ─► takeover ─► backfill ─► sweep, until one finds nothing ─► proof ─► sign-off
//!                 ▲                        ▲                               │ rows remain
//!                 └── run again            └───────────────────────────────┘
//! ```
//!
//! Everything that is needed to go on is in the database after every commit, so nothing here has to survive.

use super::ending::Ending;
use super::takeover::{Applicant, Takeover};
use super::worker::{Session, Step, Tools, Worker};
use super::{
    JobPlan, Notice, Observer, Preflight, Proof, Repair, RunError, Stop, StopLevel, heartbeat, proof,
    takeover,
};
use crate::clock::Clock;
use crate::config::Settings;
use crate::model::{Direction, Job, KeyValue, Pass, RunId, RunState, WorkerId};
use crate::pg::{Connection, Connector, ErrorClass};
use crate::plan::transition::{self, Input};
use crate::store::{Event, Identity, PassTotals, RunRow, Store};

/// Sweeps that found something, after which the run stops instead of chasing its writers: a sync trigger that works
/// leaves nothing to the second.
const MOST_SWEEPS: i32 = 5;

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
        };
        let (run, worker, pass, expected) = match applicant.take(session.connection(), &plan).await? {
            Takeover::AlreadyDone(row) => return Ok(Ended::AlreadyDone(row)),
            Takeover::Taken { run, worker, pass, expected } => (run, worker, pass, expected),
        };
        let heart = heartbeat::start(self.clock, self.connector, self.store, worker);
        let tools = Tools {
            clock: self.clock,
            connector: self.connector,
            store: self.store,
            sql: &plan.sql,
            observer: self.observer,
            stop: self.stop,
            lock_timeout: self.settings.lock_timeout,
            target: job.batch.target,
        };
        let mut hand = Worker::new(tools, job, run, worker, session);
        let result = self.passes(&mut hand, &plan, run, pass, expected).await;
        drop(heart);
        self.leave(hand, &plan.job, run, worker, result).await
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

    /// All passes and the proof. `None`: stopped by the operator.
    async fn passes(
        &self,
        worker: &mut Worker<'_>,
        plan: &JobPlan,
        run: RunId,
        mut pass: Pass,
        mut expected: u64,
    ) -> Result<Option<Proof>, RunError> {
        let last = pass.0 + MOST_SWEEPS;
        loop {
            let all = self.store.totals(&**worker.connection(), run, None).await?;
            // Rows that match still after their change would be changed again at every visit: there is no second one.
            // What is taken back may be written again at once, by the trigger that still stands: it isn't chased.
            let once = plan.repair == Repair::ReportOnly || plan.job.direction == Direction::Down;
            let mut sweeps = !once && all.rows_unconverged == 0;
            if sweeps || pass == Pass::BACKFILL {
                if !self.pass(worker, run, pass, expected).await? {
                    return Ok(None);
                }
                let totals = self.store.totals(&**worker.connection(), run, Some(pass)).await?;
                // The next pass goes over the same rows, and now they are counted.
                expected = totals.rows_seen;
                self.observer.notice(Notice::PassDone { pass, totals });
                sweeps &= totals.rows_unconverged == 0;
                if sweeps && (pass == Pass::BACKFILL || totals.rows_changed > 0) {
                    if pass.0 >= last {
                        return Err(chased(totals.rows_changed.cast_signed(), pass));
                    }
                    pass = self.begin_pass(worker, plan, run, pass.next()).await?;
                    continue;
                }
            }
            match self.prove(worker, plan, run).await? {
                None => return Ok(None),
                Some(proof) if proof.remaining == 0 || plan.job.direction == Direction::Down => {
                    return judge(proof).map(Some);
                }
                Some(proof) if !sweeps => return Err(not_repeated(&proof)),
                Some(proof) if pass.0 >= last => return Err(chased(proof.remaining, pass)),
                Some(_) => {
                    self.move_on(worker, run, RunState::Proving, Input::RowsRemain).await?;
                    pass = self.begin_pass(worker, plan, run, pass.next()).await?;
                }
            }
        }
    }

    /// Walks one pass. `false`: stopped by the operator.
    async fn pass(
        &self,
        worker: &mut Worker<'_>,
        run: RunId,
        pass: Pass,
        expected: u64,
    ) -> Result<bool, RunError> {
        let done = self.store.totals(&**worker.connection(), run, Some(pass)).await?;
        self.observer.notice(Notice::Pass { pass, done, expected });
        loop {
            match worker.step(pass).await? {
                Step::Advanced | Step::Waited => {}
                Step::Stopped => return Ok(false),
                Step::Finished => return Ok(true),
            }
        }
    }

    async fn begin_pass(
        &self,
        worker: &mut Worker<'_>,
        plan: &JobPlan,
        run: RunId,
        pass: Pass,
    ) -> Result<Pass, RunError> {
        failpoint!("pass.beginning");
        let id = worker.id();
        let transaction = self.still_ours(worker.connection(), id).await?;
        plan_pass(&transaction, self.store, plan, run, pass).await?;
        transaction.commit().await.map_err(RunError::sql("begin a pass"))?;
        failpoint!("pass.begun");
        Ok(pass)
    }

    /// A transaction in which this process can't be given up as dead, if it hasn't been already: one that was frozen
    /// and wakes up writes nothing into a run that is another's now.
    async fn still_ours<'c>(
        &self,
        connection: &'c mut Connection,
        worker: WorkerId,
    ) -> Result<tokio_postgres::Transaction<'c>, RunError> {
        let transaction = connection.transaction().await.map_err(RunError::sql("begin"))?;
        // Runs before workers, as in a takeover: the other way round the two would wait for each other.
        self.store.share_runs(&transaction).await?;
        if self.store.confirm_worker(&transaction, worker).await? {
            Ok(transaction)
        } else {
            Err(RunError::GivenUp)
        }
    }

    /// Stores the state that follows.
    async fn move_on(
        &self,
        worker: &mut Worker<'_>,
        run: RunId,
        from: RunState,
        input: Input,
    ) -> Result<(), RunError> {
        let id = worker.id();
        let transaction = self.still_ours(worker.connection(), id).await?;
        let state = transition::next(from, input)?;
        self.store.set_run_state(&transaction, run, state, None, None).await?;
        transaction.commit().await.map_err(RunError::sql("store the run's state"))
    }

    /// Takes the proof and shows it. `None`: stopped by the operator.
    async fn prove(
        &self,
        worker: &mut Worker<'_>,
        plan: &JobPlan,
        run: RunId,
    ) -> Result<Option<Proof>, RunError> {
        self.move_on(worker, run, RunState::Running, Input::PassesDone).await?;
        failpoint!("proof.beginning");
        self.observer.notice(Notice::Proving);
        match proof::take(worker.connection(), plan, self.stop).await {
            Ok(proof) => Ok(Some(proof)),
            Err(error) if error.class() == ErrorClass::Timeout && self.stop.level() == StopLevel::Cancel => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Stores how it ended, on a connection that works, and lets go of the run.
    async fn leave(
        &self,
        mut worker: Worker<'_>,
        job: &Job,
        run: RunId,
        id: WorkerId,
        result: Result<Option<Proof>, RunError>,
    ) -> Result<Ended, RunError> {
        let result = match result {
            // The run is another's: nothing of it may be touched.
            Err(error) if error.class() == ErrorClass::Fenced => return Err(error),
            result => result,
        };
        let ending = Ending::of(job, run, &result, self.stop.level())?;
        let stored = match self.store_ending(worker.connection(), id, &ending).await {
            stored @ (Ok(_) | Err(RunError::GivenUp)) => stored,
            // The connection that failed can't tell of it; a new one may.
            Err(_) => self.store_ending_again(job, id, &ending).await,
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
        worker: WorkerId,
        ending: &Ending,
    ) -> Result<PassTotals, RunError> {
        let mut connection = self.connector.connect("batches").await?;
        let stored = self.store_ending(&mut connection, worker, ending).await;
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
        worker: WorkerId,
        ending: &Ending,
    ) -> Result<PassTotals, RunError> {
        failpoint!("ending.beginning");
        let transaction = self.still_ours(connection, worker).await?;
        let run = ending.run;
        self.store.release_ranges(&transaction, run, worker).await?;
        self.store.remove_worker(&transaction, worker).await?;
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

/// Plans the ranges of a pass and makes it the run's. Now is when the end of its key space is fixed: what comes
/// behind it later is for the sync trigger, or the next sweep.
pub(super) async fn plan_pass(
    transaction: &tokio_postgres::Transaction<'_>,
    store: &Store,
    plan: &JobPlan,
    run: RunId,
    pass: Pass,
) -> Result<(), RunError> {
    let failed = RunError::sql("look up the table's last key");
    let last = transaction.query_opt(&plan.sql.last_key, &[]).await.map_err(failed)?;
    if let Some(row) = last {
        store.plan_range(transaction, run, pass, None, &KeyValue(row.get(0))).await?;
    }
    Ok(store.start_pass(transaction, run, pass).await?)
}

fn judge(proof: Proof) -> Result<Proof, RunError> {
    if proof.totals_agree() {
        Ok(proof)
    } else {
        Err(RunError::TotalsDiffer { differences: proof.disagreements() })
    }
}

fn chased(rows: i64, pass: Pass) -> RunError {
    RunError::RowsRemain {
        rows,
        passes: format!("{} sweeps", pass.0),
        hint: "rows are written faster than they are swept, and not by the rule: is the sync trigger in place and \
               enabled? Then run again"
            .to_owned(),
    }
}

fn not_repeated(proof: &Proof) -> RunError {
    RunError::RowsRemain {
        rows: proof.remaining,
        passes: "every row was visited once".to_owned(),
        hint: "the job's expressions read what they set, or vary, so a second visit could change a row twice; look \
               at the rows that still match `where`"
            .to_owned(),
    }
}
