//! What this process does, counted from its notices.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

use crate::clock::Clock;
use crate::engine::{BatchDone, Done, Notice, Observer};
use crate::plan::pressure::Observed;

/// Seconds of a batch: around the half second that is aimed at by default, up to those that take minutes.
const BATCH_BUCKETS: &[f64] =
    &[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];

/// Seconds of waiting for a lock: around `blocked_for` and `lock_timeout`.
const WAIT_BUCKETS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Seconds of a hold: from a burst of lag up to `hold_limit` and a night.
const HOLD_BUCKETS: &[f64] = &[1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 14_400.0, 28_800.0];

/// Seconds of a revision.
const REVISION_BUCKETS: &[f64] = &[0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0];

/// Each histogram with its buckets.
const HISTOGRAMS: [(&str, &[f64]); 5] = [
    ("longhaul_batch_duration_seconds", BATCH_BUCKETS),
    ("longhaul_batch_lock_wait_seconds", WAIT_BUCKETS),
    ("longhaul_batch_blocked_seconds", WAIT_BUCKETS),
    ("longhaul_hold_duration_seconds", HOLD_BUCKETS),
    ("longhaul_revision_duration_seconds", REVISION_BUCKETS),
];

/// Observations that are put into their buckets at once at the latest; until then, or the next scrape, each is kept.
const UPKEEP: u32 = 1000;

/// An observer that counts.
pub struct ProcessMetrics {
    clock: Clock,
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    job: String,
    workers: Vec<u32>,
    hold: Option<(Vec<String>, Instant)>,
    signals: Vec<(String, &'static str)>,
    since_upkeep: u32,
}

impl ProcessMetrics {
    /// Nothing counted yet.
    pub fn new(clock: &Clock) -> Result<Self, BuildError> {
        let mut builder = PrometheusBuilder::new();
        for (name, buckets) in HISTOGRAMS {
            builder = builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), buckets)?;
        }
        let recorder = builder.build_recorder();
        metrics::with_local_recorder(&recorder, describe);
        let handle = recorder.handle();
        Ok(Self { clock: clock.clone(), recorder, handle, state: Mutex::default() })
    }

    /// The figures in the text format; empty where nothing was counted.
    #[must_use]
    pub fn render(&self) -> String {
        self.handle.render()
    }

    fn batch(state: &mut State, batch: &BatchDone) {
        let job = state.job.clone();
        counter!("longhaul_batches_total", "job_name" => job.clone()).increment(1);
        counter!("longhaul_rows_seen_total", "job_name" => job.clone()).increment(batch.seen);
        counter!("longhaul_rows_changed_total", "job_name" => job.clone()).increment(batch.changed);
        counter!("longhaul_rows_heap_only_total", "job_name" => job.clone())
            .increment(batch.hot.unwrap_or(0));
        counter!("longhaul_wal_bytes_total", "job_name" => job.clone()).increment(batch.wal_bytes);
        histogram!("longhaul_batch_duration_seconds", "job_name" => job.clone()).record(batch.took);
        histogram!("longhaul_batch_lock_wait_seconds", "job_name" => job.clone())
            .record(batch.waits.lock_wait);
        if batch.waits.blocked > 0 {
            histogram!("longhaul_batch_blocked_seconds", "job_name" => job).record(batch.waits.blocked_for);
        }
    }

    fn signals(state: &mut State, readings: &[Observed]) {
        // One that isn't read any more is not to be shown for ever with its last value.
        for (signal, unit) in std::mem::take(&mut state.signals) {
            if !readings.iter().any(|reading| reading.signal == signal) {
                gauge!("longhaul_signal_value", "signal" => signal.clone(), "unit" => unit).set(f64::NAN);
                gauge!("longhaul_signal_limit", "signal" => signal, "unit" => unit).set(f64::NAN);
            }
        }
        for Observed { signal, value, bound, unit } in readings {
            let unit = unit.as_str();
            gauge!("longhaul_signal_value", "signal" => signal.clone(), "unit" => unit).set(*value);
            gauge!("longhaul_signal_limit", "signal" => signal.clone(), "unit" => unit).set(bound.limit());
            state.signals.push((signal.clone(), unit));
        }
    }

    fn hold(&self, state: &mut State, signals: Option<Vec<String>>) {
        let now = self.clock.monotonic();
        let job = state.job.clone();
        if let Some((before, since)) = state.hold.take() {
            let lasted = now.saturating_duration_since(since);
            for signal in before {
                histogram!("longhaul_hold_duration_seconds", "job_name" => job.clone(), "signal" => signal)
                    .record(lasted);
            }
        }
        gauge!("longhaul_held", "job_name" => job.clone()).set(if signals.is_some() { 1.0 } else { 0.0 });
        if let Some(signals) = signals {
            for signal in &signals {
                counter!("longhaul_holds_total", "job_name" => job.clone(), "signal" => signal.clone())
                    .increment(1);
            }
            state.hold = Some((signals, now));
        }
    }

    fn revision(direction: &'static str, done: Done, took: Duration) {
        let outcome = match done {
            Done::Now => "done",
            Done::Before => "before",
            Done::Skipped => "skipped",
        };
        counter!("longhaul_revisions_total", "direction" => direction, "outcome" => outcome).increment(1);
        if done == Done::Now {
            histogram!("longhaul_revision_duration_seconds", "direction" => direction).record(took);
        }
    }

    fn count(&self, state: &mut State, notice: Notice) {
        match notice {
            Notice::Started { job, .. } | Notice::Resumed { job, .. } | Notice::Joined { job, .. } => {
                state.job = job;
                state.workers.clear();
                counter!("longhaul_runs_taken_up_total", "job_name" => state.job.clone()).increment(1);
            }
            Notice::Batch(batch) => Self::batch(state, &batch),
            Notice::Signals { readings } => Self::signals(state, &readings),
            Notice::Trouble { class } => {
                let job = state.job.clone();
                counter!("longhaul_errors_total", "job_name" => job, "class" => class.as_str()).increment(1);
            }
            Notice::Quarantined { rows, .. } => {
                counter!("longhaul_rows_quarantined_total", "job_name" => state.job.clone())
                    .increment(rows as u64);
            }
            Notice::Held { signals, .. } => self.hold(state, Some(signals)),
            Notice::GoesOn => self.hold(state, None),
            Notice::Claimed { worker, .. } => {
                if !state.workers.contains(&worker) {
                    state.workers.push(worker);
                }
                gauge!("longhaul_workers", "job_name" => state.job.clone()).set(state.workers.len() as f64);
            }
            Notice::Rested { worker } => {
                state.workers.retain(|one| *one != worker);
                gauge!("longhaul_workers", "job_name" => state.job.clone()).set(state.workers.len() as f64);
            }
            Notice::Applied { direction, done, took, .. } => Self::revision(direction.as_str(), done, took),
            _ => {}
        }
    }
}

impl Observer for ProcessMetrics {
    fn notice(&self, notice: Notice) {
        let mut state = self.state.lock().expect("no holder of this lock can panic");
        metrics::with_local_recorder(&self.recorder, || self.count(&mut state, notice));
        state.since_upkeep += 1;
        if state.since_upkeep >= UPKEEP {
            state.since_upkeep = 0;
            self.handle.run_upkeep();
        }
    }
}

/// What each of them means.
fn describe() {
    describe_counter!("longhaul_runs_taken_up_total", "Runs that this process began, resumed or joined.");
    describe_counter!("longhaul_batches_total", "Batches that this process committed.");
    describe_counter!("longhaul_rows_seen_total", "Keys that this process's batches passed.");
    describe_counter!("longhaul_rows_changed_total", "Rows that this process's batches changed.");
    describe_counter!(
        "longhaul_rows_heap_only_total",
        "Of the rows changed, those that stayed on their page."
    );
    describe_counter!("longhaul_rows_quarantined_total", "Rows that this process put into quarantine.");
    describe_counter!(
        "longhaul_wal_bytes_total",
        "WAL that the server wrote while batches of this process ran."
    );
    describe_histogram!(
        "longhaul_batch_duration_seconds",
        "Batches, from their first byte to the answer to COMMIT."
    );
    describe_histogram!(
        "longhaul_batch_lock_wait_seconds",
        "How long batches were seen to wait for locks of others."
    );
    describe_histogram!(
        "longhaul_batch_blocked_seconds",
        "How long others were seen to wait for batches, where any did."
    );
    describe_counter!("longhaul_holds_total", "How often a signal held this process.");
    describe_histogram!("longhaul_hold_duration_seconds", "Holds that are over, by signal.");
    describe_gauge!("longhaul_held", "1 while something holds this process.");
    describe_gauge!(
        "longhaul_signal_value",
        "The last reading of a signal, in its unit; NaN: it is not read any more."
    );
    describe_gauge!("longhaul_signal_limit", "The limit past which a signal holds, in its unit.");
    describe_counter!("longhaul_errors_total", "Errors that batches met, tried again or not, by class.");
    describe_gauge!("longhaul_workers", "Workers of this process that have a range.");
    describe_counter!("longhaul_revisions_total", "Schema revisions that this process came to.");
    describe_histogram!(
        "longhaul_revision_duration_seconds",
        "Schema revisions that this process applied or undid."
    );
}
