//! The workers of one process on a run, and the passes they walk together, with those of other processes.
//!
//! ```text
//! pass_through:  backfill ─► sweep, until one finds nothing ─► proof
//!                    each pass: all workers at once, each claims ranges; who has none cuts another's in two
//!                    between passes: the process that came first leads, the others wait for what it finds
//! ```

mod before;
mod hiring;

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio_postgres::Transaction;

use super::takeover::{Runs, still_ours};
pub(super) use hiring::Roster;
use hiring::{Walking, hire, walk_on};

use super::gate::Gate;
use super::statements::Scope;
use super::walk::Walk;
use super::worker::{Step, Tools, Walked, Worker};
use super::{JobPlan, Leave, Notice, Proof, Repair, RunError, Stop, StopLevel, proof};
use crate::model::{Direction, Pass, RunId, RunState};
use crate::pg::{Connection, ErrorClass};
use crate::plan::admission::Admission;
use crate::plan::transition::{self, Input};
use crate::store::Store;

/// Sweeps that found something, after which the run stops instead of chasing its writers: a sync trigger that works
/// leaves nothing to the second.
const MOST_SWEEPS: i32 = 5;

/// So often is what lies between passes, or a proof, begun anew for a lost connection: more often than a server that is away
/// is tried in the five minutes that it may be. A proof that never comes to its end isn't taken for ever.
const MOST_LOST: usize = 40;

/// How often who doesn't lead looks what the leader has found.
const LOOK: Duration = Duration::from_millis(200);

/// The workers of this process on a run; the first does what is to be done between passes.
pub(super) struct Crew<'w> {
    tools: &'w Tools<'w>,
    plan: &'w JobPlan,
    roster: &'w Roster,
    /// In the order of their numbers; away while they walk.
    workers: Vec<Worker<'w>>,
    /// A worker has tried for long enough to get its connection back.
    is_cut_off: bool,
}

/// What came of the passes.
pub(super) enum Outcome {
    /// The run is proved.
    Proved(Proof),
    /// The run is to be left.
    Left(Leave),
}

/// How a pass ended.
enum PassEnd {
    Through,
    Left(Leave),
    /// The table was rewritten: what is left of the pass has no place in the new file.
    Rewritten,
}

/// What is to be done when a pass is through.
enum Next {
    /// This process leads, and decides.
    Lead,
    /// The leader has begun another pass.
    Pass(Pass),
    /// The run is to be left.
    Leave(Leave),
}

impl<'w> Crew<'w> {
    /// One worker, registered already.
    pub(super) fn new(
        tools: &'w Tools<'w>,
        plan: &'w JobPlan,
        roster: &'w Roster,
        first: Worker<'w>,
    ) -> Self {
        Self { tools, plan, roster, workers: vec![first], is_cut_off: false }
    }

    /// The connection of the first, for what is to be done between and after the passes.
    pub(super) fn connection(&mut self) -> &mut Connection {
        self.workers.first_mut().expect("the first worker is away only during a walk").connection()
    }

    /// All passes and the proof. Where the connection is lost between passes or in the proof, that is done once more on
    /// another: every pass is gone through again without anything left to do in it, so nothing has to be remembered.
    pub(super) async fn pass_through(&mut self, mut pass: Pass, expected: u64) -> Result<Outcome, RunError> {
        if let Some(leave) = self.take_totals_before(pass).await? {
            return Ok(Outcome::Left(leave));
        }
        let last = pass.0 + MOST_SWEEPS;
        for _ in 0..MOST_LOST {
            match self.try_to_pass_through(&mut pass, expected, last).await {
                Err(error) if error.class() == ErrorClass::Connection && !self.is_cut_off => {
                    let first =
                        self.workers.first_mut().expect("the first worker is away only during a walk");
                    if let Step::Leaves(leave) = first.recover(error).await? {
                        return Ok(Outcome::Left(leave));
                    }
                }
                ended => return ended,
            }
        }
        self.try_to_pass_through(&mut pass, expected, last).await
    }

    async fn try_to_pass_through(
        &mut self,
        at: &mut Pass,
        mut expected: u64,
        mut last: i32,
    ) -> Result<Outcome, RunError> {
        let (store, run) = (self.tools.store, self.tools.run);
        let mut pass = *at;
        loop {
            *at = pass;
            let all = store.totals(&**self.connection(), run, None).await?;
            // Rows that match still after their change would be changed again at every visit: there is no second one.
            // What is taken back may be written again at once, by the trigger that still stands: it isn't chased.
            let once = self.plan.repair == Repair::ReportOnly || self.plan.job.direction == Direction::Down;
            let mut sweeps = !once && all.rows_unconverged == 0;
            if sweeps || pass == Pass::BACKFILL {
                match self.walk(pass, expected).await? {
                    PassEnd::Through => {}
                    PassEnd::Left(leave) => return Ok(Outcome::Left(leave)),
                    PassEnd::Rewritten => {
                        pass = self.begin_anew(pass).await?;
                        last += 1;
                        continue;
                    }
                }
            }
            match self.what_next(pass).await? {
                Next::Lead => {}
                Next::Pass(begun) => {
                    expected = store.totals(&**self.connection(), run, Some(pass)).await?.rows_seen;
                    pass = begun;
                    continue;
                }
                Next::Leave(leave) => return Ok(Outcome::Left(leave)),
            }
            if sweeps || pass == Pass::BACKFILL {
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
                Err(leave) => return Ok(Outcome::Left(leave)),
                Ok(proof)
                    if proof.quarantined.held > 0
                        && (proof.remaining == 0 || self.plan.job.direction == Direction::Down) =>
                {
                    let held = judge(proof)?.quarantined.held;
                    return Ok(Outcome::Left(Leave::Quarantined { held }));
                }
                Ok(proof) if proof.remaining == 0 || self.plan.job.direction == Direction::Down => {
                    return judge(proof).map(Outcome::Proved);
                }
                Ok(proof) if !sweeps => return Err(not_repeated(&proof)),
                Ok(proof) if pass.0 >= last => return Err(chased(proof.remaining, pass)),
                Ok(_) => {
                    self.move_on(RunState::Proving, Input::RowsRemain).await?;
                    pass = self.begin_pass(pass.next()).await?;
                }
            }
        }
    }

    /// Walks one pass, all workers at once: as many as there are to be at each moment.
    async fn walk(&mut self, pass: Pass, expected: u64) -> Result<PassEnd, RunError> {
        let tools = self.tools;
        let done = tools.store.totals(&**self.connection(), tools.run, Some(pass)).await?;
        tools.observer.notice(Notice::Pass { pass, done, expected });
        tools.failed.store(false, Ordering::SeqCst);
        let mut wanted = tools.gate.workers();
        let mut walking: FuturesUnordered<Walking<'w>> = FuturesUnordered::new();
        let mut resting = std::mem::take(&mut self.workers);
        let (mut back, mut ends) = (Vec::new(), Vec::new());
        let (mut next, mut most) = (u32::try_from(resting.len()).unwrap_or(u32::MAX), u32::MAX);
        let mut is_ending = false;
        loop {
            let now = (*wanted.borrow_and_update()).min(most);
            if !is_ending {
                let may = |worker: &Worker<'_>| worker.number() < now.max(1);
                while let Some(at) = resting.iter().position(may) {
                    walking.push(Box::pin(walk_on(resting.swap_remove(at), pass)));
                }
                while next < now {
                    walking.push(Box::pin(hire(tools, self.roster, next, pass)));
                    next += 1;
                }
            }
            let (number, worker, end) = tokio::select! {
                Some(end) = walking.next() => end,
                Ok(()) = wanted.changed(), if !is_ending => continue,
                else => break,
            };
            match (worker, end) {
                (Some(worker), Ok(Walked::Rests)) => resting.push(worker),
                (Some(worker), end) => {
                    is_ending = true;
                    back.push(worker);
                    ends.push(end);
                }
                // A server that has no connection left is no reason not to go on.
                (None, Err(error))
                    if matches!(error.class(), ErrorClass::Resources | ErrorClass::Connection) =>
                {
                    most = most.min(number);
                    next = next.min(number);
                    let (missing, error) = (now.saturating_sub(number), error.in_short());
                    let reason = format!("{number} workers at work, {missing} can't be had: {error}");
                    tools.observer.notice(Notice::Warning { reason });
                }
                (None, end) => {
                    is_ending = true;
                    tools.failed.store(true, Ordering::SeqCst);
                    ends.push(end);
                }
            }
        }
        drop(walking);
        self.workers = resting;
        self.workers.append(&mut back);
        self.workers.sort_by_key(Worker::number);
        self.judge_ends(ends)
    }

    /// What came of a pass, from what came of each worker.
    fn judge_ends(&mut self, ends: Vec<Result<Walked, RunError>>) -> Result<PassEnd, RunError> {
        let mut pass_end = PassEnd::Through;
        let mut failure: Option<RunError> = None;
        for end in ends {
            match end {
                Ok(Walked::Leaves(leave)) => pass_end = PassEnd::Left(leave),
                // Whoever lost the run says so, whatever else went wrong.
                Err(error) if failure.is_none() || error.class() == ErrorClass::Fenced => {
                    failure = Some(error);
                }
                Ok(_) | Err(_) => {}
            }
        }
        match failure {
            None => Ok(pass_end),
            Some(error) if error.class() == ErrorClass::Rewritten && !self.tools.stop.is_asked() => {
                Ok(PassEnd::Rewritten)
            }
            Some(error) if error.class() == ErrorClass::Rewritten => {
                Ok(PassEnd::Left(Leave::Signal { cancelled: false }))
            }
            Some(error) => {
                self.is_cut_off |= error.class() == ErrorClass::Connection;
                Err(error)
            }
        }
    }

    /// A pass is through: who came first leads the run, and decides what follows. The others wait for that, and one of
    /// them leads when the leader is gone.
    async fn what_next(&mut self, pass: Pass) -> Result<Next, RunError> {
        let Tools { store, run, gate, stop, clock, .. } = self.tools;
        let own = self.roster.ids();
        loop {
            // One lock over both looks: the leader can't end the run between them, and leave us to end it again.
            let transaction = self.still_ours().await?;
            let Some(orders) = store.orders(&transaction, *run).await? else { return Err(RunError::GivenUp) };
            let first = store.first_worker(&transaction, *run).await?;
            transaction.commit().await.map_err(RunError::sql("look who leads the run"))?;
            gate.hear(&orders);
            if orders.pass > pass {
                return Ok(Next::Pass(orders.pass));
            }
            if !orders.state.is_active() {
                return Ok(Next::Leave(Leave::Elsewhere { state: orders.state }));
            }
            if stop.is_asked() {
                let cancelled = stop.level() >= StopLevel::Cancel;
                return Ok(Next::Leave(Leave::Signal { cancelled }));
            }
            match gate.admit(Duration::ZERO) {
                Err(leave) => return Ok(Next::Leave(leave)),
                Ok(Admission::Go) if first.is_some_and(|first| own.contains(&first)) => {
                    return Ok(Next::Lead);
                }
                Ok(_) => {}
            }
            stop.asked_within(clock, LOOK).await;
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
        for worker in &mut self.workers {
            worker.let_go();
        }
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
        let ids = self.roster.ids();
        let store = self.tools.store;
        still_ours(store, self.connection(), &ids, Runs::Shared).await
    }

    /// Takes the proof and shows it.
    async fn prove(&mut self) -> Result<Result<Proof, Leave>, RunError> {
        self.move_on(RunState::Running, Input::PassesDone).await?;
        failpoint!("proof.beginning");
        let (Tools { stop, gate, observer, .. }, plan) = (self.tools, self.plan);
        observer.notice(Notice::Proving);
        gate.do_now("taking the proof");
        let left = left(stop, gate);
        let (store, run) = (self.tools.store, self.tools.run);
        let proof =
            proof::take(self.connection(), (store, plan), Scope { run: Some(run), sample: None }, left).await;
        gate.do_now("working");
        proof
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

/// Until the run is to be left in the middle of a proof.
async fn left(stop: &Stop, gate: &Gate<'_>) -> Leave {
    tokio::select! {
        () = stop.reached(StopLevel::Cancel) => Leave::Signal { cancelled: true },
        leave = gate.left() => leave,
    }
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
