//! Rows in quarantine: tried again, or left as they are.

use super::worker::Session;
use super::{Engine, Preflight, RunError, takeover};
use crate::engine::batch::Shape;
use crate::model::{Direction, Job, RunState};
use crate::pg::sqlstate::Said;
use crate::pg::{Connection, ErrorClass, classify};
use crate::store::{Event, Quarantined, RunRow, Settlement};

/// What came of trying again.
#[derive(Clone, Debug, Default)]
pub struct Retried {
    /// Rows that have their new values now.
    pub done: u64,
    /// Rows that needed none any more: they have them, or are gone.
    pub needless: u64,
    /// Rows that failed again, with their keys and the server's words.
    pub failed: Vec<(String, String)>,
    /// The operator's signal came first.
    pub stopped: bool,
}

/// What came of one row.
enum Tried {
    Done,
    Needless,
    Failed(String),
    /// Somebody else has dealt with it meanwhile.
    Taken,
}

impl Engine<'_> {
    /// Tries the rows in the quarantine of the job's latest run once more, each in a transaction of its own.
    pub async fn retry(&self, job: &Job) -> Result<Retried, RunError> {
        let mut connection = self.connector.connect("quarantine").await?;
        let run = self.quarantining(&mut connection, job).await?;
        let job = Self::job_of(job, &run)?;
        let held = self.store.quarantined(&*connection, run.id, Some("held")).await?;
        let mut retried = Retried::default();
        if held.is_empty() {
            return Ok(retried);
        }
        let witness = self.connector.connect("preflight").await?;
        let plan = Preflight::new(&connection, &witness, &job).plan(self.store).await?;
        drop(witness);
        let mut session = Session::prepare(connection, &plan.sql, self.store).await?;
        let statement = plan.sql.among(Shape::PLAIN, (None, i64::MAX));
        for row in held {
            if self.stop.is_asked() {
                retried.stopped = true;
                break;
            }
            match self
                .try_again(
                    session.connection(),
                    &run,
                    &row,
                    (&statement, &plan.sql.row()),
                    (&plan.sql.as_author(), &plan.sql.as_ourselves()),
                )
                .await?
            {
                Tried::Done => retried.done += 1,
                Tried::Needless => retried.needless += 1,
                Tried::Failed(error) => retried.failed.push((plan.sql.describe_key(&row.key), error)),
                Tried::Taken => {}
            }
        }
        let Retried { done, needless, failed, .. } = &retried;
        let message = format!(
            "rows in the quarantine of run {} were tried again: {done} done, {needless} needed nothing, {} failed",
            run.id,
            failed.len()
        );
        let event = Event::of_run(run.id, "quarantine.retried", message);
        self.store.record(&**session.connection(), self.identity, event).await?;
        Ok(retried)
    }

    async fn try_again(
        &self,
        connection: &mut Connection,
        run: &RunRow,
        row: &Quarantined,
        (statement, look): (&str, &str),
        (enter, leave): (&str, &str),
    ) -> Result<Tried, RunError> {
        let failed = || RunError::sql("try a row again");
        let mut transaction = connection.transaction().await.map_err(failed())?;
        if !self.store.lock_quarantined(&transaction, row.id).await? {
            return Ok(Tried::Taken);
        }
        transaction.batch_execute("SET CONSTRAINTS ALL IMMEDIATE").await.map_err(failed())?;
        let attempt = transaction.savepoint("attempt").await.map_err(failed())?;
        attempt.batch_execute(enter).await.map_err(failed())?;
        let keys = [row.literal.as_str()];
        let tried = match attempt.query_one(statement, &[&keys.as_slice(), &run.id.0]).await {
            Ok(changed) => {
                attempt.batch_execute(leave).await.map_err(failed())?;
                attempt.commit().await.map_err(failed())?;
                if changed.get::<_, i64>(0) > 0 { Tried::Done } else { Tried::Needless }
            }
            Err(error) if classify(&error) == ErrorClass::Data => {
                attempt.rollback().await.map_err(failed())?;
                let said = Said::of(&error);
                self.store.note_try(&transaction, row.id, &said).await?;
                Tried::Failed(said.whole())
            }
            Err(error) => return Err(failed()(error)),
        };
        let why = match &tried {
            Tried::Done => Some("it has been done by a retry"),
            Tried::Needless => {
                let there = transaction.query_opt(look, &[&row.literal]).await.map_err(failed())?.is_some();
                Some(if there { "it was not to be done any more" } else { "it is gone" })
            }
            Tried::Failed(_) | Tried::Taken => None,
        };
        if let Some(why) = why {
            self.store.settle(&transaction, row.id, (Settlement::Settled, self.identity, why)).await?;
        }
        failpoint!("quarantine.retried");
        transaction.commit().await.map_err(failed())?;
        Ok(tried)
    }

    /// Leaves the rows in quarantine as they are, for a reason: the run may be signed off without them. `only` is a key as
    /// `quarantine list` shows it. Returns how many there are.
    pub async fn drop_quarantined(&self, job: &Job, only: Option<&str>, why: &str) -> Result<u64, RunError> {
        let mut connection = self.connector.connect("quarantine").await?;
        let run = self.quarantining(&mut connection, job).await?;
        let failed = || RunError::sql("drop rows from quarantine");
        let transaction = connection.transaction().await.map_err(failed())?;
        let mut dropped = 0;
        for row in self.store.quarantined(&transaction, run.id, Some("held")).await? {
            let is_wanted = only.is_none_or(|only| only == row.key.to_string());
            if is_wanted && self.store.lock_quarantined(&transaction, row.id).await? {
                self.store.settle(&transaction, row.id, (Settlement::Dropped, self.identity, why)).await?;
                dropped += 1;
            }
        }
        if dropped > 0 {
            let message = format!("{dropped} rows of run {} were dropped from quarantine: {why}", run.id);
            let event = Event::of_run(run.id, "quarantine.dropped", message);
            self.store.record(&transaction, self.identity, event).await?;
        }
        transaction.commit().await.map_err(failed())?;
        Ok(dropped)
    }

    /// The job's latest run. What is over stays as it is.
    async fn quarantining(&self, connection: &mut Connection, job: &Job) -> Result<RunRow, RunError> {
        self.store.bring_up(connection).await?;
        let run = match self.store.version(connection).await? {
            Some(_) => self.store.find_run(&**connection, job.id()).await?,
            None => None,
        };
        let run = run.ok_or_else(|| RunError::NoRun { job: job.name.clone() })?;
        if matches!(run.state, RunState::Cancelled | RunState::Undone) {
            return Err(RunError::Over { job: job.name.clone(), run: run.id, state: run.state });
        }
        Ok(run)
    }

    /// The job that the run does: this one, or one that takes it back.
    fn job_of(job: &Job, run: &RunRow) -> Result<Job, RunError> {
        let ways = match run.direction {
            Direction::Up => vec![job.clone()],
            Direction::Down => job.taken_back().into_iter().chain(job.undone()).collect(),
        };
        let same = ways.iter().find(|job| takeover::refuse_drift(run, job).is_ok());
        match same.or(ways.first()) {
            Some(job) => takeover::refuse_drift(run, job).map(|()| job.clone()),
            None => Err(RunError::Over { job: job.name.clone(), run: run.id, state: run.state }),
        }
    }
}
