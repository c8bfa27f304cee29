//! `[log]`: what is written of the work, where and how.

use std::path::PathBuf;

use tracing_subscriber::EnvFilter;

use super::Environment;
use crate::manifest::{DocumentError, Section, nearest};

/// What is written of the work, where and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogSettings {
    /// Where to; `None`: nowhere.
    pub to: Option<LogTo>,
    /// How each line is written.
    pub format: LogFormat,
    /// What is written: a level, or levels by target; `None`: [`LogSettings::DEFAULT_LEVEL`].
    pub level: Option<String>,
}

/// Where the log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogTo {
    /// Standard error, in the place of what is said there otherwise.
    Stderr,
    /// A file, at its end.
    File(PathBuf),
}

/// How each line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// An object a line.
    Json,
}

/// The keys of the table.
pub(super) const KEYS: &[&str] = &["to", "format", "level"];

/// What `--log` and `to` call standard error.
const STDERR: &str = "-";

/// The variable that says what is written, above the file.
const VARIABLE: &str = "LONGHAUL_LOG";

const FORMATS: [(&str, LogFormat); 2] = [("text", LogFormat::Text), ("json", LogFormat::Json)];

impl LogSettings {
    /// Changes of state, and what needs a person.
    pub const DEFAULT_LEVEL: &str = "info";

    /// What the file says.
    pub(super) fn read(root: &Section<'_>, environment: &Environment) -> Result<Self, DocumentError> {
        let mut settings = match root.section("log")? {
            Some(section) => Self::read_section(&section)?,
            None => Self::default(),
        };
        // One that can't be understood is passed over: it may be meant for another program of that name.
        let level = environment.get(VARIABLE).filter(|text| is_level(text));
        settings.level = level.map(str::to_owned).or(settings.level);
        Ok(settings)
    }

    fn read_section(section: &Section<'_>) -> Result<Self, DocumentError> {
        section.only(KEYS)?;
        let format = match section.text("format")? {
            None => LogFormat::default(),
            Some(written) => {
                let known = FORMATS.iter().find(|(word, _)| *word == written.value);
                known.map(|(_, format)| *format).ok_or_else(|| {
                    let near = nearest(&written.value, FORMATS.iter().map(|(word, _)| *word));
                    let hint = near.map_or_else(
                        || "`format` is \"text\" or \"json\"".to_owned(),
                        |near| format!("did you mean `{near}`?"),
                    );
                    section.complain(
                        &written,
                        format!("`{}` is no format of a log", written.value),
                        Some(hint),
                    )
                })?
            }
        };
        let level = section.text("level")?;
        if let Some(written) = level.as_ref().filter(|written| !is_level(&written.value)) {
            let message = format!("`{}` is no level of a log", written.value);
            let hint =
                "error, warn, info, debug or trace; or levels by target: \"info,longhaul::batch=debug\"";
            return Err(section.complain(written, message, Some(hint.to_owned())));
        }
        let to = match section.text("to")? {
            None => None,
            Some(written) if written.value.trim().is_empty() => {
                let hint = "name a file, or \"-\" for standard error";
                return Err(section.complain(&written, "`to` is empty", Some(hint.to_owned())));
            }
            Some(written) => Some(LogTo::named(&written.value)),
        };
        Ok(Self { to, format, level: level.map(|level| level.value) })
    }
}

impl LogTo {
    /// What `--log` names.
    #[must_use]
    pub fn named(text: &str) -> Self {
        if text == STDERR { Self::Stderr } else { Self::File(PathBuf::from(text)) }
    }
}

fn is_level(text: &str) -> bool {
    let known = |directive: &str| {
        let level = directive.rsplit('=').next().unwrap_or_default().trim();
        ["error", "warn", "info", "debug", "trace", "off"].contains(&level.to_ascii_lowercase().as_str())
    };
    !text.trim().is_empty() && text.split(',').all(known) && EnvFilter::try_new(text).is_ok()
}
