//! This process's shares of the limits a second: rows, and WAL.

use crate::throttle::Rate;

const KILOBYTE: u32 = 1024;

/// What a process may do in a second, and has done.
#[derive(Default)]
pub(super) struct Rates {
    rows: Rate,
    /// In kilobytes: a bucket counts in 32 bits.
    wal: Rate,
}

impl Rates {
    /// Rows and bytes of WAL a second; `None`: no limit.
    pub(super) fn set(&self, rows: Option<f64>, wal_bytes: Option<f64>) {
        self.rows.set(rows);
        self.wal.set(wal_bytes.map(|bytes| bytes / f64::from(KILOBYTE)));
    }

    /// Rows a second.
    pub(super) fn rows(&self) -> Option<f64> {
        self.rows.limit()
    }

    /// Bytes of WAL a second.
    pub(super) fn wal_bytes(&self) -> Option<f64> {
        self.wal.limit().map(|kilobytes| kilobytes * f64::from(KILOBYTE))
    }

    /// Waits until the rows and the WAL fit the limits. Cancellation safe: what was paid stays paid.
    pub(super) async fn pay(&self, rows: u64, wal_bytes: u64) {
        tokio::join!(self.rows.pay(rows), self.wal.pay(wal_bytes / u64::from(KILOBYTE)));
    }

    /// What was used since the last call, rows and bytes of WAL, and whether a limit held anybody back.
    pub(super) fn take_stock(&self) -> (f64, f64, bool) {
        let ((rows, waited_for_rows), (wal, waited_for_wal)) =
            (self.rows.take_stock(), self.wal.take_stock());
        (rows as f64, wal as f64 * f64::from(KILOBYTE), waited_for_rows || waited_for_wal)
    }
}
