//! The control totals before the first batch, where the job asks for them.

use super::{Crew, LOOK, left};
use crate::engine::worker::Tools;
use crate::engine::{Leave, Notice, RunError, StopLevel, proof};
use crate::model::Pass;
use crate::pg::ErrorClass;

impl Crew<'_> {
    /// Whoever leads the run takes them; the others wait, since what they do would be counted. `Some`: the run is to be left.
    pub(super) async fn take_totals_before(&mut self, pass: Pass) -> Result<Option<Leave>, RunError> {
        let Tools { store, run, stop, gate, clock, observer, .. } = *self.tools;
        let plan = self.plan;
        if !plan.job.verify.before || pass > Pass::BACKFILL {
            return Ok(None);
        }
        loop {
            let is_there = store.before(&**self.connection(), run).await?.is_some();
            // What was done already is in them: better none than wrong ones.
            if is_there || store.totals(&**self.connection(), run, None).await?.batches > 0 {
                return Ok(None);
            }
            let first = store.first_worker(&**self.connection(), run).await?;
            if first.is_some_and(|first| self.roster.ids().contains(&first)) {
                break;
            }
            if stop.asked_within(clock, LOOK).await {
                return Ok(Some(Leave::Signal { cancelled: stop.level() >= StopLevel::Cancel }));
            }
        }
        observer
            .notice(Notice::Waiting { reason: "the totals are taken as they are before the run".to_owned() });
        gate.do_now("taking the totals before the run");
        let taken = proof::take_before(self.connection(), plan, left(stop, gate)).await;
        gate.do_now("working");
        match taken {
            Ok(Ok(before)) => {
                let before = serde_json::to_value(before).expect("totals are plain data with text keys");
                store.keep_before(&**self.connection(), run, &before).await?;
                Ok(None)
            }
            Ok(Err(leave)) => Ok(Some(leave)),
            // Taken again when the worker has its connection back.
            Err(error) if error.class() == ErrorClass::Connection => {
                let first = self.workers.first_mut().expect("the first worker is away only during a walk");
                first.recover(error).await?;
                Box::pin(self.take_totals_before(pass)).await
            }
            Err(error) => Err(error),
        }
    }
}
