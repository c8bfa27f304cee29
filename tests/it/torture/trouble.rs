//! What happens to the processes of a run until one of them comes to its end.

use std::time::Duration;

use longhaul::clock::Clock;
use rustix::process::Signal;

use super::case::{Case, one_of};
use super::oracle;
use crate::crash;
use crate::support::{Outcome, Process, Project};

/// A run that needs more than so many processes won't end.
const MOST_PROCESSES: u32 = 60;

/// Later than this after its start nothing happens to a process any more.
const LATEST: u64 = 700;

/// Exit codes: done, stopped by an operator, and not now, since another process has the run.
const DONE: i32 = 0;
const STOPPED: i32 = 4;
const NOT_NOW: i32 = 75;

#[derive(Clone, Copy, Debug)]
enum Trouble {
    /// kill -9.
    Killed,
    /// The same, at that point of the program, when it comes there for that time.
    DiesAt(&'static str, u32),
    /// It stands still, is given up as dead, and wakes up while another is at work.
    Frozen,
    /// An operator ends it.
    Interrupted,
    /// It loses a connection of one of its workers or of its heart.
    CutOff,
    /// VACUUM FULL moves all rows to another file.
    Rewritten,
}

impl Trouble {
    fn random(random: &mut fastrand::Rng) -> Self {
        match random.u8(..12) {
            0..4 => Self::Killed,
            4..6 => Self::DiesAt(one_of(random, crash::MATRIX), random.u32(1..=12)),
            6..9 => Self::Frozen,
            9 => Self::Interrupted,
            10 => Self::CutOff,
            _ => Self::Rewritten,
        }
    }
}

/// The processes at one case's run.
pub(super) struct Processes<'p> {
    case: &'p Case,
    project: &'p Project,
    random: fastrand::Rng,
    clock: Clock,
    /// Those that stand still, and those that did.
    frozen: Vec<Process>,
    woken: Vec<Process>,
    /// Works beside the others, and comes to no harm but when all are given up.
    companion: Option<Process>,
    interrupted: bool,
    /// What was said by those that ended as they shouldn't, and by the oracle meanwhile.
    findings: Vec<String>,
    troubles: u32,
}

impl<'p> Processes<'p> {
    pub(super) fn new(case: &'p Case, project: &'p Project) -> Self {
        Self {
            case,
            project,
            random: fastrand::Rng::with_seed(!case.seed),
            clock: Clock::system(),
            frozen: Vec::new(),
            woken: Vec::new(),
            companion: None,
            interrupted: false,
            findings: Vec::new(),
            troubles: 0,
        }
    }

    /// Starts one process after the other until the run is done. Returns what was found, and how many troubles there were.
    pub(super) async fn work(mut self) -> (Vec<String>, u32) {
        for _ in 0..MOST_PROCESSES {
            let trouble = (self.troubles < self.case.troubles).then(|| Trouble::random(&mut self.random));
            let is_done = self.one(trouble).await;
            self.findings.extend(oracle::look(self.case, &self.project.database).await);
            if is_done || !self.findings.is_empty() {
                self.end_all().await;
                return (self.findings, self.troubles);
            }
        }
        self.findings.push(format!("the run isn't done after {MOST_PROCESSES} processes"));
        self.end_all().await;
        (self.findings, self.troubles)
    }

    /// One process, and what happens to it. Whether the run is done.
    async fn one(&mut self, trouble: Option<Trouble>) -> bool {
        let mut process = self.start(trouble);
        if self.case.company {
            self.keep_company().await;
        }
        if !self.frozen.is_empty() {
            self.pass_time(LATEST / 2).await;
            self.wake_up();
        }
        self.interrupted = false;
        let Some(trouble) = trouble else { return self.ended(process.outcome().await).await };
        if !matches!(trouble, Trouble::DiesAt(..)) {
            self.pass_time(LATEST).await;
        }
        if !process.is_running() {
            return self.ended(process.outcome().await).await;
        }
        self.troubles += 1;
        match trouble {
            Trouble::Killed => {
                process.kill().await;
                return false;
            }
            Trouble::Frozen => {
                process.signal(Signal::STOP);
                self.give_up_workers().await;
                self.frozen.push(process);
                return false;
            }
            Trouble::Interrupted => {
                process.signal(Signal::INT);
                self.interrupted = true;
            }
            Trouble::CutOff => self.cut_off().await,
            Trouble::Rewritten => self.project.database.execute("VACUUM FULL entries").await,
            Trouble::DiesAt(..) => {}
        }
        self.ended(process.outcome().await).await
    }

    fn start(&self, trouble: Option<Trouble>) -> Process {
        let point = match trouble {
            Some(Trouble::DiesAt(point, hit)) => format!("{point}={hit}"),
            _ => String::new(),
        };
        let workers = self.case.workers.to_string();
        let mut arguments = vec!["run", "fill", "--workers", &workers];
        if self.case.company {
            arguments.push("--join");
        }
        self.project.spawn_with(&[("LONGHAUL_FAILPOINT", &point)], &arguments)
    }

    async fn keep_company(&mut self) {
        if let Some(mut companion) = self.companion.take() {
            if companion.is_running() {
                self.companion = Some(companion);
                return;
            }
            self.woken.push(companion);
            self.let_woken_end().await;
        }
        self.companion = Some(self.start(None));
    }

    /// As whoever takes the run over does once they have been silent for long enough.
    async fn give_up_workers(&self) {
        let given_up = "SET lock_timeout = '1s'; BEGIN; LOCK TABLE longhaul.run IN SHARE ROW EXCLUSIVE MODE;
                        DELETE FROM longhaul.worker; COMMIT";
        let client = self.project.database.connect().await;
        // It may stand still with a lock in hand: then nobody can take over before it goes on.
        let _ = client.batch_execute(given_up).await;
    }

    /// Before it is at work, a lost connection ends it, as it may.
    async fn cut_off(&self) {
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND (application_name = 'longhaul heartbeat'
                         OR pid IN (SELECT backend_pid FROM longhaul.worker))
                   ORDER BY random() LIMIT 1";
        self.project.database.execute(cut).await;
    }

    fn wake_up(&mut self) {
        for process in self.frozen.drain(..) {
            process.signal(Signal::CONT);
            self.woken.push(process);
        }
    }

    /// What a process's end means. Whether the run is done.
    async fn ended(&mut self, outcome: Outcome) -> bool {
        match outcome.status.code() {
            Some(DONE) => return true,
            // Killed at a point of the program.
            None => {}
            Some(STOPPED) if self.interrupted => {}
            // One that woke up has the run, or had it: it shall come to an end first.
            Some(_) if (self.case.company || !self.woken.is_empty()) && is_fenced(&outcome) => {
                self.let_woken_end().await;
            }
            _ => self.findings.push(format!(
                "a process ended unasked, {}: {}",
                outcome.status,
                outcome.stderr.trim_end()
            )),
        }
        false
    }

    async fn let_woken_end(&mut self) {
        for process in std::mem::take(&mut self.woken) {
            let outcome = process.outcome().await;
            if outcome.status.code() != Some(DONE) && !is_fenced(&outcome) {
                self.findings.push(format!(
                    "one that woke up ended, {}: {}",
                    outcome.status,
                    outcome.stderr.trim_end()
                ));
            }
        }
    }

    async fn end_all(&mut self) {
        self.wake_up();
        self.woken.extend(self.companion.take());
        self.let_woken_end().await;
    }

    async fn pass_time(&mut self, most: u64) {
        self.clock.sleep(Duration::from_millis(self.random.u64(..most))).await;
    }
}

/// It left because the run, or a part of it, is another's now.
fn is_fenced(outcome: &Outcome) -> bool {
    outcome.status.code() == Some(NOT_NOW)
        || ["taken over by another process", "given up as dead"]
            .iter()
            .any(|text| outcome.stderr.contains(text))
}
