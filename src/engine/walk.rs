//! How a process walks the table of its run: in what order, in how many strides, with how many workers.
//!
//! Asked for at every start and resume; the ranges remember the order they were planned in.

use tokio_postgres::{Client, Transaction};

use super::{JobPlan, RunError};
use crate::model::{KeyValue, Order, Pass, RunId, counted, human_size};
use crate::pg::storage::{self, PageSample};
use crate::plan::interleave::{self, Change, Choice, Ground, Interleaver, Page, Wishes};
use crate::plan::scale::Bounds;
use crate::plan::walk::{self, Crew};
use crate::store::{NewRange, Store};

/// A range with fewer pages isn't cut any further, on rows that are quick: 4 MB, some tens of milliseconds of work.
pub(super) const LEAST_PAGES: u64 = 512;

/// Pages that keys are taken from to cut the key space: enough for some thousand of them.
const CUT_SAMPLE_PAGES: f64 = 128.0;

/// How a process walks the table.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    /// The order that new passes are planned in.
    pub(super) order: Order,
    /// What a page holds; a little more than no rows.
    pub(super) page: Page,
    /// Workers of this process.
    pub(super) workers: Workers,
    why: &'static str,
    /// It is no table that is walked, but what was kept of one.
    restores: bool,
    pages: u64,
    page_bytes: u64,
    by_key: Choice,
    physical: Choice,
}

/// Workers of a process: how many to begin with, and between which bounds their number follows the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Workers {
    pub(super) first: u32,
    pub(super) bounds: Bounds,
}

impl Walk {
    /// Decides it. `workers` is the person's wish, `expected` the table's rows as far as is known.
    pub(super) fn new(plan: &JobPlan, workers: Option<Bounds>, expected: u64) -> Self {
        let JobPlan { storage, job, .. } = plan;
        let pages = storage.pages.max(1);
        let page = storage.sample.map_or_else(
            || {
                let rows = expected as f64 / pages as f64;
                let row_bytes = storage.page_bytes as f64 / rows.max(1.0);
                Page { rows, line_pointers: rows, row_bytes, growth: 0.0, free_bytes: 0.0 }
            },
            |PageSample { rows, line_pointers, row_bytes, growth, free_bytes }| Page {
                rows,
                line_pointers,
                row_bytes,
                growth,
                free_bytes,
            },
        );
        let cores =
            std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
        let chosen = |active_sessions| {
            walk::workers(Crew {
                cores,
                same_machine: storage.same_machine,
                active_sessions,
                is_limited: job.limits.rows_per_second().is_some(),
                pages: storage.pages,
            })
        };
        let first = chosen(storage.active_sessions);
        let bounds = match workers {
            _ if job.restores => Bounds::fixed(1),
            Some(bounds) => bounds,
            None => Bounds { least: 1, most: chosen(0) },
        };
        let workers = Workers { first: first.clamp(bounds.least, bounds.most), bounds };
        let ground = Ground {
            pages: storage.pages,
            page_bytes: storage.page_bytes,
            page,
            cache: storage.shared_buffers,
            forbidding: storage.forbidding.first().cloned(),
            workers: bounds.most,
            correlation: None,
            divisible: true,
        };
        let wishes = Wishes { strides: job.walk.strides.map(Into::into), window: job.walk.window };
        let follows = Ground {
            // Of a key that was never analyzed nothing is known; most are numbers that grow.
            correlation: storage.correlation,
            divisible: plan.key_has_hash,
            ..ground.clone()
        };
        Self {
            order: plan.order.order,
            page: Page { rows: page.rows.max(0.01), ..page },
            workers,
            why: plan.order.reason,
            restores: job.restores,
            pages: storage.pages,
            page_bytes: storage.page_bytes,
            by_key: interleave::choose(&follows, wishes),
            physical: interleave::choose(&ground, wishes),
        }
    }

    fn choice(&self, order: Order) -> &Choice {
        match order {
            Order::Key => &self.by_key,
            Order::Physical => &self.physical,
        }
    }

    /// Why it has so many strides.
    pub(super) fn why_strides(&self) -> &str {
        &self.choice(self.order).reason
    }

    /// What a worker begins with. A sweep expects next to nothing to do.
    pub(super) fn interleaver(&self, order: Order, pass: Pass) -> Interleaver {
        Interleaver::new(self.choice(order).clone(), pass > Pass::BACKFILL)
    }

    /// Keys that lie before a block, as far as is known.
    pub(super) fn keys_before(&self, block: u64) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates, and is positive"
        )]
        let keys = (block as f64 * self.page.rows) as u64;
        keys
    }

    /// Keys in so many pages, at least one.
    pub(super) fn keys_in(&self, pages: u64) -> u32 {
        u32::try_from(self.keys_before(pages)).unwrap_or(u32::MAX).max(1)
    }

    /// Pages with so many keys on them, at least two: fewer can't be cut.
    pub(super) fn pages_of(&self, keys: u32) -> u64 {
        (u64::from(keys) / self.keys_before(1).max(1)).max(2)
    }

    /// Keys of a worker's share of the table.
    pub(super) fn keys_of_a_share(&self) -> u32 {
        self.keys_in(self.pages / u64::from(self.workers.bounds.most))
    }

    /// The whole of it in words, with the latest change.
    pub(super) fn describe(&self, change: Option<&str>) -> String {
        let Choice { strides, window_pages, reason, .. } = self.choice(self.order);
        let order = match self.order {
            Order::Key => "by key",
            Order::Physical => "in physical order",
        };
        let Workers { first, bounds: Bounds { least, most } } = self.workers;
        let workers = match (least, most) {
            (least, most) if least == most => counted(first as usize, "worker"),
            (least, most) => {
                format!("{} ({least} to {most}, by the load)", counted(first as usize, "worker"))
            }
        };
        if self.restores {
            return format!("batch by batch as they were kept ({}), {workers}", self.why);
        }
        let how = if *strides > 1 {
            format!("{strides} strides in windows of {}", human_size(window_pages * self.page_bytes))
        } else {
            "no interleaving".to_owned()
        };
        let change = change.map(|change| format!("; now {change}")).unwrap_or_default();
        format!("{order} ({}), {how} ({reason}), {workers}{change}", self.why)
    }

    /// Plans the ranges of a pass: its end is fixed now. No scan: blocks are counted, and keys are taken from a sample.
    pub(super) async fn plan_ranges(
        &self,
        transaction: &Transaction<'_>,
        store: &Store,
        plan: &JobPlan,
        (run, pass): (RunId, Pass),
    ) -> Result<(), RunError> {
        let ranges = match self.order {
            Order::Key => self.ranges_by_key(transaction, plan).await?,
            Order::Physical => self.ranges_of_blocks(transaction, plan).await?,
        };
        for range in &ranges {
            store.plan_range(transaction, run, pass, range).await?;
        }
        Ok(())
    }

    async fn ranges_of_blocks(
        &self,
        transaction: &Transaction<'_>,
        plan: &JobPlan,
    ) -> Result<Vec<NewRange>, RunError> {
        let failed = RunError::sql("look where the table ends");
        let row = transaction.query_one(&plan.sql.extent, &[]).await.map_err(failed)?;
        let (file_node, pages) = (row.get(0), row.get::<_, i64>(1).unsigned_abs());
        let ends = interleave::pieces(pages, self.workers.bounds.most, LEAST_PAGES);
        let begins = std::iter::once(0).chain(ends.iter().copied());
        Ok(begins
            .zip(&ends)
            .map(|(begin, end)| NewRange {
                order: Order::Physical,
                file_node,
                lower: Some(KeyValue::of_block(begin)),
                upper: KeyValue::of_block(*end),
            })
            .collect())
    }

    async fn ranges_by_key(
        &self,
        transaction: &Transaction<'_>,
        plan: &JobPlan,
    ) -> Result<Vec<NewRange>, RunError> {
        let failed = RunError::sql("look up the table's last key");
        let Some(last) = transaction.query_opt(&plan.sql.last_key, &[]).await.map_err(failed)? else {
            return Ok(Vec::new());
        };
        let last = KeyValue(last.get(0));
        let mut ends: Vec<KeyValue> = Vec::new();
        let count = interleave::pieces(self.pages, self.workers.bounds.most, LEAST_PAGES).len();
        if count > 1 {
            #[expect(clippy::cast_possible_truncation, reason = "a percentage")]
            let percent = (CUT_SAMPLE_PAGES / self.pages as f64 * 100.0).min(100.0) as f32;
            let count = i64::try_from(count).unwrap_or(1);
            let failed = RunError::sql("cut the key space into ranges");
            let rows = transaction.query(&plan.sql.cuts, &[&count, &percent]).await.map_err(failed)?;
            ends.extend(rows.iter().map(|row| KeyValue(row.get(0))).filter(|key| *key != last));
        }
        ends.push(last);
        let begins = std::iter::once(None).chain(ends.iter().cloned().map(Some));
        Ok(begins
            .zip(&ends)
            .map(|(lower, upper)| NewRange { order: Order::Key, file_node: 0, lower, upper: upper.clone() })
            .collect())
    }
}

/// A change in words, with whoever keeps the dead rows that strides need gone.
pub(super) async fn explain(client: &Client, change: &Change) -> String {
    match change {
        Change::Resting { .. } | Change::Wider { .. } => match storage::horizon_holder(client).await {
            Ok(Some((who, _))) => format!("{change}; dead rows are kept by {who}"),
            _ => change.to_string(),
        },
        _ => change.to_string(),
    }
}
