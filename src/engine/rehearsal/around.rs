//! The facts that the checks look at, gathered.

use super::{Engine, RunError, Scene, sample::Sample};
use crate::engine::walk::Walk;
use crate::model::{Down, Order, Pass};
use crate::pg::checkup::checkup;
use crate::pg::{Connection, surroundings};
use crate::plan::checkup::{self, Wanted};
use crate::plan::forecast::Measured;
use crate::plan::interleave;
use crate::plan::rehearsal::{Facts, Tried};
use crate::throttle;

/// Batches a second at the least, where rows or WAL a second are limited: the worker's.
const BATCHES_A_SECOND: f64 = 50.0;

/// More rows move than the schedule says: pages aren't all alike, and some versions are still seen by others.
const MORE_MOVE: f64 = 1.15;

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
        let live = storage.sample.map(|sample| sample.rows * sample.row_bytes / storage.page_bytes.max(1) as f64);
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
            has_down: matches!(job.down, Some(Down::Set(_))),
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

/// Part of the rows that have to move, with the strides there are.
pub(super) fn moved(walk: &Walk) -> f64 {
    let (strides, _) = walk.interleaver(walk.order, Pass::BACKFILL).current();
    if strides < 2 {
        return 1.0;
    }
    let least = match walk.order {
        Order::Physical => 0.0,
        // Equal strides: the first moves as a whole.
        Order::Key => 1.0 / f64::from(strides),
    };
    (interleave::moved(&walk.page, strides) * MORE_MOVE).max(least).min(1.0)
}

/// Rows of a batch, once its size has settled.
pub(super) fn batch_rows(scene: &Scene<'_>, measured: &Measured) -> f64 {
    let Scene { plan, walk, pace } = scene;
    let (strides, window_pages) = walk.interleaver(walk.order, Pass::BACKFILL).current();
    let triggers: f64 = measured.triggers.iter().map(|(_, seconds)| seconds).sum();
    let a_row = measured.moving + measured.looking * f64::from(strides) + triggers;
    let by_time = if a_row > 0.0 { pace.target.as_secs_f64() / a_row } else { f64::INFINITY };
    let by_window = if strides > 1 {
        let window = window_pages as f64 * walk.page.rows;
        window / f64::from(interleave::BATCHES_A_STRIDE) / f64::from(strides)
    } else {
        f64::INFINITY
    };
    let by_limit = pace.limits.rows_per_second().map_or(f64::INFINITY, |limit| f64::from(limit) / BATCHES_A_SECOND);
    let bounds = plan.job.batch;
    by_time.min(by_window).min(by_limit).clamp(f64::from(bounds.min).max(1.0), f64::from(bounds.max).max(1.0))
}
