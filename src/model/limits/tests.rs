use std::time::Duration;

use super::{FreeDisk, Limit, Limits, OnAutovacuum, Probe, Question};

const SECONDS: fn(u64) -> Duration = Duration::from_secs;

fn probe(name: &str) -> Probe {
    let question = Question::Sql { query: "SELECT false".into(), above: 0.0 };
    Probe { name: Some(name.into()), question, every: Probe::EVERY }
}

#[test]
fn the_stricter_of_two_limits_holds_and_off_is_the_laxest() {
    let lag = |limit| Limits { replica_lag: limit, ..Limits::default() };
    let at = |seconds| Some(Limit::At(SECONDS(seconds)));
    for (one, other, stricter) in [
        (at(5), at(7), at(5)),
        (at(5), Some(Limit::Off), at(5)),
        (at(5), None, at(5)),
        (Some(Limit::Off), None, Some(Limit::Off)),
        (None, None, None),
    ] {
        assert_eq!(lag(one).strictest(&lag(other)), lag(stricter), "{one:?} {other:?}");
        assert_eq!(lag(other).strictest(&lag(one)), lag(stricter), "{other:?} {one:?}");
    }
}

#[test]
fn what_can_not_be_compared_is_asked_for_twice() {
    let one = Limits {
        autovacuum: Some(OnAutovacuum::Ignore),
        free_disk: Some(Limit::At(FreeDisk { share: Some(0.1), bytes: None })),
        canaries: vec!["SELECT 1".into()],
        probes: vec![probe("a"), probe("b")],
        ..Limits::default()
    };
    let other = Limits {
        autovacuum: Some(OnAutovacuum::Hold),
        free_disk: Some(Limit::At(FreeDisk { share: Some(0.05), bytes: Some(7) })),
        canaries: vec!["SELECT 2".into(), "SELECT 1".into()],
        probes: vec![probe("b"), probe("c")],
        ..Limits::default()
    };
    let both = one.strictest(&other);
    assert_eq!(both.autovacuum, Some(OnAutovacuum::Hold));
    assert_eq!(both.free_disk, Some(Limit::At(FreeDisk { share: Some(0.1), bytes: Some(7) })));
    assert_eq!(both.canaries, ["SELECT 1", "SELECT 2"]);
    assert_eq!(both.probes, [probe("a"), probe("b"), probe("c")]);
    assert_eq!(one.strictest(&one), one);
}

#[test]
fn an_operators_settings_stand_above_the_file_and_leave_the_rest() {
    let file = Limits {
        rows_per_second: Some(Limit::At(10)),
        replica_lag: Some(Limit::At(SECONDS(5))),
        probes: vec![probe("a")],
        ..Limits::default()
    };
    let operator =
        Limits { rows_per_second: Some(Limit::Off), hold_limit: Some(Limit::Off), ..Limits::default() };
    let live = operator.or(&file);
    assert_eq!((live.rows_per_second(), live.replica_lag), (None, file.replica_lag));
    assert_eq!(live.probes, file.probes);
    assert_eq!(live.hold_limit(), Duration::MAX);
}

#[test]
fn what_nobody_says_is_the_default() {
    let limits = Limits::default();
    assert_eq!((limits.rows_per_second(), limits.wal_per_second()), (None, None));
    assert_eq!((limits.blocked_for(), limits.hold_limit()), (Duration::from_millis(200), SECONDS(3600)));
    let rated = Limits { wal_per_second: Some(Limit::At(7)), ..Limits::DEFAULTS };
    assert_eq!(rated.without_rates(), Limits::DEFAULTS);
}
