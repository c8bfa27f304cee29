//! A rule of hours from its text.

use croner::Cron;
use jiff::civil::{Date, Time};

use super::{Days, LAST, LONGEST_CRON, Span, Times};
use crate::model::parse_duration;

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Reads a rule; the error says what is wrong with it.
pub(super) fn span(text: &str) -> Result<Span, String> {
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if let Some(pattern) = after("cron ", text) {
        return cron(pattern);
    }
    let (days, times) = match text.rsplit_once(' ') {
        Some((days, times)) if times.contains(':') => (days.trim(), Some(times)),
        None if text.contains(':') => ("", Some(text)),
        _ => (text, None),
    };
    let times = times.map(self::times).transpose()?;
    Ok(Span::Daily { days: self::days(days)?, times })
}

/// What comes after a word, which may be written in any case.
fn after<'t>(word: &str, text: &'t str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(word.len())?;
    start.eq_ignore_ascii_case(word).then(|| rest.trim())
}

fn days(text: &str) -> Result<Days, String> {
    if let Some(days) = after("monthly ", text) {
        let (first, last) = both(days, month_day)?;
        return if first <= last { Ok(Days::Monthly(first, last)) } else { Err(backwards(days)) };
    }
    if let Some(days) = after("yearly ", text) {
        let (first, last) = both(days, month_and_day)?;
        return Ok(Days::Yearly(first, last));
    }
    match text.bytes().next() {
        // Times alone: every day.
        None => Ok(EVERY),
        Some(b'0'..=b'9') => {
            let (first, last) = both(text, date)?;
            if first <= last { Ok(Days::Dates(first, last)) } else { Err(backwards(text)) }
        }
        Some(_) if text.eq_ignore_ascii_case("daily") => Ok(EVERY),
        Some(_) => week(text),
    }
}

const EVERY: Days = Days::Week([true; 7]);

fn backwards(text: &str) -> String {
    format!("`{text}` ends before it begins")
}

/// `first..last`, or one that is both.
fn both<T: Copy>(text: &str, one: impl Fn(&str) -> Result<T, String>) -> Result<(T, T), String> {
    match text.split_once("..") {
        Some((first, last)) => Ok((one(first.trim())?, one(last.trim())?)),
        None => one(text).map(|day| (day, day)),
    }
}

fn date(text: &str) -> Result<Date, String> {
    // Of a date with a time, jiff would take the date and drop the time.
    let is_date_alone = text.len() == "2026-12-24".len();
    let date = if is_date_alone { text.parse().ok() } else { None };
    date.ok_or_else(|| format!("`{text}` is no date (2026-12-24)"))
}

/// One or two digits, and no sign.
fn digits(text: &str) -> Option<i8> {
    let are_digits = text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if are_digits { text.parse().ok() } else { None }
}

fn month_day(text: &str) -> Result<i8, String> {
    match text {
        last if last.eq_ignore_ascii_case("last") => Ok(LAST),
        _ => digits(text)
            .filter(|day| (1..=31).contains(day))
            .ok_or_else(|| format!("`{text}` is no day of a month (1 to 31, or last)")),
    }
}

fn month_and_day(text: &str) -> Result<(i8, i8), String> {
    // A leap year, so that 02-29 is a day.
    let date = date(&format!("2024-{text}"));
    date.map(|date| (date.month(), date.day())).map_err(|_| format!("`{text}` is no day of a year (12-24)"))
}

/// `Mon-Fri`, `Sat,Sun`, `Fri-Mon`.
fn week(text: &str) -> Result<Days, String> {
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (weekday(first)?, weekday(last)?),
            None => (weekday(part)?, weekday(part)?),
        };
        let mut day = first;
        days[day] = true;
        while day != last {
            day = (day + 1) % 7;
            days[day] = true;
        }
    }
    Ok(Days::Week(days))
}

fn weekday(text: &str) -> Result<usize, String> {
    let name = text.trim().to_ascii_lowercase();
    DAYS.iter()
        .position(|day| name == *day || name == day[..3])
        .ok_or_else(|| format!("`{}` is no day of the week", text.trim()))
}

fn times(text: &str) -> Result<Times, String> {
    let (written_begin, written_end) =
        text.split_once('-').ok_or_else(|| format!("`{text}` is no time from-to (22:00-05:00)"))?;
    let (begin, end) = (time(written_begin, false)?, time(written_end, true)?);
    let is_whole_day = written_end.trim() == "24:00" && begin == Time::midnight();
    if begin == end && !is_whole_day {
        return Err("it ends when it begins; write 00:00-24:00 for a whole day".to_owned());
    }
    Ok(Times { begin, end })
}

/// A time; `24:00` is the midnight at the end of a day.
fn time(text: &str, is_end: bool) -> Result<Time, String> {
    let bad = || format!("`{text}` is no time (05:00)");
    let (hour, minute) = text.trim().split_once(':').ok_or_else(bad)?;
    let number = |part: &str| digits(part).ok_or_else(bad);
    match (number(hour)?, number(minute)?) {
        (24, 0) if is_end => Ok(Time::midnight()),
        (hour, minute) => Time::new(hour, minute, 0, 0).map_err(|_| bad()),
    }
}

fn cron(text: &str) -> Result<Span, String> {
    let (pattern, length) =
        text.rsplit_once(" for ").ok_or("a cron rule says for how long it opens: `… for 7h`")?;
    let length = parse_duration(length).map_err(|error| error.to_string())?;
    let minutes = i64::try_from(length.as_secs() / 60).unwrap_or(i64::MAX);
    if !length.as_millis().is_multiple_of(60_000) {
        return Err("a cron rule opens for whole minutes".to_owned());
    }
    if !(1..=LONGEST_CRON).contains(&minutes) {
        return Err("a cron rule opens for a minute at the least and 31 days at the most".to_owned());
    }
    let pattern: Cron = pattern.trim().parse().map_err(|error| format!("{error}"))?;
    Ok(Span::Cron { pattern: Box::new(pattern), minutes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i8, minute: i8) -> Time {
        Time::new(hour, minute, 0, 0).unwrap()
    }

    fn read(text: &str) -> (Days, Option<Times>) {
        match span(text) {
            Ok(Span::Daily { days, times }) => (days, times),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn rules_read_as_written() {
        let night = Some(Times { begin: at(22, 0), end: at(5, 0) });
        let weekdays = Days::Week([true, true, true, true, true, false, false]);
        assert_eq!(read("Mon-Fri 22:00-05:00"), (weekdays.clone(), night));
        assert_eq!(read("monday-FRIDAY 22:00-05:00"), (weekdays, night));
        assert_eq!(read("22:00-05:00"), (EVERY, night));
        assert_eq!(read("daily 22:00-05:00"), (EVERY, night));
        assert_eq!(read("Sat,Sun").0, Days::Week([false, false, false, false, false, true, true]));
        assert_eq!(read("Fri-Mon").0, Days::Week([true, false, false, false, true, true, true]));
        assert_eq!(read("Sat-Sun 00:00-24:00").1, Some(Times { begin: at(0, 0), end: at(0, 0) }));
        let christmas = (jiff::civil::date(2026, 12, 24), jiff::civil::date(2026, 12, 26));
        assert_eq!(
            read("2026-12-24..2026-12-26 22:00-05:00"),
            (Days::Dates(christmas.0, christmas.1), night)
        );
        assert_eq!(read("2026-12-24").0, Days::Dates(christmas.0, christmas.0));
        assert_eq!(read("monthly 25..last").0, Days::Monthly(25, LAST));
        assert_eq!(read("monthly last").0, Days::Monthly(LAST, LAST));
        assert_eq!(read("Monthly 25..Last").0, Days::Monthly(25, LAST));
        assert_eq!(read("yearly 12-24..01-02").0, Days::Yearly((12, 24), (1, 2)));
        assert!(matches!(span("cron 0 22 * * 5L for 7h"), Ok(Span::Cron { minutes: 420, .. })));
    }

    #[test]
    fn what_is_no_rule_says_what_is_wrong_with_it() {
        for (text, wrong) in [
            ("Mo-Fri 22:00-05:00", "`Mo` is no day"),
            ("Mon-Fri 22:00", "`22:00` is no time from-to"),
            ("Mon 22:00-22:00", "it ends when it begins"),
            ("Mon 25:00-05:00", "`25:00` is no time"),
            ("Mon 24:00-05:00", "`24:00` is no time"),
            ("Mon 22:00-05:60", "`05:60` is no time"),
            ("Mon 00:00-00:00", "it ends when it begins"),
            ("Mon +5:00-06:00", "`+5:00` is no time"),
            ("2026-02-30", "`2026-02-30` is no date"),
            ("2026-12-24T10..2026-12-24T16", "`2026-12-24T10` is no date"),
            ("2026-12-24T10:00 10:00-16:00", "`2026-12-24T10:00` is no date"),
            ("2026-12-27..2026-12-23", "ends before it begins"),
            ("monthly 32", "`32` is no day of a month"),
            ("monthly +5", "`+5` is no day of a month"),
            ("monthly last..3", "ends before it begins"),
            ("yearly 13-01", "`13-01` is no day of a year"),
            ("yearly 12-24T10", "`12-24T10` is no day of a year"),
            ("cron 0 22 * * 5L", "for how long"),
            ("cron 0 99 * * * for 1h", ""),
            ("cron 0 22 * * * for 90s", "whole minutes"),
            ("cron 0 22 * * * for 90 days", "is not a duration"),
        ] {
            let problem = span(text).unwrap_err();
            assert!(problem.contains(wrong), "{text}: {problem}");
        }
        assert!(span("Sat,Sun,").is_err() && span(",").is_err());
    }
}
