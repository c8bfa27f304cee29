//! How a process lets go of a run: what became of it is stored in one transaction with the end of its registration, and only
//! while the run is still this process's. A crash before the COMMIT leaves the run as that of a dead process.

use super::crew::Outcome;
use super::ending::Ending;
use super::takeover::{self, Runs};
use super::{Comparison, Ended, Engine, Leave, Notice, RunError, hours_in_force};
use crate::model::{Job, RunId, WorkerId};
use crate::pg::{Connection, ErrorClass};
use crate::store::{Event, PassTotals};

impl Engine<'_> {
    /// Stores how it ended, on a connection that works, and lets go of the run.
    pub(super) async fn leave(
        &self,
        connection: &mut Connection,
        ids: &[WorkerId],
        (job, run): (&Job, RunId),
        result: Result<Outcome, RunError>,
    ) -> Result<Ended, RunError> {
        let result = match result {
            // The run is another's: nothing of it may be touched.
            Err(error) if error.class() == ErrorClass::Fenced => return Err(error),
            result => result,
        };
        let ending = Ending::of(job, run, &result);
        let stored = match self.store_ending(connection, ids, &ending).await {
            stored @ (Ok(_) | Err(RunError::GivenUp)) => stored,
            // The connection that failed can't tell of it; a new one may.
            Err(_) => self.store_ending_again(job, ids, &ending).await,
        };
        if matches!(stored, Err(RunError::GivenUp)) {
            return Err(RunError::GivenUp);
        }
        match result {
            Err(error) => Err(error),
            Ok(Outcome::Left(leave)) => {
                let (totals, others) = stored?;
                self.left(job, (run, totals), leave, others).await
            }
            Ok(Outcome::Proved(proof)) => {
                let (totals, _) = stored?;
                if !job.restores {
                    self.observer.notice(Notice::Proved { proof: proof.clone() });
                }
                self.compare(job, (run, totals)).await;
                Ok(Ended::Done { run, totals, proof })
            }
        }
    }

    /// Says and logs how the run came out beside its forecast, where there is one. It is done, whether or not that succeeds.
    async fn compare(&self, job: &Job, (run, totals): (RunId, PassTotals)) {
        let compared = async {
            let connection = self.connector.connect("batches").await?;
            let standing = self.look(&connection, job).await?;
            let settings = standing.run.as_ref().map_or("", |run| &run.settings);
            let schedule = hours_in_force(Some(job), self.settings, (settings, &standing.database_settings));
            let found =
                Comparison::of(self.store, &*connection, (run, totals.rows_changed), &schedule).await?;
            let Some(compared) = found else { return Ok(None) };
            let message = format!("run {run} of {}, {}", job.name, compared.describe());
            let detail = serde_json::to_value(&compared).ok();
            let event = Event { detail, ..Event::of_run(run, "run.compared", message) };
            self.store.record(&*connection, self.identity, event).await?;
            Ok::<_, RunError>(Some(compared.describe()))
        };
        match compared.await {
            Ok(None) => {}
            Ok(Some(how)) => self.observer.notice(Notice::Compared { how }),
            Err(error) => {
                let reason = format!("the run could not be compared with its forecast: {}", error.in_short());
                self.observer.notice(Notice::Warning { reason });
            }
        }
    }

    /// What this process says of a run that it has left. One that another has signed off is done.
    async fn left(
        &self,
        job: &Job,
        (run, totals): (RunId, PassTotals),
        leave: Leave,
        others: bool,
    ) -> Result<Ended, RunError> {
        if matches!(leave, Leave::Elsewhere { .. }) {
            let connection = self.connector.connect("batches").await?;
            let found = self.store.find_run(&*connection, job.id()).await?.filter(|found| found.id == run);
            if let Some(found) = found {
                return Ok(match Leave::elsewhere(&found) {
                    None => Ended::AlreadyDone(Box::new(found)),
                    Some(leave) => Ended::Left { run: Some(run), totals, leave, others },
                });
            }
        }
        Ok(Ended::Left { run: Some(run), totals, leave, others })
    }

    /// On a new connection. If only the answer was lost the first time, this process isn't registered any more, and
    /// the run stands as it was to be stored.
    async fn store_ending_again(
        &self,
        job: &Job,
        workers: &[WorkerId],
        ending: &Ending,
    ) -> Result<(PassTotals, bool), RunError> {
        let mut connection = self.connector.connect("batches").await?;
        let stored = self.store_ending(&mut connection, workers, ending).await;
        let Err(RunError::GivenUp) = stored else { return stored };
        let found = self.store.find_run(&*connection, job.id()).await?;
        let is_stored =
            found.is_some_and(|run| run.id == ending.run && run.reason.as_deref() == Some(&*ending.reason));
        if is_stored { Ok((self.store.totals(&*connection, ending.run, None).await?, false)) } else { stored }
    }

    /// The last process to leave stores what becomes of the run; who fails or proves it does so for all. Whether others
    /// are at work still.
    async fn store_ending(
        &self,
        connection: &mut Connection,
        workers: &[WorkerId],
        ending: &Ending,
    ) -> Result<(PassTotals, bool), RunError> {
        failpoint!("ending.beginning");
        let (store, run) = (self.store, ending.run);
        let transaction = takeover::still_ours(store, connection, workers, Runs::Alone).await?;
        store.release_ranges(&transaction, run, workers).await?;
        store.deregister_workers(&transaction, workers).await?;
        let others = store.count_other_workers(&transaction, run, workers).await? > 0;
        let state = store.orders(&transaction, run).await?.map(|orders| orders.state);
        let reached = state.and_then(|state| ending.reached(state, others)).transpose()?;
        if let Some(state) = reached {
            let reason = Some(ending.reason.as_str());
            store.set_run_state(&transaction, run, state, reason, ending.sign_off.as_ref()).await?;
        }
        let totals = store.totals(&transaction, run, None).await?;
        let kind = if reached.is_some() { ending.event } else { "run.left" };
        let message = ending.message(self.identity, reached.is_some());
        let event = Event { detail: ending.detail(), ..Event::of_run(run, kind, message) };
        store.record(&transaction, self.identity, event).await?;
        if reached.is_some() {
            store.notify_workers(&transaction, Some(run)).await?;
        }
        transaction.commit().await.map_err(RunError::sql("store how the run ended"))?;
        failpoint!("ending.stored");
        Ok((totals, others))
    }
}
