//! Samples, holds and ranges, read back.

use std::time::Duration;

use longhaul::config::{Environment, Target};
use longhaul::model::{Pass, RunId};
use longhaul::pg::{Connection, Connector};
use longhaul::store::{Span, Store};

use crate::support::{Database, Items, JobKind, Pages, Primary};

pub(super) async fn reader(database: &Database) -> Connection {
    let target = Target::resolve(Some(&database.url), &Environment::default()).unwrap();
    Connector::new(target, Duration::from_secs(30)).connect("test").await.unwrap()
}

#[tokio::test]
async fn the_samples_of_a_run_add_up_to_it_and_its_hold_is_between_them() {
    let primary = Primary::start(&[]).await;
    let items = Items::on(primary.database().await, 600, JobKind::Sweeping).await;
    items.project.configure("pause_file = \"pause\"\n[limits]\nrows_per_second = 200\n");
    items.project.write("../pause", "payroll run\n");
    let process = items.project.spawn(&["run", "fill", "--workers", "1"]);
    items.until("EXISTS (SELECT FROM longhaul.event WHERE kind = 'hold.began')").await;
    let (store, connection) = (Store::new("longhaul"), reader(items.database()).await);
    let run = RunId(1);
    let lasting = store.holds(&*connection, run).await.unwrap();
    assert!(lasting.iter().all(|hold| hold.ended.is_none()), "{lasting:?}");
    std::fs::remove_file(items.project.jobs().join("../pause")).unwrap();
    process.outcome().await.succeeded();

    let all = Span::default();
    let series = store.series(&*connection, (run, all), 1000).await.unwrap();
    let coarse = store.series(&*connection, (run, all), 3).await.unwrap();
    assert!((1..=3).contains(&coarse.len()) && series.len() > coarse.len(), "{series:?} {coarse:?}");
    let batches: i64 = items.database().value("SELECT sum(batches)::int8 FROM longhaul.range").await;
    for points in [&series, &coarse] {
        assert_eq!(points.iter().map(|point| point.batches).sum::<i64>(), batches);
        assert!(points.windows(2).all(|two| two[0].at < two[1].at), "in order of time");
        assert!(points.iter().all(|point| point.longest_batch >= point.mean_batch && point.workers == 1));
    }
    let rows: i64 = items.database().value("SELECT sum(rows_seen)::int8 FROM longhaul.sample").await;
    assert_eq!(rows, 1200, "backfill and sweep");
    let span = Span { from: Some(series[0].at), to: Some(series[0].at) };
    assert!(store.series(&*connection, (run, span), 10).await.unwrap().is_empty(), "no sample ends there");

    let signals = store.signal_series(&*connection, (run, all), 100).await.unwrap();
    let sessions = signals.iter().find(|one| one.signal == "active sessions").unwrap();
    assert!(sessions.points.iter().all(|point| (point.limit - 100.0).abs() < 0.1), "{sessions:?}");

    let holds = store.holds(&*connection, run).await.unwrap();
    let paused = holds.iter().find(|hold| hold.signals == ["pause file"]).unwrap();
    assert!(paused.ended.unwrap() > paused.began && paused.message.contains("payroll run"), "{paused:?}");
    assert!(holds.iter().all(|hold| hold.ended.is_some()), "{holds:?}");

    let ranges = store.map_of_ranges(&*connection, run, Pass::BACKFILL).await.unwrap();
    assert!(ranges.iter().all(|range| range.finished && range.share == Some(1.0)), "{ranges:?}");
    assert!(ranges.windows(2).all(|two| two[1].from.as_deref() == Some(&two[0].to)), "in order: {ranges:?}");
    let (newest, rest) = {
        let newest = store.batches(&*connection, (run, None), 1).await.unwrap().remove(0);
        let rest = store.batches(&*connection, (run, Some(newest.id)), 10_000).await.unwrap();
        (newest, rest)
    };
    assert_eq!(i64::try_from(rest.len()).unwrap(), batches - 1);
    assert!(rest.iter().all(|batch| batch.id < newest.id));
}

#[tokio::test]
async fn a_hold_in_which_the_process_was_killed_ends_with_what_it_last_told() {
    let primary = Primary::start(&[]).await;
    let items = Items::on(primary.database().await, 600, JobKind::Sweeping).await;
    items.project.configure("pause_file = \"pause\"\n");
    items.project.write("../pause", "payroll run\n");
    let process = items.project.spawn(&["run", "fill", "--workers", "1"]);
    items.until("(SELECT count(*) > 1 FROM longhaul.sample) AND EXISTS (SELECT FROM longhaul.event WHERE kind = 'hold.began')").await;
    process.kill().await;
    items.sessions_are_gone().await;
    // As if it were long ago.
    items.database().execute("DELETE FROM longhaul.worker").await;
    let (store, connection) = (Store::new("longhaul"), reader(items.database()).await);
    let holds = store.holds(&*connection, RunId(1)).await.unwrap();
    let last: i64 = items
        .database()
        .value("SELECT (extract(epoch FROM max(at)) * 1000000)::int8 FROM longhaul.sample")
        .await;
    let paused = holds.iter().find(|hold| hold.signals == ["pause file"]).unwrap();
    assert_eq!(paused.ended, Some(last.max(paused.began)), "{holds:?}");
}

#[tokio::test]
async fn a_range_in_the_middle_of_its_first_window_is_begun_by_its_strides() {
    let pages = Pages::new(20_000, 60, JobKind::Sweeping).await;
    pages.write_job("min = 20\nmax = 20\nstrides = 8\nwindow = \"64MB\"");
    pages.project.configure("[limits]\nrows_per_second = 2000\nactive_sessions = \"off\"\n");
    let process = pages.project.spawn(&["run", "fill", "--workers", "1"]);
    pages.database().until("coalesce(sum(rows_seen), 0) > 4000 FROM longhaul.range").await;
    process.kill().await;
    pages.database().sessions_are_gone().await;
    let (store, connection) = (Store::new("longhaul"), reader(pages.database()).await);
    let ranges = store.map_of_ranges(&*connection, RunId(1), Pass::BACKFILL).await.unwrap();
    let seen: u64 = ranges.iter().map(|range| range.rows_seen).sum();
    let done: f64 = ranges.iter().map(|range| range.share.unwrap()).sum::<f64>() / ranges.len() as f64;
    let expected = seen as f64 / 20_000.0;
    // Strides are not all alike: the first take fewer rows.
    assert!(done > expected / 3.0 && done < expected * 3.0 && done < 1.0, "{done}, {expected}: {ranges:?}");
}
