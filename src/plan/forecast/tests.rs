//! Whatever is put in, a forecast is one; and more never takes less.

use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::model::Hours;
use crate::plan::hours::Schedule;

/// The bench's table `narrow`, with figures as they were measured.
fn narrow() -> (Measured, Ground) {
    let measured = Measured {
        batches: 5,
        rows: 10_000.0,
        looking: 7e-8,
        moving: 1e-5,
        image: 1e-5,
        image_wal: 8000.0,
        moving_wal: 450.0,
        trigger_wal: 0.0,
        heap_only: 0.0,
        triggers: Vec::new(),
        spread: 0.1,
    };
    let ground = Ground {
        rows: Span::exact(4e6),
        all_rows: 4e6,
        pages: 65_574.0,
        page_bytes: 8192.0,
        row_bytes: 140.0,
        indexes: 3.0,
        index_bytes: 220e6,
        strides: 15.0,
        moved: 0.13,
        batch_rows: 4000.0,
        paced_rows: 4000.0,
        workers: (2, 2),
        reading: 0.5,
        readings: 1.0,
        sweeps: true,
        max_wal_size: 8e9,
        checkpoint_timeout: 900.0,
        is_vacuumed: true,
        ..Ground::default()
    };
    (measured, ground)
}

#[test]
fn nothing_is_foretold_where_no_row_was_changed() {
    let (measured, ground) = narrow();
    assert_eq!(Forecast::new(&Measured { rows: 0.0, ..measured }, &ground), None);
}

#[test]
fn a_table_as_it_was_measured_comes_out_as_it_was_measured() {
    let (measured, ground) = narrow();
    let forecast = Forecast::new(&measured, &ground).unwrap();
    assert!((forecast.heap_only - 0.87).abs() < 0.01, "{forecast:#?}");
    // 1.33 GB.
    assert!(forecast.wal.low < 1.33 * 1.074e9 && forecast.wal.high > 1.33 * 1.074e9, "{forecast:#?}");
    assert!(forecast.image_share > 0.3 && forecast.image_share < 0.8);
    assert!(forecast.table_growth.high < 0.2 * 65_574.0 * 8192.0, "{forecast:#?}");
    let forbidden =
        Forecast::new(&measured, &Ground { is_forbidden: true, strides: 1.0, moved: 1.0, ..ground }).unwrap();
    assert!(forbidden.heap_only.abs() < 1e-9 && forbidden.time.low > forecast.time.low);
    assert!(forbidden.wal.low > forecast.wal.low && forbidden.growth.low > forecast.growth.low);
}

#[test]
fn a_limit_that_binds_is_told_with_what_would_be_without_it() {
    let (measured, ground) = narrow();
    let ground = Ground { rows_per_second: Some(5000.0), ..ground };
    let forecast = Forecast::new(&measured, &ground).unwrap();
    assert!(forecast.backfill.low >= 800.0, "{forecast:#?}");
    let effects = Effect::all(&forecast, &ground);
    assert_eq!(effects[0].setting, "rows_per_second = 5000");
    assert!(effects[0].without.high < effects[0].with.low);
    let advice = Advice::all(&forecast, &ground, &["entry_new".to_owned()]);
    assert_eq!(advice[0].change, "raise rows_per_second = 5000");
    assert!(advice[1].change.contains("drop the index entry_new"));
    let wide = Ground { rows_per_second: Some(1e9), ..ground };
    assert!(
        Effect::all(&Forecast::new(&measured, &wide).unwrap(), &wide)
            .iter()
            .all(|e| !e.setting.starts_with("rows"))
    );
}

#[test]
fn the_truth_is_told_beside_it_and_how_far_it_lies_outside() {
    let forecast = Forecast {
        time: Span::of(180.0, 240.0),
        rows: Span::exact(1000.0),
        wal: Span::of(1e9, 2e9),
        ..Forecast::default()
    };
    let truth = Truth { seconds: 200.0, rows: 1000, wal: Some(1 << 30) };
    assert_eq!(
        truth.beside(&forecast),
        "3 to 4 min, took 3 min 20 s; 1,000 rows, changed 1,000; 954 MB to 1.9 GB of WAL, the server wrote 1.0 GB"
    );
    assert!(Truth { seconds: 300.0, ..truth }.beside(&forecast).contains("took 5 min 00 s (25 % longer)"));
    assert!(Truth { seconds: 90.0, ..truth }.beside(&forecast).contains("(50 % shorter)"));
}

fn measured() -> impl Strategy<Value = Measured> {
    let seconds = || 0.0..1e-3_f64;
    let triggers = prop::collection::vec(("[a-z]{1,8}", seconds()), 0..3);
    (
        (1..100_u32, 1.0..1e6_f64, seconds(), seconds(), seconds()),
        (0.0..9000.0_f64, 0.0..1e5_f64, 0.0..1.0_f64, 0.0..5.0_f64),
        triggers,
    )
        .prop_map(
            |(
                (batches, rows, looking, moving, image),
                (image_wal, moving_wal, heap_only, spread),
                triggers,
            )| Measured {
                batches,
                rows,
                looking,
                moving,
                image,
                image_wal,
                moving_wal,
                trigger_wal: moving_wal / 4.0,
                heap_only,
                triggers,
                spread,
            },
        )
}

fn ground() -> impl Strategy<Value = Ground> {
    let limit = || prop::option::of(1.0..1e9_f64);
    (
        (0.0..1e9_f64, 0.0..1.0_f64, 0.0..1.0_f64, 1.0..300.0_f64),
        (0.0..12.0_f64, any::<bool>(), 1..30_u32, 0.0..1.0_f64),
        (1..8_u32, 0..8_u32, limit(), limit()),
        (0.0..1e4_f64, 1.0..5.0_f64, any::<bool>(), prop::option::of(0.0..500.0_f64)),
    )
        .prop_map(
            |(
                (all, low, more, per_page),
                (indexes, is_forbidden, strides, moved),
                (first, most, rows, wal),
                (reading, readings, flag, kept),
            )| Ground {
                rows: Span::of(all * low, all * (low + (1.0 - low) * more)),
                all_rows: all,
                pages: all / per_page,
                page_bytes: 8192.0,
                row_bytes: 8000.0 / per_page,
                indexes: indexes.floor(),
                index_bytes: indexes.floor() * all * 20.0,
                is_forbidden,
                strides: f64::from(strides),
                moved,
                batch_rows: 1000.0,
                paced_rows: 100.0,
                workers: (first, first + most),
                rows_per_second: rows,
                wal_per_second: wal,
                reading,
                readings,
                sweeps: flag,
                max_wal_size: 1e9,
                checkpoint_timeout: 300.0,
                kept,
                is_vacuumed: flag,
            },
        )
}

fn spans(forecast: &Forecast) -> Vec<Span> {
    let Forecast {
        rows,
        batches,
        backfill,
        sweep,
        proof,
        time,
        unlimited,
        alone,
        wal,
        table_growth,
        index_growth,
        growth,
        preimages,
        one_worker,
        ..
    } = forecast;
    let mut all = vec![
        *rows,
        *batches,
        *backfill,
        *sweep,
        *proof,
        *time,
        *unlimited,
        *alone,
        *wal,
        *table_growth,
        *index_growth,
        *growth,
        *one_worker,
    ];
    all.extend(*preimages);
    all
}

proptest! {
    #[test]
    fn every_range_is_one(measured in measured(), ground in ground()) {
        let forecast = Forecast::new(&measured, &ground).unwrap();
        for span in spans(&forecast) {
            prop_assert!(span.low >= 0.0 && span.low <= span.high && span.high.is_finite(), "{:?} in {:#?}", span, forecast);
            prop_assert!(!span.as_time().is_empty());
        }
        prop_assert!((0.0..=1.0).contains(&forecast.heap_only) && (0.0..=1.0).contains(&forecast.image_share));
        // A limit never makes it faster, nor does a second worker make it slower.
        prop_assert!(forecast.time.low >= forecast.unlimited.low && forecast.time.high >= forecast.unlimited.high);
        prop_assert!(forecast.unlimited.high <= forecast.alone.high * (1.0 + 1e-9));
        let text = serde_json::to_string(&forecast).unwrap();
        prop_assert!(serde_json::from_str::<Forecast>(&text).is_ok(), "what is kept reads back");
    }

    #[test]
    fn more_rows_never_take_less_time_nor_less_wal(measured in measured(), ground in ground(), part in 0.0..1.0_f64) {
        let fewer = Ground { rows: ground.rows.times(part), ..ground.clone() };
        let (less, more) = (Forecast::new(&measured, &fewer).unwrap(), Forecast::new(&measured, &ground).unwrap());
        let slack = 1.0 + 1e-9;
        prop_assert!(less.time.low <= more.time.low * slack && less.time.high <= more.time.high * slack, "{less:#?} {more:#?}");
        prop_assert!(less.wal.high <= more.wal.high * slack, "{less:#?} {more:#?}");
    }

    #[test]
    fn closed_hours_never_make_it_end_sooner(minutes in 0..20_000_u64, begin in 0..600_000_i64) {
        let now = Timestamp::from_second(1_780_000_000 + begin).unwrap();
        let work = Duration::from_secs(minutes * 60);
        let hours = Hours::parse(&["Mon-Fri 22:00-05:00".to_owned()], "Europe/Berlin", &[]).unwrap();
        let nights: Schedule = [("the job", hours)].into_iter().collect();
        let (always, kept) = (Schedule::default().finish(now, work).unwrap(), nights.finish(now, work).unwrap());
        prop_assert!(kept >= always);
        prop_assert_eq!(nights.open_between(now, kept), Some(work), "as much as was asked for was open meanwhile");
    }
}
