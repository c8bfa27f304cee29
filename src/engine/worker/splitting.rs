//! What a worker does when no range is free: it cuts one that another worker holds in two, so that all have work to
//! the end, and waits where none is worth it.

use std::time::Duration;

use super::{Step, Worker};
use crate::engine::walk::LEAST_PAGES;
use crate::engine::{Notice, RunError};
use crate::model::{KeyValue, Order, Pass};
use crate::store::RangeRow;

/// How often to look again whether there is work.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// A range with fewer keys ahead of its worker is left to it, on rows that are quick: some tens of milliseconds of work.
const LEAST_KEYS: u32 = 20_000;

/// Where rows are slow, batches are small, and so many of them are worth a cut.
const LEAST_BATCHES: u32 = 4;

/// The cut is looked up by counting keys in the index, and is therefore no further ahead than this: who cuts has the
/// longer part then, and is cut in its turn.
const MOST_KEYS: u32 = 1_000_000;

impl Worker<'_> {
    /// There is no range to take. If none is open, the pass is at its end. A range that a living worker holds is
    /// split. One that nobody holds is locked by the last batch of a dead process, which is still running in the
    /// server: until that has ended, nobody knows where the range stands.
    pub(super) async fn find_work(&mut self, pass: Pass) -> Result<Step, RunError> {
        let (store, connection) = (self.tools.store, &*self.session.connection);
        let open = store.open_ranges(connection, self.tools.run, pass).await?;
        if open.is_empty() {
            return Ok(Step::Finished);
        }
        if !store.confirm_workers(connection, &[self.id]).await? {
            return Err(RunError::GivenUp);
        }
        let unheld = open.iter().find(|range| !range.held);
        // At the first look another worker may just be taking it.
        let seen = std::mem::replace(&mut self.unheld, unheld.map(|range| range.id));
        match unheld {
            Some(range) if seen == Some(range.id) => {
                let reason =
                    format!("range {} is locked by the last batch of a process that is gone", range.id);
                self.tools.observer.notice(Notice::Waiting { reason });
            }
            Some(_) => {}
            None => {
                if self.split(&open).await? {
                    return Ok(Step::Advanced);
                }
            }
        }
        let stopped = self.tools.stop.asked_within(self.tools.clock, ASK_EVERY).await;
        Ok(if stopped { self.stopped() } else { Step::Waited })
    }

    /// Cuts the range with the most ahead of its worker; whoever comes first claims the new one. `false`: none is
    /// worth it, or its worker was quicker.
    async fn split(&self, open: &[RangeRow]) -> Result<bool, RunError> {
        if self.tools.job.restores {
            // What was kept last is put back first: one after the other.
            return Ok(false);
        }
        let cut = match open.first().map(|range| range.order) {
            Some(Order::Physical) => {
                let pages = self.tools.walk.pages_of(self.least_keys()).min(LEAST_PAGES);
                widest(open, pages)
            }
            Some(Order::Key) => self.cut_by_key(open).await?,
            None => None,
        };
        let Some((range, at)) = cut else { return Ok(false) };
        let sql = self.tools.sql;
        let statement = match range.order {
            Order::Physical => &sql.split_by_block,
            Order::Key => &sql.split_by_key,
        };
        let connection = &self.session.connection;
        let made = connection
            .execute(statement, &[&range.id.0, &range.upper.0, &at.0])
            .await
            .map_err(RunError::sql("split a range"))?;
        Ok(made == 1)
    }

    /// What must lie ahead of a range's worker for a cut.
    fn least_keys(&self) -> u32 {
        self.sizer.size().saturating_mul(LEAST_BATCHES).min(LEAST_KEYS)
    }

    /// The first range that is long enough, cut half-way as far as the pass's estimate tells, or else nearer.
    async fn cut_by_key<'r>(
        &self,
        open: &'r [RangeRow],
    ) -> Result<Option<(&'r RangeRow, KeyValue)>, RunError> {
        for range in open {
            let least = self.least_keys();
            let mut ahead = (self.tools.walk.keys_of_a_share() / 2).min(MOST_KEYS).max(least);
            while ahead >= least {
                let (at, _) = self.look_up(range.taken(), &range.upper, ahead).await?;
                if at != range.upper {
                    return Ok(Some((range, at)));
                }
                ahead /= 2;
            }
        }
        Ok(None)
    }
}

/// The range with the most blocks ahead of its worker, `least` or more, and its middle.
fn widest(open: &[RangeRow], least: u64) -> Option<(&RangeRow, KeyValue)> {
    let ahead = |range: &RangeRow| {
        let (from, to) = (range.taken()?.block()?, range.upper.block()?);
        to.checked_sub(from).map(|ahead| (ahead, to))
    };
    let (range, (ahead, to)) =
        open.iter().filter_map(|range| Some((range, ahead(range)?))).max_by_key(|(_, (ahead, _))| *ahead)?;
    (ahead >= least).then(|| (range, KeyValue::of_block(to - ahead / 2)))
}
