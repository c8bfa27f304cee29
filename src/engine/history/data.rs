//! Data revisions: run, and taken back, by the engine of jobs; recorded when that is proved.

use std::time::Duration;

use serde_json::json;
use tokio_postgres::GenericClient;

use super::session::Session;
use super::undoing;
use super::{ChangeOptions, Done, Gate, History, HistoryError, HistoryStep};
use crate::engine::takeover;
use crate::engine::{Ended, Notice, RunError, RunRequest};
use crate::model::{Direction, Down, Job, Revision, RevisionId, RunState};
use crate::pg::{Connection, search_path};
use crate::store::{Event, Origin, Recording, RunRow, Use};

/// What came of a job that was to be run.
#[derive(Debug)]
pub enum JobOutcome {
    /// It ran.
    Ended(Box<Ended>),
    /// The condition of its revision doesn't hold: it is passed over.
    Skipped,
}

impl History<'_> {
    /// Runs a job. One that stands for a revision must have its parents applied, and is recorded when it is done.
    pub async fn run(&self, job: &Job, request: RunRequest) -> Result<JobOutcome, HistoryError> {
        let revision = job.revision.as_ref().and_then(|id| self.manifest.revision(&id.0));
        let Some(revision) = revision else {
            return Ok(JobOutcome::Ended(Box::new(self.engine.run(job, &request).await?)));
        };
        self.run_as(job, revision, request, &ChangeOptions::default()).await
    }

    pub(super) async fn run_revision(
        &self,
        job: &Job,
        revision: &Revision,
        options: &ChangeOptions<'_>,
    ) -> Result<HistoryStep, HistoryError> {
        let done = match self.run_as(job, revision, options.request, options).await? {
            JobOutcome::Ended(ended) => match *ended {
                Ended::Left { .. } => return Ok(HistoryStep::Stopped { job: job.name.clone(), ended }),
                Ended::AlreadyDone(_) => Done::Before,
                Ended::Done { .. } => Done::Now,
            },
            JobOutcome::Skipped => Done::Skipped,
        };
        Ok(HistoryStep::Changed(revision.id.clone(), Direction::Up, done))
    }

    async fn run_as(
        &self,
        job: &Job,
        revision: &Revision,
        request: RunRequest,
        options: &ChangeOptions<'_>,
    ) -> Result<JobOutcome, HistoryError> {
        let engine = self.engine;
        let connection = self.look("upgrade").await?;
        // Not only when the job is done, nights later.
        engine.store.require(&*connection, Use::Record).await?;
        self.gate(&connection, job, revision).await?;
        if !self.is_begun(&connection, job).await? && !self.holds(&connection, revision).await? {
            self.record_data(revision, Origin::Skipped, Duration::ZERO, options).await?;
            let revision = format!("{} {}", revision.id, revision.message);
            let (direction, done, took) = (Direction::Up, Done::Skipped, Duration::ZERO);
            engine.observer.notice(Notice::Applied { revision, direction, done, took });
            return Ok(JobOutcome::Skipped);
        }
        drop(connection);
        let started = engine.clock.monotonic();
        let ended = engine.run(job, &request).await?;
        if matches!(ended, Ended::Done { .. } | Ended::AlreadyDone(_)) {
            let took = engine.clock.monotonic().saturating_duration_since(started);
            self.record_data(revision, Origin::Applied, took, options).await?;
        }
        Ok(JobOutcome::Ended(Box::new(ended)))
    }

    /// Whether the job has a run that counts: what was begun is brought to its end, whatever the condition says by now.
    async fn is_begun(&self, connection: &Connection, job: &Job) -> Result<bool, HistoryError> {
        if !self.engine.store.is_readable(connection).await? {
            return Ok(false);
        }
        let run = self.engine.store.find_run(&**connection, job.id()).await?;
        Ok(run.is_some_and(|run| {
            run.direction == Direction::Up && !matches!(run.state, RunState::Cancelled | RunState::Undone)
        }))
    }

    /// What is refused leaves no control schema behind.
    async fn gate(
        &self,
        connection: &Connection,
        job: &Job,
        revision: &Revision,
    ) -> Result<(), HistoryError> {
        let applied = self.applied(connection).await?.into_keys().collect();
        let before = self.manifest.graph.pending(&applied, &[&revision.id.0]);
        let missing: Vec<RevisionId> = before
            .into_iter()
            .filter(|id| *id != revision.id.0)
            .map(|id| RevisionId(id.to_owned()))
            .collect();
        let Some(next) = missing.last() else { return Ok(()) };
        let what = format!("{} ({})", job.name, revision.id);
        let next = next.to_string();
        Err(Gate { what, missing: self.describe(connection, &missing).await?, next }.into())
    }

    /// Revisions that are not applied, data revisions with the state of their runs.
    pub(super) async fn describe(
        &self,
        connection: &Connection,
        ids: &[RevisionId],
    ) -> Result<Vec<String>, HistoryError> {
        let readable = self.engine.store.is_readable(connection).await?;
        let mut described = Vec::new();
        for id in ids {
            let job = self.manifest.revision(&id.0).and_then(Revision::job);
            let run = match job {
                Some(job) if readable => self.engine.store.find_run(&**connection, job.id()).await?,
                _ => None,
            };
            described.push(match (job, run) {
                (None, _) => id.to_string(),
                (Some(_), None) => format!("{id} (a data revision that has not been run)"),
                (Some(_), Some(run)) => {
                    format!("{id} (a data revision; its run {} is {})", run.id, run.state)
                }
            });
        }
        Ok(described)
    }

    async fn holds(&self, connection: &Connection, revision: &Revision) -> Result<bool, HistoryError> {
        let Some(condition) = &revision.condition else { return Ok(true) };
        let answer = async {
            connection.batch_execute(search_path::SESSION_AS_AUTHOR).await?;
            connection.simple_query(condition).await
        };
        let answers = answer.await.map_err(|source| {
            HistoryError::from(super::FailedSection {
                revision: revision.id.clone(),
                direction: Direction::Up,
                file: revision.file.clone(),
                kept: 0,
                statement: Some(condition.clone()),
                excerpt: None,
                blockers: Vec::new(),
                gave_up: None,
                source,
            })
        })?;
        Ok(super::verify::hold(&answers).is_ok())
    }

    async fn record_data(
        &self,
        revision: &Revision,
        origin: Origin,
        took: Duration,
        options: &ChangeOptions<'_>,
    ) -> Result<(), HistoryError> {
        let engine = self.engine;
        let mut session = Session::begin(self, options, "upgrade").await?;
        let transaction = session.transaction().await?;
        let parents: Vec<&str> = revision.follows().map(|before| before.0.as_str()).collect();
        engine.store.lock_revisions(&transaction).await?;
        let found = engine.store.neighbours_applied(&transaction, &revision.id, &parents).await?;
        if found.applied {
            return Ok(());
        }
        let stands = origin == Origin::Skipped || self.is_signed_off(&transaction, revision).await?;
        if found.others < parents.len() || !stands {
            if let Some(job) = revision.job().filter(|_| found.others < parents.len()) {
                let reason = "counts as undone: what it stands on was undone meanwhile";
                self.give_up_run(&transaction, job, reason).await?;
            }
            transaction.commit().await.map_err(HistoryError::sql("give up the run"))?;
            return Err(HistoryError::Moved { revision: revision.id.clone(), direction: Direction::Up });
        }
        let detail = json!({ "tag": options.tag });
        let recording = Recording { revision, origin, took, detail };
        engine.store.record_revision(&transaction, engine.identity, &recording).await?;
        engine.store.end_section(&transaction, &revision.id).await?;
        transaction.commit().await.map_err(HistoryError::sql("record the data revision"))
    }

    /// Whether the revision's job is done still, and not being taken back by another process already.
    async fn is_signed_off(
        &self,
        client: &impl GenericClient,
        revision: &Revision,
    ) -> Result<bool, HistoryError> {
        let Some(job) = revision.job() else { return Ok(false) };
        self.engine.store.lock_runs(client).await?;
        let run = self.engine.store.find_run(client, job.id()).await?;
        Ok(run.is_some_and(|run| takeover::is_done(&run, job)))
    }

    /// Puts back the values that a job kept. A revision that it stands for counts as not applied from the beginning on.
    pub async fn undo(&self, job: &Job, options: &ChangeOptions<'_>) -> Result<Ended, HistoryError> {
        let engine = self.engine;
        let down = job.undone().ok_or_else(|| RunError::NothingKept { job: job.name.clone() })?;
        let connection = self.look("undo").await?;
        let (kept, run) = if engine.store.is_readable(&connection).await? {
            let kept = engine.store.kept_by(&*connection, job.id()).await?;
            (kept, engine.store.find_run(&*connection, job.id()).await?)
        } else {
            (Vec::new(), None)
        };
        let is_begun = run.is_some_and(|run| run.direction == Direction::Down && !run.state.is_final());
        if kept.is_empty() && !is_begun {
            return Err(RunError::NothingKept { job: job.name.clone() }.into());
        }
        let revision = job.revision.as_ref().and_then(|id| self.manifest.revision(&id.0));
        let Some(revision) = revision else {
            undoing::record_undo(self, &connection, job).await?;
            return Ok(engine.run(&down, &options.request).await?);
        };
        let applied = self.applied(&connection).await?;
        let followers = self.manifest.graph.followers(&revision.id.0);
        let followers: Vec<String> =
            followers.into_iter().filter(|id| applied.contains_key(*id)).map(str::to_owned).collect();
        if !followers.is_empty() {
            return Err(HistoryError::Followed { revision: revision.id.clone(), followers });
        }
        drop(connection);
        let session = Session::begin(self, options, "undo").await?;
        undoing::record_undo(self, &session.connection, job).await?;
        Ok(Box::pin(self.take_back_by(session, (job, down), revision)).await?.0)
    }

    /// Takes a data revision back as its job says.
    pub(super) async fn take_back(
        &self,
        session: Session<'_>,
        job: &Job,
        revision: &Revision,
    ) -> Result<HistoryStep, HistoryError> {
        let id = &revision.id;
        if job.down == Some(Down::Keep) {
            let done = Box::pin(self.leave_rows(session, job, revision)).await?;
            return Ok(HistoryStep::Changed(id.clone(), Direction::Down, done));
        }
        let down =
            job.taken_back().ok_or_else(|| HistoryError::Irreversible { revisions: vec![id.to_string()] })?;
        Ok(match Box::pin(self.take_back_by(session, (job, down), revision)).await? {
            (ended @ Ended::Left { .. }, _) => {
                HistoryStep::Stopped { job: job.name.clone(), ended: Box::new(ended) }
            }
            (_, done) => HistoryStep::Changed(id.clone(), Direction::Down, done),
        })
    }

    /// Takes a data revision back whose rows stay as they are.
    async fn leave_rows(
        &self,
        mut session: Session<'_>,
        job: &Job,
        revision: &Revision,
    ) -> Result<Done, HistoryError> {
        session.may_go_on(&revision.id)?;
        self.begin_taking_back(&mut session, job, revision).await?;
        let done = self.end_taking_back(&mut session, revision, Duration::ZERO).await?;
        session.end().await;
        Ok(done)
    }

    /// Takes a data revision back by that job. From the beginning on it counts as not applied.
    async fn take_back_by(
        &self,
        mut session: Session<'_>,
        (job, down): (&Job, Job),
        revision: &Revision,
    ) -> Result<(Ended, Done), HistoryError> {
        let (engine, options) = (self.engine, session.options);
        session.may_go_on(&revision.id)?;
        self.begin_taking_back(&mut session, job, revision).await?;
        session.end().await;
        let started = engine.clock.monotonic();
        let ended = engine.run(&down, &options.request).await?;
        if matches!(ended, Ended::Left { .. }) {
            return Ok((ended, Done::Now));
        }
        failpoint!("history.taken_back");
        let took = engine.clock.monotonic().saturating_duration_since(started);
        let mut session = Session::begin(self, options, "downgrade").await?;
        let done = self.end_taking_back(&mut session, revision, took).await?;
        session.end().await;
        Ok((ended, done))
    }

    async fn end_taking_back(
        &self,
        session: &mut Session<'_>,
        revision: &Revision,
        took: Duration,
    ) -> Result<Done, HistoryError> {
        let (engine, id, tag) = (self.engine, &revision.id, session.options.tag);
        let transaction = session.transaction().await?;
        if !engine.store.end_section(&transaction, id).await? {
            let found = engine.store.neighbours_applied(&transaction, id, &[]).await?;
            if found.applied {
                return Err(HistoryError::Moved { revision: id.clone(), direction: Direction::Down });
            }
            return Ok(Done::Before);
        }
        let detail = json!({
            "duration_ms": took.as_millis(), "tool_version": env!("CARGO_PKG_VERSION"), "tag": tag,
        });
        let message = format!("revision {id} was undone: {}", revision.message);
        let event =
            Event { kind: "revision.undone", run: None, revision: Some(id), message, detail: Some(detail) };
        engine.store.record(&transaction, engine.identity, event).await?;
        transaction.commit().await.map_err(HistoryError::sql("record that the data revision is undone"))?;
        Ok(Done::Now)
    }

    async fn begin_taking_back(
        &self,
        session: &mut Session<'_>,
        job: &Job,
        revision: &Revision,
    ) -> Result<(), HistoryError> {
        let (engine, id) = (self.engine, &revision.id);
        let transaction = session.transaction().await?;
        let followers = self.manifest.graph.followers(&id.0);
        engine.store.lock_revisions(&transaction).await?;
        let found = engine.store.neighbours_applied(&transaction, id, &followers).await?;
        engine.store.begin_section(&transaction, id, Direction::Down).await?;
        if found.others > 0 {
            return Err(HistoryError::Moved { revision: id.clone(), direction: Direction::Down });
        }
        if found.applied {
            self.give_up_run(&transaction, job, "was undone: the revision is taken back").await?;
            engine.store.forget_revision(&transaction, &id.0).await?;
            let message = format!("revision {id} is being undone: {}", revision.message);
            let event =
                Event { kind: "revision.undoing", run: None, revision: Some(id), message, detail: None };
            engine.store.record(&transaction, engine.identity, event).await?;
        }
        transaction.commit().await.map_err(HistoryError::sql("begin to undo the data revision"))?;
        failpoint!("history.taking_back");
        Ok(())
    }

    /// The runs of data revisions that follow one that is undone mean nothing any more.
    pub(super) async fn give_up_followers(
        &self,
        client: &impl GenericClient,
        id: &RevisionId,
    ) -> Result<(), HistoryError> {
        for job in self.jobs_after(id) {
            let reason = format!("was given up: revision {id}, which it follows, was undone");
            self.give_up_run(client, job, &reason).await?;
        }
        Ok(())
    }

    /// The jobs of data revisions that follow this one, however far.
    pub(super) fn jobs_after(&self, id: &RevisionId) -> impl Iterator<Item = &Job> {
        let jobs = self.manifest.revisions.iter().filter_map(Revision::job);
        jobs.filter(move |job| self.manifest.graph.ancestors(job.id()).contains(&id.0.as_str()))
    }

    /// An error if a process is at work on a job that follows this revision. Only looks: so that nobody waits for the lock of
    /// a table that a job is being done on, to be refused then.
    pub(super) async fn refuse_at_work(
        &self,
        client: &impl GenericClient,
        id: &RevisionId,
    ) -> Result<(), HistoryError> {
        for job in self.jobs_after(id) {
            if let Some(run) = self.engine.store.find_run(client, job.id()).await? {
                self.refuse_alive(client, job, &run).await?;
            }
        }
        Ok(())
    }

    async fn refuse_alive(
        &self,
        client: &impl GenericClient,
        job: &Job,
        run: &RunRow,
    ) -> Result<(), HistoryError> {
        if run.state.is_final() {
            return Ok(());
        }
        let alive = self.engine.store.workers(client, run.id).await?.into_iter().find(|worker| worker.alive);
        alive.map_or(Ok(()), |worker| {
            Err(HistoryError::JobAtWork { job: job.name.clone(), who: worker.who() })
        })
    }

    /// Ends the job's last run for good, done or not, unless a process is at work on it. In the caller's transaction.
    pub(super) async fn give_up_run(
        &self,
        client: &impl GenericClient,
        job: &Job,
        reason: &str,
    ) -> Result<(), HistoryError> {
        let store = self.engine.store;
        // First, so that no run begins or ends between the look and the change.
        store.lock_runs(client).await?;
        let Some(run) = store.find_run(client, job.id()).await? else { return Ok(()) };
        if matches!(run.state, RunState::Cancelled | RunState::Undone) {
            return Ok(());
        }
        self.refuse_alive(client, job, &run).await?;
        Ok(takeover::give_up(store, self.engine.identity, client, (&run, reason)).await?)
    }
}
