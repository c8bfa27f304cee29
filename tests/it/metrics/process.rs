//! What a process counts of itself, from its notices.

use std::time::Duration;

use jiff::Timestamp;
use longhaul::clock::Clock;
use longhaul::engine::{BatchDone, Done, Notice, Observer};
use longhaul::model::{Direction, RangeId, RunId};
use longhaul::observe::metrics::ProcessMetrics;
use longhaul::pg::ErrorClass;
use longhaul::plan::pressure::{Bound, Observed, Unit};
use longhaul::store::Waits;

use super::Exposition;

fn batch(took: u64) -> Notice {
    Notice::Batch(BatchDone {
        worker: 0,
        range: RangeId(1),
        seen: 100,
        changed: 90,
        hot: Some(80),
        wal_bytes: 5000,
        took: Duration::from_millis(took),
        waits: Waits {
            lock_wait: Duration::from_millis(3),
            blocked: 1,
            blocked_for: Duration::from_millis(30),
        },
    })
}

fn reading(signal: &str, value: f64) -> Observed {
    Observed { signal: signal.to_owned(), value, bound: Bound::Above(5.0), unit: Unit::Seconds }
}

/// Every notice that counts.
pub(super) fn busy(clock: &Clock) -> ProcessMetrics {
    let metrics = ProcessMetrics::new(clock).unwrap();
    let job = "fill \"quoted\" \\ and\nbroken".to_owned();
    metrics.notice(Notice::Joined { run: RunId(7), job });
    for worker in [0, 1, 1] {
        metrics.notice(Notice::Claimed { worker, range: RangeId(1), from: None, to: "9".to_owned() });
    }
    metrics.notice(Notice::Rested { worker: 0 });
    for took in [20, 200, 2000, 900_000] {
        metrics.notice(batch(took));
    }
    metrics
        .notice(Notice::Signals { readings: vec![reading("replica lag", 7.5), reading("probe \"x\"", 1.0)] });
    metrics
        .notice(Notice::Held { signals: vec!["replica lag".to_owned()], reasons: vec!["7.5 s".to_owned()] });
    clock.advance(Duration::from_secs(90));
    metrics.notice(Notice::GoesOn);
    metrics.notice(Notice::Signals { readings: vec![reading("replica lag", 1.0)] });
    metrics.notice(Notice::Trouble { class: ErrorClass::Lock });
    metrics.notice(Notice::Quarantined { rows: 3, message: "secret".to_owned() });
    metrics.notice(Notice::Applied {
        revision: "aaaa add note".to_owned(),
        direction: Direction::Up,
        done: Done::Now,
        took: Duration::from_millis(700),
    });
    metrics
}

#[test]
fn notices_become_figures() {
    let clock = Clock::manual(Timestamp::UNIX_EPOCH);
    let text = busy(&clock).render();
    let read = Exposition::parse(&text);
    let job = [("job_name", "fill \"quoted\" \\ and\nbroken")];
    let of = |name: &str, label: &str| read.value(name, &job, label);
    assert_eq!(of("longhaul_batches_total", ""), Some(4.0));
    assert_eq!(of("longhaul_rows_seen_total", ""), Some(400.0));
    assert_eq!(of("longhaul_rows_changed_total", ""), Some(360.0));
    assert_eq!(of("longhaul_rows_heap_only_total", ""), Some(320.0));
    assert_eq!(of("longhaul_wal_bytes_total", ""), Some(20_000.0));
    assert_eq!(of("longhaul_batch_duration_seconds_bucket", "le=0.025"), Some(1.0));
    assert_eq!(of("longhaul_batch_duration_seconds_bucket", "le=0.25"), Some(2.0));
    assert_eq!(of("longhaul_batch_duration_seconds_bucket", "le=300"), Some(3.0));
    assert_eq!(of("longhaul_batch_duration_seconds_bucket", "le=+Inf"), Some(4.0));
    assert_eq!(of("longhaul_batch_blocked_seconds_count", ""), Some(4.0));
    assert_eq!(of("longhaul_holds_total", "signal=replica lag"), Some(1.0));
    assert_eq!(of("longhaul_hold_duration_seconds_sum", "signal=replica lag"), Some(90.0));
    assert_eq!(of("longhaul_held", ""), Some(0.0));
    assert_eq!(of("longhaul_errors_total", "class=lock"), Some(1.0));
    assert_eq!(of("longhaul_rows_quarantined_total", ""), Some(3.0));
    assert_eq!(of("longhaul_workers", ""), Some(1.0));
    assert_eq!(read.value("longhaul_signal_value", &[("signal", "replica lag")], "unit=seconds"), Some(1.0));
    assert_eq!(read.value("longhaul_signal_limit", &[("signal", "replica lag")], ""), Some(5.0));
    assert!(read.value("longhaul_signal_value", &[("signal", "probe \"x\"")], "").unwrap().is_nan());
    assert_eq!(read.value("longhaul_revisions_total", &[("direction", "up")], "outcome=done"), Some(1.0));
    assert!(!text.contains("secret"));
}

#[test]
fn two_recorders_of_one_process_keep_apart() {
    let clock = Clock::manual(Timestamp::UNIX_EPOCH);
    let (one, other) = (busy(&clock), ProcessMetrics::new(&clock).unwrap());
    assert!(one.render().contains("longhaul_batches_total"));
    assert_eq!(other.render(), "");
}

#[test]
fn many_batches_that_nobody_scrapes_are_counted_all_the_same() {
    let clock = Clock::manual(Timestamp::UNIX_EPOCH);
    let metrics = ProcessMetrics::new(&clock).unwrap();
    metrics.notice(Notice::Joined { run: RunId(7), job: "fill".to_owned() });
    for _ in 0..100_000 {
        metrics.notice(batch(20));
    }
    let read = Exposition::parse(&metrics.render());
    assert_eq!(read.value("longhaul_batch_duration_seconds_count", &[], ""), Some(100_000.0));
}
