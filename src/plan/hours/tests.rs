use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;

use super::*;
use crate::model::Span;
use crate::model::slips::nearly;

const ZONES: &[&str] = &[
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/St_Johns",
    "America/Havana",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Antarctica/Troll",
    "Africa/Casablanca",
    "Africa/El_Aaiun",
    "Asia/Tehran",
    "Asia/Kathmandu",
    "UTC",
];

fn hours(open: &[&str], zone: &str, blackout: &[&str]) -> Hours {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    Hours::parse(&owned(open), zone, &owned(blackout)).unwrap()
}

fn schedule(open: &[&str], zone: &str, blackout: &[&str]) -> Schedule {
    [("the job", hours(open, zone, blackout))].into_iter().collect()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Each change in a time, as the wall clock shows it: `open Mon 22:00`.
fn changes(schedule: &Schedule, from: &str, to: &str) -> Vec<String> {
    let (mut now, to) = (at(from), at(to));
    let mut told = Vec::new();
    loop {
        let (until, word) = match schedule.at(now) {
            Opening::Open { until } => (until, "shut"),
            Opening::Closed { until, .. } => (until, "open"),
        };
        let Some(until) = until.filter(|until| *until < to) else { return told };
        told.push(until.to_zoned(schedule.zone()).strftime(&format!("{word} %a %H:%M %Z")).to_string());
        now = until;
    }
}

#[test]
fn between_two_times_the_open_hours_are_counted() {
    let nights = schedule(&["Mon-Fri 22:00-05:00"], "Europe/Berlin", &[]);
    let open = |from, to| nights.open_between(at(from), at(to)).unwrap().as_secs();
    assert_eq!(open("2026-11-25T12:00Z", "2026-11-25T20:00Z"), 0);
    assert_eq!(open("2026-11-25T20:00Z", "2026-11-25T21:30Z"), 1800);
    assert_eq!(open("2026-11-25T12:00Z", "2026-11-27T12:00Z"), 14 * 3600);
    let always = Schedule::default();
    assert_eq!(
        always.open_between(at("2026-11-25T12:00Z"), at("2026-11-25T13:00Z")).unwrap().as_secs(),
        3600
    );
    assert_eq!(always.open_between(at("2026-11-25T12:00Z"), at("2026-11-25T11:00Z")).unwrap().as_secs(), 0);
}

#[test]
fn a_week_of_nights_and_a_weekend_is_one_opening_from_friday_on() {
    let nights = schedule(&["Mon-Fri 22:00-05:00", "Sat-Sun 00:00-24:00"], "Europe/Berlin", &[]);
    assert_eq!(
        changes(&nights, "2026-11-25T12:00Z", "2026-12-01T12:00Z"),
        [
            "open Wed 22:00 CET",
            "shut Thu 05:00 CET",
            "open Thu 22:00 CET",
            "shut Fri 05:00 CET",
            "open Fri 22:00 CET",
            "shut Mon 00:00 CET",
            "open Mon 22:00 CET",
            "shut Tue 05:00 CET",
        ]
    );
}

#[test]
fn where_the_clock_is_set_back_it_opens_late_and_shuts_early() {
    // 2026-10-25: 03:00 CEST is 02:00 CET.
    let day = ("2026-10-24T12:00Z", "2026-10-25T12:00Z");
    let early = schedule(&["22:00-02:30"], "Europe/Berlin", &[]);
    assert_eq!(changes(&early, day.0, day.1), ["open Sat 22:00 CEST", "shut Sun 02:30 CEST"]);
    let late = schedule(&["02:30-05:00"], "Europe/Berlin", &[]);
    assert_eq!(changes(&late, day.0, day.1), ["open Sun 02:30 CET", "shut Sun 05:00 CET"]);
}

#[test]
fn where_the_clock_is_set_forward_times_left_out_are_the_moment_of_the_change() {
    // 2026-03-29: 02:00 CET is 03:00 CEST.
    let day = ("2026-03-28T12:00Z", "2026-03-29T12:00Z");
    let early = schedule(&["22:00-02:30"], "Europe/Berlin", &[]);
    assert_eq!(changes(&early, day.0, day.1), ["open Sat 22:00 CET", "shut Sun 03:00 CEST"]);
    let late = schedule(&["02:30-05:00"], "Europe/Berlin", &[]);
    assert_eq!(changes(&late, day.0, day.1), ["open Sun 03:00 CEST", "shut Sun 05:00 CEST"]);
    let gone = schedule(&["02:10-02:50"], "Europe/Berlin", &[]);
    assert!(changes(&gone, day.0, day.1).is_empty());
}

#[test]
fn a_blackout_cuts_a_night_at_midnight_and_says_why() {
    let payroll = schedule(&["22:00-05:00"], "Europe/Berlin", &["2026-12-24", "monthly 25..27"]);
    assert_eq!(
        changes(&payroll, "2026-12-23T12:00Z", "2026-12-28T06:00Z"),
        ["open Wed 22:00 CET", "shut Thu 00:00 CET", "open Mon 00:00 CET", "shut Mon 05:00 CET"]
    );
    let Opening::Closed { reason, until } = payroll.at(at("2026-12-25T22:30Z")) else { panic!() };
    assert_eq!(reason, "blackout monthly 25..27 of the job (Europe/Berlin)");
    assert_eq!(until, Some(at("2026-12-27T23:00Z")));
    let Opening::Closed { reason, .. } = payroll.at(at("2026-12-22T11:00Z")) else { panic!() };
    assert_eq!(reason, "the hours of the job are 22:00-05:00 (Europe/Berlin)");
}

#[test]
fn where_the_clock_is_set_back_a_blackout_begins_early_and_ends_late() {
    // 2026-10-25: 03:00 CEST is 02:00 CET.
    let day = ("2026-10-24T12:00Z", "2026-10-25T12:00Z");
    let late = schedule(&[], "Europe/Berlin", &["02:30-05:00"]);
    assert_eq!(changes(&late, day.0, day.1), ["shut Sun 02:30 CEST", "open Sun 05:00 CET"]);
    let early = schedule(&[], "Europe/Berlin", &["01:00-02:30"]);
    assert_eq!(changes(&early, day.0, day.1), ["shut Sun 01:00 CEST", "open Sun 02:30 CET"]);
    let within = schedule(&[], "Europe/Berlin", &["02:10-02:50"]);
    assert_eq!(changes(&within, day.0, day.1), ["shut Sun 02:10 CEST", "open Sun 02:50 CET"]);
    // 2026-11-01: 01:00 CDT is 00:00 CST, so a day has two midnights, and a blackout of days no hole between them.
    let days = schedule(&[], "America/Havana", &["2026-10-30..2026-11-02"]);
    assert_eq!(
        changes(&days, "2026-10-29T00:00Z", "2026-11-05T00:00Z"),
        ["shut Fri 00:00 CDT", "open Tue 00:00 CST"]
    );
}

#[test]
fn months_end_when_they_end() {
    let last = schedule(&["monthly last"], "UTC", &[]);
    assert_eq!(
        changes(&last, "2026-02-01T00:00Z", "2026-04-02T00:00Z"),
        ["open Sat 00:00 UTC", "shut Sun 00:00 UTC", "open Tue 00:00 UTC", "shut Wed 00:00 UTC"]
    );
    assert_eq!(schedule(&["monthly 31"], "UTC", &[]).at(at("2026-04-10T00:00Z")), {
        let reason = "the hours of the job are monthly 31 (UTC)".to_owned();
        Opening::Closed { until: Some(at("2026-05-31T00:00Z")), reason }
    });
}

#[test]
fn cron_rules_open_for_as_long_as_they_say() {
    // The last Friday of a month, from 22:00 on.
    let fridays = schedule(&["cron 0 22 * * 5L for 7h"], "Europe/Berlin", &[]);
    assert_eq!(
        changes(&fridays, "2026-11-01T00:00Z", "2026-12-31T00:00Z"),
        ["open Fri 22:00 CET", "shut Sat 05:00 CET", "open Fri 22:00 CET", "shut Sat 05:00 CET"]
    );
}

#[test]
fn cron_rules_are_looked_through_in_no_time_however_often_or_seldom_they_match() {
    let now = at("2026-11-26T10:00Z");
    for always in ["cron * * * * * for 1m", "cron * * * * * * for 1m", "cron 0 * * * * for 1h"] {
        assert_eq!(schedule(&[always], "UTC", &[]).at(now), Opening::Open { until: None }, "{always}");
    }
    for never in ["cron 0 22 30 2 * for 7h", "cron 0 0 22 1 1 * 2020 for 7h"] {
        let opening = schedule(&[never], "UTC", &[]).at(now);
        assert!(matches!(opening, Opening::Closed { until: None, .. }), "{never}: {opening:?}");
    }
    let leap = schedule(&["cron 0 22 29 2 * for 7h"], "UTC", &[]).at(now);
    assert!(matches!(leap, Opening::Closed { until: Some(until), .. } if until == at("2028-02-29T22:00Z")));
}

#[test]
fn what_never_opens_again_says_so() {
    let past = schedule(&["2020-01-01"], "UTC", &[]);
    assert!(matches!(past.at(at("2026-01-01T00:00Z")), Opening::Closed { until: None, .. }));
    assert_eq!(past.finish(at("2026-01-01T00:00Z"), Duration::from_secs(1)), None);
    assert_eq!(Schedule::default().at(at("2026-01-01T00:00Z")), Opening::Open { until: None });
}

#[test]
fn the_strictest_wins() {
    let both: Schedule = [
        ("the job", hours(&["22:00-05:00"], "Europe/Berlin", &[])),
        ("the configuration", hours(&["23:00-07:00"], "Europe/Berlin", &[])),
    ]
    .into_iter()
    .collect();
    assert_eq!(
        changes(&both, "2026-11-25T12:00Z", "2026-11-26T12:00Z"),
        ["open Wed 23:00 CET", "shut Thu 05:00 CET"]
    );
}

#[test]
fn times_read_well() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let now = at("2026-11-25T12:00Z");
    let told = |text| describe_time(at(text), now, &zone);
    assert_eq!(told("2026-11-25T21:00Z"), "today 22:00");
    assert_eq!(told("2026-11-26T04:00Z"), "tomorrow 05:00");
    assert_eq!(told("2026-11-28T02:40Z"), "Saturday 03:40");
    assert_eq!(told("2026-12-28T21:00Z"), "2026-12-28 22:00");
    assert_eq!(told("2026-11-24T21:00Z"), "2026-11-24 22:00");
    let both = (at("2026-11-28T02:40Z"), at("2026-11-28T03:20Z"));
    assert_eq!(describe_times(both, now, &zone), "Saturday 03:40 to 04:20");
}

fn rule() -> impl Strategy<Value = String> {
    let days = prop::sample::select(vec![
        "",
        "Mon-Fri ",
        "Sat,Sun ",
        "Fri-Mon ",
        "monthly 25..last ",
        "yearly 12-24..01-02 ",
        "2011-12-28..2012-01-03 ",
    ]);
    let time = (0..24_u32, prop::sample::select(vec![0, 15, 30, 59]));
    (days, time.clone(), time, prop::bool::weighted(0.2)).prop_filter_map(
        "it must not end when it begins",
        |(days, begin, end, is_whole_day)| {
            if is_whole_day && !days.is_empty() {
                return Some(days.trim_end().to_owned());
            }
            let text = format!("{days}{:02}:{:02}-{:02}:{:02}", begin.0, begin.1, end.0, end.1);
            (begin != end).then_some(text)
        },
    )
}

fn some_hours() -> impl Strategy<Value = Hours> {
    (prop::collection::vec(rule(), 0..4), prop::sample::select(ZONES), prop::collection::vec(rule(), 0..2))
        .prop_map(|(open, zone, blackout)| Hours::parse(&open, zone, &blackout).unwrap())
}

/// A blackout alone, small hours or whole days, and an instant near a change of its clock: most clocks are changed at night.
fn blackout_at_a_change() -> impl Strategy<Value = (Hours, Timestamp)> {
    let time = || (0..5_u32, prop::sample::select(vec![0, 15, 30, 59]));
    let small_hours = (time(), time()).prop_filter_map("it must not end when it begins", |(begin, end)| {
        let text = format!("{:02}:{:02}-{:02}:{:02}", begin.0, begin.1, end.0, end.1);
        (begin != end).then_some(text)
    });
    let days = prop::sample::select(vec!["Sat-Sun", "Sun", "monthly 1..3", "2011-12-28..2012-01-03"]);
    (prop_oneof![3 => small_hours, 1 => days.prop_map(str::to_owned)], prop::sample::select(ZONES))
        .prop_flat_map(|(rule, zone)| {
            let hours = Hours::parse(&[], zone, &[rule]).unwrap();
            let near = near_change_of(hours.zone.clone(), 7_200);
            (Just(hours), near)
        })
}

/// Instants within so many seconds of a change of the clock.
fn near_change_of(zone: TimeZone, seconds: i64) -> impl Strategy<Value = Timestamp> {
    (0..12_usize, -seconds..seconds).prop_map(move |(skip, off)| {
        let from = at("2011-06-01T00:00Z");
        let change = zone.following(from).nth(skip).map_or(from, |change| change.timestamp());
        change + SignedDuration::from_secs(off)
    })
}

/// Instants near a change of some clock, and any others.
fn instant() -> impl Strategy<Value = Timestamp> {
    let near = prop::sample::select(ZONES)
        .prop_flat_map(|zone| near_change_of(TimeZone::get(zone).unwrap(), 180_000));
    let any = (1_300_000_000..1_900_000_000_i64).prop_map(|second| Timestamp::from_second(second).unwrap());
    prop_oneof![3 => near, 1 => any]
}

/// Hours, and an instant near a change of their own clock: one of another zone's is hardly ever within what is shown twice.
fn hours_at_a_change() -> impl Strategy<Value = (Hours, Timestamp)> {
    some_hours().prop_flat_map(|hours| {
        let near = near_change_of(hours.zone.clone(), 7_200);
        (Just(hours), prop_oneof![3 => near.boxed(), 1 => instant().boxed()])
    })
}

fn shows(rule: &Span, wall: DateTime) -> bool {
    let Span::Daily { days, times } = rule else { return false };
    let Some(times) = times else { return days.contain(wall.date()) };
    let within = |time: Time| {
        if times.is_over_midnight() { time >= times.begin } else { (times.begin..times.end).contains(&time) }
    };
    let yesterday = wall.date().saturating_sub(1.day());
    (days.contain(wall.date()) && within(wall.time()))
        || (times.is_over_midnight() && days.contain(yesterday) && wall.time() < times.end)
}

/// One of each kind.
const RULES: &[&str] = &[
    "Mon-Fri 22:00-05:00",
    "Sat,Sun",
    "22:00-05:00",
    "daily 00:00-24:00",
    "2026-12-23..2026-12-27 10:00-16:00",
    "9999-12-31",
    "monthly 25..last",
    "monthly 31",
    "yearly 12-24..01-02",
    "yearly 02-29 23:59-23:58",
    "cron 0 22 * * 5L for 7h",
    "cron */5 9-17 1,15W 2 MON-FRI for 1m",
    "cron @daily for 744h",
];

/// Five fields, or six, with days of both kinds that there are in every year.
fn cron_pattern() -> impl Strategy<Value = String> {
    let time = "([*]|[*]/[1-9]|[0-9]|1[0-9](,2[0-3])?|[1-7]-1[0-9])";
    (
        prop::option::of(time),
        time,
        time,
        "([*]|[1-9]|1[0-9]|1-7|L|15W|LW|[*]/7)",
        "([*]|[1-9]|1[0-2]|3-5)",
        "([*]|[0-7]|1-5|5L|1#1|MON,TUE)",
    )
        .prop_map(|(second, minute, hour, day, month, weekday)| {
            let second = second.map(|second| second + " ").unwrap_or_default();
            format!("{second}{minute} {hour} {day} {month} {weekday}")
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whenever_it_is_open_the_wall_clock_shows_an_open_time_and_no_blackout((hours, now) in hours_at_a_change()) {
        let wall = now.to_zoned(hours.zone.clone()).datetime();
        let open = matches!(Schedule::from_iter([("x", hours.clone())]).at(now), Opening::Open { .. });
        if open {
            prop_assert!(hours.open.is_empty() || hours.open.iter().any(|rule| shows(&rule.span, wall)), "{wall}");
            prop_assert!(!hours.blackout.iter().any(|rule| shows(&rule.span, wall)), "{wall} is in a blackout");
        }
        // Where no clock is changed nearby, the wall clock alone tells.
        let day = SignedDuration::from_hours(72);
        let before = (now - day).to_zoned(hours.zone.clone()).offset();
        let after = (now + day).to_zoned(hours.zone.clone()).offset();
        let steady = before == after && hours.zone.following(now - day).next().is_none_or(|c| c.timestamp() > now + day);
        if steady {
            let shown = hours.open.is_empty() || hours.open.iter().any(|rule| shows(&rule.span, wall));
            let shut = hours.blackout.iter().any(|rule| shows(&rule.span, wall));
            prop_assert_eq!(open, shown && !shut, "{}", wall);
        }
    }

    #[test]
    fn while_the_wall_clock_shows_a_blackout_it_is_closed((hours, now) in blackout_at_a_change()) {
        let wall = now.to_zoned(hours.zone.clone()).datetime();
        let shown = hours.blackout.iter().any(|rule| shows(&rule.span, wall));
        let open = matches!(Schedule::from_iter([("x", hours)]).at(now), Opening::Open { .. });
        prop_assert!(!(shown && open), "{wall} is in a blackout");
    }

    #[test]
    fn at_the_time_it_names_it_changes_and_not_before((hours, now) in hours_at_a_change()) {
        let schedule = Schedule::from_iter([("x", hours)]);
        let is_open = |at| matches!(schedule.at(at), Opening::Open { .. });
        let (Opening::Open { until } | Opening::Closed { until, .. }) = schedule.at(now);
        if let Some(until) = until {
            prop_assert!(until > now);
            prop_assert_ne!(is_open(until), is_open(now));
            let before = until - SignedDuration::from_millis(1);
            prop_assert_eq!(is_open(before.max(now)), is_open(now));
        }
    }

    #[test]
    fn a_cron_rule_is_open_when_a_rule_of_days_and_times_that_says_the_same_is(
        (minute, hour) in (0..60_u32, 0..24_u32), length in 1..1440_u32, zone in prop::sample::select(ZONES),
        closes in any::<bool>(), now in instant(),
    ) {
        let end = hour * 60 + minute + length;
        let cron = format!("cron {minute} {hour} * * 1-5 for {length}m");
        let daily = format!("Mon-Fri {hour:02}:{minute:02}-{:02}:{:02}", end / 60 % 24, end % 60);
        let is_open = |rule: &str| {
            let hours = if closes { schedule(&[], zone, &[rule]) } else { schedule(&[rule], zone, &[]) };
            matches!(hours.at(now), Opening::Open { .. })
        };
        prop_assert_eq!(is_open(&cron), is_open(&daily), "{} and {}", cron, daily);
    }

    #[test]
    fn a_cron_rule_begins_whenever_its_pattern_matches_the_wall_clock(
        pattern in cron_pattern(), minutes in 1..4000_i64, now in instant(),
    ) {
        let hours = hours(&[&format!("cron {pattern} for {minutes}m")], "UTC", &[]);
        let Span::Cron { pattern: cron, .. } = &hours.open[0].span else { panic!("{pattern} is a pattern") };
        let wall = now.to_zoned(TimeZone::UTC);
        let latest = cron.find_previous_occurrence(&wall, true).unwrap();
        let shown = wall.timestamp().duration_since(latest.timestamp()) < SignedDuration::from_mins(minutes);
        prop_assert_eq!(is_open(&hours, now), shown, "{} for {}", pattern, minutes);
    }

    #[test]
    fn no_rule_and_no_zone_makes_it_panic_whenever_it_is(
        rule in nearly(RULES), zone in nearly(&["Europe/Berlin", "UTC", "local", "Etc/GMT+12"]), closes in any::<bool>(),
        now in prop_oneof![4 => instant(), 1 => prop::sample::select(&[Timestamp::MIN, Timestamp::MAX][..])],
    ) {
        let (rules, none) = (vec![rule], Vec::new());
        let (open, blackout) = if closes { (&none, &rules) } else { (&rules, &none) };
        let _ = Hours::parse(open, &zone, blackout).map_err(|error| error.to_string());
        if let Ok(hours) = Hours::parse(open, "Europe/Berlin", blackout) {
            let schedule = Schedule::from_iter([("x", hours)]);
            let _ = (schedule.at(now), schedule.finish(now, Duration::from_hours(3)));
        }
    }

    #[test]
    fn several_are_open_when_each_is(one in some_hours(), other in some_hours(), now in instant()) {
        let is_open = |hours: Vec<Hours>| {
            let schedule: Schedule = hours.into_iter().map(|hours| ("x", hours)).collect();
            matches!(schedule.at(now), Opening::Open { .. })
        };
        prop_assert_eq!(is_open(vec![one.clone(), other.clone()]), is_open(vec![one]) && is_open(vec![other]));
    }

    #[test]
    fn work_is_done_in_open_time_only_and_all_of_it((hours, now) in hours_at_a_change(), minutes in 1..6000_u64) {
        let schedule = Schedule::from_iter([("x", hours)]);
        let work = Duration::from_secs(minutes * 60);
        if let Some(end) = schedule.finish(now, work) {
            let (mut from, mut open) = (now, SignedDuration::ZERO);
            while from < end {
                let (until, is_open) = match schedule.at(from) {
                    Opening::Open { until } => (until, true),
                    Opening::Closed { until, .. } => (until, false),
                };
                let until = until.map_or(end, |until| until.min(end));
                if is_open {
                    open += until.duration_since(from);
                }
                from = until;
            }
            prop_assert_eq!(open, SignedDuration::try_from(work).unwrap());
        }
    }
}
