//! What people are told of while nobody looks: the kinds of alerts, and the message that is sent.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What an alert tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// A run or a revision failed, or a run paused by itself.
    Failed,
    /// No batch is done though nothing holds the run, or no process is at work where one ought to be.
    Stalled,
    /// Something holds a run for too long.
    Held,
    /// A run takes longer than it may, or than its forecast says.
    Running,
    /// More rows are in quarantine than are tolerated without a word.
    Quarantine,
    /// The hours of an unfinished run opened and closed, and no batch was done.
    WindowMissed,
    /// Files say something else than what was applied.
    Drift,
    /// A query of the application has become slower by a run or a revision.
    Slower,
    /// A run is done.
    Finished,
    /// Something is being undone.
    Rollback,
}

/// Whether it begins or is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertStatus {
    /// It is so, or has happened.
    Firing,
    /// It is over.
    Resolved,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A person must act.
    Critical,
    /// A person should look.
    Warning,
    /// Good to know.
    Info,
}

/// From when on a condition is worth a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertThresholds {
    /// Held for so long.
    pub held_for: Duration,
    /// No batch for so long.
    pub stalled_for: Duration,
    /// At work for so long, of the time in which its hours were open; `None`: the upper end of its forecast, where there is one.
    pub running_for: Option<Duration>,
    /// More rows than these in a run's quarantine.
    pub quarantine_above: u64,
}

/// What is sent: the JSON of a webhook, and what a template may name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertMessage {
    /// The form of this message: 1.
    pub version: u32,
    /// The name of the `[[alert]]`.
    pub alert: String,
    /// What it tells of.
    pub kind: AlertKind,
    /// Whether it begins or is over.
    pub status: AlertStatus,
    /// How bad it is.
    pub severity: Severity,
    /// The same for all messages about one thing: what a receiver tells repetitions by.
    pub id: String,
    /// A few words.
    pub title: String,
    /// A sentence. Never a row's values.
    pub message: String,
    /// The job's name.
    pub job: Option<String>,
    /// The run.
    pub run: Option<i64>,
    /// The table.
    pub table: Option<String>,
    /// The revision.
    pub revision: Option<String>,
    /// Where it stands: the database, its host and port.
    pub database: String,
    /// The host that noticed it.
    pub host: String,
    /// When it was so, by the database's clock, as RFC 3339 has it.
    pub at: String,
    /// Figures for programs.
    pub detail: Value,
}

impl AlertKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Failed,
        Self::Stalled,
        Self::Held,
        Self::Running,
        Self::Quarantine,
        Self::WindowMissed,
        Self::Drift,
        Self::Slower,
        Self::Finished,
        Self::Rollback,
    ];

    /// The word it is written and stored as.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Stalled => "stalled",
            Self::Held => "held",
            Self::Running => "running",
            Self::Quarantine => "quarantine",
            Self::WindowMissed => "window_missed",
            Self::Drift => "drift",
            Self::Slower => "slower",
            Self::Finished => "finished",
            Self::Rollback => "rollback",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::Failed | Self::Stalled => Severity::Critical,
            Self::Held
            | Self::Running
            | Self::Quarantine
            | Self::WindowMissed
            | Self::Drift
            | Self::Slower => Severity::Warning,
            Self::Finished | Self::Rollback => Severity::Info,
        }
    }

    /// It lasts, and is over at some time; the others happen.
    #[must_use]
    pub fn lasts(self) -> bool {
        matches!(self, Self::Stalled | Self::Held | Self::Running | Self::Quarantine | Self::Drift)
    }

    /// A few words for a headline.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Failed => "Failed",
            Self::Stalled => "Stalled",
            Self::Held => "Held",
            Self::Running => "Takes long",
            Self::Quarantine => "Rows in quarantine",
            Self::WindowMissed => "Missed its hours",
            Self::Drift => "Files changed since they were applied",
            Self::Slower => "A query has become slower",
            Self::Finished => "Finished",
            Self::Rollback => "Being undone",
        }
    }
}

impl AlertStatus {
    /// The word it is stored as.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

impl Severity {
    /// The word it is written as.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

impl AlertThresholds {
    /// What is in force where nothing else is said. Held: half of `hold_limit`'s default, so that it comes before the run
    /// is left. Stalled: what the log takes for stalled.
    pub const DEFAULT: Self = Self {
        held_for: Duration::from_secs(30 * 60),
        stalled_for: Duration::from_secs(10 * 60),
        running_for: None,
        quarantine_above: 0,
    };
}

impl AlertMessage {
    /// The form that is written now.
    pub const VERSION: u32 = 1;

    /// One to try an alert with: nothing happened. The text has in it what breaks a template that doesn't quote.
    #[must_use]
    pub fn sample(alert: &str, kind: AlertKind, database: &str, host: &str, at: &str) -> Self {
        Self {
            version: Self::VERSION,
            alert: alert.to_owned(),
            kind,
            status: AlertStatus::Firing,
            severity: kind.severity(),
            id: format!("{kind}/sample"),
            title: format!("{}: fill_gross_amount (a test)", kind.title()),
            message: "This is a test of an alert; nothing \"happened\" <here> & now:\nall is well."
                .to_owned(),
            job: Some("fill_gross_amount".to_owned()),
            run: Some(0),
            table: Some("payroll.entries".to_owned()),
            revision: Some("5c1d00000000".to_owned()),
            database: database.to_owned(),
            host: host.to_owned(),
            at: at.to_owned(),
            detail: serde_json::json!({ "sample": true }),
        }
    }
}

impl fmt::Display for AlertKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
