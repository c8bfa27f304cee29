//! The workers of one process on a run, and the passes they walk together.
//!
//! ```text
//! pass_through:  backfill ─► sweep, until one finds nothing ─► proof
//!                    each pass: all workers at once, each claims ranges; who has none cuts another's in two
//! ```

use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use tokio_postgres::Transaction;

use super::takeover::still_ours;
use super::walk::Walk;
use super::worker::{Session, Tools, Worker};
use super::{JobPlan, Notice, Proof, Repair, RunError, StopLevel, proof};
use crate::model::{Direction, Pass, RunId, RunState, WorkerId};
use crate::pg::{Connection, ErrorClass};
use crate::plan::transition::{self, Input};
use crate::store::{Identity, Store};

/// Sweeps that found something, after which the run stops instead of chasing its writers: a sync trigger that works
/// leaves nothing to the second.
const MOST_SWEEPS: i32 = 5;

/// The workers of this process on a run; the first does what is to be done between passes.
pub(super) struct Crew<'w> {
    tools: &'w Tools<'w>,
    plan: &'w JobPlan,
    first: Worker<'w>,
    others: Vec<Worker<'w>>,
}

/// How a pass ended.
enum Walked {
    Through,
    Stopped,
    /// The table was rewritten: what is left of the pass has no place in the new file.
    Rewritten,
}

impl<'w> Crew<'w> {
    /// One worker.
    pub(super) fn new(tools: &'w Tools<'w>, plan: &'w JobPlan, first: Worker<'w>) -> Self {
        Self { tools, plan, first, others: Vec::new() }
    }

    /// Takes on as many others as the walk says, each registered on a connection of its own. A server that has no
    /// connection left is no reason not to begin.
    pub(super) async fn hire(&mut self, identity: &Identity) -> Result<(), RunError> {
        for missing in (1..self.tools.walk.workers).rev() {
            match self.one_more(identity).await {
                Ok(worker) => self.others.push(worker),
                Err(error) if matches!(error.class(), ErrorClass::Resources | ErrorClass::Connection) => {
                    let (workers, error) = (self.others.len() + 1, error.in_short());
                    let reason = format!("{workers} workers at work, {missing} can't be had: {error}");
                    self.tools.observer.notice(Notice::Warning { reason });
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn one_more(&self, identity: &Identity) -> Result<Worker<'w>, RunError> {
        let Tools { connector, sql, store, run, .. } = self.tools;
        let connection = connector.connect("batches").await?;
        let mut session = Session::prepare(connection, sql, store).await?;
        let transaction = still_ours(store, session.connection(), &[self.first.id()]).await?;
        let id = WorkerId::fresh();
        store.register_worker(&transaction, id, *run, identity).await?;
        transaction.commit().await.map_err(RunError::sql("register a worker"))?;
        Ok(Worker::new(self.tools, &self.plan.job, id, session))
    }

    /// The ids they are registered as.
    pub(super) fn ids(&self) -> Vec<WorkerId> {
        std::iter::once(&self.first).chain(&self.others).map(Worker::id).collect()
    }

    /// The connection of the first, for what is to be done between and after the passes.
    pub(super) fn connection(&mut self) -> &mut Connection {
        self.first.connection()
    }

    /// All passes and the proof. `None`: stopped by the operator.
    pub(super) async fn pass_through(
        &mut self,
        mut pass: Pass,
        mut expected: u64,
    ) -> Result<Option<Proof>, RunError> {
        let (store, run) = (self.tools.store, self.tools.run);
        let mut last = pass.0 + MOST_SWEEPS;
        loop {
            let all = store.totals(&**self.connection(), run, None).await?;
            // Rows that match still after their change would be changed again at every visit: there is no second one.
            // What is taken back may be written again at once, by the trigger that still stands: it isn't chased.
            let once = self.plan.repair == Repair::ReportOnly || self.plan.job.direction == Direction::Down;
            let mut sweeps = !once && all.rows_unconverged == 0;
            if sweeps || pass == Pass::BACKFILL {
                match self.walk(pass, expected).await? {
                    Walked::Through => {}
                    Walked::Stopped => return Ok(None),
                    Walked::Rewritten => {
                        pass = self.begin_anew(pass).await?;
                        last += 1;
                        continue;
                    }
                }
                let totals = store.totals(&**self.connection(), run, Some(pass)).await?;
                // The next pass goes over the same rows, and now they are counted.
                expected = totals.rows_seen;
                self.tools.observer.notice(Notice::PassDone { pass, totals });
                sweeps &= totals.rows_unconverged == 0;
                if sweeps && (pass == Pass::BACKFILL || totals.rows_changed > 0) {
                    if pass.0 >= last {
                        return Err(chased(totals.rows_changed.cast_signed(), pass));
                    }
                    pass = self.begin_pass(pass.next()).await?;
                    continue;
                }
            }
            match self.prove().await? {
                None => return Ok(None),
                Some(proof) if proof.remaining == 0 || self.plan.job.direction == Direction::Down => {
                    return judge(proof).map(Some);
                }
                Some(proof) if !sweeps => return Err(not_repeated(&proof)),
                Some(proof) if pass.0 >= last => return Err(chased(proof.remaining, pass)),
                Some(_) => {
                    self.move_on(RunState::Proving, Input::RowsRemain).await?;
                    pass = self.begin_pass(pass.next()).await?;
                }
            }
        }
    }

    /// Walks one pass, all workers at once.
    async fn walk(&mut self, pass: Pass, expected: u64) -> Result<Walked, RunError> {
        let tools = self.tools;
        let done = tools.store.totals(&**self.connection(), tools.run, Some(pass)).await?;
        self.tools.observer.notice(Notice::Pass { pass, done, expected });
        self.tools.failed.store(false, Ordering::SeqCst);
        let all = std::iter::once(&mut self.first).chain(&mut self.others);
        let ends = join_all(all.map(|worker| worker.walk(pass))).await;
        let mut walked = Walked::Through;
        let mut failure: Option<RunError> = None;
        for end in ends {
            match end {
                Ok(false) => walked = Walked::Stopped,
                // Whoever lost the run says so, whatever else went wrong.
                Err(error) if failure.is_none() || error.class() == ErrorClass::Fenced => {
                    failure = Some(error);
                }
                Ok(true) | Err(_) => {}
            }
        }
        match failure {
            None => Ok(walked),
            Some(error) if error.class() == ErrorClass::Rewritten && !self.tools.stop.is_asked() => {
                Ok(Walked::Rewritten)
            }
            Some(error) if error.class() == ErrorClass::Rewritten => Ok(Walked::Stopped),
            Some(error) => Err(error),
        }
    }

    async fn begin_pass(&mut self, pass: Pass) -> Result<Pass, RunError> {
        failpoint!("pass.beginning");
        let (tools, plan) = (self.tools, self.plan);
        let transaction = self.still_ours().await?;
        plan_pass(&transaction, tools.store, plan, tools.walk, (tools.run, pass)).await?;
        transaction.commit().await.map_err(RunError::sql("begin a pass"))?;
        failpoint!("pass.begun");
        Ok(pass)
    }

    /// VACUUM FULL, CLUSTER and their kind put the rows into another file. What is left of the pass is given up for a
    /// pass over that file: rows that are done don't match any more.
    async fn begin_anew(&mut self, pass: Pass) -> Result<Pass, RunError> {
        let reason =
            format!("{} was rewritten meanwhile: its rows are walked over anew", self.plan.table.name);
        self.tools.observer.notice(Notice::Warning { reason });
        let (tools, plan) = (self.tools, self.plan);
        self.first.let_go();
        self.others.iter_mut().for_each(Worker::let_go);
        let transaction = self.still_ours().await?;
        tools.store.close_ranges(&transaction, tools.run, pass).await?;
        plan_pass(&transaction, tools.store, plan, tools.walk, (tools.run, pass.next())).await?;
        transaction.commit().await.map_err(RunError::sql("begin a pass"))?;
        Ok(pass.next())
    }

    /// Stores the state that follows.
    async fn move_on(&mut self, from: RunState, input: Input) -> Result<(), RunError> {
        let (store, run) = (self.tools.store, self.tools.run);
        let transaction = self.still_ours().await?;
        let state = transition::next(from, input)?;
        store.set_run_state(&transaction, run, state, None, None).await?;
        transaction.commit().await.map_err(RunError::sql("store the run's state"))
    }

    async fn still_ours(&mut self) -> Result<Transaction<'_>, RunError> {
        let ids = self.ids();
        still_ours(self.tools.store, self.first.connection(), &ids).await
    }

    /// Takes the proof and shows it. `None`: stopped by the operator.
    async fn prove(&mut self) -> Result<Option<Proof>, RunError> {
        self.move_on(RunState::Running, Input::PassesDone).await?;
        failpoint!("proof.beginning");
        let (stop, plan) = (self.tools.stop, self.plan);
        self.tools.observer.notice(Notice::Proving);
        match proof::take(self.connection(), plan, stop).await {
            Ok(proof) => Ok(Some(proof)),
            Err(error) if error.class() == ErrorClass::Timeout && stop.level() == StopLevel::Cancel => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Plans the ranges of a pass and makes it the run's. Now is when the end of what it walks over is fixed: what comes
/// behind it later is for the sync trigger, or the next sweep.
pub(super) async fn plan_pass(
    transaction: &Transaction<'_>,
    store: &Store,
    plan: &JobPlan,
    walk: &Walk,
    (run, pass): (RunId, Pass),
) -> Result<(), RunError> {
    walk.plan_ranges(transaction, store, plan, (run, pass)).await?;
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
