//! `pause`, `resume`, `cancel` and `set`: what an operator wants is stored, with who and why, and those at work are told.
//!
//! Where a process is at work it obeys after its batch, and until the last one has, what is wanted and where the run stands
//! differ. Where nobody is at work the command comes true at once. A crash before the COMMIT leaves everything as it was.

use super::{Engine, Leave, RunError, takeover};
use crate::manifest::LiveSettings;
use crate::model::{Job, RunId, Wanted};
use crate::plan::control::{self, Command, Effect, Standing};
use crate::plan::transition::{self, Input};
use crate::store::{Event, RunRow, Use, Wish};

/// Whose run a command is for: the latest of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject<'s> {
    /// The job's id: that of its revision, or its name.
    pub job: &'s str,
    /// The job's name.
    pub name: &'s str,
    /// Only if it is this one: whoever asked saw it, and doesn't mean another.
    pub only: Option<RunId>,
}

impl<'s> From<&'s Job> for Subject<'s> {
    fn from(job: &'s Job) -> Self {
        Self { job: job.id(), name: &job.name, only: None }
    }
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Commanded {
    /// The processes at work are asked, and obey after their batches.
    Asked(RunId),
    /// Nobody is at work: it is so now.
    Done(RunId),
    /// It was so before.
    Already(RunId),
}

impl Engine<'_> {
    /// Carries out a command on the job's latest run.
    pub async fn command(
        &self,
        subject: Subject<'_>,
        command: Command,
        why: Option<&str>,
    ) -> Result<Commanded, RunError> {
        let wish = |wanted| Wish {
            wanted,
            by: Some(format!("{} on {}", self.identity.actor, self.identity.host)),
            why: why.map(str::to_owned),
        };
        self.on_run(subject, command, async |transaction, run, effect| {
            let store = self.store;
            let because = why.map(|why| format!(": {why}")).unwrap_or_default();
            let (done, message) = match effect {
                Effect::Already | Effect::Store => return Ok(Commanded::Already(run.id)),
                Effect::Ask(wanted) => {
                    store.set_wanted(transaction, run.id, &wish(wanted)).await?;
                    (
                        Commanded::Asked(run.id),
                        format!("{} of run {} was asked for{because}", command.as_str(), run.id),
                    )
                }
                Effect::Now(Input::Cancel) => {
                    store.set_wanted(transaction, run.id, &wish(Wanted::Cancel)).await?;
                    let reason = Leave::Cancelled(wish(Wanted::Cancel)).describe();
                    takeover::give_up(store, self.identity, transaction, (run, &reason)).await?;
                    return Ok(Commanded::Done(run.id));
                }
                Effect::Now(input) => {
                    let wanted = if input == Input::Pause { Wanted::Pause } else { Wanted::Work };
                    store.set_wanted(transaction, run.id, &wish(wanted)).await?;
                    let state = transition::next(run.state, input)?;
                    let past = if input == Input::Pause { "was paused" } else { "was resumed" };
                    let reason = format!("{past} by {}", wish(wanted).describe());
                    store.remove_workers(transaction, run.id).await?;
                    store.revoke_leases(transaction, run.id).await?;
                    store.set_run_state(transaction, run.id, state, Some(&reason), None).await?;
                    (Commanded::Done(run.id), format!("run {} of {} {reason}", run.id, run.name))
                }
            };
            let kind = match (command, &done) {
                (Command::Pause, Commanded::Done(_)) => "run.paused",
                (Command::Pause, _) => "run.pause_requested",
                (Command::Resume, _) => "run.released",
                (Command::Cancel | Command::Set, _) => "run.cancel_requested",
            };
            store.record(transaction, self.identity, Event::of_run(run.id, kind, message)).await?;
            Ok(done)
        })
        .await
    }

    /// Changes the settings of the job's run; they hold from its next batch on, or from its next start.
    pub async fn set(
        &self,
        subject: Subject<'_>,
        assignments: &[String],
        why: Option<&str>,
    ) -> Result<String, RunError> {
        self.on_run(subject, Command::Set, async |transaction, run, _| {
            let settings = LiveSettings::change(&run.settings, assignments)?;
            self.store.set_run_settings(transaction, run.id, &settings).await?;
            self.record_settings(transaction, Some(run.id), assignments, why).await?;
            Ok(settings)
        })
        .await
    }

    /// Changes the settings of the whole database.
    pub async fn set_database(&self, assignments: &[String], why: Option<&str>) -> Result<String, RunError> {
        let mut connection = self.connector.connect("control").await?;
        self.store.install(&mut connection).await?;
        self.store.require(&*connection, Use::Operate).await?;
        let transaction = connection.transaction().await.map_err(RunError::sql("begin"))?;
        self.store.lock_runs(&transaction).await?;
        let stored = self.store.database_settings(&transaction).await?;
        let settings = LiveSettings::change(&stored, assignments)?;
        self.store.set_database_settings(&transaction, self.identity, &settings).await?;
        self.record_settings(&transaction, None, assignments, why).await?;
        self.store.notify_workers(&transaction, None).await?;
        transaction.commit().await.map_err(RunError::sql("store the settings"))?;
        Ok(settings)
    }

    async fn record_settings(
        &self,
        transaction: &tokio_postgres::Transaction<'_>,
        run: Option<RunId>,
        assignments: &[String],
        why: Option<&str>,
    ) -> Result<(), RunError> {
        let because = why.map(|why| format!(": {why}")).unwrap_or_default();
        let whose = run.map_or_else(|| "the whole database".to_owned(), |run| format!("run {run}"));
        let message = format!("set {} for {whose}{because}", assignments.join(", "));
        let event = Event { kind: "settings.changed", run, revision: None, message, detail: None };
        Ok(self.store.record(transaction, self.identity, event).await?)
    }

    /// Does something to the job's latest run while nobody comes to it or leaves it.
    async fn on_run<T>(
        &self,
        Subject { job, name, only }: Subject<'_>,
        command: Command,
        change: impl AsyncFnOnce(&tokio_postgres::Transaction<'_>, &RunRow, Effect) -> Result<T, RunError>,
    ) -> Result<T, RunError> {
        let mut connection = self.connector.connect("control").await?;
        self.store.bring_up(&mut connection).await?;
        let no_run = || RunError::NoRun { job: name.to_owned() };
        if self.store.version(&connection).await?.is_none() {
            return Err(no_run());
        }
        self.store.require(&*connection, Use::Operate).await?;
        let transaction = connection.transaction().await.map_err(RunError::sql("begin"))?;
        self.store.lock_runs(&transaction).await?;
        let run = self.store.find_run(&transaction, job).await?.ok_or_else(no_run)?;
        if let Some(only) = only.filter(|only| *only != run.id) {
            return Err(RunError::LaterRun { job: name.to_owned(), run: only, latest: run.id });
        }
        let at_work = self.store.workers(&transaction, run.id).await?.iter().any(|worker| worker.alive);
        let effect =
            control::judge(Standing { state: run.state, wanted: run.wish.wanted, at_work }, command)?;
        let done = change(&transaction, &run, effect).await?;
        self.store.notify_workers(&transaction, Some(run.id)).await?;
        transaction.commit().await.map_err(RunError::sql("store the command"))?;
        Ok(done)
    }
}
