use std::time::Duration;

use proptest::prelude::*;

use super::{Bound, Judge, LAG_RELEASE, Reading, Rule, STALE, Unit, stale_after, verdict};

const SECONDS: fn(u64) -> Duration = Duration::from_secs;

fn value(value: f64) -> Reading {
    Reading::Value { value, detail: String::new() }
}

fn unreadable(why: &str, definitive: bool) -> Reading {
    Reading::Unreadable { why: why.into(), definitive }
}

fn lag() -> Rule {
    Rule { release: LAG_RELEASE, ..Rule::above("replica lag", Unit::Seconds, 5.0) }
}

/// What a judge says to readings, one a second.
fn said(rule: Rule, readings: impl IntoIterator<Item = Reading>) -> Vec<Option<String>> {
    let mut judge = Judge::new(rule);
    (0..)
        .zip(readings)
        .map(|(second, reading)| {
            judge.note(SECONDS(second), reading);
            judge.judge(SECONDS(second))
        })
        .collect()
}

#[test]
fn it_holds_above_the_limit_and_lets_go_at_half() {
    let detailed = Reading::Value { value: 7.2, detail: "standby reporting1".into() };
    let reasons = said(lag(), [value(5.0), detailed, value(4.0), value(2.5), value(4.0)]);
    assert_eq!(
        reasons,
        [
            None,
            Some("replica lag 7.2 s > 5 s (standby reporting1)".to_owned()),
            Some("replica lag 4 s > 2.5 s (held since it passed 5 s)".to_owned()),
            None,
            None
        ]
    );
}

#[test]
fn what_must_not_run_low_lets_go_above_its_limit() {
    let rule = Rule { bound: Bound::Below(0.02), ..Rule::above("free disk", Unit::Share, 0.0) };
    let reasons = said(rule, [value(0.02), value(0.014), value(0.024), value(0.025)]);
    assert_eq!(reasons[1].as_deref(), Some("free disk 1.4 % < 2 %"));
    assert_eq!(reasons[2].as_deref(), Some("free disk 2.4 % < 2.5 % (held since it passed 2 %)"));
    assert_eq!((&reasons[0], &reasons[3]), (&None, &None));
}

#[test]
fn a_reading_grows_stale_and_the_last_trouble_says_why() {
    let mut judge = Judge::new(lag());
    assert_eq!(judge.judge(SECONDS(0)).as_deref(), Some("replica lag not read yet"));
    judge.note(SECONDS(0), value(1.0));
    judge.note(SECONDS(10), unreadable("canceling statement due to statement timeout", false));
    assert_eq!(judge.judge(SECONDS(15)), None);
    let reason = "replica lag not read for 17 s > 15 s: canceling statement due to statement timeout";
    assert_eq!(judge.judge(SECONDS(17)).as_deref(), Some(reason));
    judge.note(SECONDS(17), value(1.0));
    assert_eq!(judge.judge(SECONDS(18)), None);
}

#[test]
fn that_there_is_no_replica_is_an_answer_and_grows_stale_as_others_do() {
    let mut judge = Judge::new(lag());
    judge.note(SECONDS(0), value(9.0));
    assert!(judge.judge(SECONDS(0)).is_some());
    judge.note(SECONDS(1), Reading::NotApplicable { why: "no replica".into() });
    assert_eq!(judge.judge(SECONDS(1)), None);
    assert_eq!(judge.judge(SECONDS(17)).as_deref(), Some("replica lag not read for 16 s > 15 s"));
}

#[test]
fn missing_rights_hold_a_limit_that_was_given_and_pass_a_default_over_with_one_warning() {
    let why = "the standbys' details are hidden (GRANT pg_monitor TO clerk)";
    let mut given = Judge::new(lag());
    given.note(SECONDS(0), unreadable(why, true));
    assert_eq!(given.judge(SECONDS(0)), Some(format!("replica lag can't be read, limit 5 s: {why}")));
    assert_eq!(given.warning(), None);
    let mut default = Judge::new(Rule { explicit: false, ..lag() });
    default.note(SECONDS(0), unreadable(why, true));
    assert_eq!(default.judge(SECONDS(99)), None);
    assert_eq!(default.warning(), Some(format!("replica lag is not watched: {why}")));
    assert_eq!(default.warning(), None);
}

#[test]
fn another_limit_keeps_what_was_read() {
    let mut judge = Judge::new(lag());
    judge.note(SECONDS(0), value(7.0));
    assert!(judge.judge(SECONDS(0)).is_some());
    let mut judge = judge.under(Rule { bound: Bound::Above(10.0), ..lag() });
    assert_eq!(judge.judge(SECONDS(0)), None, "in the new limit's band, which it came to from below");
}

#[test]
fn the_load_is_that_of_the_gradient_signals_alone() {
    let rule = |signal: &str, gradient| Rule { gradient, ..Rule::above(signal, Unit::Count, 100.0) };
    let mut judges = [Judge::new(rule("sessions", true)), Judge::new(rule("lag", false))];
    judges[0].note(SECONDS(0), value(50.0));
    judges[1].note(SECONDS(0), value(90.0));
    assert_eq!(verdict(&mut judges, SECONDS(0)).load, Some(0.5));
    assert_eq!(verdict(&mut judges, SECONDS(16)).load, None);
    assert_eq!(verdict(&mut [], SECONDS(0)), super::Verdict::default());
}

#[test]
fn rare_readings_may_be_older() {
    assert_eq!(stale_after(SECONDS(1)), STALE);
    assert_eq!(stale_after(SECONDS(60)), SECONDS(180));
}

fn bound() -> impl Strategy<Value = Bound> {
    (0.001..1e9_f64, any::<bool>())
        .prop_map(|(limit, above)| if above { Bound::Above(limit) } else { Bound::Below(limit) })
}

fn reading() -> impl Strategy<Value = Reading> {
    prop_oneof![
        4 => (0.0..200.0_f64).prop_map(value),
        1 => Just(Reading::NotApplicable { why: "none".into() }),
        1 => any::<bool>().prop_map(|definitive| unreadable("no rights", definitive)),
    ]
}

proptest! {
    #[test]
    fn within_the_band_nothing_changes(
        bound in bound(), release in 0.1..0.99_f64, held: bool, places in prop::collection::vec(0.001..0.999_f64, 1..40),
    ) {
        let rule = Rule { bound, release, ..Rule::above("signal", Unit::Number, 0.0) };
        let (limit, edge) = match bound {
            Bound::Above(limit) => (limit, limit * release),
            Bound::Below(limit) | Bound::Other(limit) => (limit, limit / release),
        };
        let before = if (limit > edge) == held { limit.max(edge) * 2.0 } else { limit.min(edge) / 2.0 };
        let within = places.iter().map(|place| edge + (limit - edge) * place);
        let reasons = said(rule, std::iter::once(before).chain(within).map(value));
        prop_assert!(reasons.iter().all(|reason| reason.is_some() == held), "{:?}", reasons);
    }

    #[test]
    fn what_is_stale_holds_whatever_it_was(first in reading(), age in 15.001..1e6_f64) {
        let mut judge = Judge::new(lag());
        judge.note(Duration::ZERO, first);
        prop_assert!(judge.judge(Duration::from_secs_f64(age)).is_some());
    }

    #[test]
    fn one_that_holds_is_enough_and_each_has_its_reason(
        signals in prop::collection::vec((reading(), any::<bool>()), 0..6),
    ) {
        let mut judges: Vec<Judge> = (0..)
            .zip(&signals)
            .map(|(at, (reading, explicit))| {
                let rule = Rule::above(format!("signal {at}"), Unit::Count, 100.0);
                let mut judge = Judge::new(Rule { explicit: *explicit, ..rule });
                judge.note(Duration::ZERO, reading.clone());
                judge
            })
            .collect();
        let alone: Vec<String> =
            judges.iter().filter_map(|judge| judge.clone().judge(Duration::ZERO)).collect();
        let verdict = verdict(&mut judges, Duration::ZERO);
        prop_assert_eq!(verdict.holds.iter().map(|hold| hold.reason.clone()).collect::<Vec<_>>(), alone);
        for hold in &verdict.holds {
            prop_assert!(hold.reason.len() > hold.signal.len() && hold.reason.starts_with(&hold.signal));
        }
    }

    #[test]
    fn a_value_past_the_limit_always_holds(limit in 0.001..1e9_f64, times in 1.001..1e6_f64, before in reading()) {
        let rule = Rule::above("signal", Unit::Seconds, limit);
        let reasons = said(rule, [before, value(limit * times)]);
        prop_assert!(reasons[1].as_ref().is_some_and(|reason| reason.contains(" > ")), "{:?}", reasons);
    }
}
