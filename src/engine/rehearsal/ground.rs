//! What the forecast is made from, beside what was measured.

use super::measure::Tally;
use super::sample::Sample;
use super::{JobPlan, Scene};
use crate::engine::walk::Walk;
use crate::model::{Order, Pass};
use crate::plan::forecast::{Ground, Measured};
use crate::plan::interleave;
use crate::plan::rehearsal::Facts;

/// Seconds that a whole page takes where none was seen: measured, 1 to 3 µs with its pages at hand.
const IMAGE: f64 = 2e-6;

/// Batches a second at the least, where rows or WAL a second are limited: the worker's.
const BATCHES_A_SECOND: f64 = 50.0;

/// More rows move than the schedule says: pages aren't all alike, and some versions are still seen by others.
const MORE_MOVE: f64 = 1.15;

/// What the forecast is made from, beside what was measured.
pub(super) fn ground(scene: &Scene<'_>, facts: &Facts, (sample, tally): (Sample, &Tally)) -> Ground {
    let Scene { plan, walk, pace } = scene;
    let around = &facts.surroundings;
    let strides = f64::from(facts.strides);
    let workers = walk.workers;
    let most = pace.workers.most;
    let database = |own: Option<f64>, shared: Option<f64>| match (own, shared) {
        (Some(own), Some(shared)) => Some(own.min(shared)),
        (own, shared) => own.or(shared),
    };
    let verify = &plan.job.verify;
    let totals = f64::from(u8::from(!verify.totals.is_empty()));
    let readings = 1.0 + totals * if verify.before { 2.0 } else { 1.0 } + verify.by.len() as f64;
    Ground {
        rows: sample.rows,
        all_rows: sample.all_rows,
        pages: plan.storage.pages as f64,
        page_bytes: plan.storage.page_bytes as f64,
        row_bytes: walk.page.row_bytes + walk.page.growth.max(0.0),
        indexes: around.indexes as f64,
        index_bytes: around.index_bytes as f64,
        is_forbidden: !facts.forbidding.is_empty(),
        strides,
        moved: moved(walk),
        batch_rows: batch_rows(scene, &tally.measured, false),
        paced_rows: batch_rows(scene, &tally.measured, true),
        workers: (workers.first.clamp(pace.workers.least, most), most),
        rows_per_second: database(pace.limits.rows_per_second().map(f64::from), pace.database_rows),
        wal_per_second: database(pace.limits.wal_per_second().map(|bytes| bytes as f64), pace.database_wal),
        reading: sample.reading,
        readings,
        sweeps: facts.repairs,
        max_wal_size: around.max_wal_size as f64,
        checkpoint_timeout: around.checkpoint_timeout,
        kept: sample.kept,
        is_vacuumed: facts.owned || around.autovacuum,
    }
}

/// What was tried soon after the rows were written showed no whole pages: a run behind a checkpoint will write them.
pub(super) fn expected_images(measured: &Measured, facts: &Facts, plan: &JobPlan) -> Measured {
    let mut measured = measured.clone();
    if measured.image_wal <= 0.0 && facts.surroundings.writes_full_pages {
        measured.image_wal = plan.storage.page_bytes as f64 * facts.live_share.unwrap_or(1.0);
        measured.image = IMAGE;
    }
    measured
}

/// Part of the rows that have to move, with the strides there are.
fn moved(walk: &Walk) -> f64 {
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

/// Rows of a batch, once its size has settled; `paced`: with the limits of rows a second in force.
fn batch_rows(scene: &Scene<'_>, measured: &Measured, paced: bool) -> f64 {
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
    let limit = pace.limits.rows_per_second().filter(|_| paced);
    let by_limit = limit.map_or(f64::INFINITY, |limit| f64::from(limit) / BATCHES_A_SECOND);
    let bounds = plan.job.batch;
    by_time.min(by_window).min(by_limit).clamp(f64::from(bounds.min).max(1.0), f64::from(bounds.max).max(1.0))
}
