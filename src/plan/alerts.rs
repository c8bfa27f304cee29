//! What there is to tell people: from what has happened, how runs stand, and how long that has been so.
//!
//! ```text
//!  events ───────────┐
//!  runs, their hours ┼─► look ─► Sight: occurrences, each with a key that is the same for whoever looks
//!  changed files ────┘             │ due: past its threshold
//!                                  └ there, and not due: keeps what was told of it from being over
//! ```
//!
//! An occurrence either happened (a failure) or lasts (a hold). The key of one that lasts has in it what it began with, so
//! that the same hold is one occurrence, and the next one another. What lasted and isn't seen any more is over.

mod conditions;
mod hours;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;

use super::hours::Schedule;
use crate::model::{AlertKind, AlertThresholds, Direction, RunState, Wanted, human_duration};

/// An event of the log that may be worth a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// Its number in the log.
    pub id: i64,
    /// Its word.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// What it is about.
    pub subject: Subject,
    /// Which way the run goes, where it is about one.
    pub direction: Direction,
    /// The sentence.
    pub message: String,
    /// What is said in the place of its reason, where that may have a row's values in it.
    pub instead: Option<String>,
}

/// What an occurrence is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The run.
    pub run: Option<i64>,
    /// Its job's name.
    pub job: Option<String>,
    /// Its table.
    pub table: Option<String>,
    /// The revision.
    pub revision: Option<String>,
}

/// An unfinished run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunFacts {
    /// The run, its job and its table.
    pub subject: Subject,
    /// Its number.
    pub id: i64,
    /// The stored state.
    pub state: RunState,
    /// What an operator wants of it.
    pub wanted: Wanted,
    /// When it began.
    pub started: Timestamp,
    /// When a process took it up last.
    pub taken_up: Timestamp,
    /// When its last batch was committed.
    pub last_batch: Option<Timestamp>,
    /// Workers that are alive.
    pub workers: u32,
    /// What holds it.
    pub hold: Option<HoldFacts>,
    /// When it was let go last.
    pub let_go: Option<Timestamp>,
    /// Rows that wait in its quarantine.
    pub quarantined: u64,
    /// The upper end of what was forecast, of the time in which its hours are open.
    pub expected: Option<Duration>,
    /// The hours it keeps; `None`: its file isn't here, and they may be anything.
    pub schedule: Option<Schedule>,
}

/// A hold as the log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldFacts {
    /// The event that it began with.
    pub event: i64,
    /// Since when.
    pub since: Timestamp,
    /// In words.
    pub reason: String,
}

/// Files that say something else than what was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftFacts {
    /// The same as long as the same is found.
    pub fingerprint: String,
    /// Each in words.
    pub findings: Vec<String>,
}

/// All that is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'s> {
    /// Events since the last look, oldest first.
    pub events: &'s [Happened],
    /// Every run that is not over.
    pub runs: &'s [RunFacts],
    /// What was found the last time that files were looked at; `None`: nothing, or nobody looked.
    pub drift: Option<&'s DriftFacts>,
    /// The database's clock.
    pub now: Timestamp,
}

/// Something that an alert may tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// What it is.
    pub kind: AlertKind,
    /// Its name: the same from whichever host and as long as it lasts. See [`Self::is_told_as`].
    pub key: String,
    /// What it is about.
    pub subject: Subject,
    /// A sentence.
    pub message: String,
    /// When it happened, or since when it lasts.
    pub at: Timestamp,
    /// It has come to its threshold.
    pub due: bool,
}

impl Occurrence {
    /// Whether what is stored under this name tells of it. What was over and is there again is stored as `… again 12`.
    #[must_use]
    pub fn is_told_as(&self, stored: &str) -> bool {
        let rest = stored.strip_prefix(&self.key);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" again "))
    }
}

/// What there is to tell of these kinds.
#[must_use]
pub fn look(kinds: &[AlertKind], thresholds: &AlertThresholds, sight: Sight<'_>) -> Vec<Occurrence> {
    let mut found: Vec<Occurrence> = sight.events.iter().filter_map(of_event).collect();
    for run in sight.runs {
        found.extend(conditions::of_run(run, thresholds, sight.now));
    }
    found.extend(sight.drift.map(|drift| of_drift(drift, sight.now)));
    found.retain(|occurrence| kinds.contains(&occurrence.kind));
    found
}

/// The words of events that may be worth a message.
pub const EVENTS: &[&str] = &[
    "run.failed",
    "run.tripped",
    "revision.failed",
    "run.done",
    "run.quarantined",
    "history.undoing",
    "query.slower",
];

fn of_event(event: &Happened) -> Option<Occurrence> {
    let kind = match event.kind.as_str() {
        "run.failed" | "run.tripped" | "revision.failed" => AlertKind::Failed,
        "run.done" | "run.quarantined" => AlertKind::Finished,
        "history.undoing" => AlertKind::Rollback,
        "query.slower" => AlertKind::Slower,
        _ => return None,
    };
    Some(Occurrence {
        kind,
        key: format!("{kind}/event {}", event.id),
        subject: event.subject.clone(),
        message: sentence(event),
        at: event.at,
        due: true,
    })
}

/// The sentence of the log; where that may have a row's values in it, one without those.
fn sentence(event: &Happened) -> String {
    let Some(instead) = &event.instead else { return event.message.clone() };
    let what = match (&event.subject.job, event.subject.run, &event.subject.revision) {
        (Some(job), Some(run), _) => format!("run {run} of {job}"),
        (_, _, Some(revision)) => format!("revision {revision}"),
        _ => "a run".to_owned(),
    };
    let became = if event.kind == "run.tripped" { "has paused by itself" } else { "failed" };
    format!("{what} {became}: {instead}; `longhaul log` tells all of it")
}

fn of_drift(drift: &DriftFacts, now: Timestamp) -> Occurrence {
    Occurrence {
        kind: AlertKind::Drift,
        key: format!("drift/{}", drift.fingerprint),
        subject: Subject::default(),
        message: drift.findings.join("; "),
        at: now,
        due: true,
    }
}

/// The first pause between two tries, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(300));

/// How long to wait after so many tries: twice as long each time, and with a `jitter` from 0 to 1 up to half as long again, so
/// that several hosts don't try at once.
#[must_use]
pub fn pause_after(attempt: u32, jitter: f64) -> Duration {
    let (first, longest) = PAUSES;
    let doubled = first.saturating_mul(1 << attempt.saturating_sub(1).min(20)).min(longest);
    doubled.mul_f64(1.0 + jitter.clamp(0.0, 1.0) / 2.0)
}

/// How it is said that something is over.
#[must_use]
pub fn resolution(kind: AlertKind, subject: &Subject, lasted: Duration) -> String {
    let run = match (&subject.job, subject.run) {
        (Some(job), Some(run)) => format!("run {run} of {job}"),
        _ => "it".to_owned(),
    };
    let after = human_duration(lasted);
    match kind {
        AlertKind::Held => format!("{run} is held no longer, {after} after it was told"),
        AlertKind::Stalled => format!("{run} has stalled no longer, {after} after it was told"),
        AlertKind::Running => format!("{run} has come to its end, {after} after it was told"),
        AlertKind::Quarantine => {
            format!("fewer rows are in the quarantine of {run}, {after} after it was told")
        }
        AlertKind::Drift => "the files say again what was applied, or it was accepted".to_owned(),
        AlertKind::Failed
        | AlertKind::WindowMissed
        | AlertKind::Slower
        | AlertKind::Finished
        | AlertKind::Rollback => format!("{run}: over"),
    }
}
