//! What `longhaul set` stores, for one run or for the whole database: a small TOML document with keys of a job's file and of
//! the configuration, so that there is one way to write a limit and one place that reads it.

use std::path::Path;
use std::time::Duration;

use toml::{Table, Value};

use super::document::{Document, DocumentError, Section, nearest};
use super::{hours_section, limits_section};
use crate::model::{Hours, Limits, parse_duration};
use crate::plan::scale::Bounds;

/// Settings that can be changed while work goes on. What is `None` is as the file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LiveSettings {
    /// Workers of each process.
    pub workers: Option<Bounds>,
    /// How long a batch should take.
    pub target: Option<Duration>,
    /// `[limits]`
    pub limits: Limits,
    /// `[hours]`, which replace those of the file.
    pub hours: Option<Hours>,
}

/// Why a setting isn't taken.
#[derive(Debug, thiserror::Error)]
pub enum BadSetting {
    /// It is no assignment.
    #[error("`{text}` is no setting")]
    NoAssignment {
        /// As it was written.
        text: String,
    },
    /// The key is not known.
    #[error("there is no setting `{key}`")]
    UnknownKey {
        /// As it was written.
        key: String,
        /// The nearest that is.
        nearest: Option<&'static str>,
    },
    /// The value doesn't fit, or what is stored doesn't.
    #[error("{}", .0.message)]
    Value(DocumentError),
}

impl BadSetting {
    /// What to write.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoAssignment { .. } => {
                Some("write key=value, like rows_per_second=5000; key= takes a setting back".to_owned())
            }
            Self::UnknownKey { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            Self::UnknownKey { .. } => {
                Some(format!("the settings are {}", setting_keys().collect::<Vec<_>>().join(", ")))
            }
            Self::Value(error) => error.hint.clone(),
        }
    }
}

/// Keys at the top.
const TOP: &[&str] = &["workers", "target"];
/// Keys under `[hours]`; the lists are written with `;` between their entries.
const HOURS: &[&str] = &["open", "blackout", "zone"];

/// Every setting, by its key.
pub fn setting_keys() -> impl Iterator<Item = &'static str> {
    TOP.iter().chain(HOURS).chain(limits_section::LIMITS_KEYS).copied().filter(|key| *key != "probe")
}

impl LiveSettings {
    /// Reads what is stored.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        let document = Document::parse(Path::new("set"), text)?;
        let root = document.root();
        root.only(&["workers", "target", "limits", "hours"])?;
        let target = match root.text("target")? {
            None => None,
            Some(target) => Some(
                parse_duration(&target.value)
                    .map_err(|error| root.complain(&target, error.to_string(), None))?,
            ),
        };
        let limits = root.section("limits")?.map(|section| limits_section::limits(&section)).transpose()?;
        Ok(Self {
            workers: worker_bounds(&root)?,
            target,
            limits: limits.unwrap_or_default(),
            hours: hours_section::hours(&root)?,
        })
    }

    /// The stored text with assignments applied; `key=` takes a setting back. An error leaves everything as it was.
    pub fn change(stored: &str, assignments: &[String]) -> Result<String, BadSetting> {
        let mut table: Table = stored.parse().unwrap_or_default();
        for assignment in assignments {
            let no_assignment = || BadSetting::NoAssignment { text: assignment.clone() };
            let (key, value) = assignment.split_once('=').ok_or_else(no_assignment)?;
            let (key, value) = (key.trim(), value.trim());
            let unknown =
                || BadSetting::UnknownKey { key: key.to_owned(), nearest: nearest(key, setting_keys()) };
            let section = if TOP.contains(&key) {
                None
            } else if HOURS.contains(&key) {
                Some("hours")
            } else if setting_keys().any(|known| known == key) {
                Some("limits")
            } else {
                return Err(unknown());
            };
            let home = match section {
                None => &mut table,
                Some(name) => {
                    let home = table.entry(name).or_insert_with(|| Value::Table(Table::new()));
                    home.as_table_mut().ok_or_else(unknown)?
                }
            };
            if value.is_empty() {
                home.remove(key);
            } else {
                home.insert(key.to_owned(), read(key, value));
            }
        }
        table.retain(|_, value| value.as_table().is_none_or(|section| !section.is_empty()));
        let text = table.to_string();
        Self::parse(&text).map_err(BadSetting::Value)?;
        Ok(text)
    }
}

/// A value as a file would have it: counts are numbers, lists are lists, all else is text.
fn read(key: &str, value: &str) -> Value {
    if matches!(key, "open" | "blackout") {
        return Value::Array(value.split(';').map(|entry| Value::String(entry.trim().to_owned())).collect());
    }
    match value.replace(['_', ','], "").parse::<i64>() {
        Ok(number) if key != "workers" => Value::Integer(number),
        _ => Value::String(value.to_owned()),
    }
}

/// `workers`: a number, or `"1..8"` to have it follow the load.
pub fn worker_bounds(root: &Section<'_>) -> Result<Option<Bounds>, DocumentError> {
    let written = match root.count("workers") {
        Ok(number) => number.map(|number| number.map(|number| number.to_string())),
        Err(_) => root.text("workers")?,
    };
    let Some(written) = written else { return Ok(None) };
    parse_worker_bounds(&written.value).map(Some).map_err(|message| root.complain(&written, message, None))
}

/// Reads `3`, or `1..8`. Bounds: from 1 to [`MOST_WORKERS`].
pub fn parse_worker_bounds(text: &str) -> Result<Bounds, String> {
    let bad = || {
        format!(
            "`{text}` is no number of workers: write one from 1 to {MOST_WORKERS}, or 1..8 to follow the load"
        )
    };
    let number = |text: &str| -> Result<u32, String> {
        let number = text.trim().parse().map_err(|_| bad())?;
        if (1..=MOST_WORKERS).contains(&number) { Ok(number) } else { Err(bad()) }
    };
    match text.split_once("..") {
        None => number(text).map(Bounds::fixed),
        Some((least, most)) => {
            let bounds = Bounds { least: number(least)?, most: number(most)? };
            if bounds.least <= bounds.most { Ok(bounds) } else { Err(bad()) }
        }
    }
}

/// Workers of one process at the most: more have never helped anybody, and each is a connection.
pub const MOST_WORKERS: u32 = 32;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::slips::nearly;

    fn changed(stored: &str, assignments: &[&str]) -> Result<String, BadSetting> {
        let assignments: Vec<String> = assignments.iter().map(|text| (*text).to_owned()).collect();
        LiveSettings::change(stored, &assignments)
    }

    #[test]
    fn settings_are_stored_as_a_file_would_have_them_and_taken_back() {
        let text = changed(
            "",
            &[
                "rows_per_second=20,000",
                "workers=1..4",
                "target=200ms",
                "open=Mon-Fri 22:00-05:00; Sat",
                "zone=UTC",
            ],
        )
        .unwrap();
        let settings = LiveSettings::parse(&text).unwrap();
        assert_eq!(settings.limits.rows_per_second(), Some(20_000));
        assert_eq!(settings.workers, Some(Bounds { least: 1, most: 4 }));
        assert_eq!(settings.target, Some(Duration::from_millis(200)));
        assert_eq!(settings.hours.unwrap().open.len(), 2);
        let text = changed(&text, &["rows_per_second=", "open=", "zone=", "workers=", "target="]).unwrap();
        assert_eq!(text, "");
    }

    #[test]
    fn what_can_not_be_meant_is_refused_with_what_can() {
        let hint = |assignment| changed("", &[assignment]).unwrap_err().hint().unwrap();
        let why = |assignment| changed("", &[assignment]).unwrap_err().to_string();
        assert!(hint("rows_per_secnd=1").contains("rows_per_second"));
        assert!(hint("faster").contains("key=value"));
        assert!(why("workers=0").contains("1..8"));
        assert!(why("workers=5..2").contains("1..8"));
        assert!(changed("", &["target=fast"]).is_err());
        assert!(changed("", &["open=Mon 22:00-05:00"]).unwrap_err().hint().unwrap().contains("zone"));
    }

    proptest! {
        #[test]
        fn no_assignment_makes_it_panic_and_what_is_taken_reads_back(
            stored in nearly(&["", "workers = \"1..4\"\n[limits]\nrows_per_second = 7\n", "limits = 7\nhours = []\n"]),
            assignment in nearly(&[
                "rows_per_second=20,000",
                "workers=1..4",
                "target=200ms",
                "open=Mon-Fri 22:00-05:00; cron 0 22 * * 5L for 7h",
                "zone=UTC",
                "free_disk=2%",
                "replica_lag=off",
                "hours=",
                "limits=1",
            ]),
        ) {
            match LiveSettings::change(&stored, &[assignment]) {
                Ok(text) => prop_assert!(LiveSettings::parse(&text).is_ok(), "{}", text),
                Err(error) => drop((error.to_string(), error.hint())),
            }
        }
    }
}
