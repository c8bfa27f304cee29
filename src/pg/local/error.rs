//! Why there is no private server, and what to do about it.

use std::io;
use std::path::PathBuf;

use super::version::{SUPPORTED_MAJORS, ServerVersion};

/// Why a private server can't be started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// A version that longhaul is not tested with.
    #[error("PostgreSQL {version} is not among the supported versions, {} to {}", SUPPORTED_MAJORS.start(),
        SUPPORTED_MAJORS.end())]
    Unsupported {
        /// What was asked for.
        version: String,
    },
    /// This process is root's, and /etc/passwd has no other account.
    #[error("PostgreSQL refuses to run as root, and /etc/passwd names no other account")]
    NoAccount,
    /// A setting that can't be written into the server's configuration.
    #[error("`{name}` is not a setting's name, or its value is not one line of text")]
    Setting {
        /// The setting.
        name: String,
    },
    /// The programs are there and don't work.
    #[error("PostgreSQL's programs in {} can't be run by {account}: {reason}", bin_dir.display())]
    Unusable {
        /// Where they are.
        bin_dir: PathBuf,
        /// Who tried.
        account: String,
        /// What happened.
        reason: String,
    },
    /// No account's cache directory is known.
    #[error("neither XDG_CACHE_HOME nor HOME says where to keep PostgreSQL's programs")]
    NoCache,
    /// No temporary directory fits.
    #[error(
        "found no temporary directory that {account} can write to and whose path is short enough for a socket"
    )]
    NoTemporaryDirectory {
        /// Who has to write there.
        account: String,
    },
    /// A file or directory can't be made, read, moved or given away.
    #[error("can't {doing} {}", path.display())]
    File {
        /// The verb.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A program can't be started at all.
    #[error("can't run `{program}`")]
    Program {
        /// Its name.
        program: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A step of fetching PostgreSQL failed.
    #[error("fetching PostgreSQL {version} failed at `{step}`: {output}")]
    Fetch {
        /// What was to be fetched.
        version: ServerVersion,
        /// The command.
        step: String,
        /// The end of what it said.
        output: String,
    },
    /// The server ended while it was starting.
    #[error("PostgreSQL {version} did not start; its log ends with\n{log}")]
    Start {
        /// Its version.
        version: ServerVersion,
        /// The last lines of its log.
        log: String,
    },
    /// The server runs and lets nobody in.
    #[error("PostgreSQL {version} takes no connections after {seconds} s; its log ends with\n{log}")]
    NotReady {
        /// Its version.
        version: ServerVersion,
        /// How long was waited.
        seconds: u64,
        /// The last lines of its log.
        log: String,
        /// The last refusal, if there was an answer at all.
        #[source]
        source: Option<tokio_postgres::Error>,
    },
    /// Each port that was free a moment before was taken by somebody else.
    #[error("lost the race for a free port on 127.0.0.1 {attempts} times")]
    Ports {
        /// How often.
        attempts: u32,
    },
    /// The server's directory is still there.
    #[error("the private server did not end cleanly and may have left {}", directory.display())]
    Stop {
        /// The directory.
        directory: PathBuf,
    },
}

impl LocalError {
    /// Whether what was asked for is at fault, and not the machine.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Unsupported { .. } | Self::Setting { .. })
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unsupported { .. } => format!("ask for one of {}", join(SUPPORTED_MAJORS)),
            Self::NoAccount => "run longhaul as an ordinary user, or create an account named postgres".to_owned(),
            Self::Setting { .. } => "write it as name=value, such as work_mem=64MB".to_owned(),
            Self::Unusable { .. } => {
                "install PostgreSQL with the system's package manager, or set LONGHAUL_PG_BIN to the directory \
                 of a working `postgres` and `initdb`"
                    .to_owned()
            }
            Self::NoCache => "set HOME or XDG_CACHE_HOME to a directory that you can write to".to_owned(),
            Self::NoTemporaryDirectory { .. } => "set TMPDIR to such a directory".to_owned(),
            Self::Program { program, source } => program_hint(program, source)?,
            Self::Fetch { .. } => format!(
                "{OR_INSTALL}; fetching needs python3 with pip, its way to the package index, and tar"
            ),
            Self::Ports { .. } => "try again".to_owned(),
            Self::Stop { .. } => "delete the directory once no process uses it".to_owned(),
            Self::File { .. } | Self::Start { .. } | Self::NotReady { .. } => return None,
        })
    }
}

const OR_INSTALL: &str =
    "install PostgreSQL with the system's package manager, or set LONGHAUL_PG_BIN to its bin directory";

fn program_hint(program: &str, source: &io::Error) -> Option<String> {
    match (program, source.kind()) {
        ("python3", io::ErrorKind::NotFound) => Some(format!("install python3 with pip; or {OR_INSTALL}")),
        (_, io::ErrorKind::NotFound) => Some(format!("install {program}; or {OR_INSTALL}")),
        (_, io::ErrorKind::PermissionDenied) => Some(
            "when this is root in a container that may not change its user id, run longhaul as an \
                  ordinary user"
                .to_owned(),
        ),
        _ => None,
    }
}

fn join(majors: impl Iterator<Item = u16>) -> String {
    majors.map(|major| major.to_string()).collect::<Vec<_>>().join(", ")
}
