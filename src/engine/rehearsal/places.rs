//! Where batches are tried: spread over the table, each as the first stride of a window would take it.

use super::super::batch::Shape;
use super::super::walk::Walk;
use super::super::{JobPlan, RunError};
use crate::model::{KeyValue, Order, Pass};
use crate::pg::Connection;
use crate::plan::interleave::Portion;

/// Pages that keys are taken from to spread the places.
const SAMPLE_PAGES: f64 = 128.0;

/// A batch to be tried.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) lower: Option<KeyValue>,
    pub(super) upper: KeyValue,
    pub(super) shape: Shape,
    /// The stride it takes, of how many.
    pub(super) stride: (u32, u32),
    pub(super) last_pointer: u32,
}

impl Place {
    /// For people: `blocks 0 to 180`.
    pub(super) fn describe(&self) -> String {
        let lower = self.lower.as_ref().map_or("the beginning".to_owned(), ToString::to_string);
        match self.shape.order {
            Order::Physical => format!("blocks {lower} to {}", self.upper),
            Order::Key => format!("{lower} to {}", self.upper),
        }
    }
}

/// Where to try, one after another.
pub(super) struct Places {
    at: Vec<Option<KeyValue>>,
    end: KeyValue,
}

impl Places {
    /// As many as asked for, or fewer on a small table. No place where there is no row.
    pub(super) async fn spread(
        connection: &Connection,
        plan: &JobPlan,
        walk: &Walk,
        count: u32,
    ) -> Result<Self, RunError> {
        match walk.order {
            Order::Physical => {
                let pages = plan.storage.pages;
                let count = u64::from(count).min(pages);
                // In the middle of each piece: the table's very beginning and end are not like the rest.
                let middle = |piece: u64| Some(KeyValue::of_block((pages * (2 * piece + 1)) / (2 * count)));
                Ok(Self { at: (0..count).map(middle).collect(), end: KeyValue::of_block(pages) })
            }
            Order::Key => Self::by_key(connection, plan, count).await,
        }
    }

    async fn by_key(connection: &Connection, plan: &JobPlan, count: u32) -> Result<Self, RunError> {
        let failed = RunError::sql("look for places to try batches at");
        let Some(last) = connection.query_opt(&plan.sql.last_key, &[]).await.map_err(&failed)? else {
            return Ok(Self { at: Vec::new(), end: KeyValue(Vec::new()) });
        };
        let end = KeyValue(last.get(0));
        let mut at = vec![None];
        if count > 1 && plan.storage.pages > 0 {
            #[expect(clippy::cast_possible_truncation, reason = "a percentage")]
            let percent = (SAMPLE_PAGES / plan.storage.pages as f64 * 100.0).min(100.0) as f32;
            let rows =
                connection.query(&plan.sql.cuts, &[&i64::from(count), &percent]).await.map_err(&failed)?;
            at.extend(
                rows.iter().map(|row| Some(KeyValue(row.get(0)))).filter(|key| key.as_ref() != Some(&end)),
            );
        }
        Ok(Self { at, end })
    }

    pub(super) fn len(&self) -> usize {
        self.at.len()
    }

    /// The batch of about so many rows at one of them; `None` behind the last.
    pub(super) async fn place(
        &self,
        (connection, plan, walk): (&Connection, &JobPlan, &Walk),
        number: usize,
        rows: u32,
    ) -> Result<Option<Place>, RunError> {
        let Some(lower) = self.at.get(number).cloned() else { return Ok(None) };
        let (strides, window_pages) = walk.interleaver(walk.order, Pass::BACKFILL).current();
        let many = strides > 1;
        let shape = Shape { order: walk.order, from_key: false, strided: many, repair: false, spares: false };
        if walk.order == Order::Physical {
            let portion = if many { Portion::of_page(&walk.page, 0, strides) } else { Portion::WHOLE };
            let begin = lower.as_ref().and_then(KeyValue::block).unwrap_or(0);
            let end = self.end.block().unwrap_or(begin);
            let pages = portion.batch_pages(rows, &walk.page, window_pages);
            return Ok(Some(Place {
                lower,
                upper: KeyValue::of_block((begin + pages).min(end)),
                shape,
                stride: (0, strides),
                last_pointer: portion.last_pointer(&walk.page),
            }));
        }
        let failed = RunError::sql("look up where a batch ends");
        let offset = i64::from(rows.saturating_mul(strides)) - 1;
        let found = match &lower {
            None => connection.query_opt(&plan.sql.bound.first, &[&self.end.0, &offset]).await,
            Some(lower) => {
                connection.query_opt(&plan.sql.bound.next, &[&self.end.0, &offset, &lower.0]).await
            }
        };
        let upper = found.map_err(failed)?.map_or_else(|| self.end.clone(), |row| KeyValue(row.get(0)));
        let shape = Shape { from_key: lower.is_some(), ..shape };
        Ok(Some(Place { lower, upper, shape, stride: (0, strides), last_pointer: 0 }))
    }
}
