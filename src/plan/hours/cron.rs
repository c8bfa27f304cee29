//! Cron patterns, a day at a time: what a pattern's times cover is the same on every day that it matches, and is worked out
//! once. To go from one time to the next instead would take minutes for `* * * * *`, and go through three thousand years
//! for the 30th of February.

use croner::{Cron, Weekday};
use jiff::civil::Date;

/// Whether the pattern has times on that day.
pub(super) fn has_day(pattern: &Cron, date: Date) -> bool {
    let (year, month, day) = (i32::from(date.year()), number(date.month()), number(date.day()));
    let weekday = Weekday::from_days_from_sunday(number(date.weekday().to_sunday_zero_offset()));
    let pattern = &pattern.pattern;
    let matches =
        [pattern.year_match(year), pattern.month_match(month), pattern.day_match(year, month, day, weekday)];
    matches.into_iter().all(|matches| matches.unwrap_or(false))
}

/// What is covered from each of the pattern's times of a day on, for so many minutes: seconds from that day's midnight, in
/// order, and in one piece where they meet.
pub(super) fn day(pattern: &Cron, minutes: i64) -> Vec<(i64, i64)> {
    let pattern = &pattern.pattern;
    let mut covered: Vec<(i64, i64)> = Vec::new();
    for hour in (0..24).filter(|hour| pattern.hour_match(*hour).unwrap_or(false)) {
        for minute in (0..60).filter(|minute| pattern.minute_match(*minute).unwrap_or(false)) {
            for second in (0..60).filter(|second| pattern.second_match(*second).unwrap_or(false)) {
                let begin = i64::from(hour * 3600 + minute * 60 + second);
                let end = begin + minutes * 60;
                match covered.last_mut() {
                    Some((_, last)) if begin <= *last => *last = end,
                    _ => covered.push((begin, end)),
                }
            }
        }
    }
    covered
}

/// A part of a date.
fn number(part: i8) -> u32 {
    u32::from(part.unsigned_abs())
}
