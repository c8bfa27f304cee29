//! What the pure decisions cost: those before each batch, and those of a long history.
//!
//! `cargo bench` runs them. A batch takes some ten milliseconds; what is decided before it must not be seen beside that.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use longhaul::model::{BatchOptions, KeyValue, Position, Window};
use longhaul::plan::batch_size::BatchSizer;
use longhaul::plan::eta::EtaEstimator;
use longhaul::plan::graph::{Graph, Node};
use longhaul::plan::interleave::{Choice, Interleaver, Page, Portion, Seen, schedule};

/// A page of narrow rows that grow.
const PAGE: Page = Page { rows: 61.0, line_pointers: 61.0, row_bytes: 132.0, growth: 8.0, free_bytes: 108.0 };

fn before_a_batch(criterion: &mut Criterion) {
    criterion.bench_function("the schedule of a page's strides", |bencher| {
        bencher.iter(|| schedule(black_box(&PAGE), 15));
    });
    criterion.bench_function("a stride's portion, its pages and its last pointer", |bencher| {
        bencher.iter(|| {
            let portion = Portion::of_page(black_box(&PAGE), 7, 15);
            (portion.batch_pages(4000, &PAGE, 8192), portion.last_pointer(&PAGE), portion.of(250_000))
        });
    });
    let position = Position {
        checkpoint: Some(KeyValue::of_block(8192)),
        window: Some(Window {
            upper: KeyValue::of_block(16_384),
            strides: 15,
            stride: 7,
            checkpoint: Some(KeyValue::of_block(10_000)),
        }),
    };
    let next = KeyValue::of_block(11_000);
    criterion.bench_function("the position after a batch", |bencher| {
        bencher.iter(|| black_box(&position).after(&next));
    });
}

fn after_a_batch(criterion: &mut Criterion) {
    let limits = BatchOptions { target: Duration::from_millis(500), min: 10, max: 100_000 };
    criterion.bench_function("size, strides and time left after a batch", |bencher| {
        let mut sizer = BatchSizer::new(limits);
        let choice = Choice {
            strides: 15,
            window_pages: 8192,
            most_pages: 16_384,
            fixed: false,
            reason: String::new(),
        };
        let mut interleaver = Interleaver::new(choice, false);
        let mut estimator = EtaEstimator::new();
        let (mut batches, mut rows) = (0_u32, 0_u64);
        bencher.iter(|| {
            batches = batches.wrapping_add(1);
            rows += 4000;
            let stride = batches / 8 % 15;
            let seen = Seen { stride, strides: 15, rows: 4000, changed: 4000, hot: Some(3900) };
            estimator.record(Duration::from_millis(15) * batches, rows);
            (
                sizer.observe(4000, Duration::from_millis(15)),
                interleaver.observe(&seen, batches.is_multiple_of(120)),
                estimator.estimate(500_000_000),
            )
        });
    });
}

fn a_long_history(criterion: &mut Criterion) {
    let id = |number: u32| format!("{number:012x}");
    let nodes: Vec<Node> = (0..10_000_u32)
        .map(|number| Node {
            id: id(number),
            place: format!("jobs/{number}.sql"),
            revises: number.checked_sub(1).map(id).into_iter().collect(),
            depends: Vec::new(),
            labels: Vec::new(),
        })
        .collect();
    criterion.bench_function("a graph of 10,000 revisions is built", |bencher| {
        bencher.iter(|| Graph::build(black_box(nodes.clone())));
    });
    let graph = Graph::build(nodes.clone()).expect("a chain is a history");
    let applied: BTreeSet<String> = (0..9_990).map(id).collect();
    criterion.bench_function("the way to the head of 10,000 revisions", |bencher| {
        bencher.iter(|| graph.upgrade_path(black_box(&applied), "head"));
    });
}

criterion_group!(benches, before_a_batch, after_a_batch, a_long_history);
criterion_main!(benches);
