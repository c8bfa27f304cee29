//! What may be wrong with a run that is not over, one function a kind.

use std::time::Duration;

use jiff::Timestamp;

use super::hours::{Night, nights};
use super::{Occurrence, RunFacts};
use crate::model::{AlertKind, AlertThresholds, RunState, Wanted, counted, human_duration};
use crate::plan::hours::describe_time;

/// How many rows more are worth another message: ten times as many.
const MORE: u64 = 10;

/// All that may be wrong with it.
pub(super) fn of_run(run: &RunFacts, thresholds: &AlertThresholds, now: Timestamp) -> Vec<Occurrence> {
    let nights = run.schedule.as_ref().map_or(Vec::new(), |schedule| nights(schedule, run.started, now));
    let mut found = Vec::new();
    found.extend(held(run, thresholds, now));
    found.extend(stalled(run, thresholds, &nights, now));
    found.extend(running(run, thresholds, now));
    found.extend(quarantine(run, thresholds, now));
    found.extend(window_missed(run, &nights, now));
    found
}

fn occurrence(run: &RunFacts, kind: AlertKind, what: &str, message: &str, at: Timestamp) -> Occurrence {
    let job = run.subject.job.as_deref().unwrap_or_default();
    Occurrence {
        kind,
        key: format!("{kind}/run {}{what}", run.id),
        subject: run.subject.clone(),
        message: format!("run {} of {job} {message}", run.id),
        at,
        due: true,
    }
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// Held, and no process does batches. One that left since it was held for too long is held all the same.
fn held(run: &RunFacts, thresholds: &AlertThresholds, now: Timestamp) -> Option<Occurrence> {
    let hold = run.hold.as_ref()?;
    if !matches!(run.state, RunState::Running | RunState::Proving | RunState::Waiting) {
        return None;
    }
    // Another process may not be held.
    let since = run.last_batch.map_or(hold.since, |batch| batch.max(hold.since));
    let lasted = between(since, now);
    let message = format!("is held for {}: {}", human_duration(lasted), hold.reason);
    let found = occurrence(run, AlertKind::Held, &format!(" event {}", hold.event), &message, hold.since);
    Some(Occurrence { due: lasted >= thresholds.held_for, ..found })
}

/// No batch is done, though one could be.
fn stalled(
    run: &RunFacts,
    thresholds: &AlertThresholds,
    nights: &[Night],
    now: Timestamp,
) -> Option<Occurrence> {
    if run.hold.is_some() || run.wanted != Wanted::Work {
        return None;
    }
    let last = [Some(run.taken_up), run.last_batch, run.let_go].into_iter().flatten().max()?;
    let (since, what) = match (run.state, run.workers) {
        // A crash, whatever the hour: who leaves in good order stores another state.
        (RunState::Running | RunState::Proving, 0) => {
            (last, "no process is at work on it, and its last one left without a word")
        }
        // A proof may take long, and has no batches.
        (RunState::Running, _) => (last, "nothing holds it, and no batch was done"),
        (RunState::Waiting, 0) => {
            let opened = match nights.last() {
                Some(Night { opened, closed: None }) => *opened,
                _ if run.schedule.as_ref()?.is_empty() => last,
                _ => return None,
            };
            (last.max(opened), "it may go on, and no process has taken it up")
        }
        _ => return None,
    };
    let lasted = between(since, now);
    let message = format!("has stalled: {what} for {}", human_duration(lasted));
    // What it began with: a batch more, and it is another.
    let found = occurrence(run, AlertKind::Stalled, &format!(" since {since}"), &message, since);
    Some(Occurrence { due: lasted >= thresholds.stalled_for, ..found })
}

/// At work for longer than it may be, of the time in which it could be.
fn running(run: &RunFacts, thresholds: &AlertThresholds, now: Timestamp) -> Option<Occurrence> {
    let (limit, whose) = match (thresholds.running_for, run.expected) {
        (Some(limit), _) => (limit, "it may take"),
        (None, Some(expected)) => (expected, "its forecast says"),
        (None, None) => return None,
    };
    let open = run.schedule.as_ref()?.open_between(run.started, now)?;
    let (took, most) = (human_duration(open), human_duration(limit));
    let message = format!("takes {took} of open hours by now, and {whose} {most} at the most");
    let found = occurrence(run, AlertKind::Running, "", &message, run.started);
    Some(Occurrence { due: open > limit, ..found })
}

/// Past the limit, and past ten times and a hundred times that.
fn quarantine(run: &RunFacts, thresholds: &AlertThresholds, now: Timestamp) -> Vec<Occurrence> {
    let rows = counted(usize::try_from(run.quarantined).unwrap_or(usize::MAX), "row");
    let mut found = Vec::new();
    let mut level = thresholds.quarantine_above;
    while run.quarantined > level {
        let message = format!("has {rows} in quarantine, more than {level}");
        found.push(occurrence(run, AlertKind::Quarantine, &format!(" above {level}"), &message, now));
        level = level.max(1).saturating_mul(MORE);
    }
    // Of several the last says all.
    for before in found.iter_mut().rev().skip(1) {
        before.due = false;
    }
    found
}

/// The last night that is over was open from its beginning to its end, and not a batch was done in it.
fn window_missed(run: &RunFacts, nights: &[Night], now: Timestamp) -> Option<Occurrence> {
    let ready = matches!(
        run.state,
        RunState::Running | RunState::Proving | RunState::Waiting | RunState::Stopped | RunState::Failed
    );
    let (night, closed) =
        nights.iter().rev().find_map(|night| night.closed.map(|closed| (night.opened, closed)))?;
    if !ready || run.wanted != Wanted::Work || run.last_batch.is_some_and(|batch| batch >= night) {
        return None;
    }
    let zone = run.schedule.as_ref()?.zone();
    let (from, to) = (describe_time(night, now, &zone), describe_time(closed, now, &zone));
    let message = format!("did nothing in its hours from {from} to {to}: it is {}", run.state);
    Some(occurrence(run, AlertKind::WindowMissed, &format!(" {night}"), &message, closed))
}
