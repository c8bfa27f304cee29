//! A stack of panels on one time axis.

use std::fmt::Write;

use maud::{Markup, html};

use super::{Scale, TimeAxis};

/// The units of a plot: as many across as no screen has pixels.
const WIDTH: f64 = 2000.0;
const HEIGHT: f64 = 100.0;

/// Panels on one time axis.
pub(in crate::web) struct Chart {
    pub(in crate::web) axis: TimeAxis,
    pub(in crate::web) holds: Vec<Hold>,
    pub(in crate::web) panels: Vec<Panel>,
}

/// A time in which something held the run: a band through all panels.
pub(in crate::web) struct Hold {
    pub(in crate::web) from: i64,
    pub(in crate::web) to: i64,
    /// Its number in the list below.
    pub(in crate::web) number: usize,
    pub(in crate::web) reason: String,
}

/// What one panel shows.
pub(in crate::web) struct Panel {
    pub(in crate::web) title: String,
    pub(in crate::web) lines: Vec<Line>,
    /// A line that is not to be crossed.
    pub(in crate::web) limit: Option<f64>,
    /// 1024 for sizes, else 10.
    pub(in crate::web) base: f64,
    /// A value as people read it.
    pub(in crate::web) told: fn(f64) -> String,
}

/// A line of values.
pub(in crate::web) struct Line {
    pub(in crate::web) name: &'static str,
    /// Runs without a gap: (time, value) in order.
    pub(in crate::web) pieces: Vec<Vec<(i64, f64)>>,
    /// The area below it is filled.
    pub(in crate::web) filled: bool,
}

impl Line {
    fn values(&self) -> impl Iterator<Item = f64> {
        self.pieces.iter().flatten().map(|(_, value)| *value)
    }

    fn last(&self) -> Option<f64> {
        self.pieces.last()?.last().map(|(_, value)| *value)
    }

    fn most(&self) -> Option<f64> {
        self.values().reduce(f64::max)
    }

    fn least(&self) -> Option<f64> {
        self.values().reduce(f64::min)
    }
}

impl Panel {
    fn scale(&self) -> Scale {
        let most = self.lines.iter().filter_map(Line::most).reduce(f64::max).unwrap_or(0.0);
        // A limit far above everything would press the line flat.
        let limit = self.limit.filter(|limit| *limit <= most * 4.0).unwrap_or(0.0);
        Scale::up_to(most.max(limit), self.base)
    }

    /// Nothing but zeros: that needs no room.
    fn is_flat(&self) -> bool {
        self.lines.iter().filter_map(Line::most).all(|most| most == 0.0)
    }

    /// `9,800 last, 0 to 12,300`, of each line; for those who don't see it, too.
    fn summary(&self) -> String {
        let mut told: Vec<String> = self
            .lines
            .iter()
            .filter_map(|line| {
                let name = if self.lines.len() > 1 { format!("{}: ", line.name) } else { String::new() };
                let [now, low, high] = [line.last()?, line.least()?, line.most()?].map(self.told);
                Some(if low == high {
                    format!("{name}{now}")
                } else {
                    format!("{name}{now} last, {low} to {high}")
                })
            })
            .collect();
        if told.is_empty() {
            told.push("nothing yet".to_owned());
        }
        if let Some(limit) = self.limit {
            told.push(format!("limit {}", (self.told)(limit)));
        }
        told.join("; ")
    }
}

/// All of it.
pub(in crate::web) fn draw(chart: &Chart) -> Markup {
    html! {
        div.chart {
            @if !chart.holds.is_empty() { (holds(chart)) }
            @for panel in &chart.panels { (self::panel(chart, panel)) }
            (time_axis(chart))
        }
    }
}

fn panel(chart: &Chart, panel: &Panel) -> Markup {
    let scale = panel.scale();
    let summary = panel.summary();
    html! {
        figure class=(if panel.is_flat() { "panel flat" } else { "panel" }) {
            figcaption { b { (panel.title) } " " span.quiet { (summary) } }
            div.marks aria-hidden="true" {
                @if !panel.is_flat() {
                    @for mark in scale.marks.iter().rev() { span { ((panel.told)(*mark)) } }
                }
            }
            svg.plot role="img" aria-label=(format!("{}: {summary}", panel.title)) {
                (bands(chart))
                @for mark in &scale.marks {
                    @let y = percent(1.0 - scale.share(*mark));
                    line.grid x1="0" x2="100%" y1=(y) y2=(y) {}
                }
                svg.fit viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) preserveAspectRatio="none" {
                    @for (at, line) in panel.lines.iter().enumerate() {
                        @if line.filled { path.area d=(area(chart, &scale, line)) {} }
                        path class=(format!("line line{at}")) d=(path(chart, &scale, line)) {}
                    }
                }
                @if let Some(limit) = panel.limit.filter(|limit| *limit <= scale.end()) {
                    @let y = percent(1.0 - scale.share(limit));
                    line.limit x1="0" x2="100%" y1=(y) y2=(y) {}
                }
            }
        }
    }
}

/// The row of the holds with their numbers.
fn holds(chart: &Chart) -> Markup {
    html! {
        figure.panel.holds {
            figcaption { b { "Held" } " " span.quiet { "shaded in each chart; the numbers are those of the list below" } }
            div.marks aria-hidden="true" {}
            svg.plot aria-hidden="true" {
                (bands(chart))
                @for hold in &chart.holds {
                    @let middle = f64::midpoint(chart.axis.share(hold.from), chart.axis.share(hold.to));
                    text.number x=(percent(middle.clamp(0.012, 0.988))) y="15" { (hold.number) }
                }
            }
        }
    }
}

fn bands(chart: &Chart) -> Markup {
    html! {
        @for hold in &chart.holds {
            @let (from, to) = (chart.axis.share(hold.from), chart.axis.share(hold.to));
            rect.hold x=(percent(from)) width=(percent((to - from).max(0.002))) y="0" height="100%" {
                title { (hold.number) ": " (hold.reason) }
            }
        }
    }
}

fn time_axis(chart: &Chart) -> Markup {
    html! {
        figure.panel.times aria-hidden="true" {
            div.marks {}
            svg.plot {
                @for (at, (time, label)) in chart.axis.marks.iter().enumerate() {
                    @let share = chart.axis.share(*time);
                    @let anchor = if share < 0.05 { "start" } else if share > 0.95 { "end" } else { "middle" };
                    g class=(if at % 2 == 1 { "second" } else { "" }) {
                        line.grid x1=(percent(share)) x2=(percent(share)) y1="0" y2="5" {}
                        text x=(percent(share)) y="18" text-anchor=(anchor) { (label) }
                    }
                }
            }
        }
    }
}

fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

/// A point in a plot's units.
fn place(chart: &Chart, scale: &Scale, (at, value): (i64, f64)) -> (f64, f64) {
    (chart.axis.share(at) * WIDTH, (1.0 - scale.share(value)) * HEIGHT)
}

fn path(chart: &Chart, scale: &Scale, line: &Line) -> String {
    let mut text = String::new();
    for piece in &line.pieces {
        for (number, point) in piece.iter().enumerate() {
            let (x, y) = place(chart, scale, *point);
            let _ = write!(text, "{}{x:.1} {y:.1}", if number == 0 { 'M' } else { 'L' });
        }
        if let [only] = piece.as_slice() {
            // A point alone has no length: it is drawn as a short stroke.
            let (x, y) = place(chart, scale, *only);
            let _ = write!(text, "L{:.1} {y:.1}", x + 4.0);
        }
    }
    text
}

fn area(chart: &Chart, scale: &Scale, line: &Line) -> String {
    let mut text = String::new();
    for piece in &line.pieces {
        let ([first, .., last] | [first @ last]) = piece.as_slice() else { continue };
        let (left, right) = (place(chart, scale, *first).0, place(chart, scale, *last).0);
        let _ = write!(text, "M{left:.1} {HEIGHT}");
        for point in piece {
            let (x, y) = place(chart, scale, *point);
            let _ = write!(text, "L{x:.1} {y:.1}");
        }
        let _ = write!(text, "L{right:.1} {HEIGHT}Z");
    }
    text
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn chart(pieces: Vec<Vec<(i64, f64)>>) -> Chart {
        Chart {
            axis: TimeAxis::between(0, 100_000_000, &TimeZone::UTC),
            holds: vec![Hold {
                from: 20_000_000,
                to: 40_000_000,
                number: 1,
                reason: "replica lag 7.2 s > 5 s & <more>".to_owned(),
            }],
            panels: vec![Panel {
                title: "Rows a second".to_owned(),
                lines: vec![Line { name: "rows", pieces, filled: true }],
                limit: Some(150.0),
                base: 10.0,
                told: |value| format!("{value:.0}"),
            }],
        }
    }

    #[test]
    fn a_chart_tells_in_words_what_it_shows() {
        let text =
            draw(&chart(vec![vec![(0, 10.0), (50_000_000, 100.0), (100_000_000, 30.0)]])).into_string();
        assert!(text.contains("aria-label=\"Rows a second: 30 last, 10 to 100; limit 150\""), "{text}");
        assert!(text.contains("M0.0 93.3L1000.0 33.3L2000.0 80.0"), "{text}");
        assert!(text.contains("<title>1: replica lag 7.2 s &gt; 5 s &amp; &lt;more&gt;</title>"), "{text}");
        assert!(text.contains("x=\"20.00%\" width=\"20.00%\""), "{text}");
        assert!(!text.contains("style="), "the policy forbids styles in the markup");
    }

    #[test]
    fn where_nothing_was_measured_there_is_no_line() {
        let text =
            draw(&chart(vec![vec![(0, 10.0), (10_000_000, 10.0)], vec![(90_000_000, 10.0)]])).into_string();
        assert!(text.contains("M0.0 0.0L200.0 0.0M1800.0 0.0L1804.0 0.0"), "{text}");
        assert!(draw(&chart(vec![])).into_string().contains("nothing yet"));
    }
}
