//! All settings of one invocation.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::address::{self, Address};
use super::environment::EnvFileError;
use super::{
    Alert, Callbacks, Environment, LintBefore, LogSettings, NewFiles, PageSettings, Target, UrlError, lint,
    timed_queries,
};
use crate::manifest::{Document, DocumentError, Section, hours, limits, worker_bounds};
use crate::model::{Hours, Limits, TimedQuery, parse_duration};
use crate::plan::scale::Bounds;

/// What the command line says; each beats what the environment and the file say.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--config`
    pub file: Option<PathBuf>,
    /// `--env`
    pub environment: Option<String>,
    /// `--database-url`
    pub database_url: Option<String>,
    /// `--dir`
    pub dirs: Vec<PathBuf>,
}

/// The settings of one invocation.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the database is; `None` when nothing says so, which matters only to what needs one.
    pub target: Option<Target>,
    /// Why there is no target, when its address is there and a variable in it is not set.
    pub incomplete: Option<DocumentError>,
    /// The directories of revisions and jobs; at least one.
    pub dirs: Vec<PathBuf>,
    /// The control schema's name.
    pub schema: String,
    /// How long a statement of a batch or a revision may wait for a lock.
    pub lock_timeout: Duration,
    /// How long to try to connect.
    pub connect_timeout: Duration,
    /// Workers of a run in one process; `None`: chosen from the server's load and the table.
    pub workers: Option<Bounds>,
    /// While this file is there, runs hold.
    pub pause_file: Option<PathBuf>,
    /// How long old values are kept after their run has ended.
    pub preimage_retention: Duration,
    /// When any run may be at work; a job's own hours are joined with it.
    pub hours: Option<Hours>,
    /// What a run may ask of the server, as the file says; a job's own limits are joined with it.
    pub limits: Limits,
    /// How new files are made.
    pub new_files: NewFiles,
    /// How long to wait for another process that changes the history.
    pub history_wait: Duration,
    /// What is run before and after changes of the history.
    pub callbacks: Callbacks,
    /// What an upgrade makes of findings that are dangerous.
    pub lint: LintBefore,
    /// The application's queries that are timed before, during and after changes.
    pub timed_queries: Vec<TimedQuery>,
    /// Where the status page listens, and who may see it.
    pub page: PageSettings,
    /// Who is told of what.
    pub alerts: Vec<Alert>,
    /// What is written of the work.
    pub log: LogSettings,
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file named can't be read.
    #[error("can't read the configuration {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The file has something wrong in it.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// `.env` has something wrong in it.
    #[error(transparent)]
    EnvFile(#[from] EnvFileError),
    /// The database's address can't be used.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// Nothing says where the database is.
    #[error("no database is named")]
    NoDatabase,
}

/// Every key of the file.
const KEYS: &[&str] = &[
    "database_url",
    "dir",
    "schema",
    "lock_timeout",
    "connect_timeout",
    "history_wait",
    "workers",
    "pause_file",
    "preimage_retention",
    "hours",
    "limits",
    "new_files",
    "callbacks",
    "lint",
    "timed_query",
    "page",
    "alert",
    "log",
];

impl Settings {
    /// Puts the settings together. A file that was named must exist; `config/development.toml` by default needn't.
    pub fn load(overrides: &Overrides, environment: &Environment) -> Result<Self, ConfigError> {
        let name = overrides.environment.as_deref().or_else(|| environment.get("LONGHAUL_ENV"));
        let file = || environment.get("LONGHAUL_CONFIG").map(PathBuf::from);
        // --env is nearer than a variable, even one that names a whole file.
        let file = overrides.file.clone().or_else(|| overrides.environment.is_none().then(file).flatten());
        let must_exist = file.is_some() || name.is_some();
        let default = || PathBuf::from(format!("config/{}.toml", name.unwrap_or("development")));
        let path = file.unwrap_or_else(default);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => String::new(),
            Err(source) => return Err(ConfigError::Read { path, source }),
        };
        Self::from_text(&path, &text, overrides, environment)
    }

    fn from_text(
        path: &Path,
        text: &str,
        overrides: &Overrides,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let document = Document::parse(path, text)?;
        let root = document.root();
        root.only(KEYS)?;
        let string = |key: &str| root.text(key).map(|text| text.map(|text| text.value));
        let duration = |key: &str, default: Duration| match root.text(key)? {
            None => Ok(default),
            Some(written) => parse_duration(&written.value)
                .map_err(|error| ConfigError::from(root.complain(&written, error.to_string(), None))),
        };
        let address = address::find(&root, overrides, environment)?;
        let variables = || ["PGHOST", "PGDATABASE"].iter().any(|name| environment.get(name).is_some());
        let target = match &address {
            Address::Url(url) => Some(Target::resolve(Some(url), environment)?),
            Address::Unsaid if variables() => Some(Target::resolve(None, environment)?),
            Address::Unsaid | Address::Incomplete(_) => None,
        };
        Ok(Self {
            target,
            incomplete: if let Address::Incomplete(complaint) = address { Some(complaint) } else { None },
            dirs: dirs(&root, overrides)?,
            schema: string("schema")?.unwrap_or_else(|| "longhaul".to_owned()),
            lock_timeout: duration("lock_timeout", Self::DEFAULT_LOCK_TIMEOUT)?,
            connect_timeout: duration("connect_timeout", Self::DEFAULT_CONNECT_TIMEOUT)?,
            workers: worker_bounds(&root)?,
            pause_file: string("pause_file")?.map(PathBuf::from),
            preimage_retention: duration("preimage_retention", Self::DEFAULT_PREIMAGE_RETENTION)?,
            hours: hours(&root)?,
            limits: root.section("limits")?.as_ref().map(limits).transpose()?.unwrap_or_default(),
            new_files: NewFiles::read(&document)?,
            history_wait: duration("history_wait", Self::DEFAULT_HISTORY_WAIT)?,
            callbacks: Callbacks::read(&document)?,
            lint: lint::read(&root)?,
            timed_queries: timed_queries::read(&root)?,
            page: PageSettings::read(&document)?,
            alerts: Alert::read_all(&root, environment)?,
            log: LogSettings::read(&root, environment)?,
        })
    }

    /// Where the database is, for what can't do without.
    pub fn target(&self) -> Result<&Target, ConfigError> {
        let missing = || self.incomplete.clone().map_or(ConfigError::NoDatabase, ConfigError::Document);
        self.target.as_ref().ok_or_else(missing)
    }

    /// pgroll's default for DDL, and the upper end of what the batch engines use.
    pub const DEFAULT_LOCK_TIMEOUT: Duration = Duration::from_millis(500);
    /// Enough for a failover's name change, short enough not to look hung.
    pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
    /// Several replicas of a service that each upgrade as they start: the last waits for the first.
    pub const DEFAULT_HISTORY_WAIT: Duration = Duration::from_secs(600);
    /// A month's payroll has been run with the new values by then, and seen to be right.
    pub const DEFAULT_PREIMAGE_RETENTION: Duration = Duration::from_secs(30 * 86_400);
}

/// Those of the command line, or else those of the file.
fn dirs(root: &Section<'_>, overrides: &Overrides) -> Result<Vec<PathBuf>, DocumentError> {
    if !overrides.dirs.is_empty() {
        return Ok(overrides.dirs.clone());
    }
    let written = root.texts("dir")?;
    match (root.place_of("dir"), written.as_slice()) {
        (None, _) => Ok(vec!["jobs".into()]),
        (Some(place), []) => {
            let hint = "name one directory, or several: dir = [\"jobs\", \"more/jobs\"]";
            Err(root.complain(&place, "`dir` names no directory", Some(hint.to_owned())))
        }
        (Some(_), dirs) => Ok(dirs.iter().map(|dir| PathBuf::from(&dir.value)).collect()),
    }
}

impl ConfigError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } => {
                Some("--config or LONGHAUL_CONFIG names the file, --env or LONGHAUL_ENV the one of config/<env>.toml".to_owned())
            }
            Self::Document(error) => error.hint.clone(),
            Self::EnvFile(_) => None,
            Self::Url(error) => error.hint(),
            Self::NoDatabase => Some(
                "set DATABASE_URL, in the environment or in .env, or use --database-url; \
                 `longhaul demo` needs none"
                    .to_owned(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{alerts, log};
    use super::*;
    use crate::manifest::{LIMITS_KEYS, PROBE_KEYS};
    use crate::model::Limit;
    use crate::model::slips::nearly;

    fn from_text(text: &str) -> Result<Settings, ConfigError> {
        let environment = Environment::from([("DATABASE_URL", "postgres://u@h/d")]);
        Settings::from_text(Path::new("config/x.toml"), text, &Overrides::default(), &environment)
    }

    #[test]
    fn the_reference_names_every_key_with_its_default() {
        let text = include_str!("../../config/reference.toml");
        let uncommented: String =
            text.lines().map(|line| line.strip_prefix("#: ").unwrap_or(line)).collect::<Vec<_>>().join("\n");
        let settings = from_text(&uncommented).unwrap();
        let defaults = from_text("").unwrap();
        assert_eq!(
            (settings.dirs, settings.schema, settings.lock_timeout, settings.connect_timeout, settings.lint),
            (defaults.dirs, defaults.schema, defaults.lock_timeout, defaults.connect_timeout, defaults.lint)
        );
        assert_eq!(settings.new_files, defaults.new_files);
        assert_eq!(settings.limits, Limits::DEFAULTS, "what is not said is the same");
        let keys = KEYS.iter().chain(NewFiles::KEYS).chain(Callbacks::KEYS);
        let keys = keys.chain(timed_queries::KEYS).chain(PageSettings::KEYS);
        let keys = keys.chain(alerts::KEYS).chain(log::KEYS);
        for key in keys.chain(LIMITS_KEYS).chain(PROBE_KEYS) {
            let there = [
                format!("\n{key} = "),
                format!("\n[{key}]"),
                format!("\n# [{key}]"),
                format!("\n# {key} = "),
                format!("\n# [[limits.{key}]]"),
                format!("\n# [[{key}]]"),
            ];
            assert!(
                there.iter().any(|line| uncommented.contains(line)),
                "{key} is not in config/reference.toml"
            );
        }
        assert_eq!(settings.history_wait, defaults.history_wait);
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let Err(ConfigError::Document(error)) = from_text("\nlock_timout = \"1s\"\n") else { panic!() };
        assert_eq!(error.to_string(), "config/x.toml:2:1: unknown key `lock_timout` at the top of the file");
        assert_eq!(error.hint.as_deref(), Some("did you mean `lock_timeout`?"));
    }

    #[test]
    fn limits_are_read_and_complaints_point_at_the_place() {
        let settings = from_text("[limits]\nreplica_lag = \"off\"\nactive_sessions = 7\n").unwrap();
        assert_eq!(settings.limits.replica_lag, Some(Limit::Off));
        assert_eq!(settings.limits.active_sessions, Some(Limit::At(7)));
        let Err(ConfigError::Document(error)) = from_text("[limits]\nreplica_lag = \"5\"\n") else {
            panic!()
        };
        assert_eq!((error.line, error.column), (2, 15));
    }

    #[test]
    fn without_any_address_it_says_how_to_give_one() {
        let settings =
            Settings::from_text(Path::new("c"), "", &Overrides::default(), &Environment::default()).unwrap();
        let error = settings.target().unwrap_err();
        assert!(matches!(error, ConfigError::NoDatabase));
        assert!(error.hint().unwrap().contains("DATABASE_URL"));
    }

    const EVERYTHING: &str = r#"database_url = "${DATABASE_URL}?sslmode=prefer"
dir = ["jobs", "billing/jobs"]
schema = "longhaul"
lock_timeout = "500ms"
workers = "1..8"
pause_file = "pause"
lint = "warn"
[hours]
open = ["Mon-Fri 22:00-05:00", "cron 0 22 * * 5L for 7h"]
blackout = ["2026-12-23..2026-12-27", "monthly 25..last"]
zone = "Europe/Berlin"
[new_files]
file_name = "{{ year }}{{ month }}_{{ id }}_{{ slug | upper }}{% if label %}_{{ label }}{% endif %}"
zone = "UTC"
slug_length = 40
hooks = [["sqlfluff", "format", "{file}"]]
[callbacks]
before_revision = "SET ROLE payroll_owner"
[page]
listen = "0.0.0.0:8765"
trust_header = "X-Forwarded-User"
trust_proxy = ["10.0.0.0/8", "::1"]
read_only = true
[limits]
rows_per_second = 20_000
wal_per_second = "20MB"
slot_retained = "off"
dead_tuples = "30%"
canary = "SELECT 1"
[[limits.probe]]
url = "http://localhost:8080/may-migrate"
every = "1s"
[[timed_query]]
name = "pay slip"
sql = "SELECT 1"
slower = 1.5
[log]
to = "-"
format = "json"
level = "info,longhaul::batch=debug"
[[alert]]
name = "oncall"
on = ["failed", "held"]
webhook = "https://hooks.example.com/${TOKEN}"
headers = { Authorization = "Bearer ${TOKEN}", Content-Type = "application/json" }
template = "{\"text\": {{ message | tojson }}}"
held_for = "30min"
quarantine_above = 10
"#;

    proptest! {
        #[test]
        fn no_slip_in_a_file_makes_it_panic(text in nearly(&[EVERYTHING, include_str!("../../config/reference.toml")])) {
            match from_text(&text) {
                Ok(settings) => drop(format!("{settings:?}")),
                Err(error) => drop((error.to_string(), error.hint())),
            }
        }
    }
}
