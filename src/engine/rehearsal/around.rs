//! The facts that the checks look at, gathered.

use super::{Engine, RunError, Scene, sample::Sample};
use crate::model::{Down, Order, Pass};
use crate::pg::checkup::checkup;
use crate::pg::{Connection, surroundings};
use crate::plan::checkup::{self, Wanted};
use crate::plan::rehearsal::{Facts, Tried};
use crate::throttle;

impl Engine<'_> {
    pub(super) async fn facts(
        &self,
        connection: &Connection,
        scene: &Scene<'_>,
        sample: Option<Sample>,
    ) -> Result<Facts, RunError> {
        let failed = RunError::sql("look what surrounds the table");
        let Scene { plan, walk, pace } = scene;
        let (job, storage) = (&plan.job, &plan.storage);
        let targets: Vec<&str> = job.set.iter().map(|target| target.column.0.as_str()).collect();
        let around =
            surroundings::surroundings(connection, plan.table.oid, &targets).await.map_err(&failed)?;
        let server = checkup(connection, self.clock, &self.store.schema).await.map_err(&failed)?;
        let wanted =
            Wanted { workers: walk.workers.bounds.most, control: &self.store.schema, is_verified: true };
        let free_disk = throttle::free_disk(connection, plan.table.oid).await.map_err(&failed)?;
        let by_key = walk.order == Order::Key;
        let live =
            storage.sample.map(|sample| sample.rows * sample.row_bytes / storage.page_bytes.max(1) as f64);
        let (strides, _) = walk.interleaver(walk.order, Pass::BACKFILL).current();
        Ok(Facts {
            table: plan.table.name.to_string(),
            targets: job.set.iter().map(|target| target.column.to_string()).collect(),
            key_index: plan.key.index.clone(),
            correlation: storage.correlation.filter(|_| by_key),
            order: walk.order,
            walk: walk.describe(None),
            strides,
            why_strides: walk.why_strides().to_owned(),
            forbidding: storage.forbidding.clone(),
            surroundings: around,
            server: checkup::judge(&server, wanted),
            opening: self.opening(pace),
            lock_timeout: self.settings.lock_timeout,
            table_bytes: storage.pages * storage.page_bytes,
            live_share: live,
            owned: storage.owned,
            undo: job.undo,
            has_down: matches!(job.down, Some(Down::Set(..) | Down::Keep)),
            overwritten: sample.and_then(|sample| sample.overwritten),
            repairs: matches!(plan.repair, super::super::Repair::Where(_)),
            has_quarantine: job.quarantine != crate::model::Tolerance::default(),
            unfinished: None,
            was_done: false,
            free_disk,
            tried: Tried::Not,
            forecast: None,
        })
    }
}
