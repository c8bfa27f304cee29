//! What the live view shows of the database at one moment: words and figures, ready to be laid out.

use jiff::Timestamp;

use super::super::fit::Tone;
use super::super::standing::Standing;
use crate::engine::RowLimits;
use crate::model::{RunId, RunState, Wanted, human_count};
use crate::plan::eta::format_range;
use crate::store::LoggedEvent;

/// All runs, the latest of each job, at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// The database's clock, as a person reads it.
    pub at: String,
    /// Those that aren't over first, then the others.
    pub runs: Vec<RunView>,
    /// What happened last, newest first.
    pub events: Vec<EventView>,
}

/// One run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunView {
    /// The run.
    pub run: RunId,
    /// The job's id.
    pub job: String,
    /// The job's name.
    pub name: String,
    /// The table.
    pub table: String,
    /// Where it stands.
    pub state: RunState,
    /// The same in words.
    pub words: String,
    /// Somebody is at work on it.
    pub at_work: bool,
    /// What is told below: label and text.
    pub facts: Vec<(&'static str, String)>,
    /// The pass that it is in.
    pub pass: String,
    /// Percent of it; `None` once it is over.
    pub percent: Option<u64>,
    /// How long still, and when that is by the clock.
    pub left: Option<String>,
    /// Rows a second: now, and since it began.
    pub rates: Option<String>,
    /// Keys passed, of how many.
    pub rows: String,
    /// What keeps it from working.
    pub hold: Option<String>,
    /// Who waits for its batches, or whom they wait for.
    pub blocked: Vec<String>,
    /// What its workers' processes do, a line each.
    pub processes: Vec<String>,
    /// Rows a second that it may do.
    pub limits: RowLimits,
    /// Rows a second that it does.
    pub rate: Option<f64>,
    /// The most workers that one process has.
    pub workers: usize,
}

/// An event of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventView {
    /// The run that it concerns.
    pub run: Option<i64>,
    /// When, who and what, in one line.
    pub text: String,
}

impl RunView {
    /// No work follows it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.state.is_final()
    }

    pub(super) fn tone(&self) -> Tone {
        match self.state {
            RunState::Failed | RunState::Quarantined => Tone::Bad,
            RunState::Running | RunState::Proving if !self.at_work => Tone::Bad,
            RunState::Running | RunState::Proving if self.hold.is_some() => Tone::Held,
            RunState::Running | RunState::Proving => Tone::Good,
            RunState::Waiting | RunState::Paused | RunState::Stopped => Tone::Held,
            RunState::Done | RunState::Cancelled | RunState::Undone => Tone::Plain,
        }
    }

    pub(super) fn of(standing: &Standing, limits: RowLimits, blocked: Vec<String>) -> Self {
        let run = &standing.run;
        let rate = standing.pace.rate_now();
        let processes = standing.processes();
        let held = processes.iter().find(|(_, worker)| worker.doing != "working");
        Self {
            run: run.id,
            job: run.job.clone(),
            name: run.name.clone(),
            table: run.table.clone(),
            state: run.state,
            words: standing.state(),
            at_work: !standing.workers.is_empty(),
            facts: facts(standing),
            pass: run.pass.to_string(),
            percent: standing.percent(),
            left: standing.left().map(|left| {
                let end = standing.end(left).map(|end| format!(", done {end}")).unwrap_or_default();
                format!("{} left{end}", format_range(left))
            }),
            rates: rates(standing, rate),
            rows: format!(
                "{} of about {} rows",
                human_count(standing.pass.rows_seen),
                human_count(run.estimated_rows.max(standing.pass.rows_seen))
            ),
            hold: held
                .filter(|_| run.wish.wanted == Wanted::Work)
                .map(|(_, worker)| format!("{}, since {}", worker.doing, clock_of(&worker.doing_since))),
            blocked,
            processes: processes
                .iter()
                .map(|(count, worker)| {
                    let rate = human(worker.rows_per_second * *count as f64);
                    format!(
                        "{count} on {} (process {}, {}), {rate} rows/s, {}",
                        worker.host, worker.process_id, worker.actor, worker.doing
                    )
                })
                .collect(),
            limits,
            rate,
            workers: processes.iter().map(|(count, _)| *count).max().unwrap_or(0),
        }
    }
}

impl EventView {
    pub(super) fn of(event: &LoggedEvent) -> Self {
        let time = clock_of(&event.at);
        Self { run: event.run, text: format!("{time}  {} on {}: {}", event.actor, event.host, event.message) }
    }
}

/// `22:05:10` of `2026-11-26 22:05:10 +01:00`.
fn clock_of(at: &str) -> &str {
    at.split(' ').nth(1).unwrap_or(at)
}

fn rates(standing: &Standing, now: Option<f64>) -> Option<String> {
    let began = Timestamp::strptime("%Y-%m-%d %H:%M:%S %:z", &standing.run.started_at).ok();
    let since =
        began.map(|began| standing.now.duration_since(began).as_secs_f64()).filter(|time| *time > 5.0);
    let overall = since.map(|time| standing.all.rows_seen as f64 / time);
    match (now, overall) {
        (Some(now), Some(overall)) => {
            Some(format!("{} rows/s ({} since it began)", human(now), human(overall)))
        }
        (Some(now), None) => Some(format!("{} rows/s", human(now))),
        (None, _) => None,
    }
}

fn human(rate: f64) -> String {
    super::super::progress::whole(rate)
}

/// What is told of a run below its bar.
fn facts(standing: &Standing) -> Vec<(&'static str, String)> {
    let run = &standing.run;
    let mut facts = Vec::new();
    if let Some(reason) = &run.reason {
        facts.push(("last", format!("it {reason}")));
    }
    if run.wish.wanted != Wanted::Work && !standing.workers.is_empty() {
        facts.push(("wanted", format!("{} by {}", run.wish.wanted.as_str(), run.wish.describe())));
    }
    if let Some(hours) = standing.hours() {
        facts.push(("hours", hours));
    }
    let settings: Vec<&str> = run
        .settings
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('['))
        .collect();
    if !settings.is_empty() && !run.state.is_final() {
        facts.push(("set", settings.join(", ")));
    }
    if standing.quarantine.held > 0 || standing.quarantine.dropped > 0 {
        let crate::store::QuarantineCount { held, dropped } = standing.quarantine;
        facts.push(("quarantine", format!("{held} held, {dropped} dropped")));
    }
    if let Some(cost) = standing.cost_to_others() {
        facts.push(("others", cost));
    }
    facts.push((
        "changed",
        format!(
            "{} rows in {} batches",
            human_count(standing.all.rows_changed),
            human_count(standing.all.batches)
        ),
    ));
    match &run.finished_at {
        Some(finished) => facts.push(("ended", finished.clone())),
        None => facts.push(("started", format!("{} by {}", run.started_at, run.started_by))),
    }
    facts
}
