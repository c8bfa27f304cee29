//! How one process, and only one, comes to work on a job.
//!
//! Who wants the run locks the table of runs for a moment, looks whether a living worker is registered, and if not
//! registers itself. A worker that seems alive is watched until its heart beats again (then it *is* alive and the
//! run is refused, with its name) or until it is dead by the database's clock (then the run is taken over).

use std::time::Duration;

use tokio_postgres::GenericClient;

use super::walk::Walk;
use super::{Ended, JobPlan, Leave, Notice, Observer, RunError, RunRequest};
use crate::clock::Clock;
use crate::model::{Direction, Job, Pass, RunId, RunState, Wanted, WorkerId};
use crate::pg::Connection;
use crate::plan::drift::Drift;
use crate::plan::scale::Bounds;
use crate::plan::transition::{self, Input};
use crate::store::{Event, Identity, NewRun, PassTotals, RunRow, Store, WorkerRow};

/// How often a worker that seems alive is looked at.
const WATCH_EVERY: Duration = Duration::from_millis(200);

/// What this process came to.
pub(super) enum Takeover {
    /// The run is this process's, or this process works on it with others.
    Taken(Box<Taken>),
    /// It may not go on: an operator has paused it.
    Left(Box<Ended>),
    /// The job is done and signed off.
    AlreadyDone(Box<RunRow>),
}

/// A run that is this process's now.
pub(super) struct Taken {
    pub(super) run: RunId,
    /// The first of its workers, registered on the connection that took the run.
    pub(super) worker: WorkerId,
    pub(super) pass: Pass,
    /// Keys of the pass, estimated.
    pub(super) expected: u64,
    pub(super) walk: Walk,
    /// Others were at work before.
    pub(super) joined: bool,
}

/// What a takeover works with.
pub(super) struct Applicant<'a> {
    pub(super) clock: &'a Clock,
    pub(super) store: &'a Store,
    pub(super) identity: &'a Identity,
    pub(super) observer: &'a dyn Observer,
    pub(super) request: &'a RunRequest,
    /// How many workers the person wants.
    pub(super) workers: Option<Bounds>,
}

impl Applicant<'_> {
    /// Takes the job's run, or makes one.
    pub(super) async fn take(
        &self,
        connection: &mut Connection,
        plan: &JobPlan,
    ) -> Result<Takeover, RunError> {
        let mut seen: Option<WorkerRow> = None;
        loop {
            let transaction = connection.transaction().await.map_err(RunError::sql("begin"))?;
            transaction
                .batch_execute("SET LOCAL lock_timeout = '10s'")
                .await
                .map_err(RunError::sql("limit the wait for a lock"))?;
            self.store.lock_runs(&transaction).await?;
            self.refuse_overtaken(&transaction, &plan.job).await?;
            let found = self.store.find_run(&transaction, plan.job.id()).await?;
            let mut unfinished = match found {
                Some(run) if is_done(&run, &plan.job) && !self.request.anew => {
                    return Ok(Takeover::AlreadyDone(Box::new(run)));
                }
                Some(run) if run.state == RunState::Done && plan.job.direction == Direction::Down => {
                    // Outside the history nobody has given it up before.
                    give_up(self.store, self.identity, &transaction, (&run, "is undone")).await?;
                    None
                }
                found => found.filter(|run| !run.state.is_final()),
            };
            if let Some(run) = &unfinished {
                let alive = self.store.workers(&transaction, run.id).await?.into_iter().find(|w| w.alive);
                match alive {
                    Some(_) if self.request.join => {
                        let taken = self.join(&transaction, plan, run).await?;
                        transaction.commit().await.map_err(RunError::sql("join the run"))?;
                        return Ok(taken);
                    }
                    Some(alive) => {
                        drop(transaction);
                        self.judge_alive(&plan.job, seen.as_ref(), &alive)?;
                        seen = seen.or(Some(alive));
                        self.clock.sleep(WATCH_EVERY).await;
                        continue;
                    }
                    // Nobody is left to obey: what was asked for comes true now.
                    None if run.state == RunState::Paused || run.wish.wanted == Wanted::Pause => {
                        let left = self.settle_pause(&transaction, run).await?;
                        transaction.commit().await.map_err(RunError::sql("store that the run is paused"))?;
                        return Ok(left);
                    }
                    None if run.wish.wanted == Wanted::Cancel => {
                        let reason = Leave::Cancelled(run.wish.clone()).describe();
                        give_up(self.store, self.identity, &transaction, (run, &reason)).await?;
                        unfinished = None;
                    }
                    None => {}
                }
            }
            let taken = match unfinished {
                Some(run) if self.request.anew || run.direction != plan.job.direction => {
                    let reason = match (self.request.anew, plan.job.direction) {
                        (true, _) => "was given up with --anew",
                        (false, Direction::Up) => "was given up: the job is to be done after all",
                        (false, Direction::Down) => "was given up: the job is taken back",
                    };
                    give_up(self.store, self.identity, &transaction, (&run, reason)).await?;
                    self.create(&transaction, plan).await?
                }
                Some(run) => self.resume(&transaction, plan, &run).await?,
                None => self.create(&transaction, plan).await?,
            };
            transaction.commit().await.map_err(RunError::sql("take the run"))?;
            failpoint!("run.taken");
            return Ok(taken);
        }
    }

    /// Stores that a run is paused, which was asked for and not reached by the process that was at work then.
    async fn settle_pause(
        &self,
        transaction: &tokio_postgres::Transaction<'_>,
        run: &RunRow,
    ) -> Result<Takeover, RunError> {
        let leave = Leave::Paused(run.wish.clone());
        if run.state != RunState::Paused {
            let state = transition::next(run.state, Input::Pause)?;
            let reason = leave.describe();
            self.store.set_run_state(transaction, run.id, state, Some(&reason), None).await?;
            self.record(
                transaction,
                run.id,
                leave.event(),
                format!("run {} of {} {reason}", run.id, run.name),
            )
            .await?;
        }
        let totals = self.store.totals(transaction, run.id, None).await?;
        Ok(Takeover::Left(Box::new(Ended::Left { run: Some(run.id), totals, leave, others: false })))
    }

    /// Works beside those who have the run.
    async fn join(
        &self,
        transaction: &tokio_postgres::Transaction<'_>,
        plan: &JobPlan,
        run: &RunRow,
    ) -> Result<Takeover, RunError> {
        refuse_changed(run, plan)?;
        self.store.reap_workers(transaction, run.id, &[]).await?;
        let taken = self.work_on(transaction, plan, run, true).await?;
        let message = format!("{} joins run {} of {} in the {}", self.identity, run.id, run.name, run.pass);
        self.record(transaction, run.id, "run.joined", message).await?;
        self.observer.notice(Notice::Joined { run: run.id, job: run.name.clone() });
        Ok(Takeover::Taken(Box::new(taken)))
    }

    /// Registers this process for a run that was begun before, and chooses how it walks.
    async fn work_on(
        &self,
        transaction: &tokio_postgres::Transaction<'_>,
        plan: &JobPlan,
        run: &RunRow,
        joined: bool,
    ) -> Result<Taken, RunError> {
        let worker = self.register(transaction, run.id).await?;
        let expected = self.expected(transaction, run).await?;
        let walk = Walk::new(plan, self.workers, run.estimated_rows);
        Ok(Taken { run: run.id, worker, pass: run.pass, expected, walk, joined })
    }

    /// Keys of the pass that the run is in: estimated, or as the pass before counted them.
    async fn expected(
        &self,
        transaction: &tokio_postgres::Transaction<'_>,
        run: &RunRow,
    ) -> Result<u64, RunError> {
        match run.pass {
            Pass::BACKFILL => Ok(run.estimated_rows),
            Pass(pass) => Ok(self.store.totals(transaction, run.id, Some(Pass(pass - 1))).await?.rows_seen),
        }
    }

    /// Who takes a revision back does so only as long as nobody has applied it again meanwhile, or ended it.
    async fn refuse_overtaken(
        &self,
        transaction: &tokio_postgres::Transaction<'_>,
        job: &Job,
    ) -> Result<(), RunError> {
        match &job.revision {
            Some(revision)
                if job.direction == Direction::Down
                    && !self.store.is_being_undone(transaction, revision).await? =>
            {
                Err(RunError::Overtaken { job: job.name.clone() })
            }
            _ => Ok(()),
        }
    }

    /// A worker that beats between two looks is alive; one that only hasn't been given up yet is watched on.
    fn judge_alive(&self, job: &Job, seen: Option<&WorkerRow>, alive: &WorkerRow) -> Result<(), RunError> {
        let who = alive.who();
        match seen {
            None => {
                self.observer.notice(Notice::Watching { who });
                Ok(())
            }
            Some(seen) if seen.id == alive.id && seen.heartbeat == alive.heartbeat => Ok(()),
            Some(_) => Err(RunError::Busy { job: job.name.clone(), who, since: alive.started_at.clone() }),
        }
    }

    async fn create(
        &self,
        transaction: &tokio_postgres::Transaction<'_>,
        plan: &JobPlan,
    ) -> Result<Takeover, RunError> {
        let (job, started_by) = (&plan.job, self.identity.to_string());
        let (definition, table) = (job.definition(), plan.table.name.to_string());
        let expected = estimate(transaction, plan).await?;
        let run = NewRun {
            job: job.id(),
            name: &job.name,
            table: &table,
            table_oid: plan.table.oid,
            key: &plan.key,
            definition: &definition,
            direction: job.direction,
            estimated_rows: expected,
            started_by: &started_by,
        };
        let run = self.store.create_run(transaction, run).await?;
        let walk = Walk::new(plan, self.workers, expected);
        super::crew::plan_pass(transaction, self.store, plan, &walk, (run, Pass::BACKFILL)).await?;
        self.store.describe_walk(transaction, run, &walk.describe(None)).await?;
        let key = plan.key.describe();
        let message = format!("run {run} of {} began on {table} by key {key}", job.name);
        self.record(transaction, run, "run.started", message).await?;
        let worker = self.register(transaction, run).await?;
        self.observer.notice(Notice::Started { run, job: job.name.clone(), table, key });
        Ok(Takeover::Taken(Box::new(Taken {
            run,
            worker,
            pass: Pass::BACKFILL,
            expected,
            walk,
            joined: false,
        })))
    }

    async fn resume(
        &self,
        transaction: &tokio_postgres::Transaction<'_>,
        plan: &JobPlan,
        run: &RunRow,
    ) -> Result<Takeover, RunError> {
        let job = &plan.job;
        refuse_changed(run, plan)?;
        let left = match run.state {
            RunState::Running | RunState::Proving => "its process is gone".to_owned(),
            RunState::Failed
            | RunState::Stopped
            | RunState::Waiting
            | RunState::Paused
            | RunState::Quarantined
            | RunState::Done
            | RunState::Cancelled
            | RunState::Undone => {
                let reason = run.reason.as_deref().unwrap_or(run.state.as_str());
                match reason.strip_prefix("waits") {
                    Some(why) => format!("it waited{why}"),
                    None => format!("it {reason}"),
                }
            }
        };
        let state = transition::next(run.state, Input::Resume)?;
        self.store.remove_workers(transaction, run.id).await?;
        self.store.set_run_state(transaction, run.id, state, None, None).await?;
        let done = self.store.totals(transaction, run.id, None).await?;
        let checkpoint = self.checkpoint(transaction, run).await?;
        let from = match &checkpoint {
            Some(checkpoint) => checkpoint.as_str(),
            None if done.rows_seen > 0 => "the middle of its first window",
            None => "the beginning",
        };
        let message =
            format!("run {} of {} goes on from {from} in the {}; {left}", run.id, job.name, run.pass);
        self.record(transaction, run.id, "run.resumed", message).await?;
        let taken = self.work_on(transaction, plan, run, false).await?;
        self.observer.notice(Notice::Resumed {
            run: run.id,
            job: job.name.clone(),
            left,
            pass: run.pass,
            checkpoint,
            done,
        });
        self.store.describe_walk(transaction, run.id, &taken.walk.describe(None)).await?;
        Ok(Takeover::Taken(Box::new(taken)))
    }

    /// The first open range's checkpoint, for people.
    async fn checkpoint(
        &self,
        transaction: &tokio_postgres::Transaction<'_>,
        run: &RunRow,
    ) -> Result<Option<String>, RunError> {
        let open = self.store.open_ranges(transaction, run.id, run.pass).await?;
        Ok(open.first().and_then(|range| range.standing(&run.key_columns)))
    }

    async fn register(
        &self,
        transaction: &tokio_postgres::Transaction<'_>,
        run: RunId,
    ) -> Result<WorkerId, RunError> {
        let worker = WorkerId::fresh();
        self.store.register_worker(transaction, worker, run, self.identity).await?;
        Ok(worker)
    }

    async fn record(
        &self,
        transaction: &tokio_postgres::Transaction<'_>,
        run: RunId,
        kind: &'static str,
        message: String,
    ) -> Result<(), RunError> {
        Ok(self.store.record(transaction, self.identity, Event::of_run(run, kind, message)).await?)
    }
}

/// The run must be walked as it was begun: what the job does, the table that its name means, and the key.
fn refuse_changed(run: &RunRow, plan: &JobPlan) -> Result<(), RunError> {
    refuse_drift(run, &plan.job)?;
    let job = plan.job.name.clone();
    let table = plan.table.name.to_string();
    if run.table != table {
        return Err(RunError::TableChanged { job, stored: run.table.clone(), found: table });
    }
    if run.table_oid.is_some_and(|oid| oid != plan.table.oid) {
        return Err(RunError::TableReplaced { job, run: run.id, table });
    }
    let key: Vec<&str> = plan.key.columns.iter().map(|column| column.name.0.as_str()).collect();
    if run.key_columns != key {
        let (stored, found) = (run.key_columns.join(", "), plan.key.describe());
        return Err(RunError::KeyChanged { job, stored, found });
    }
    Ok(())
}

/// How the table of runs is locked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Runs {
    /// Nobody gives up a worker or takes a run meanwhile.
    Shared,
    /// Nobody comes to a run or leaves it either.
    Alone,
}

/// A transaction in which these workers can't be given up as dead, if they haven't been already: a process that was
/// frozen and wakes up writes nothing into a run that is another's now.
pub(super) async fn still_ours<'c>(
    store: &Store,
    connection: &'c mut Connection,
    workers: &[WorkerId],
    runs: Runs,
) -> Result<tokio_postgres::Transaction<'c>, RunError> {
    let transaction = connection.transaction().await.map_err(RunError::sql("begin"))?;
    // Runs before workers, as in a takeover: the other way round the two would wait for each other.
    match runs {
        Runs::Shared => store.share_runs(&transaction).await?,
        Runs::Alone => store.lock_runs(&transaction).await?,
    }
    if store.confirm_workers(&transaction, workers).await? { Ok(transaction) } else { Err(RunError::GivenUp) }
}

/// Rows of the table, as the planner estimates them from the statistics and the file's size.
async fn estimate(transaction: &tokio_postgres::Transaction<'_>, plan: &JobPlan) -> Result<u64, RunError> {
    let failed = RunError::sql("estimate the table's rows");
    let explained: serde_json::Value =
        transaction.query_one(&plan.sql.estimate, &[]).await.map_err(failed)?.get(0);
    Ok(explained.pointer("/0/Plan/Plan Rows").and_then(serde_json::Value::as_u64).unwrap_or(0))
}

/// Whether the run did what the job is for.
pub(super) fn is_done(run: &RunRow, job: &Job) -> bool {
    run.state == RunState::Done && run.direction == job.direction
}

/// Ends a run for good: one that was done counts as undone from now on, one that wasn't as cancelled. The caller holds
/// the table of runs locked, and has seen that no process is at work on this one.
pub(super) async fn give_up(
    store: &Store,
    identity: &Identity,
    transaction: &impl GenericClient,
    (run, reason): (&RunRow, &str),
) -> Result<(), RunError> {
    let (input, kind) = match run.state {
        RunState::Done => (Input::Undo, "run.undone"),
        _ => (Input::Cancel, "run.cancelled"),
    };
    let state = transition::next(run.state, input)?;
    // A process that is frozen in this run may wake up beside the new one, and must find nothing to do in it.
    store.remove_workers(transaction, run.id).await?;
    store.revoke_leases(transaction, run.id).await?;
    let PassTotals { rows_changed, .. } = store.totals(transaction, run.id, None).await?;
    store.set_run_state(transaction, run.id, state, Some(reason), None).await?;
    let message = format!("run {} of {} {reason}; {rows_changed} rows stay changed", run.id, run.name);
    Ok(store.record(transaction, identity, Event::of_run(run.id, kind, message)).await?)
}

/// A job that does something else than when its run began is not that run's job any more.
pub(super) fn refuse_drift(run: &RunRow, job: &Job) -> Result<(), RunError> {
    match Drift::between(&run.definition, &job.definition()) {
        Drift::None => Ok(()),
        Drift::Changed { diff } => Err(RunError::Drifted { job: job.name.clone(), run: run.id, diff }),
    }
}
