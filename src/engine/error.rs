//! Why a run didn't come to its end, what that means for the work, and what a person can do about it.

use super::batch::Batch;
use super::{Finding, PreflightError};
use crate::manifest::BadSetting;
use crate::model::{Order, RangeId, RunId, RunState};
use crate::pg::{ConnectError, ErrorClass, classify};
use crate::plan::control::Refused;
use crate::plan::transition::Illegal;
use crate::store::StoreError;

/// Why a run didn't come to its end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The job and the database don't fit.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    /// The control schema could not be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored state doesn't allow what was to be done.
    #[error(transparent)]
    Illegal(#[from] Illegal),
    /// Another process works on the job.
    #[error("the job `{job}` is being run by {who}, since {since}")]
    Busy {
        /// The job.
        job: String,
        /// User, host and process.
        who: String,
        /// When that process took it.
        since: String,
    },
    /// The job's file does something else than when the run began.
    #[error("the job `{job}` has changed since its run {run} began")]
    Drifted {
        /// The job.
        job: String,
        /// The run.
        run: RunId,
        /// What changed, as a unified diff.
        diff: String,
    },
    /// The name means another table than when the run began.
    #[error("the job `{job}` walked over `{stored}` so far, and its table's name means `{found}` now")]
    TableChanged {
        /// The job.
        job: String,
        /// The table so far.
        stored: String,
        /// The table now.
        found: String,
    },
    /// Another table has the name by now.
    #[error(
        "the job `{job}` walked over another table so far: `{table}` is not the one any more that its run {run} began on"
    )]
    TableReplaced {
        /// The job.
        job: String,
        /// The run.
        run: RunId,
        /// The table's name.
        table: String,
    },
    /// The table has another key than when the run began.
    #[error("the job `{job}` walked by the key ({stored}) so far, and now it would walk by ({found})")]
    KeyChanged {
        /// The job.
        job: String,
        /// The key so far.
        stored: String,
        /// The key now.
        found: String,
    },
    /// The index that serves the key is gone.
    #[error("the unique index `{index}` is gone, by which the table is walked")]
    KeyGone {
        /// The index.
        index: String,
    },
    /// A batch failed for good.
    #[error("the batch {interval} failed, and nothing of it was kept")]
    Batch {
        /// Its keys.
        interval: String,
        /// The server's answer.
        #[source]
        source: tokio_postgres::Error,
    },
    /// A row can't take its new value, and none is to be left behind.
    #[error("the row {row} can't take its new value, and nothing of its batch was kept")]
    Row {
        /// Its key: `id = 4711`.
        row: String,
        /// The server's answer.
        #[source]
        source: tokio_postgres::Error,
    },
    /// A statement of the run failed.
    #[error("can't {doing}")]
    Sql {
        /// What was being done.
        doing: &'static str,
        /// The server's answer.
        #[source]
        source: tokio_postgres::Error,
    },
    /// Another process has taken the range.
    #[error("range {range} has been taken over by another process")]
    LeaseLost {
        /// The range.
        range: RangeId,
    },
    /// A range's position is not what its order says.
    #[error("range {range} has a position that is no block number")]
    BadPosition {
        /// The range.
        range: RangeId,
    },
    /// Others held this process for dead.
    #[error("this process was given up as dead, and its run has been taken over by another process")]
    GivenUp,
    /// The revision is applied again, or undone to its end.
    #[error("the job `{job}` is not to be taken back any more: another process has changed the history")]
    Overtaken {
        /// The job.
        job: String,
    },
    /// The job was never run here.
    #[error("the job `{job}` has no run on this database")]
    NoRun {
        /// The job.
        job: String,
    },
    /// The run that was meant is not the job's latest any more.
    #[error("run {run} of the job `{job}` is over, and run {latest} came after it")]
    LaterRun {
        /// The job.
        job: String,
        /// The run that was meant.
        run: RunId,
        /// The latest.
        latest: RunId,
    },
    /// The run is over.
    #[error("run {run} of the job `{job}` is {state}: what is in its quarantine stays as it is")]
    Over {
        /// The job.
        job: String,
        /// The run.
        run: RunId,
        /// How it ended.
        state: RunState,
    },
    /// There is nothing to put back.
    #[error("no old values of the job `{job}` are kept")]
    NothingKept {
        /// The job.
        job: String,
    },
    /// A command means nothing where the run stands.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A setting isn't taken.
    #[error(transparent)]
    Setting(#[from] BadSetting),
    /// Rows are left, and doing them again is not allowed or no use.
    #[error("{rows} rows are still to do after {passes}")]
    RowsRemain {
        /// How many.
        rows: i64,
        /// What was tried.
        passes: String,
        /// What to do.
        hint: String,
    },
    /// The totals differ.
    #[error("the totals differ: {}", differences.join("; "))]
    TotalsDiffer {
        /// Each in words.
        differences: Vec<String>,
    },
}

impl RunError {
    /// The class of the error, which decides what is done about it.
    pub(super) fn class(&self) -> ErrorClass {
        match self {
            Self::Batch { source, .. }
            | Self::Row { source, .. }
            | Self::Sql { source, .. }
            | Self::Connect(ConnectError::Refused { source, .. }) => classify(source),
            Self::Store(error) => error.class(),
            Self::LeaseLost { .. } | Self::GivenUp => ErrorClass::Fenced,
            _ => ErrorClass::Other,
        }
    }

    /// The server has no room left on a disk.
    pub(super) fn is_disk_full(&self) -> bool {
        self.sqlstate().as_deref() == Some(tokio_postgres::error::SqlState::DISK_FULL.code())
    }

    /// The server's code of the error, where it is one of the server's.
    pub(super) fn sqlstate(&self) -> Option<String> {
        let source = std::error::Error::source(self);
        let source = source.and_then(|source| source.downcast_ref::<tokio_postgres::Error>());
        source.and_then(tokio_postgres::Error::code).map(|code| code.code().to_owned())
    }

    pub(super) fn sql(doing: &'static str) -> impl Fn(tokio_postgres::Error) -> Self {
        move |source| Self::Sql { doing, source }
    }

    pub(super) fn row(row: &str, source: tokio_postgres::Error) -> Self {
        Self::Row { row: row.to_owned(), source }
    }

    pub(super) fn batch(batch: &Batch, source: tokio_postgres::Error) -> Self {
        let upper = &batch.upper;
        let interval = match (batch.range.order, batch.lower()) {
            (Order::Physical, lower) => {
                let from = lower.map_or("0".to_owned(), ToString::to_string);
                format!("in the blocks {from} to before {upper}")
            }
            (Order::Key, Some(lower)) => format!("after {lower} up to {upper}"),
            (Order::Key, None) => format!("from the beginning up to {upper}"),
        };
        Self::Batch { interval, source }
    }

    /// What went wrong, where the error itself names a row, its key or its values: for what goes further than the database.
    #[must_use]
    pub fn without_values(&self) -> Option<&'static str> {
        match self {
            Self::Row { .. } => Some("a row can't take its new value, and nothing of its batch was kept"),
            Self::Batch { .. } => Some("a batch failed, and nothing of it was kept"),
            Self::TotalsDiffer { .. } => Some("the totals differ"),
            _ => None,
        }
    }

    /// One line: the error and the server's message, without keys and values of rows.
    pub(super) fn in_public(&self) -> String {
        let text = self.without_values().map_or_else(|| self.to_string(), str::to_owned);
        match self.sqlstate().filter(|code| crate::pg::sqlstate::may_tell_values(code)) {
            Some(code) => format!("{text} (SQLSTATE {code})"),
            None => self.with_sources(text),
        }
    }

    /// One line: the error and the server's message.
    pub(super) fn in_short(&self) -> String {
        self.with_sources(self.to_string())
    }

    fn with_sources(&self, mut text: String) -> String {
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            if let Some(database) =
                error.downcast_ref::<tokio_postgres::Error>().and_then(|error| error.as_db_error())
            {
                return format!("{text}: {}", database.message());
            }
            text = format!("{text}: {error}");
            source = error.source();
        }
        text
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Connect(error) => error.hint(),
            Self::Preflight(error) => error.hint(),
            Self::Store(error) => error.hint(),
            Self::Illegal(_) | Self::Over { .. } => None,
            Self::Busy { .. } => {
                Some("work beside it with --join, wait for it, or `longhaul pause` it; `longhaul status` shows it".into())
            }
            Self::LaterRun { latest, .. } => Some(format!("look at run {latest}: what was asked for holds for it no more")),
            Self::NoRun { .. } => Some("`longhaul run` begins one; `longhaul status` shows those there are".into()),
            Self::NothingKept { .. } => Some(
                "with undo = \"preimage\" under [job] a run keeps them, from its beginning on, for as long as \
                 `preimage_retention` in the configuration says"
                    .into(),
            ),
            Self::Refused(refused) => Some(refused.hint()),
            Self::Setting(error) => error.hint(),
            Self::Drifted { .. } => Some(
                "undo the change to go on with the run, or begin another run with --anew; rows that are done stay done"
                    .into(),
            ),
            Self::TableChanged { .. } => {
                Some("write the table with its schema, or set search_path as it was".into())
            }
            Self::TableReplaced { .. } => Some(
                "nobody can tell what was done of this one: begin another run with --anew; rows that are done stay done"
                    .into(),
            ),
            Self::KeyChanged { .. } => {
                Some("name the old key with `key = [...]`, or begin another run with --anew".into())
            }
            Self::Batch { source, .. } | Self::Sql { source, .. } => Some(crate::pg::sqlstate::hint(source).unwrap_or_else(
                || "mend the cause and run again: it goes on from the last checkpoint".to_owned(),
            )),
            Self::KeyGone { .. } => Some(
                "nothing of the last batch was kept; make the index again and run again: it goes on from the last \
                 checkpoint"
                    .into(),
            ),
            Self::Row { .. } => Some(
                "mend the row or the job and run again: it goes on from the last checkpoint; or have such rows put aside: \
                 [quarantine] max = 100"
                    .to_owned(),
            ),
            Self::BadPosition { .. } => {
                Some("the control schema was changed by hand; begin another run with --anew".into())
            }
            Self::LeaseLost { .. } | Self::GivenUp => {
                Some("nothing was lost; `longhaul status` shows who works on it now".into())
            }
            Self::Overtaken { .. } => Some("`longhaul current` shows where the database stands".into()),
            Self::RowsRemain { hint, .. } => Some(hint.clone()),
            Self::TotalsDiffer { .. } => {
                Some("nothing was signed off; look for writers that go past the sync trigger, then run again".into())
            }
        }
    }

    /// The finding, when the job and the database don't fit.
    #[must_use]
    pub fn finding(&self) -> Option<&Finding> {
        match self {
            Self::Preflight(PreflightError::Finding(finding)) => Some(finding),
            _ => None,
        }
    }
}
