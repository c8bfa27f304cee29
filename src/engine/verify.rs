//! The proof of a job by itself: the same statements as at the end of its run, and nothing else.

use super::{Engine, Leave, Preflight, Proof, RunError, StopLevel, proof};
use crate::model::Job;

impl Engine<'_> {
    /// Takes the job's proof now. Nothing is stored or changed. `None`: the operator stopped it.
    pub async fn verify(&self, job: &Job) -> Result<Option<Proof>, RunError> {
        let mut connection = self.connector.connect("verify").await?;
        let witness = self.connector.connect("preflight").await?;
        let plan = Preflight::new(&connection, &witness, job).plan(self.store).await?;
        drop(witness);
        let run = match self.store.is_readable(&connection).await? {
            true => self.store.find_run(&*connection, job.id()).await?.map(|run| run.id),
            false => None,
        };
        let left = async {
            self.stop.reached(StopLevel::AfterBatch).await;
            Leave::Signal { cancelled: true }
        };
        Ok(proof::take(&mut connection, (self.store, &plan), run, left).await?.ok())
    }
}
