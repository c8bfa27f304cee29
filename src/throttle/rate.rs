//! Rows a second at the most, with governor's token bucket.

use std::num::NonZeroU32;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// What may go out at once is this part of a second's rows.
const BURST: u32 = 10;

/// A limit of rows per second. Rows are paid for after their batch, before the next one begins.
pub struct RowRate {
    limiter: DefaultDirectRateLimiter,
    burst: NonZeroU32,
}

impl RowRate {
    /// A limit of `rows` per second.
    #[must_use]
    pub fn per_second(rows: NonZeroU32) -> Self {
        let burst = NonZeroU32::new(rows.get() / BURST).unwrap_or(NonZeroU32::MIN);
        Self { limiter: RateLimiter::direct(Quota::per_second(rows).allow_burst(burst)), burst }
    }

    /// Waits until `rows` more have fitted into the limit. Cancellation safe: what was paid stays paid.
    pub async fn pay(&self, rows: u64) {
        let mut left = rows;
        while let Some(part) = NonZeroU32::new(u32::try_from(left).unwrap_or(u32::MAX).min(self.burst.get()))
        {
            // until_n_ready errs at once when asked for more than a burst, which `part` never is.
            if self.limiter.until_n_ready(part).await.is_err() {
                return;
            }
            left -= u64::from(part.get());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn more_rows_than_a_burst_are_paid_in_parts() {
        let rate = RowRate::per_second(NonZeroU32::new(1_000_000).unwrap());
        rate.pay(220_000).await;
        // Two bursts and a fifth: the limiter must now be in debt for the last part.
        assert!(rate.limiter.check_n(rate.burst).unwrap().is_err());
    }
}
