//! A run over time: its charts, and what held it.

use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::common::{time, told};
use crate::plan::pressure::Unit;
use crate::store::{HoldPeriod, Point, SignalSeries};
use crate::web::chart::{Chart, Hold, Line, Panel, TimeAxis, draw};
use crate::web::facts::OneRun;

/// Signals that are drawn: those nearest to their limits.
const MOST_SIGNALS: usize = 6;
/// Holds that are listed: the latest.
const MOST_HOLDS: usize = 20;

/// The charts, on one axis of time.
pub(super) fn charts(run: &OneRun) -> Markup {
    let now = run.standing.now.as_microsecond();
    let (Some(first), Some(last)) = (run.points.first(), run.points.last()) else {
        return html! {
            h2 { "Over time" }
            p.quiet { "Nothing was measured yet: the first figures come a second after the first batch." }
        };
    };
    let holds = numbered(&run.holds);
    let from = first.at.min(holds.iter().map(|(_, hold)| hold.began).min().unwrap_or(first.at));
    // A run that is being held stores nothing but that: the axis goes on.
    let is_held = run.holds.iter().any(|hold| hold.ended.is_none());
    let to = if is_held { now } else { end(last) };
    let axis = TimeAxis::between(from, to.max(end(last)), &run.zone);
    let bands = holds.iter().map(|(number, hold)| Hold {
        from: hold.began,
        to: hold.ended.unwrap_or(now),
        number: *number,
        reason: reason(hold),
    });
    let chart = Chart { holds: bands.collect(), panels: panels(run), axis };
    html! {
        h2 { "Over time" }
        (draw(&chart))
        (reasons(&holds, run.holds.len(), &run.zone))
    }
}

fn end(point: &Point) -> i64 {
    point.at + microseconds(point.seconds)
}

#[expect(clippy::cast_possible_truncation, reason = "stretches last seconds to days")]
fn microseconds(seconds: f64) -> i64 {
    (seconds * 1_000_000.0) as i64
}

/// The latest holds with their numbers, which are counted from the run's first.
fn numbered(holds: &[HoldPeriod]) -> Vec<(usize, &HoldPeriod)> {
    let numbered: Vec<(usize, &HoldPeriod)> =
        holds.iter().enumerate().map(|(at, hold)| (at + 1, hold)).collect();
    numbered.into_iter().skip(holds.len().saturating_sub(MOST_HOLDS)).collect()
}

fn reason(hold: &HoldPeriod) -> String {
    if hold.signals.is_empty() {
        told(&hold.message).to_owned()
    } else {
        format!("{} ({})", told(&hold.message), hold.signals.join(", "))
    }
}

fn reasons(holds: &[(usize, &HoldPeriod)], all: usize, zone: &TimeZone) -> Markup {
    html! {
        @if let Some((first, _)) = holds.first() {
            h3 { "What held it" }
            @if all > holds.len() { p.quiet { "The latest " (holds.len()) " of " (all) "." } }
            ol.reasons start=(first) {
                @for (number, hold) in holds {
                    li id=(format!("hold-{number}")) {
                        (told(&hold.message))
                        span.quiet {
                            " on " (hold.host) ", from " (time(hold.began, zone))
                            @match hold.ended {
                                Some(ended) => { " to " (time(ended, zone)) }
                                None => { ", still" }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn panels(run: &OneRun) -> Vec<Panel> {
    let points = &run.points;
    let line = |name, of: fn(&Point) -> f64, filled| Line { name, pieces: pieces(points, of), filled };
    let panel =
        |title: &str, lines, base, told| Panel { title: title.to_owned(), lines, limit: None, base, told };
    let mut panels = vec![
        panel("Rows a second", vec![line("rows", |point| point.rows_per_second, true)], 10.0, amount),
        panel(
            "Batch",
            vec![
                line("longest", |point| point.longest_batch, true),
                line("mean", |point| point.mean_batch, false),
            ],
            10.0,
            seconds,
        ),
        panel(
            "Lock waits",
            vec![
                line("others for a batch, longest", |point| point.longest_blocked, true),
                line("a batch for others, mean", |point| point.mean_lock_wait, false),
            ],
            10.0,
            seconds,
        ),
        panel("WAL a second", vec![line("WAL", |point| point.wal_per_second, true)], 1024.0, size),
    ];
    let mut signals: Vec<&SignalSeries> = run.signals.iter().collect();
    signals.sort_by(|one, other| other_load(other).total_cmp(&other_load(one)));
    panels.extend(signals.into_iter().take(MOST_SIGNALS).map(signal));
    panels
}

/// The part of its limit that a signal has reached.
fn other_load(signal: &SignalSeries) -> f64 {
    let load = signal.points.iter().map(|point| point.value / point.limit).filter(|load| load.is_finite());
    load.fold(0.0, f64::max)
}

fn signal(series: &SignalSeries) -> Panel {
    let (base, told): (f64, fn(f64) -> String) = match series.unit {
        Unit::Bytes | Unit::BytesPerSecond => (1024.0, size),
        Unit::Seconds => (10.0, seconds),
        Unit::Share => (10.0, |share| format!("{:.0} %", share * 100.0)),
        _ => (10.0, amount),
    };
    let stretch = series.points.windows(2).map(|pair| pair[1].at - pair[0].at).min().unwrap_or(i64::MAX);
    let values = series.points.iter().map(|point| (point.at, point.value));
    let lines = vec![Line { name: "value", pieces: in_pieces(values, stretch), filled: true }];
    let mut letters = series.signal.chars();
    let title = letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    let limit =
        series.points.last().map(|point| point.limit).filter(|limit| limit.is_finite() && *limit > 0.0);
    Panel { title, lines, limit, base, told }
}

/// The points of a line, cut where nothing was measured.
fn pieces(points: &[Point], of: fn(&Point) -> f64) -> Vec<Vec<(i64, f64)>> {
    let stretch = points.first().map_or(0, |point| microseconds(point.seconds));
    in_pieces(points.iter().map(|point| (point.at + stretch / 2, of(point))), stretch)
}

/// Cut where more than two stretches lie between two points: a process stores itself less often than the eye would see.
fn in_pieces(values: impl Iterator<Item = (i64, f64)>, stretch: i64) -> Vec<Vec<(i64, f64)>> {
    // A sample is of ten seconds: on the axis of a minute its points are far apart.
    let gap = stretch.saturating_mul(5).div_euclid(2).max(25_000_000);
    let mut pieces: Vec<Vec<(i64, f64)>> = Vec::new();
    for (at, value) in values.filter(|(_, value)| value.is_finite()) {
        match pieces.last_mut() {
            Some(piece) if piece.last().is_some_and(|(last, _)| at - last <= gap) => piece.push((at, value)),
            _ => pieces.push(vec![(at, value)]),
        }
    }
    pieces
}

/// A number with as many digits as matter.
fn amount(value: f64) -> String {
    match value {
        1e9.. => format!("{:.1} bn", value / 1e9),
        1e7.. => format!("{:.0} M", value / 1e6),
        1e6.. => format!("{:.1} M", value / 1e6),
        1e4.. => format!("{:.0} k", value / 1e3),
        1e3.. => format!("{:.1} k", value / 1e3),
        10.0.. => format!("{value:.0}"),
        _ => trimmed(value),
    }
}

fn seconds(value: f64) -> String {
    match value {
        60.0.. => format!("{:.0} min", value / 60.0),
        1.0.. => format!("{} s", trimmed(value)),
        0.0 => "0".to_owned(),
        _ => format!("{} ms", trimmed(value * 1000.0)),
    }
}

fn size(value: f64) -> String {
    let (mut value, mut unit) = (value.max(0.0), "B");
    for larger in ["kB", "MB", "GB", "TB"] {
        if value >= 1000.0 {
            (value, unit) = (value / 1024.0, larger);
        }
    }
    format!("{} {unit}", trimmed(value))
}

/// Without digits that say nothing.
fn trimmed(value: f64) -> String {
    let decimals = if value.abs() >= 100.0 {
        0
    } else if value.abs() >= 1.0 {
        1
    } else {
        2
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_as_long_as_they_matter() {
        let texts = [0.0, 0.5, 7.25, 42.0, 950.0, 9800.0, 12_300.0, 1_250_000.0, 3e9].map(amount);
        assert_eq!(texts, ["0", "0.5", "7.2", "42", "950", "9.8 k", "12 k", "1.2 M", "3.0 bn"]);
        let megabyte = 1024.0 * 1024.0;
        let texts = [0.0, 700.0, 1024.0 * 1024.0, 1.5 * megabyte, 20.0 * megabyte].map(size);
        assert_eq!(texts, ["0 B", "700 B", "1 MB", "1.5 MB", "20 MB"]);
        let texts = [0.0, 0.0004, 0.34, 1.0, 7.25, 90.0].map(seconds);
        assert_eq!(texts, ["0", "0.4 ms", "340 ms", "1 s", "7.2 s", "2 min"]);
    }

    #[test]
    fn a_night_between_two_points_is_a_gap() {
        let second = 1_000_000;
        let values = [(0, 1.0), (10 * second, 2.0), (20 * second, f64::NAN), (3600 * second, 3.0)];
        assert_eq!(
            in_pieces(values.into_iter(), 10 * second),
            [vec![(0, 1.0), (10 * second, 2.0)], vec![(3600 * second, 3.0)]]
        );
    }
}
