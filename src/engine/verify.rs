//! The proof of a job by itself: the same statements as at the end of its run, and nothing else.

use super::statements::Scope;
use super::{Engine, Leave, Preflight, Proof, RunError, StopLevel, proof};
use crate::model::Job;

impl Engine<'_> {
    /// Takes the job's proof now, of the whole table or of a part of its pages (more than 0, at most 1). Nothing is stored or
    /// changed. `None`: the operator stopped it.
    pub async fn verify(&self, job: &Job, sample: Option<f64>) -> Result<Option<Proof>, RunError> {
        let mut connection = self.connector.connect("verify").await?;
        let witness = self.connector.connect("preflight").await?;
        let plan = Preflight::new(&connection, &witness, job).plan(self.store).await?;
        drop(witness);
        let run = if self.store.is_readable(&connection).await? {
            self.store.find_run(&*connection, job.id()).await?.map(|run| run.id)
        } else {
            None
        };
        let left = async {
            self.stop.reached(StopLevel::AfterBatch).await;
            Leave::Signal { cancelled: true }
        };
        Ok(proof::take(&mut connection, (self.store, &plan), Scope { run, sample }, left).await?.ok())
    }
}
