//! Random tables, jobs, writers and troubles, a seed each; an oracle says whether what is there afterwards may be there.
//!
//! `scripts/torture` runs it for as long as one likes. A seed repeats the choices, not the timing: a fault that a race
//! shows once in a while shows again when its seed is run for a while.

mod case;
mod oracle;
mod plant;
mod trouble;
mod writers;

use std::cell::{Cell, RefCell};
use std::time::Duration;

use longhaul::clock::Clock;

use crate::support::Database;
use case::Case;
use plant::Fault;
use trouble::Processes;
use writers::Writers;

/// Seeds in the ordinary suite.
const A_FEW: u32 = 3;

/// How long the suite looks for a planted fault. It takes seconds, on a slow machine more.
const PATIENCE: Duration = Duration::from_secs(600);

/// How often one hears how it stands.
const TELL_EVERY: u32 = 20;

/// What was done.
#[derive(Clone, Copy, Default)]
struct Tally {
    cases: u32,
    troubles: u32,
    transactions: u64,
}

/// What the oracle found, and with which case.
struct Found {
    case: Case,
    findings: Vec<String>,
}

/// One case, from an empty database to the oracle's judgement.
async fn try_out(case: &Case, fault: Option<Fault>) -> (Vec<String>, Tally) {
    let project = case.project(Database::empty().await).await;
    let database = &project.database;
    if let Some(fault) = fault {
        fault.plant(database).await;
    }
    let writers = Writers::start(case, database).await;
    let (mut findings, troubles) = Processes::new(case, &project).work().await;
    let transactions = writers.stop().await;
    if findings.is_empty() {
        findings = oracle::judge(case, database).await;
    }
    project.database.remove().await;
    (findings, Tally { cases: 1, troubles, transactions })
}

/// Which seeds are tried, and for how long.
struct Course {
    first: u64,
    /// Only the first, again and again.
    same: bool,
    /// `None`: a few.
    time: Option<Duration>,
    fault: Option<Fault>,
    clock: Clock,
    tally: Cell<Tally>,
}

impl Course {
    fn new(fault: Option<Fault>, time: Option<Duration>) -> Self {
        let clock = Clock::system();
        let first = u64::from(fastrand::u32(..));
        Self { first, same: false, time, fault, clock, tally: Cell::default() }
    }

    /// As `scripts/torture` says.
    fn of_environment() -> Self {
        let number = |name: &str| -> Option<u64> {
            Some(std::env::var(name).ok()?.parse().unwrap_or_else(|_| panic!("{name} is a whole number")))
        };
        let fault = std::env::var("LONGHAUL_TORTURE_PLANT").ok().map(|name| Fault::named(&name));
        let time = number("LONGHAUL_TORTURE_SECONDS").map(Duration::from_secs);
        let course = Self::new(fault, time);
        match number("LONGHAUL_TORTURE_SEED") {
            Some(first) => Self { first, same: true, ..course },
            None => course,
        }
    }

    fn case(&self, number: u32) -> Case {
        let case = Case::of_seed(if self.same { self.first } else { self.first + u64::from(number) });
        match (self.fault, self.time) {
            (Some(_), _) => case.counting().alone(),
            (None, Some(_)) => case,
            // The suite doesn't wait for what takes long.
            (None, None) => case.alone(),
        }
    }

    /// Two cases at a time, since much of it is waiting, until something is found or the time is over.
    async fn take(&self) -> Option<Found> {
        let started = self.clock.monotonic();
        let next = Cell::new(0);
        let found = RefCell::new(None);
        let lane = async || {
            loop {
                let number = next.replace(next.get() + 1);
                let is_over = match self.time {
                    None => number >= A_FEW,
                    Some(time) => self.clock.monotonic().duration_since(started) >= time,
                };
                if is_over || found.borrow().is_some() {
                    return;
                }
                let case = self.case(number);
                let (findings, done) = try_out(&case, self.fault).await;
                self.count(done);
                if !findings.is_empty() {
                    found.replace(Some(Found { case, findings }));
                }
            }
        };
        tokio::join!(lane(), lane());
        found.take()
    }

    #[expect(clippy::print_stderr, reason = "a test that takes hours says how it stands")]
    fn count(&self, done: Tally) {
        let Tally { cases, troubles, transactions } = self.tally.get();
        let tally = Tally {
            cases: cases + done.cases,
            troubles: troubles + done.troubles,
            transactions: transactions + done.transactions,
        };
        self.tally.set(tally);
        if tally.cases.is_multiple_of(TELL_EVERY) {
            let Tally { cases, troubles, transactions } = tally;
            eprintln!(
                "{cases} cases from seed {}, {troubles} troubles, {transactions} transactions beside them",
                self.first
            );
        }
    }

    /// Fails when a fault that is planted isn't found, or another is.
    #[expect(clippy::print_stdout, reason = "the script's one line of result")]
    async fn judge(&self) {
        let started = self.clock.monotonic();
        let found = self.take().await;
        let took = self.clock.monotonic().duration_since(started).as_secs();
        let Tally { cases, troubles, .. } = self.tally.get();
        match (self.fault, found) {
            (None, None) => {
                println!("{cases} cases from seed {} and {troubles} troubles: nothing was found", self.first);
            }
            (Some(_), Some(Found { case, findings })) => {
                println!("the planted fault was found after {took} s (seed {})\n{}", case.seed, findings[0]);
            }
            (Some(fault), None) => {
                let first = self.first;
                panic!("the planted fault was not found: {fault:?}, {cases} cases from seed {first}");
            }
            (None, Some(Found { case, findings })) => panic!("{case}\n{}", findings.join("\n")),
        }
    }
}

#[tokio::test]
async fn long() {
    Course::of_environment().judge().await;
}

#[tokio::test]
async fn a_fence_that_lets_everybody_through_is_found() {
    Course::new(Some(Fault::Fence), Some(PATIENCE)).judge().await;
}

#[tokio::test]
async fn a_checkpoint_that_stays_behind_its_rows_is_found() {
    Course::new(Some(Fault::Checkpoint), Some(PATIENCE)).judge().await;
}
