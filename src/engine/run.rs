//! A run from its beginning to its sign-off, through all interruptions.
//!
//! ```text
//! preflight ─► takeover ─► backfill ─► sweep, until one finds nothing ─► proof ─► sign-off
//!                 ▲                        ▲                               │ rows remain
//!                 └── run again            └───────────────────────────────┘
//! ```
//!
//! Everything that is needed to go on is in the database after every commit, so nothing here has to survive.

use std::sync::atomic::AtomicBool;

use super::crew::{Crew, Outcome, Roster};
use super::gate::Gate;
use super::health::Health;
use super::heartbeat::Heart;
use super::lock_monitor::LockMonitor;
use super::pace::Basis;
use super::statements::act_as;
use super::supervision::Supervision;
use super::takeover::{Applicant, Taken, Takeover};
use super::timings::Timer;
use super::vacuum::Vacuum;
use super::worker::{Session, Tools, Worker};
use super::{JobPlan, Leave, Notice, Observer, Preflight, Proof, RunError, Stop, takeover};
use crate::clock::Clock;
use crate::config::Settings;
use crate::model::{Job, RunId, RunState};
use crate::pg::{Connection, Connector};
use crate::plan::scale::Bounds;
use crate::plan::timings::Phase;
use crate::store::{Event, Identity, NewSample, PassTotals, QuarantineCount, RunRow, Store, Subject, Use};

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
    /// Work beside other processes that have the run, instead of leaving it to them.
    pub join: bool,
    /// However long a signal holds the run, wait.
    pub patient: bool,
    /// This run and no other: when somebody has ended it meanwhile, none is begun in its place.
    pub only: Option<RunId>,
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
    /// This process has left it.
    Left {
        /// The run; `None`: it wasn't begun.
        run: Option<RunId>,
        /// The sums over all passes.
        totals: PassTotals,
        /// Why.
        leave: Leave,
        /// Other processes go on with it.
        others: bool,
    },
}

/// What is stored of a job before this process does anything.
#[derive(Default)]
pub(super) struct Standing {
    /// Its latest run.
    pub(super) run: Option<RunRow>,
    pub(super) database_settings: String,
}

impl Standing {
    fn unfinished(&self) -> Option<&RunRow> {
        self.run.as_ref().filter(|run| !run.state.is_final())
    }

    /// The job's run, if it is signed off: then nothing needs to be checked, and the columns it read may be gone.
    fn done(&self, job: &Job, request: RunRequest) -> Result<Option<&RunRow>, RunError> {
        let done = self.run.as_ref().filter(|run| !request.anew && takeover::is_done(run, job));
        if let Some(run) = done {
            takeover::refuse_drift(run, job)?;
        }
        Ok(done)
    }
}

impl Engine<'_> {
    /// Starts or resumes the job's run and works on it to the end.
    pub async fn run(&self, job: &Job, request: &RunRequest) -> Result<Ended, RunError> {
        let mut connection = self.connector.connect("batches").await?;
        self.store.bring_up(&mut connection).await?;
        let standing = self.look(&connection, job).await?;
        if let Some(done) = standing.done(job, *request)? {
            return Ok(Ended::AlreadyDone(Box::new(done.clone())));
        }
        if let Some(run) = request.only
            && let Some(leave) = self.ended(&connection, run, &standing).await?
        {
            let totals = self.store.totals(&*connection, run, None).await?;
            return Ok(Ended::Left { run: Some(run), totals, leave, others: false });
        }
        let not_now = match self.undecided(&connection, job, (&standing, request)).await? {
            None => self.not_now(&connection, job, &standing).await?,
            undecided => undecided,
        };
        if let Some(leave) = not_now {
            let run = standing.unfinished().map(|run| run.id);
            let totals = match run {
                Some(run) => self.store.totals(&*connection, run, None).await?,
                None => PassTotals::default(),
            };
            return Ok(Ended::Left { run, totals, leave, others: false });
        }
        let (plan, mut session) = match self.prepare(connection, job).await {
            Ok(prepared) => prepared,
            // Another process may have finished the job since we looked, and the revision after it taken its columns.
            Err(error) => {
                let Ok(connection) = self.connector.connect("batches").await else { return Err(error) };
                let Ok(standing) = self.look(&connection, job).await else { return Err(error) };
                return match standing.done(job, *request) {
                    Ok(Some(run)) => Ok(Ended::AlreadyDone(Box::new(run.clone()))),
                    _ => Err(error),
                };
            }
        };
        let applicant = Applicant {
            clock: self.clock,
            store: self.store,
            identity: self.identity,
            observer: self.observer,
            request,
            workers: self.settings.workers,
        };
        let taken = match applicant.take(session.connection(), &plan).await? {
            Takeover::AlreadyDone(row) => return Ok(Ended::AlreadyDone(row)),
            Takeover::Left(left) => return Ok(*left),
            Takeover::Taken(taken) => taken,
        };
        self.observer.notice(Notice::Walking { how: taken.walk.describe(None) });
        Box::pin(self.work(&plan, session, *taken, request)).await
    }

    /// Works on a run that is this process's, to its end or until it is left.
    async fn work(
        &self,
        plan: &JobPlan,
        mut session: Session,
        taken: Taken,
        request: &RunRequest,
    ) -> Result<Ended, RunError> {
        let Self { clock, connector, store, identity, observer, settings, stop } = *self;
        let job = &plan.job;
        let workers = taken.walk.workers;
        let quarantine = store.count_quarantine(&**session.connection(), taken.run).await?;
        let spares = quarantine != QuarantineCount::default();
        let basis = Basis { job, settings, workers: workers.bounds };
        let gate = Gate::new(clock, observer, basis, (settings.pause_file.clone(), request.patient));
        if taken.joined {
            gate.settle();
        }
        let locks = LockMonitor::new(clock, connector, &gate);
        let vacuum = Vacuum::new(connector, observer, plan, taken.expected);
        let roster = Roster::default();
        roster.add(taken.worker);
        let tools = Tools {
            clock,
            connector,
            store,
            sql: &plan.sql,
            observer,
            stop,
            failed: AtomicBool::new(false),
            spares: AtomicBool::new(spares),
            identity,
            gate: &gate,
            locks: &locks,
            walk: &taken.walk,
            vacuum: &vacuum,
            lock_timeout: settings.lock_timeout,
            job,
            run: taken.run,
        };
        let supervision = Supervision {
            engine: self,
            gate: &gate,
            heart: Heart { engine: self, run: taken.run, roster: &roster, gate: &gate },
            health: Health { engine: self, gate: &gate, table: plan.sql.table_oid() },
            locks: &locks,
            vacuum: &vacuum,
            workers: workers.first,
        };
        let first = Worker::new(&tools, (taken.worker, 0), session);
        let mut crew = Crew::new(&tools, plan, &roster, first);
        let timer = Timer::new(self, Subject::Run(taken.run));
        let result = tokio::select! {
            result = async {
                if !taken.joined {
                    timer.take(Phase::Before).await;
                }
                let result = tokio::select! {
                    result = crew.pass_through(taken.pass, taken.expected) => result,
                    () = timer.watch() => unreachable!("it watches for ever"),
                };
                if matches!(result, Ok(Outcome::Proved(_))) {
                    timer.take(Phase::After).await;
                }
                result
            } => result,
            () = supervision.watch() => unreachable!("it watches for ever"),
        };
        vacuum.stop().await;
        // What the heart had no beat left for. It is for people: without it the run ends as well.
        let connection = crew.connection();
        for (kind, message) in gate.take_events() {
            let _ = store.record(&**connection, identity, Event::of_run(taken.run, kind, message)).await;
        }
        if let Some(sample) = gate.tally.take(clock.monotonic(), true) {
            let sample = NewSample { workers: roster.ids().len(), ..sample };
            let _ = store.record_sample(&**connection, (taken.run, identity), &sample).await;
        }
        self.leave(crew.connection(), &roster.ids(), (job, taken.run), result).await
    }

    /// The job checked against the database, and the statements prepared.
    async fn prepare(&self, mut connection: Connection, job: &Job) -> Result<(JobPlan, Session), RunError> {
        let witness = self.connector.connect("preflight").await?;
        let plan = Preflight::new(&connection, &witness, job).plan(self.store).await?;
        drop(witness);
        self.store.install(&mut connection).await?;
        self.require_for_the_role(&connection, job).await?;
        self.store.prune_preimages(&*connection, self.settings.preimage_retention).await?;
        let session = Session::prepare(connection, &plan.sql, self.store).await?;
        Ok((plan, session))
    }

    /// The role that the job names writes a batch's books beside its rows.
    async fn require_for_the_role(&self, connection: &Connection, job: &Job) -> Result<(), RunError> {
        let Some(role) = &job.role else { return Ok(()) };
        let failed = || RunError::sql("take the job's role");
        connection.batch_execute(&act_as(role)).await.map_err(failed())?;
        let required = self.store.require(&**connection, Use::Batch).await;
        connection.batch_execute("RESET ROLE").await.map_err(failed())?;
        Ok(required?)
    }

    /// What the control schema says of the job before anything is checked; nothing where there is none.
    pub(super) async fn look(&self, connection: &Connection, job: &Job) -> Result<Standing, RunError> {
        if self.store.version(connection).await?.is_none() {
            return Ok(Standing::default());
        }
        Ok(Standing {
            run: self.store.find_run(&**connection, job.id()).await?,
            database_settings: self.store.database_settings(&**connection).await?,
        })
    }

    /// How others have ended that run; `None`: they haven't.
    async fn ended(
        &self,
        connection: &Connection,
        run: RunId,
        standing: &Standing,
    ) -> Result<Option<Leave>, RunError> {
        match &standing.run {
            Some(latest) if latest.id == run && latest.state.is_final() => Ok(Leave::elsewhere(latest)),
            Some(latest) if latest.id == run => Ok(None),
            _ => {
                let orders = self.store.orders(&**connection, run).await?.ok_or(RunError::GivenUp)?;
                Ok(Some(Leave::Elsewhere { state: orders.state }))
            }
        }
    }

    /// Rows are in quarantine and nobody has decided on them yet: until then there is nothing to do, and nothing to prove.
    async fn undecided(
        &self,
        connection: &Connection,
        job: &Job,
        (standing, request): (&Standing, &RunRequest),
    ) -> Result<Option<Leave>, RunError> {
        let run = standing.unfinished().filter(|run| {
            run.state == RunState::Quarantined && run.direction == job.direction && !request.anew
        });
        let Some(run) = run else { return Ok(None) };
        takeover::refuse_drift(run, job)?;
        let held = self.store.count_quarantine(&**connection, run.id).await?.held;
        Ok((held > 0).then_some(Leave::Quarantined { held }))
    }

    /// Why the job may not be begun or gone on with now: its hours are closed. Before anything is checked or taken.
    async fn not_now(
        &self,
        connection: &Connection,
        job: &Job,
        standing: &Standing,
    ) -> Result<Option<Leave>, RunError> {
        self.clock.correct(self.store.now(&**connection).await?);
        let settings = standing.unfinished().map_or("", |run| &run.settings);
        let basis = Basis { job, settings: self.settings, workers: Bounds::fixed(1) };
        Ok(basis.pace(settings, &standing.database_settings).closed(self.clock.wall()))
    }
}
