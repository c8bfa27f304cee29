//! The log: what happens, as `tracing` events with the fields run, job, pass, worker, range, batch and revision.
//!
//! An observer writes them, so that the engine has no calls for it in its way. What may have a row's values in it (keys, the
//! server's words about a row, texts of statements and of sessions) is left out: a log goes further than a terminal.

use std::fs::File;
use std::io;
use std::sync::Mutex;

use tracing::{debug, error, info, warn};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::{LogFormat, LogSettings, LogTo};
use crate::engine::{BatchDone, Done, Notice, Observer};
use crate::model::{RunId, Severity};

/// Words of a statement that are logged: what it does, and to what kind of thing.
const WORDS: usize = 2;

/// Why nothing can be logged.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file can't be opened.
    #[error("can't write the log {}", path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// What is to be logged can't be understood.
    #[error("`{text}` is no level of a log")]
    Level {
        /// As it was given.
        text: String,
    },
}

/// Sends what is logged from now on, in the whole process, where the settings say. Called once.
pub fn install(settings: &LogSettings) -> Result<(), LogError> {
    let level = settings.level.as_deref().unwrap_or(LogSettings::DEFAULT_LEVEL);
    match &settings.to {
        None => Ok(()),
        Some(LogTo::Stderr) => subscribe(settings.format, level, io::stderr),
        Some(LogTo::File(path)) => {
            let file = File::options().create(true).append(true).open(path);
            let file = file.map_err(|source| LogError::File { path: path.clone(), source })?;
            subscribe(settings.format, level, Mutex::new(file))
        }
    }
}

fn subscribe<W>(format: LogFormat, level: &str, writer: W) -> Result<(), LogError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(level).map_err(|_| LogError::Level { text: level.to_owned() })?;
    // A disk that is full is no reason to stop the work, nor to talk into the bars.
    let all = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .log_internal_errors(false)
        .with_writer(writer);
    // Two of them in one process: the first one stays.
    let _ = match format {
        LogFormat::Text => tracing::subscriber::set_global_default(all.finish()),
        LogFormat::Json => tracing::subscriber::set_global_default(all.json().flatten_event(true).finish()),
    };
    Ok(())
}

/// An observer that logs.
#[derive(Default)]
pub struct Log(Mutex<About>);

/// What the notices are about.
#[derive(Clone, Default)]
struct About {
    run: Option<i64>,
    job: String,
    pass: String,
    batches: u64,
}

/// An event about a run: the fields that all of them have, then its own.
macro_rules! of_run {
    ($level:ident, $about:expr, $($rest:tt)+) => {
        $level!(target: "longhaul::run", run = $about.run, job = $about.job, pass = $about.pass, $($rest)+)
    };
}

impl Observer for Log {
    fn notice(&self, notice: Notice) {
        let mut about = self.0.lock().expect("no holder of this lock can panic");
        about.take(&notice);
        match notice {
            Notice::Batch(batch) => of_batch(&about, &batch),
            Notice::Alerted { severity, text } => of_alert(severity, &text),
            Notice::Applying { .. }
            | Notice::Applied { .. }
            | Notice::Statement { .. }
            | Notice::Repairing { .. }
            | Notice::Safeguard { .. } => of_revision(notice),
            notice => of_run(&about, notice),
        }
    }
}

impl About {
    fn take(&mut self, notice: &Notice) {
        let mut begin = |run: &RunId, job: &String| {
            *self = Self { run: Some(run.0), job: job.clone(), ..Self::default() };
        };
        match notice {
            Notice::Started { run, job, .. }
            | Notice::Resumed { run, job, .. }
            | Notice::Joined { run, job } => {
                begin(run, job);
            }
            Notice::Pass { pass, .. } => self.pass = pass.to_string(),
            Notice::Batch(_) => self.batches += 1,
            _ => {}
        }
    }
}

fn of_batch(about: &About, batch: &BatchDone) {
    let milliseconds =
        |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    debug!(
        target: "longhaul::batch",
        run = about.run,
        job = about.job,
        pass = about.pass,
        worker = batch.worker,
        range = batch.range.0,
        batch = about.batches,
        rows_seen = batch.seen,
        rows_changed = batch.changed,
        wal_bytes = batch.wal_bytes,
        took_ms = milliseconds(batch.took),
        lock_wait_ms = milliseconds(batch.waits.lock_wait),
        blocked = batch.waits.blocked,
        "committed"
    );
}

fn of_alert(severity: Severity, text: &str) {
    match severity {
        Severity::Critical => error!(target: "longhaul::alert", "{text}"),
        Severity::Warning => warn!(target: "longhaul::alert", "{text}"),
        Severity::Info => info!(target: "longhaul::alert", "{text}"),
    }
}

fn of_revision(notice: Notice) {
    match notice {
        Notice::Applying { revision, direction } => {
            info!(target: "longhaul::revision", revision, direction = direction.as_str(), "begun");
        }
        Notice::Applied { revision, direction, done, took } => {
            let outcome = match done {
                Done::Now => "done",
                Done::Before => "was done before",
                Done::Skipped => "passed over: its condition doesn't hold",
            };
            let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            info!(target: "longhaul::revision", revision, direction = direction.as_str(), took_ms, "{outcome}");
        }
        Notice::Statement { number, of, sql } => {
            // What stands in it may be anybody's business, a password for one.
            let words: Vec<&str> = sql.split_whitespace().take(WORDS).collect();
            debug!(target: "longhaul::revision", number, of, "statement {}", words.join(" "));
        }
        Notice::Repairing { reason } | Notice::Safeguard { reason } => {
            info!(target: "longhaul::revision", "{reason}");
        }
        _ => {}
    }
}

fn of_run(about: &About, notice: Notice) {
    match notice {
        Notice::Started { table, .. } => of_run!(info, about, table, "begun"),
        Notice::Resumed { done, .. } => {
            of_run!(info, about, rows_seen = done.rows_seen, batches = done.batches, "resumed");
        }
        Notice::Joined { .. } => of_run!(info, about, "joined"),
        Notice::Watching { who } => of_run!(info, about, who, "looking whether another process is alive"),
        Notice::Pass { expected, .. } => of_run!(info, about, expected, "pass begun"),
        Notice::PassDone { totals, .. } => {
            let (rows_seen, rows_changed) = (totals.rows_seen, totals.rows_changed);
            of_run!(info, about, rows_seen, rows_changed, batches = totals.batches, "pass done");
        }
        Notice::Claimed { worker, range, .. } => {
            of_run!(debug, about, worker, range = range.0, "range claimed");
        }
        Notice::Rested { worker } => of_run!(debug, about, worker, "worker rests"),
        Notice::Blocks { sessions, longest, .. } => {
            let longest_ms = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
            of_run!(debug, about, sessions, longest_ms, "a batch keeps others waiting");
        }
        Notice::Trouble { class } => of_run!(warn, about, class = class.as_str(), "an error"),
        Notice::Quarantined { rows, .. } => of_run!(warn, about, rows, "rows put into quarantine"),
        Notice::Held { signals, .. } => of_run!(info, about, signals = signals.join(", "), "held"),
        Notice::GoesOn => of_run!(info, about, "goes on"),
        Notice::Stopping { how } => of_run!(info, about, "{how}"),
        Notice::Vacuuming => of_run!(info, about, "a VACUUM runs beside the batches"),
        Notice::Walking { how } => of_run!(info, about, how, "walking"),
        Notice::Resized { reason } => of_run!(debug, about, "{}", without_query(&reason)),
        Notice::Rescaled { reason } => of_run!(info, about, "{reason}"),
        Notice::Waiting { reason } => of_run!(info, about, "waiting: {}", without_query(&reason)),
        Notice::Warning { reason } => of_run!(warn, about, "{}", without_query(&reason)),
        Notice::Proving => of_run!(info, about, "taking the proof"),
        Notice::Proved { proof } => {
            of_run!(info, about, rows = proof.rows, rows_left = proof.remaining, "signed off");
        }
        Notice::Compared { how } => of_run!(info, about, "{how}"),
        _ => {}
    }
}

/// Up to where another session's query begins: `session 12 (payroll, user ann, active): UPDATE …`.
pub(crate) fn without_query(reason: &str) -> &str {
    let session = reason.find("session ").unwrap_or(reason.len());
    let query = reason[session..].find("): ").map(|at| session + at + 1);
    &reason[..query.unwrap_or(reason.len())]
}

/// Logs why the process ends, without what a row may have in it.
pub fn failed(code: u8, message: &str, hint: Option<&str>) {
    error!(target: "longhaul", code, hint, "{message}");
}

#[cfg(test)]
mod tests {
    use super::without_query;

    #[test]
    fn what_another_session_runs_is_not_logged() {
        let who = "revision a lets session 12 (payroll, user ann, active, since 22:00:00)";
        assert_eq!(without_query(&format!("{who}: UPDATE pay SET x = 'secret'; trying again")), who);
        assert_eq!(without_query("the session settings (all): fine"), "the session settings (all)");
        for plain in ["a batch has been running for 3 s", "session ", "ü): session ü"] {
            assert_eq!(without_query(plain), plain);
        }
    }
}
