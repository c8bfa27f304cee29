//! Why the history could not be changed.

use std::path::PathBuf;
use std::time::Duration;

use crate::engine::{RunError, SqlExcerpt};
use crate::manifest::ManifestError;
use crate::model::{Direction, RevisionId, counted, human_duration};
use crate::pg::{ConnectError, ErrorClass, classify, sqlstate};
use crate::plan::backoff::GiveUp;
use crate::plan::graph::TargetError;
use crate::store::StoreError;

/// A data revision's parents are not applied.
#[derive(Debug, thiserror::Error)]
#[error("{what} follows {}, which must be applied first", missing.join(", "))]
pub struct Gate {
    /// The revision, or the job that stands for it.
    pub what: String,
    /// What is missing, with the state of data revisions.
    pub missing: Vec<String>,
    /// The last of them.
    pub next: String,
}

/// A file that says something else than what was applied.
#[derive(Clone, Debug)]
pub struct ChangedFile {
    /// The revision.
    pub revision: RevisionId,
    /// Its file.
    pub file: PathBuf,
    /// What changed since, as a unified diff; `None` where an older version kept no text.
    pub diff: Option<String>,
}

/// A statement of a revision that failed.
#[derive(Debug)]
pub struct FailedSection {
    /// The revision.
    pub revision: RevisionId,
    /// Whether it was being applied or undone.
    pub direction: Direction,
    /// Its file.
    pub file: PathBuf,
    /// What of it stays done: statements of a section that runs outside a transaction.
    pub kept: usize,
    /// The statement that failed, where it is known.
    pub statement: Option<String>,
    /// The SQL with the place of the error.
    pub excerpt: Option<SqlExcerpt>,
    /// Who held the locks it wanted.
    pub blockers: Vec<String>,
    /// How long it was tried.
    pub gave_up: Option<GiveUp>,
    /// The server's answer.
    pub source: tokio_postgres::Error,
}

/// Why the history could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The control schema can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A data revision's run didn't come to its end.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The files can't be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The target means nothing here.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The database has been where these files don't lead.
    #[error("the database has the revision {}, and no file here does", revisions.join(", "))]
    UnknownApplied {
        /// The revisions.
        revisions: Vec<String>,
    },
    /// Files of applied revisions say something else now.
    #[error("changed since {} applied: {}", if files.len() == 1 { "it was" } else { "they were" }, changed(files))]
    Changed {
        /// The files.
        files: Vec<ChangedFile>,
    },
    /// Lint found what would keep others waiting, or fails.
    #[error("lint finds {} dangerous, and nothing was begun", counted(*count, "thing"))]
    Dangerous {
        /// How many.
        count: usize,
        /// Each with its place, its reason and the safe way.
        lines: Vec<String>,
    },
    /// A data revision's parents are not applied.
    #[error(transparent)]
    Gate(#[from] Gate),
    /// Another process changes the history, and didn't end in time.
    #[error("waited {} for another process that is changing the history: {holder}", human_duration(*waited))]
    Busy {
        /// Who.
        holder: String,
        /// For how long.
        waited: Duration,
    },
    /// The database is not where it was when the way was planned.
    #[error("the history changed meanwhile: revision {revision} can't be {} any more", word(*direction))]
    Moved {
        /// The revision.
        revision: RevisionId,
        /// What was to be done with it.
        direction: Direction,
    },
    /// A statement of ours failed.
    #[error("can't {doing}")]
    Sql {
        /// What was being done.
        doing: &'static str,
        /// The server's answer.
        #[source]
        source: tokio_postgres::Error,
    },
    /// A statement failed.
    #[error("{}", failed(.0))]
    Section(Box<FailedSection>),
    /// `-- migrate:verify` didn't hold.
    #[error(
        "{}: revision {revision} didn't verify: query {number} returned {found}, not true; {}",
        file.display(), if *kept { "its statements stay done" } else { "nothing of it was kept" }
    )]
    Unverified {
        /// The revision.
        revision: RevisionId,
        /// Its file.
        file: PathBuf,
        /// Which of its queries, from 1.
        number: usize,
        /// What it returned.
        found: String,
        /// Whether its statements were committed, each by itself.
        kept: bool,
    },
    /// A revision on the way has nothing that takes it back.
    #[error("can't undo {}: no `down`", revisions.join(", "))]
    Irreversible {
        /// The revisions.
        revisions: Vec<String>,
    },
    /// A revision is neither applied nor not.
    #[error(
        "revision {revision} is half {}: {done} of its statements are done",
        word(*direction)
    )]
    HalfDone {
        /// The revision.
        revision: RevisionId,
        /// Which way it was going.
        direction: Direction,
        /// Statements done.
        done: i32,
    },
    /// A statement that no transaction protects was begun, and didn't come to its end.
    #[error(
        "revision {revision}: this was begun and didn't come to its end, and nobody can tell what of it is done: {statement}"
    )]
    InDoubt {
        /// The revision.
        revision: RevisionId,
        /// The statement.
        statement: String,
        /// How it failed; `None`: its process died.
        #[source]
        source: Option<tokio_postgres::Error>,
    },
    /// A statement that is done already, or begun, is not the one that stands in the file now.
    #[error("{}: statement {number} of revision {revision} {how}, and says something else now", file.display())]
    ChangedMidway {
        /// The revision.
        revision: RevisionId,
        /// Its file.
        file: PathBuf,
        /// Which statement, from 1.
        number: usize,
        /// How far it came.
        how: &'static str,
    },
    /// Others stand on what is to be undone.
    #[error("revision {revision} can't be undone by itself: {} stands on it", followers.join(", "))]
    Followed {
        /// The revision.
        revision: RevisionId,
        /// Those that follow it and are applied.
        followers: Vec<String>,
    },
    /// A process works on a job whose ground would be taken away.
    #[error("the job {job} is being run by {who}")]
    JobAtWork {
        /// The job.
        job: String,
        /// User, host and process.
        who: String,
    },
    /// A command of `[callbacks]` failed.
    #[error("the callback `{command}` failed: {reason}")]
    Callback {
        /// The command.
        command: String,
        /// How.
        reason: String,
    },
    /// What is to be recorded is not what the database looks like.
    #[error("the database doesn't look as if it stood there: {}", signs.join("; "))]
    Disagrees {
        /// What shows it.
        signs: Vec<String>,
    },
    /// There is no table of Alembic's to take over from.
    #[error("there is no table {table} here, or it has no column version_num")]
    NoAlembic {
        /// The table.
        table: String,
    },
    /// The operator stopped.
    #[error("stopped before {before}")]
    Stopped {
        /// What would have been next.
        before: String,
    },
}

impl HistoryError {
    pub(super) fn sql(doing: &'static str) -> impl Fn(tokio_postgres::Error) -> Self {
        move |source| Self::Sql { doing, source }
    }

    /// The class of the server's error, where there is one.
    pub(super) fn class(&self) -> ErrorClass {
        match self {
            Self::Section(failed) => classify(&failed.source),
            Self::Store(error) => error.class(),
            Self::Sql { source, .. } | Self::Connect(ConnectError::Refused { source, .. }) => {
                classify(source)
            }
            _ => ErrorClass::Other,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Connect(error) => return error.hint(),
            Self::Store(error) => return error.hint(),
            Self::Run(error) => return error.hint(),
            Self::Manifest(error) => return error.hint(),
            Self::Target(error) => return error.hint(),
            Self::Sql { source, .. } => return sqlstate::hint(source),
            Self::Section(failed) if failed.blockers.is_empty() => return sqlstate::hint(&failed.source),
            Self::Section(_) => "end what holds the lock, or run it again at a quieter time",
            Self::Dangerous { .. } => {
                "take the safe way; or say above the statement why it does no harm here: `-- longhaul:allow RULE: reason`; \
                 --no-lint doesn't look"
            }
            Self::UnknownApplied { .. } => "is --dir the right directory, and is it as new as the database?",
            Self::Changed { files } => {
                let ids: Vec<&str> = files.iter().map(|file| file.revision.0.as_str()).collect();
                return Some(format!(
                    "take the change back, or put it into a new revision; if it changes nothing that matters: \
                     longhaul upgrade --accept {} --why \"…\"",
                    ids.join(" --accept ")
                ));
            }
            Self::Gate(gate) => return Some(format!("longhaul upgrade {}", gate.next)),
            Self::Busy { .. } => {
                "try again when it is done; `history_wait` in the configuration is how long to wait"
            }
            Self::Moved { .. } => "`longhaul current` shows where the database stands; then run it again",
            Self::Unverified { .. } => "mend the revision, or its -- migrate:verify section",
            Self::Irreversible { .. } => {
                "write what takes it back: -- migrate:down, or [down] in a job; SELECT; where there is nothing to take back"
            }
            Self::HalfDone { direction: Direction::Up, revision, .. } => {
                return Some(format!(
                    "`longhaul upgrade {revision}` goes on with it; `longhaul stamp` records what you did by hand"
                ));
            }
            Self::HalfDone { direction: Direction::Down, .. } => {
                "`longhaul downgrade` to before it goes on with it; `longhaul stamp` records what you did by hand"
            }
            Self::InDoubt { .. } => {
                "look whether it is done, then run this again with --in-doubt done or --in-doubt again"
            }
            Self::ChangedMidway { how: "was begun", .. } => {
                "take the change back until the revision is through; or say what came of it: --in-doubt done or again"
            }
            Self::ChangedMidway { .. } => "take the change back until the revision is through",
            Self::Followed { .. } => "`longhaul downgrade` undoes what follows it first",
            Self::JobAtWork { .. } => "stop it there first, with Ctrl-C; `longhaul status` shows it",
            Self::Callback { .. } => "mend the command in [callbacks]",
            Self::Disagrees { .. } => "if you know better: --force",
            Self::NoAlembic { .. } => "name it: --from-alembic schema.table",
            Self::Stopped { .. } => "run it again to go on",
        };
        Some(text.to_owned())
    }
}

fn changed(files: &[ChangedFile]) -> String {
    let one = |file: &ChangedFile| format!("{} ({})", file.revision, file.file.display());
    files.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "applied",
        Direction::Down => "undone",
    }
}

fn failed(section: &FailedSection) -> String {
    let FailedSection { revision, file, kept, .. } = section;
    let what = match section.direction {
        Direction::Up => "revision",
        Direction::Down => "the undoing of revision",
    };
    let kept = match kept {
        0 => "and nothing of it was kept".to_owned(),
        1 => "after one statement that stays done".to_owned(),
        several => format!("after {several} statements that stay done"),
    };
    let gave_up = section.gave_up.map(|gave_up| format!("; {gave_up}")).unwrap_or_default();
    format!("{}: {what} {revision} failed, {kept}{gave_up}", file.display())
}

impl From<FailedSection> for HistoryError {
    fn from(failed: FailedSection) -> Self {
        Self::Section(Box::new(failed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::backoff::GiveUpLimit;

    #[test]
    fn giving_up_tells_how_long_it_was_tried_and_what_to_do_about_who_is_in_the_way() {
        let limit = GiveUpLimit::Deadline { deadline: Duration::from_secs(600) };
        let mut failed = FailedSection {
            revision: RevisionId("aaaa1111".to_owned()),
            direction: Direction::Up,
            file: "jobs/1.sql".into(),
            kept: 0,
            statement: None,
            excerpt: None,
            blockers: vec!["session 7 (ann, psql, idle in transaction for 00:10:00): SELECT 1".to_owned()],
            gave_up: Some(GiveUp { attempts: 30, elapsed: Duration::from_secs(600), limit }),
            source: "port=none".parse::<tokio_postgres::Config>().unwrap_err(),
        };
        let text = "jobs/1.sql: revision aaaa1111 failed, and nothing of it was kept; \
                    gave up after attempt 30 and 10 min 00 s: deadline 10 min 00 s";
        assert_eq!(super::failed(&failed), text);
        failed.direction = Direction::Down;
        failed.kept = 1;
        let error = HistoryError::from(failed);
        assert!(error.to_string().contains(
            "the undoing of revision aaaa1111 failed, after one statement that stays done; gave up"
        ));
        assert_eq!(
            error.hint().as_deref(),
            Some("end what holds the lock, or run it again at a quieter time")
        );
    }
}
