//! Open hours as they are written: which rules open, which close again, and by whose clock.
//!
//! ```text
//! open      Mon-Fri 22:00-05:00 · Sat,Sun · 22:00-05:00 · 2026-12-24..2026-12-26 10:00-16:00
//! blackout  monthly 25..27 · monthly last · yearly 12-24..01-02 · cron 0 22 * * 5L for 7h
//! ```
//!
//! What they mean on a given day is `plan::hours`'s.

mod parse;

use std::fmt;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// Open hours: open when a rule of `open` says so (or there is none), and no rule of `blackout`.
#[derive(Clone, Debug, PartialEq)]
pub struct Hours {
    /// When it is open; empty: always.
    pub open: Vec<Rule>,
    /// When it is closed all the same.
    pub blackout: Vec<Rule>,
    /// By whose clock.
    pub zone: TimeZone,
}

/// A rule, with the text it was read from.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// As it was written.
    pub text: String,
    /// What it says.
    pub span: Span,
}

/// The intervals that a rule stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Span {
    /// From one time of certain days to another, of the next day if that is not later.
    Daily {
        /// The days on which they begin.
        days: Days,
        /// Where they begin and end; `None`: the whole day.
        times: Option<Times>,
    },
    /// From each time that a cron pattern matches, for so many minutes.
    Cron {
        /// The pattern.
        pattern: Box<croner::Cron>,
        /// Minutes, up to those of 31 days.
        minutes: i64,
    },
}

/// The longest opening that a cron rule may have: 31 days, in minutes.
const LONGEST_CRON: i64 = 31 * 24 * 60;

/// Times of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// The beginning.
    pub begin: Time,
    /// The end; midnight, or before the beginning: that of the next day.
    pub end: Time,
}

impl Times {
    /// The end lies on the day after.
    #[must_use]
    pub fn is_over_midnight(self) -> bool {
        self.end <= self.begin
    }
}

/// Days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Days {
    /// Of the week, from Monday.
    Week([bool; 7]),
    /// Of the calendar, both included.
    Dates(Date, Date),
    /// Of each month, both included; `i8::MAX` is its last.
    Monthly(i8, i8),
    /// Of each year, as month and day, both included; may reach over New Year.
    Yearly((i8, i8), (i8, i8)),
}

/// The last day of a month, however many it has.
const LAST: i8 = i8::MAX;

impl Days {
    /// Whether a date is one of them.
    #[must_use]
    pub fn contain(&self, date: Date) -> bool {
        match self {
            Self::Week(days) => {
                usize::try_from(date.weekday().to_monday_zero_offset()).is_ok_and(|day| days[day])
            }
            Self::Dates(first, last) => (first..=last).contains(&&date),
            Self::Monthly(first, last) => {
                let day = |day: i8| day.min(date.days_in_month());
                // Where a month has no 30th, the 30th of `monthly 30` is not its 28th.
                let exists = *first == LAST || *first <= date.days_in_month();
                exists && (day(*first)..=day(*last)).contains(&date.day())
            }
            Self::Yearly(first, last) => {
                let day = (date.month(), date.day());
                if first <= last { (*first..=*last).contains(&day) } else { day >= *first || day <= *last }
            }
        }
    }
}

/// Which of the two lists an entry is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoursList {
    /// `open`
    Open,
    /// `blackout`
    Blackout,
}

impl HoursList {
    /// Its key.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Blackout => "blackout",
        }
    }
}

/// Why hours can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHours {
    /// An entry of a list.
    #[error("`{text}` is no rule of hours: {problem}")]
    Entry {
        /// The list.
        list: HoursList,
        /// Which of its entries, from 0.
        index: usize,
        /// The entry.
        text: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The zone.
    #[error("`{zone}` is no time zone")]
    Zone {
        /// As it was written.
        zone: String,
    },
}

impl BadHours {
    /// What to write.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Entry { .. } => {
                "write \"Mon-Fri 22:00-05:00\", \"Sat,Sun\", \"2026-12-23..2026-12-27\", \"monthly 25..last\", \
                 \"yearly 12-24..01-02\" or \"cron 0 22 * * 5L for 7h\""
            }
            Self::Zone { .. } => {
                "write a name like \"Europe/Berlin\", \"UTC\", or \"local\" for this machine's"
            }
        }
    }
}

impl Hours {
    /// Reads both lists and the zone: a name of the IANA database, or `local`, which is another on another host.
    pub fn parse(open: &[String], zone: &str, blackout: &[String]) -> Result<Self, BadHours> {
        let rules = |list, texts: &[String]| -> Result<Vec<Rule>, BadHours> {
            let read = |(index, text): (usize, &String)| {
                let span = parse::span(text.trim()).map_err(|problem| BadHours::Entry {
                    list,
                    index,
                    text: text.clone(),
                    problem,
                })?;
                Ok(Rule { text: text.trim().to_owned(), span })
            };
            texts.iter().enumerate().map(read).collect()
        };
        let zone = match zone {
            "local" => TimeZone::system(),
            name => TimeZone::get(name).map_err(|_| BadHours::Zone { zone: name.to_owned() })?,
        };
        Ok(Self {
            open: rules(HoursList::Open, open)?,
            blackout: rules(HoursList::Blackout, blackout)?,
            zone,
        })
    }

    /// The zone's name, for people.
    #[must_use]
    pub fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("local time")
    }
}

/// `Mon-Fri 22:00-05:00, Sat-Sun (Europe/Berlin)`: the openings.
impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<&str> = self.open.iter().map(|rule| rule.text.as_str()).collect();
        match texts.as_slice() {
            [] => write!(f, "always ({})", self.zone_name()),
            texts => write!(f, "{} ({})", texts.join(", "), self.zone_name()),
        }
    }
}
