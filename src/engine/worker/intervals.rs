//! What the next batch takes: an interval of keys or of blocks, and the window around it.

use super::{Held, Session, Worker};
use crate::engine::RunError;
use crate::model::{KeyValue, Order, Window};
use crate::plan::interleave::{self, Portion};
use crate::store::RangeRow;

/// What the next batch takes.
pub(super) struct Interval {
    /// The window it is in; `None`: no strides.
    pub(super) window: Option<Window>,
    /// Up to here.
    pub(super) upper: KeyValue,
    /// Keys in it, of the stride.
    pub(super) keys: u64,
    /// In physical order, of a stride: up to this line pointer of each page.
    pub(super) last_pointer: u32,
    /// The size of the batch after it, whose end can be looked up on the way.
    pub(super) next_size: Option<u32>,
}

/// What is known of the batches to come, by key: the end of the next one, or those of a window's first stride, which
/// the others share.
#[derive(Default)]
pub(super) struct Ahead {
    /// Without strides: the next batch's end, looked up together with the batch before, and for how many keys.
    next: Option<(KeyValue, u32)>,
    /// Where the batches of a stride end, and the keys of each.
    cuts: Vec<(KeyValue, u64)>,
    /// The cuts are of a whole stride.
    complete: bool,
    /// How many of them the stride in hand has used.
    used: usize,
}

impl Ahead {
    pub(super) fn found(&mut self, upper: Option<KeyValue>, size: Option<u32>) {
        self.next = upper.zip(size);
    }

    /// Batches are smaller from now on: all ends are looked up again.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The next end that a stride before this one had. The first of a window has none before it: what is kept then is
    /// of another window.
    fn replay(&mut self, window: &Window) -> Option<(KeyValue, u64)> {
        if window.stride == 0 {
            return None;
        }
        if window.checkpoint.is_none() {
            self.used = 0;
        }
        let cut = self.cuts.get(self.used).filter(|_| self.complete)?.clone();
        self.used += 1;
        Some(cut)
    }

    /// Keeps an end for the strides to come, if all ends before it are kept.
    fn record(&mut self, window: &Window, upper: &KeyValue, keys: u64) {
        if window.checkpoint.is_none() {
            self.forget();
        } else if self.cuts.last().map(|(last, _)| last) != window.checkpoint.as_ref() {
            return;
        }
        self.cuts.push((upper.clone(), keys));
        self.complete = *upper == window.upper;
        self.used = self.cuts.len();
    }
}

impl Worker<'_> {
    pub(super) async fn next_interval(&self, held: &mut Held) -> Result<Interval, RunError> {
        match held.range.order {
            Order::Physical => self.next_blocks(&held.range),
            Order::Key => self.next_keys(held).await,
        }
    }

    fn next_blocks(&self, range: &RangeRow) -> Result<Interval, RunError> {
        let walk = self.tools.walk;
        let block = |key: Option<&KeyValue>| {
            key.and_then(KeyValue::block).ok_or(RunError::BadPosition { range: range.id })
        };
        let (lower, end) = (block(range.next())?, block(Some(&range.upper))?);
        let (strides, window_pages) = self.interleaver.1.current();
        let window = match &range.position.window {
            None if strides > 1 => {
                let upper = KeyValue::of_block(end.min(lower + window_pages));
                Some(Window { upper, strides, stride: 0, checkpoint: None })
            }
            window => window.clone(),
        };
        let (portion, limit) = match &window {
            Some(Window { upper, strides, stride, .. }) => {
                (Portion::of_page(&walk.page, *stride, *strides), block(Some(upper))?)
            }
            None => (Portion::WHOLE, end),
        };
        let upper = limit.min(lower + portion.batch_pages(self.sizer.size(), &walk.page, window_pages));
        Ok(Interval {
            window,
            upper: KeyValue::of_block(upper),
            keys: portion.of(walk.keys_before(upper) - walk.keys_before(lower)),
            last_pointer: portion.last_pointer(&walk.page),
            next_size: None,
        })
    }

    async fn next_keys(&self, held: &mut Held) -> Result<Interval, RunError> {
        let Held { range, ahead, .. } = held;
        let window = match &range.position.window {
            None => self.open_window(range).await?,
            window => window.clone(),
        };
        let Some(window) = window else {
            let (upper, keys) = match ahead.next.take() {
                Some((upper, keys)) => (upper, u64::from(keys)),
                None => self.look_up(range.next(), &range.upper, self.sizer.size()).await?,
            };
            return Ok(Interval {
                window: None,
                upper,
                keys,
                last_pointer: 0,
                next_size: Some(self.sizer.size()),
            });
        };
        let (upper, keys) = if let Some(cut) = ahead.replay(&window) {
            cut
        } else {
            let size = self.sizer.size().saturating_mul(window.strides);
            let size = size.min(self.window_keys() / interleave::BATCHES_A_STRIDE).max(1);
            let cut = self.look_up(range.next(), &window.upper, size).await?;
            ahead.record(&window, &cut.0, cut.1);
            cut
        };
        let keys = Portion::even(window.stride, window.strides).of(keys);
        Ok(Interval { window: Some(window), upper, keys, last_pointer: 0, next_size: None })
    }

    /// A new window by key; `None` where there are no strides.
    async fn open_window(&self, range: &RangeRow) -> Result<Option<Window>, RunError> {
        let (strides, _) = self.interleaver.1.current();
        if strides < 2 {
            return Ok(None);
        }
        let (upper, _) = self.look_up(range.next(), &range.upper, self.window_keys()).await?;
        Ok(Some(Window { upper, strides, stride: 0, checkpoint: None }))
    }

    fn window_keys(&self) -> u32 {
        let (_, pages) = self.interleaver.1.current();
        self.tools.walk.keys_in(pages)
    }

    /// The key that lies `size` keys behind `lower`, or `end` if fewer are left; and how many keys that is.
    pub(super) async fn look_up(
        &self,
        lower: Option<&KeyValue>,
        end: &KeyValue,
        size: u32,
    ) -> Result<(KeyValue, u64), RunError> {
        let Session { connection, prepared, .. } = &self.session;
        let failed = RunError::sql("look up where the batch ends");
        if let Some(upper) = prepared.bound(connection, lower, end, size).await.map_err(failed)? {
            return Ok((upper, u64::from(size)));
        }
        let failed = RunError::sql("count the last keys of the range");
        let keys = prepared.tail(connection, lower, end).await.map_err(failed)?;
        Ok((end.clone(), keys))
    }
}
