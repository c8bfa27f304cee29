//! A worker's batches: each is sent, its range's books are kept, and the ones to come are fitted to how it went.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::isolation::{Isolated, Trip, interruption};
use super::{Held, Session, Tools, Worker};
use crate::engine::batch::{Batch, Committed};
use crate::engine::stop::StopLevel;
use crate::engine::{BatchDone, Leave, Notice, RunError, walk};
use crate::model::Pass;
use crate::pg::{ErrorClass, classify};
use crate::plan::interleave::Seen;
use crate::store::Waits;

/// Batches kept in the log of each range.
const BATCHES_KEPT: i64 = 10_000;

/// How often the log of batches is pruned, in batches.
const PRUNE_EVERY: u64 = 500;

/// A batch that takes so many times its target is hopeless at its size and is cut off by the server: twice the
/// factor at which the size falls to a tenth.
const STATEMENT_TIMEOUT_FACTOR: u32 = 10;

/// No batch is cut off sooner than this, however short its target: a checkpoint or a cold cache is no reason.
const LEAST_STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);

/// How often to look whether the key is there still.
const LOOK_FOR_THE_KEY: Duration = Duration::from_secs(2);

/// What a step in a range came to.
pub(super) enum Advance {
    Batch,
    RangeFinished,
    /// Nothing was done, and it is to be looked at again why.
    Nothing,
    /// More rows than the job tolerates can't take their new values.
    Tripped(Leave),
}

impl Worker<'_> {
    /// The next batch of the range in hand, or its end.
    pub(super) async fn advance(&mut self, pass: Pass, held: &mut Held) -> Result<Advance, RunError> {
        if held.range.is_through() {
            return self.finish(held).await;
        }
        self.look_for_the_key().await?;
        let interval = self.next_interval(held).await?;
        let mut range = held.range.clone();
        range.position.window = interval.window;
        let batch = Batch {
            pass,
            range,
            lease: held.lease,
            upper: interval.upper,
            seen: interval.keys,
            last_pointer: interval.last_pointer,
            next_size: interval.next_size,
            spares: self.tools.spares.load(Ordering::SeqCst),
            lock_timeout: self.tools.lock_timeout,
            statement_timeout: (self.tools.gate.pace().target * STATEMENT_TIMEOUT_FACTOR)
                .max(LEAST_STATEMENT_TIMEOUT),
        };
        self.seat.begin(self.tools.clock.monotonic());
        let (committed, is_whole) = match self.commit(&batch).await {
            Err(error) if classify(&error) == ErrorClass::Data => {
                match Box::pin(self.isolate(&batch)).await {
                    Ok(Isolated::Committed(committed)) => (Ok(committed), false),
                    Ok(Isolated::Interrupted) => {
                        self.seat.end();
                        return Ok(Advance::Nothing);
                    }
                    Ok(Isolated::TooMany { reason, sqlstate }) => {
                        self.seat.end();
                        let trip = Trip { reason, public: None, sqlstate: Some(sqlstate) };
                        return self.trip(trip).await.map(Advance::Tripped);
                    }
                    Err(error) => (Err(error), false),
                }
            }
            committed => (committed.map_err(|source| RunError::batch(&batch, source)), true),
        };
        let waits = self.seat.end();
        let committed = committed?;
        self.note(held, &batch, &committed, waits).await?;
        if is_whole {
            self.size(held, &batch, committed.took.saturating_sub(waits.lock_wait));
            self.adapt(&batch, &committed).await?;
        }
        if held.range.batches.is_multiple_of(PRUNE_EVERY) {
            self.tools.store.prune_batches(&*self.session.connection, held.range.id, BATCHES_KEPT).await?;
        }
        self.pay(&committed).await;
        Ok(Advance::Batch)
    }

    /// An error if the key is gone that the table is walked by: without its index each batch would read the whole table, and
    /// nothing would keep two rows from having the same key. Looked for every few seconds.
    async fn look_for_the_key(&mut self) -> Result<(), RunError> {
        let Tools { clock, sql, .. } = self.tools;
        let now = clock.monotonic();
        if self.key_seen.is_some_and(|seen| now.saturating_duration_since(seen) < LOOK_FOR_THE_KEY) {
            return Ok(());
        }
        let failed = RunError::sql("look for the key's index");
        let client = &*self.session.connection;
        if client.query_opt(&sql.key_index, &[]).await.map_err(failed)?.is_none() {
            return Err(RunError::KeyGone { index: sql.key_name().to_owned() });
        }
        self.key_seen = Some(now);
        Ok(())
    }

    /// Sends the batch, and cancels it in the server if the operator insists or the hours close.
    async fn commit(&mut self, batch: &Batch) -> Result<Committed, tokio_postgres::Error> {
        let Tools { clock, sql, .. } = self.tools;
        let Session { connection, prepared, .. } = &mut self.session;
        let mut commit = std::pin::pin!(prepared.commit(connection, (clock, sql), batch));
        tokio::select! {
            biased;
            done = &mut commit => return done,
            () = interruption(self.tools) => {}
        }
        connection.cancel().await;
        commit.await
    }

    async fn note(
        &mut self,
        held: &mut Held,
        batch: &Batch,
        committed: &Committed,
        waits: Waits,
    ) -> Result<(), RunError> {
        let range = &mut held.range;
        range.batches += 1;
        range.rows_seen += batch.seen;
        range.rows_changed += committed.changed;
        range.position = committed.position.clone();
        let done = BatchDone {
            worker: self.number,
            range: range.id,
            seen: batch.seen,
            changed: committed.changed,
            hot: committed.hot,
            wal_bytes: committed.wal_bytes,
            took: committed.took,
            waits,
        };
        self.tools.observer.notice(Notice::Batch(done));
        self.tools.gate.note(&done);
        self.tools.vacuum.note(committed.changed, committed.hot);
        self.wal_of_row = committed.wal_bytes as f64 / batch.seen.max(1) as f64;
        if waits != Waits::default() {
            let client = &*self.session.connection;
            self.tools.store.note_waits(client, held.range.id, Some(committed.id), waits).await?;
        }
        held.ahead.found(committed.next_upper.clone(), batch.next_size);
        Ok(())
    }

    /// Fits the size of the batches to come to how long this one took.
    fn size(&mut self, held: &mut Held, batch: &Batch, took: Duration) {
        let looked_ahead = self.sizer.size();
        let seen = u32::try_from(batch.seen).unwrap_or(u32::MAX);
        if let Some(resize) = self.sizer.observe(seen, took) {
            self.tools.observer.notice(Notice::Resized { reason: resize.to_string() });
            // What was looked ahead has the old size: right for a step up, too much for a fall.
            if resize.to < looked_ahead {
                held.ahead.forget();
            }
        }
    }

    /// Learns from the batch how well the strides serve, and says so when they change.
    async fn adapt(&mut self, batch: &Batch, committed: &Committed) -> Result<(), RunError> {
        let (stride, strides) = batch.stride();
        let seen = Seen { stride, strides, rows: batch.seen, changed: committed.changed, hot: committed.hot };
        let window_ended = strides > 1 && committed.position.window.is_none();
        let Some(change) = self.interleaver.1.observe(&seen, window_ended) else { return Ok(()) };
        let Tools { walk, store, run, observer, .. } = self.tools;
        let client = &*self.session.connection;
        let change = walk::explain(client, &change).await;
        store.describe_walk(client, *run, &walk.describe(Some(&change))).await?;
        observer.notice(Notice::Resized { reason: change });
        Ok(())
    }

    async fn finish(&self, held: &Held) -> Result<Advance, RunError> {
        failpoint!("range.finishing");
        if self.tools.store.finish_range(&*self.session.connection, held.range.id, held.lease).await? {
            failpoint!("range.finished");
            Ok(Advance::RangeFinished)
        } else {
            Err(RunError::LeaseLost { range: held.range.id })
        }
    }

    /// Waits until what the batch did fits the limits. A stop ends the waiting.
    async fn pay(&self, committed: &Committed) {
        let Tools { gate, stop, .. } = self.tools;
        tokio::select! {
            () = gate.rates.pay(committed.changed, committed.wal_bytes) => {}
            () = stop.reached(StopLevel::AfterBatch) => {}
        }
    }
}
