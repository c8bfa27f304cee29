use jiff::ToSpan;
use proptest::prelude::*;

use super::*;
use crate::model::Hours;

const HOUR: Duration = Duration::from_secs(3600);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A run that is at work, and did a batch a minute ago.
fn run() -> RunFacts {
    RunFacts {
        subject: Subject { run: Some(7), job: Some("fill".into()), ..Subject::default() },
        id: 7,
        state: RunState::Running,
        wanted: Wanted::Work,
        started: at("2026-11-26T20:00:00Z"),
        taken_up: at("2026-11-26T20:00:00Z"),
        last_batch: Some(at("2026-11-26T21:59:00Z")),
        workers: 2,
        hold: None,
        let_go: None,
        quarantined: 0,
        expected: None,
        schedule: Some(Schedule::default()),
    }
}

const NOW: &str = "2026-11-26T22:00:00Z";

fn seen(run: RunFacts, now: &str) -> Vec<Occurrence> {
    let sight = Sight { events: &[], runs: &[run], drift: None, now: at(now) };
    look(&AlertKind::ALL, &AlertThresholds::DEFAULT, sight)
}

/// Those that are due: kind and sentence.
fn told(run: RunFacts, now: &str) -> Vec<String> {
    seen(run, now)
        .into_iter()
        .filter(|one| one.due)
        .map(|one| format!("{} {}", one.kind, one.message))
        .collect()
}

fn nightly() -> Schedule {
    let hours = Hours::parse(&["22:00-05:00".to_owned()], "UTC", &[]).unwrap();
    [("the job", hours)].into_iter().collect()
}

#[test]
fn of_a_run_that_is_at_work_nothing_is_told() {
    assert_eq!(told(run(), NOW), [""; 0]);
}

#[test]
fn a_hold_is_told_once_it_has_lasted_and_only_if_nobody_does_batches() {
    let hold =
        HoldFacts { event: 30, since: at("2026-11-26T21:00:00Z"), reason: "replica lag 9 s > 5 s".into() };
    let stuck = RunFacts { hold: Some(hold), ..run() };
    assert_eq!(told(stuck.clone(), NOW), [""; 0], "another process did a batch a minute ago");
    let silent = RunFacts { last_batch: Some(at("2026-11-26T21:00:03Z")), ..stuck };
    assert_eq!(told(silent.clone(), "2026-11-26T21:30:02Z"), [""; 0]);
    assert_eq!(
        told(silent.clone(), "2026-11-26T21:30:03Z"),
        ["held run 7 of fill is held for 30 min 00 s: replica lag 9 s > 5 s"]
    );
    let left = RunFacts { state: RunState::Waiting, workers: 0, ..silent.clone() };
    assert_eq!(seen(left, NOW)[0].key, "held/run 7 event 30", "it is held though its process has left");
    let paused = RunFacts { state: RunState::Paused, ..silent };
    assert_eq!(told(paused, NOW), [""; 0]);
}

#[test]
fn a_run_without_batches_has_stalled_and_says_why() {
    let silent = RunFacts { last_batch: Some(at("2026-11-26T21:49:00Z")), ..run() };
    assert_eq!(
        told(silent.clone(), NOW),
        ["stalled run 7 of fill has stalled: nothing holds it, and no batch was done for 11 min 00 s"]
    );
    let dead = RunFacts { workers: 0, ..silent.clone() };
    assert_eq!(
        told(dead, NOW),
        [
            "stalled run 7 of fill has stalled: no process is at work on it, and its last one left without a word for 11 min 00 s"
        ]
    );
    assert_eq!(
        told(RunFacts { state: RunState::Proving, ..silent.clone() }, NOW),
        [""; 0],
        "a proof takes long"
    );
    assert_eq!(told(RunFacts { let_go: Some(at("2026-11-26T21:55:00Z")), ..silent.clone() }, NOW), [""; 0]);
    assert_eq!(told(RunFacts { taken_up: at("2026-11-26T21:55:00Z"), ..silent.clone() }, NOW), [""; 0]);
    for state in [RunState::Paused, RunState::Stopped, RunState::Failed, RunState::Quarantined] {
        assert_eq!(told(RunFacts { state, ..silent.clone() }, NOW), [""; 0], "{state}");
    }
}

#[test]
fn a_run_that_waits_for_its_hours_has_stalled_only_once_they_are_open() {
    let waiting = RunFacts { state: RunState::Waiting, workers: 0, schedule: Some(nightly()), ..run() };
    let waiting = RunFacts { last_batch: Some(at("2026-11-26T21:00:00Z")), ..waiting };
    assert_eq!(told(waiting.clone(), "2026-11-26T21:59:59Z"), [""; 0]);
    assert_eq!(told(waiting.clone(), "2026-11-26T22:09:59Z"), [""; 0]);
    assert_eq!(
        told(waiting, "2026-11-26T22:10:00Z"),
        ["stalled run 7 of fill has stalled: it may go on, and no process has taken it up for 10 min 00 s"]
    );
}

#[test]
fn a_night_without_a_batch_is_missed_unless_the_run_is_paused() {
    let missed = RunFacts {
        state: RunState::Stopped,
        workers: 0,
        schedule: Some(nightly()),
        last_batch: Some(at("2026-11-26T21:00:00Z")),
        ..run()
    };
    assert_eq!(told(missed.clone(), "2026-11-27T04:59:00Z"), [""; 0]);
    let morning = "2026-11-27T05:00:00Z";
    assert_eq!(
        told(missed.clone(), morning),
        [
            "window_missed run 7 of fill did nothing in its hours from 2026-11-26 22:00 to today 05:00: it is stopped"
        ]
    );
    let key = |now| seen(missed.clone(), now)[0].key.clone();
    assert_eq!(key(morning), key("2026-11-27T21:00:00Z"));
    assert_ne!(key(morning), key("2026-11-28T06:00:00Z"), "another night");
    let worked = RunFacts { last_batch: Some(at("2026-11-26T22:00:01Z")), ..missed.clone() };
    assert_eq!(told(worked, morning), [""; 0]);
    let later = RunFacts { started: at("2026-11-26T23:00:00Z"), ..missed.clone() };
    assert_eq!(told(later, morning), [""; 0], "it began in mid-night");
    for (state, wanted) in [(RunState::Paused, Wanted::Pause), (RunState::Running, Wanted::Cancel)] {
        assert!(
            !told(RunFacts { state, wanted, ..missed.clone() }, morning).concat().contains("window"),
            "{state}"
        );
    }
}

#[test]
fn open_hours_count_for_how_long_a_run_takes() {
    let long = RunFacts { expected: Some(2 * HOUR), ..run() };
    assert_eq!(told(long.clone(), NOW), [""; 0]);
    assert_eq!(
        told(
            RunFacts { last_batch: Some(at("2026-11-26T22:01:00Z")), ..long.clone() },
            "2026-11-26T22:01:00Z"
        ),
        [
            "running run 7 of fill takes 2 h 01 min of open hours by now, and its forecast says 2 h 00 min at the most"
        ]
    );
    assert_eq!(told(RunFacts { schedule: Some(nightly()), ..long }, "2026-11-26T22:01:00Z"), [""; 0]);
}

#[test]
fn more_rows_in_quarantine_are_told_again_at_ten_times_as_many() {
    let due = |quarantined| {
        let found = seen(RunFacts { quarantined, ..run() }, NOW);
        found.into_iter().filter(|one| one.due).map(|one| one.key).collect::<Vec<_>>()
    };
    assert_eq!(due(0), [""; 0]);
    assert_eq!(due(1), ["quarantine/run 7 above 0"]);
    assert_eq!(due(10), due(1));
    assert_eq!(due(11), ["quarantine/run 7 above 10"]);
    assert_eq!(due(u64::MAX).len(), 1);
}

#[test]
fn an_event_is_told_without_a_rows_values() {
    let event = Happened {
        id: 9,
        kind: "run.failed".into(),
        at: at(NOW),
        subject: run().subject,
        direction: Direction::Up,
        message: "run 7 of fill failed: the row ssn = 12345 …: invalid input syntax: \"secret\"".into(),
        instead: Some("a row can't take its new value (SQLSTATE 22P02)".into()),
    };
    let sight = Sight { events: &[event], runs: &[], drift: None, now: at(NOW) };
    let found = look(&AlertKind::ALL, &AlertThresholds::DEFAULT, sight);
    assert_eq!(
        found[0].message,
        "run 7 of fill failed: a row can't take its new value (SQLSTATE 22P02); `longhaul log` tells all of it"
    );
}

fn any_run() -> impl Strategy<Value = RunFacts> {
    let moment = || (0_i64..200_000).prop_map(|seconds| at("2026-11-25T00:00:00Z") + seconds.seconds());
    let hold =
        (1_i64..50, moment()).prop_map(|(event, since)| HoldFacts { event, since, reason: "a".into() });
    let some = |strategy| proptest::option::of(strategy);
    (
        (0..RunState::ALL.len(), 0..3_usize, moment(), moment(), some(moment().boxed())),
        (0_u32..3, proptest::option::of(hold), proptest::option::of(moment()), 0_u64..300, any::<bool>()),
    )
        .prop_map(
            |(
                (state, wanted, started, taken_up, last_batch),
                (workers, hold, let_go, quarantined, nights),
            )| {
                RunFacts {
                    state: RunState::ALL[state],
                    wanted: Wanted::ALL[wanted],
                    started,
                    taken_up: taken_up.max(started),
                    last_batch,
                    workers,
                    hold,
                    let_go,
                    quarantined,
                    expected: Some(HOUR),
                    schedule: Some(if nights { nightly() } else { Schedule::default() }),
                    ..run()
                }
            },
        )
}

proptest! {
    #[test]
    fn while_nothing_changes_what_lasts_keeps_its_key_and_stays_due(run in any_run(), later in 1_i64..7200) {
        let now = at("2026-11-28T00:00:00Z");
        let look = |now| {
            let sight = Sight { events: &[], runs: std::slice::from_ref(&run), drift: None, now };
            look(&AlertKind::ALL, &AlertThresholds::DEFAULT, sight)
        };
        let after = look(now + later.seconds());
        for before in look(now).into_iter().filter(|one| one.kind.lasts()) {
            // Hours that close in between end a wait for them.
            if run.schedule.as_ref().is_some_and(|hours| !hours.is_empty()) && before.kind == AlertKind::Stalled {
                continue;
            }
            let same = after.iter().find(|one| one.key == before.key);
            prop_assert!(same.is_some_and(|same| same.due >= before.due), "{before:?} {after:?}");
        }
    }

    #[test]
    fn two_occurrences_of_one_look_never_share_a_key(run in any_run()) {
        let found = seen(run, NOW);
        let mut keys: Vec<&str> = found.iter().map(|one| one.key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        prop_assert_eq!(keys.len(), found.len());
    }

    #[test]
    fn only_what_an_alert_is_on_is_told(run in any_run(), at_kind in 0..AlertKind::ALL.len()) {
        let kind = AlertKind::ALL[at_kind];
        let sight = Sight { events: &[], runs: &[run], drift: None, now: at(NOW) };
        for one in look(&[kind], &AlertThresholds::DEFAULT, sight) {
            prop_assert_eq!(one.kind, kind);
        }
    }
}

#[test]
fn pauses_between_tries_grow_and_are_never_long() {
    let pauses: Vec<u64> = (1..12).map(|attempt| pause_after(attempt, 0.0).as_secs()).collect();
    assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
    assert_eq!(pause_after(u32::MAX, 1.0), Duration::from_secs(450));
}

#[test]
fn of_a_run_whose_hours_are_not_known_nothing_is_told_that_depends_on_them() {
    let waiting = RunFacts { state: RunState::Waiting, workers: 0, schedule: None, ..run() };
    assert_eq!(told(waiting, "2026-12-24T12:00:00Z"), [""; 0]);
}
