//! The costs of a run, put together.

use super::{
    BOOKS, BOOKS_WAL, CROWDED, Forecast, GAIN, Ground, HEAP_ONLY_WAL, INDEX_COST, Measured, PRUNING, Span,
    TriggerCost,
};

/// What is not known however much is measured: the server's other load, caches, checkpoints in the wrong moment.
const DOUBT: (f64, f64) = (0.2, 0.25);

/// Where all rows move, more can go wrong.
const MORE_DOUBT: f64 = 0.1;

/// The part of `max_wal_size` between two checkpoints: the rest is for the one that is running.
const BETWEEN_CHECKPOINTS: f64 = 1.0 / 1.9;

/// A parallel scan of the proof is faster than ours on a sample, and a cold cache slower.
const READING: (f64, f64) = (0.5, 0.3);

/// The parts of one worker's time, in seconds.
struct Work {
    /// With the rows, without what comes once a page or a batch.
    rows: f64,
    triggers: f64,
    images: f64,
    books: f64,
}

impl Work {
    fn sum(&self) -> f64 {
        self.rows + self.triggers + self.images + self.books
    }
}

pub(super) fn forecast(measured: &Measured, ground: &Ground) -> Forecast {
    let heap_only = heap_only(measured, ground);
    let (workers, most) = ground.workers;
    let number = Span::around(batches(ground, ground.paced_rows), 0.4, 1.0);
    let (mut wal, mut images) = wal(ground.rows.middle(), measured, ground, (heap_only, 1.0));
    let checkpoints = checkpoints(wal, ground);
    if checkpoints > 1.0 {
        (wal, images) = self::wal(ground.rows.middle(), measured, ground, (heap_only, checkpoints));
    }
    let of_rows = |rows: f64| work(rows, measured, ground, (heap_only, checkpoints));
    let (low, high) = (of_rows(ground.rows.low), of_rows(ground.rows.high));
    let spread = measured.spread.min(0.5) / f64::from(measured.batches.max(1)).sqrt();
    let doubt = |sum: (f64, f64)| {
        Span::of(
            sum.0 * (1.0 - DOUBT.0 - spread).max(0.3),
            sum.1 * (1.0 + DOUBT.1 + MORE_DOUBT * (1.0 - heap_only) + spread),
        )
    };
    let one = doubt((low.sum(), high.sum()));
    let speed_up = |workers: u32| 1.0 + GAIN * f64::from(workers.saturating_sub(1));
    // They begin with so many, and one more comes while there is headroom.
    let free = Span::of(one.low / speed_up(most.min(workers + 1).max(workers)), one.high / speed_up(workers));
    let wal_share = |rows: f64| wal * rows / ground.rows.middle().max(1.0);
    let wal_span = Span::of(wal_share(ground.rows.low) * 0.85, wal_share(ground.rows.high) * 1.2);
    // Smaller batches, so that no burst goes out, cost their books.
    let smaller = batches(ground, ground.paced_rows) - batches(ground, ground.batch_rows);
    let paced = smaller.max(0.0) * BOOKS / speed_up(workers);
    let mut backfill = free.plus(Span::exact(paced));
    if let Some(limit) = ground.rows_per_second {
        backfill = backfill.at_least(ground.rows.times(1.0 / limit.max(1e-9)));
    }
    if let Some(limit) = ground.wal_per_second {
        backfill = backfill.at_least(wal_span.times(1.0 / limit.max(1e-9)));
    }
    let reading = Span::around(ground.reading, READING.0, READING.1);
    let sweep = if ground.sweeps { reading.times(1.0 / speed_up(workers)) } else { Span::default() };
    let proof = reading.times(ground.readings);
    let (table_growth, index_growth) = growth(heap_only, ground);
    let triggers = measured.triggers.iter().map(|(name, per_row)| TriggerCost {
        name: name.clone(),
        per_row: *per_row,
        share: per_row * ground.rows.middle() / f64::midpoint(low.sum(), high.sum()).max(1e-9),
    });
    Forecast {
        rows: ground.rows,
        batches: number,
        backfill,
        sweep,
        proof,
        time: backfill.plus(sweep).plus(proof),
        unlimited: free.plus(sweep).plus(proof),
        alone: one.plus(sweep).plus(proof),
        wal: wal_span,
        image_share: (images / wal.max(1.0)).min(1.0),
        table_growth,
        index_growth,
        growth: table_growth.plus(index_growth),
        preimages: ground.kept.map(|bytes| ground.rows.times(bytes).by(Span::of(0.8, 1.3))),
        heap_only,
        one_worker: Span::of(ground.rows.low / one.high.max(1e-9), ground.rows.high / one.low.max(1e-9)),
        workers,
        checkpoints,
        triggers: triggers.collect(),
    }
}

/// Part of the updates that stay on their pages.
fn heap_only(measured: &Measured, ground: &Ground) -> f64 {
    if ground.is_forbidden {
        0.0
    } else if ground.strides > 1.0 {
        (1.0 - ground.moved).max(measured.heap_only).clamp(0.0, 1.0)
    } else {
        measured.heap_only.clamp(0.0, 1.0)
    }
}

fn batches(ground: &Ground, rows: f64) -> f64 {
    (ground.all_rows / rows.max(1.0)).max(1.0).ceil()
}

/// One worker's time with so many rows.
fn work(rows: f64, measured: &Measured, ground: &Ground, (heap_only, checkpoints): (f64, f64)) -> Work {
    let (_, images) = wal(rows, measured, ground, (heap_only, checkpoints));
    // What was tried held some that stayed on their pages as well.
    let ratio = (1.0 + PRUNING) / (1.0 + INDEX_COST * ground.indexes);
    let seen = measured.heap_only.clamp(0.0, 1.0);
    let moving = measured.moving / (1.0 - seen * (1.0 - ratio)).max(0.05);
    let looking = measured.looking * ground.all_rows * ground.strides;
    let crowded = 1.0 + CROWDED * (1.0 - heap_only);
    let changing = rows * (moving * crowded * (1.0 - heap_only) + moving * ratio * heap_only);
    let triggers: f64 = measured.triggers.iter().map(|(_, seconds)| seconds * rows).sum();
    Work {
        rows: looking + changing,
        triggers,
        images: images / measured.image_wal.max(1.0) * measured.image,
        books: batches(ground, ground.batch_rows) * BOOKS,
    }
}

/// WAL of so many rows, and of it the whole pages; these come again after each checkpoint where pages are touched again.
fn wal(rows: f64, measured: &Measured, ground: &Ground, (heap_only, checkpoints): (f64, f64)) -> (f64, f64) {
    let share = (rows / ground.all_rows.max(1.0)).min(1.0);
    let moved = rows * (1.0 - heap_only);
    let index_pages = (ground.index_bytes / ground.page_bytes.max(1.0)).min(moved * ground.indexes);
    // A window's pages are visited within one checkpoint, those of indexes that follow another order again and again.
    let touched = ground.pages * share.max(if rows > 0.0 { 0.01 } else { 0.0 })
        + index_pages * checkpoints.max(1.0).sqrt();
    let images = touched * measured.image_wal;
    let heap_only_wal = HEAP_ONLY_WAL.min(measured.moving_wal);
    let records = moved * measured.moving_wal
        + rows * (heap_only * heap_only_wal + measured.trigger_wal)
        + batches(ground, ground.paced_rows) * BOOKS_WAL;
    (images + records, images)
}

fn checkpoints(wal: f64, ground: &Ground) -> f64 {
    wal / (ground.max_wal_size * BETWEEN_CHECKPOINTS).max(1.0)
}

/// What the table and its indexes grow by: rows that move leave room that only VACUUM gives back.
fn growth(heap_only: f64, ground: &Ground) -> (Span, Span) {
    let moved = ground.rows.times(1.0 - heap_only);
    let bytes = moved.times(ground.row_bytes);
    let table = if ground.is_vacuumed && heap_only < 0.5 {
        // One runs whenever a fifth of the table has moved.
        Span::of(
            bytes.low.min(ground.pages * ground.page_bytes * 0.2),
            bytes.high.min(ground.pages * ground.page_bytes * 0.5),
        )
    } else {
        Span::of(bytes.low * 0.9, bytes.high * 1.15)
    };
    let share = moved.times(1.0 / ground.all_rows.max(1.0));
    let index = Span::of(share.low * 0.7, (share.high * 1.4).min(1.2)).times(ground.index_bytes);
    (table, index)
}
