//! Commands of `[callbacks]`, run before and after a change of the history. (Its SQL runs in `attempt`, in the transaction
//! of each revision.)

use std::process::Stdio;

use tokio::process::Command;

use super::{History, HistoryError};
use crate::model::{Direction, RevisionId};

/// Runs the work between the commands `before` and `after`; where it fails, `failed` is run instead of the latter, and the
/// work's own error is what is told.
pub(super) async fn around(
    history: &History<'_>,
    direction: Direction,
    path: &[RevisionId],
    work: impl Future<Output = Result<(), HistoryError>>,
) -> Result<(), HistoryError> {
    let callbacks = &history.engine.settings.callbacks;
    let told = |error: Option<String>| Told { history, direction, path, error };
    told(None).run(callbacks.before.as_deref()).await?;
    let result = work.await;
    match &result {
        Ok(()) => told(None).run(callbacks.after.as_deref()).await?,
        Err(error) => {
            let failed = told(Some(error.to_string())).run(callbacks.failed.as_deref()).await;
            if let Err(error) = failed {
                let reason = error.to_string();
                history.engine.observer.notice(crate::engine::Notice::Warning { reason });
            }
        }
    }
    result
}

/// Runs the command `backup` before revisions that may lose data.
pub(super) async fn back_up(
    history: &History<'_>,
    direction: Direction,
    losing: &[RevisionId],
) -> Result<(), HistoryError> {
    let command = history.engine.settings.callbacks.backup.as_deref();
    Told { history, direction, path: losing, error: None }.run(command).await
}

/// What a command is told, through its environment.
struct Told<'t> {
    history: &'t History<'t>,
    direction: Direction,
    path: &'t [RevisionId],
    error: Option<String>,
}

impl Told<'_> {
    async fn run(&self, command: Option<&str>) -> Result<(), HistoryError> {
        let Some(command) = command else { return Ok(()) };
        let failed = |reason: String| HistoryError::Callback { command: command.to_owned(), reason };
        let ids: Vec<&str> = self.path.iter().map(|id| id.0.as_str()).collect();
        let status = Command::new("sh")
            .args(["-c", command])
            .env("LONGHAUL_DIRECTION", self.direction.as_str())
            .env("LONGHAUL_REVISIONS", ids.join(" "))
            .env("LONGHAUL_DATABASE", self.history.engine.connector.target().to_string())
            .env("LONGHAUL_ERROR", self.error.as_deref().unwrap_or_default())
            .stdin(Stdio::null())
            // What it prints is talk; our own stdout is for data.
            .stdout(Stdio::from(std::io::stderr()))
            .status()
            .await
            .map_err(|error| failed(error.to_string()))?;
        if status.success() { Ok(()) } else { Err(failed(status.to_string())) }
    }
}
