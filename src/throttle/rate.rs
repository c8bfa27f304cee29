//! So much a second at the most, with governor's token bucket: rows, or kilobytes of WAL.
//!
//! A limit is shared with others, and the share changes while somebody waits for it: [`Rate::set`] puts another bucket in
//! place, and who waits goes on with that one.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::watch;

/// What may go out at once is this part of a second's.
const BURST: u32 = 10;

/// A share that differs by less than this part of it isn't worth another bucket: a new one is full.
const SAME: f64 = 0.05;

/// A limit that can be changed. What was done is paid for after it was done, before more is begun.
pub struct Rate {
    bucket: watch::Sender<Option<Arc<Bucket>>>,
    paid: AtomicU64,
    waited: AtomicBool,
}

struct Bucket {
    limiter: DefaultDirectRateLimiter,
    per_second: f64,
    burst: NonZeroU32,
}

impl Bucket {
    fn new(per_second: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates, and is positive"
        )]
        let whole = NonZeroU32::new(per_second as u32).unwrap_or(NonZeroU32::MIN);
        let burst = NonZeroU32::new(whole.get() / BURST).unwrap_or(NonZeroU32::MIN);
        Self { limiter: RateLimiter::direct(Quota::per_second(whole).allow_burst(burst)), per_second, burst }
    }
}

impl Default for Rate {
    fn default() -> Self {
        Self { bucket: watch::Sender::new(None), paid: AtomicU64::new(0), waited: AtomicBool::new(false) }
    }
}

impl Rate {
    /// Sets the limit; `None`: none.
    pub fn set(&self, per_second: Option<f64>) {
        self.bucket.send_if_modified(|bucket| match (&bucket, per_second) {
            (None, None) => false,
            (Some(now), Some(wanted)) if (now.per_second - wanted).abs() <= now.per_second * SAME => false,
            (_, wanted) => {
                *bucket = wanted.map(|per_second| Arc::new(Bucket::new(per_second)));
                true
            }
        });
    }

    /// The limit now.
    #[must_use]
    pub fn limit(&self) -> Option<f64> {
        self.bucket.borrow().as_ref().map(|bucket| bucket.per_second)
    }

    /// Waits until `units` more have fitted into the limit. Cancellation safe: what was paid stays paid.
    pub async fn pay(&self, units: u64) {
        self.paid.fetch_add(units, Ordering::SeqCst);
        let mut changes = self.bucket.subscribe();
        let mut left = units;
        while left > 0 {
            let Some(bucket) = changes.borrow_and_update().clone() else { return };
            let part = u32::try_from(left).unwrap_or(u32::MAX).min(bucket.burst.get());
            let Some(part) = NonZeroU32::new(part) else { return };
            // Never asked for more than a burst, it can't say that it never will.
            let is_free = matches!(bucket.limiter.check_n(part), Ok(Ok(())));
            if !is_free {
                self.waited.store(true, Ordering::SeqCst);
                tokio::select! {
                    _ = bucket.limiter.until_n_ready(part) => {}
                    // Another share: the part is paid for there.
                    Ok(()) = changes.changed() => continue,
                }
            }
            left -= u64::from(part.get());
        }
    }

    /// Units paid for since the last call, and whether the limit held anybody back meanwhile.
    pub fn take_stock(&self) -> (u64, bool) {
        (self.paid.swap(0, Ordering::SeqCst), self.waited.swap(false, Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn more_than_a_burst_is_paid_in_parts() {
        let rate = Rate::default();
        rate.set(Some(1_000_000.0));
        rate.pay(220_000).await;
        // Two bursts and a fifth: the bucket must now be in debt for the last part.
        let bucket = rate.bucket.borrow().clone().unwrap();
        assert!(bucket.limiter.check_n(bucket.burst).unwrap().is_err());
        assert_eq!(rate.take_stock(), (220_000, true));
        assert_eq!(rate.take_stock(), (0, false));
    }

    #[tokio::test]
    async fn who_waits_goes_on_when_the_limit_is_raised_or_lifted() {
        let rate = Arc::new(Rate::default());
        rate.set(Some(1.0));
        let waiting = tokio::spawn({
            let rate = rate.clone();
            async move { rate.pay(100_000).await }
        });
        while !rate.waited.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        rate.set(None);
        waiting.await.unwrap();
        assert_eq!(rate.limit(), None);
    }

    #[test]
    fn a_share_that_hardly_changes_keeps_its_bucket() {
        let rate = Rate::default();
        rate.set(Some(100.0));
        rate.set(Some(103.0));
        assert_eq!(rate.limit(), Some(100.0));
        rate.set(Some(110.0));
        assert_eq!(rate.limit(), Some(110.0));
    }
}
