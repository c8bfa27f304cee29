//! The map of ranges: a cell a range, or a cell for several where there are many, in the order of the table.

use maud::{Markup, html};

use crate::model::{counted, human_count};
use crate::store::MappedRange;

/// As many cells as can be told apart.
const MOST_CELLS: usize = 480;

/// A range, as the map shows it.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::web) struct Range {
    /// `from … to`
    pub(in crate::web) bounds: String,
    pub(in crate::web) progress: Progress,
    /// The process at it: host and number.
    pub(in crate::web) held_by: Option<(String, i32)>,
}

/// How far a range is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::web) enum Progress {
    /// Nothing of it.
    Untouched,
    /// Begun: the share that is done, where it is known.
    Begun(Option<f64>),
    Done,
}

impl From<&MappedRange> for Range {
    fn from(range: &MappedRange) -> Self {
        let progress = match range.share {
            _ if range.finished => Progress::Done,
            Some(0.0) if range.batches == 0 => Progress::Untouched,
            share => Progress::Begun(share),
        };
        let from = range.from.as_deref().unwrap_or("the beginning");
        Self { bounds: format!("{from} … {}", range.to), progress, held_by: range.held_by.clone() }
    }
}

/// The map.
pub(in crate::web) struct Map<'m> {
    pub(in crate::web) ranges: &'m [Range],
    /// Nobody is at work, and the run has failed: what is begun is where it failed.
    pub(in crate::web) failed: bool,
}

/// So few that there is room for their figures.
const FEW: usize = 24;

/// What one cell stands for.
struct Cell {
    class: String,
    letter: Option<char>,
    percent: String,
    title: String,
}

impl Map<'_> {
    /// The processes at work, each known by a letter.
    fn processes(&self) -> Vec<&(String, i32)> {
        let mut processes: Vec<&(String, i32)> = Vec::new();
        for holder in self.ranges.iter().filter_map(|range| range.held_by.as_ref()) {
            if !processes.contains(&holder) {
                processes.push(holder);
            }
        }
        processes.sort();
        processes
    }

    fn cells(&self) -> Vec<Cell> {
        let processes = self.processes();
        let size = self.ranges.len().div_ceil(MOST_CELLS).max(1);
        self.ranges.chunks(size).map(|ranges| self.cell(ranges, &processes)).collect()
    }

    fn cell(&self, ranges: &[Range], processes: &[&(String, i32)]) -> Cell {
        let done: f64 = ranges.iter().map(|range| range.progress.share()).sum();
        let holder = ranges.iter().find_map(|range| range.held_by.as_ref());
        let letter = holder.and_then(|holder| letter(processes, holder));
        let begun = ranges.iter().any(|range| matches!(range.progress, Progress::Begun(_)));
        let share = done / ranges.len() as f64;
        let word = match (holder.is_some(), begun, share) {
            (true, ..) => "running",
            (_, true, _) if self.failed => "failed",
            (.., 1.0..) => "done",
            (_, _, 0.0) if !begun => "untouched",
            _ => "begun",
        };
        // In steps of a tenth: the policy forbids styles in the markup.
        let tenths = (share * 10.0).floor();
        let class = format!("cell {word} p{tenths}");
        let percent = if word == "failed" { "failed".to_owned() } else { format!("{:.0} %", share * 100.0) };
        Cell { class, letter, percent, title: title(ranges, word, share) }
    }

    /// In words: what a screen reader says instead of the map.
    pub(in crate::web) fn summary(&self) -> String {
        let (all, processes) = (self.ranges.len(), self.processes());
        let number = |count: usize| human_count(count as u64);
        let of = |wanted: fn(&Range) -> bool| self.ranges.iter().filter(|range| wanted(range)).count();
        let done = of(|range| range.progress == Progress::Done);
        let held = of(|range| range.held_by.is_some());
        let begun = of(|range| range.held_by.is_none() && matches!(range.progress, Progress::Begun(_)));
        let mut told = vec![format!("{} of {} done", number(done), ranges_of(all))];
        if held > 0 {
            let by: Vec<String> = processes
                .iter()
                .map(|process| {
                    let count =
                        self.ranges.iter().filter(|range| range.held_by.as_ref() == Some(process)).count();
                    format!(
                        "{} {} ({}, process {})",
                        number(count),
                        name(&processes, process),
                        process.0,
                        process.1
                    )
                })
                .collect();
            told.push(format!("{} being worked on: {}", number(held), by.join(", ")));
        }
        if begun > 0 {
            let word = if self.failed { "begun when it failed" } else { "begun and waiting" };
            told.push(format!("{} {word}", number(begun)));
        }
        told.push(format!("{} to come", number(all - done - held - begun)));
        told.join("; ")
    }

    pub(in crate::web) fn draw(&self) -> Markup {
        let size = self.ranges.len().div_ceil(MOST_CELLS).max(1);
        let is_few = self.ranges.len() <= FEW;
        html! {
            p { (self.summary()) "." @if size > 1 { " A cell stands for " (size) " ranges." } }
            div class=(if is_few { "map few" } else { "map" }) role="img" aria-label=(self.summary()) {
                @for cell in self.cells() {
                    i class=(cell.class) title=(cell.title) {
                        @if let Some(letter) = cell.letter { (letter) }
                        @if is_few { " " (cell.percent) }
                    }
                }
            }
            p.legend aria-hidden="true" {
                span { i.cell.done.p10 {} " done" }
                @for process in self.processes() {
                    span { i.cell.running.p5 { (name(&self.processes(), process)) } " " (process.0) " (" (process.1) ")" }
                }
                span { i.cell.begun.p5 {} " begun" }
                @if self.failed { span { i.cell.failed.p5 {} " failed here" } }
                span { i.cell.untouched.p0 {} " to come" }
            }
        }
    }
}

impl Progress {
    fn share(self) -> f64 {
        match self {
            Self::Untouched => 0.0,
            Self::Begun(share) => share.unwrap_or(0.5).min(0.99),
            Self::Done => 1.0,
        }
    }
}

fn letter(processes: &[&(String, i32)], holder: &(String, i32)) -> Option<char> {
    let at = processes.iter().position(|process| *process == holder)?;
    ('A'..='Z').nth(at % 26)
}

fn name(processes: &[&(String, i32)], holder: &(String, i32)) -> String {
    letter(processes, holder).map(String::from).unwrap_or_default()
}

fn ranges_of(count: usize) -> String {
    if count == 1 { "1 range is".to_owned() } else { format!("{} ranges are", human_count(count as u64)) }
}

fn title(ranges: &[Range], word: &str, share: f64) -> String {
    let what = match ranges {
        [only] => only.bounds.clone(),
        many => counted(many.len(), "range"),
    };
    let word = if word == "untouched" { "to come" } else { word };
    let holder = ranges.iter().find_map(|range| range.held_by.as_ref());
    let by = holder.map(|(host, process)| format!(" by {host} (process {process})")).unwrap_or_default();
    format!("{what}: {word}{by}, {:.0} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(progress: Progress, held_by: Option<&str>) -> Range {
        Range { bounds: "1 … 2".to_owned(), progress, held_by: held_by.map(|host| (host.to_owned(), 7)) }
    }

    #[test]
    fn ten_thousand_ranges_are_a_few_hundred_cells() {
        let mut ranges = vec![range(Progress::Done, None); 6000];
        ranges.push(range(Progress::Begun(Some(0.3)), Some("db1")));
        ranges.resize(10_000, range(Progress::Untouched, None));
        let map = Map { ranges: &ranges, failed: false };
        let cells = map.cells();
        assert_eq!(cells.len(), 477);
        assert_eq!(cells.iter().filter(|cell| cell.class.contains("running")).count(), 1);
        assert_eq!(cells[0].class, "cell done p10");
        assert_eq!(cells[476].class, "cell untouched p0");
        assert_eq!(
            map.summary(),
            "6,000 of 10,000 ranges are done; 1 being worked on: 1 A (db1, process 7); 3,999 to come"
        );
    }

    #[test]
    fn a_cell_tells_its_range_its_state_and_who_has_it() {
        let ranges = [
            range(Progress::Begun(Some(0.42)), Some("<db>")),
            range(Progress::Begun(None), None),
            range(Progress::Begun(Some(1.0)), None),
        ];
        let cells = Map { ranges: &ranges, failed: false }.cells();
        assert_eq!(cells[0].title, "1 … 2: running by <db> (process 7), 42 %");
        assert_eq!((cells[0].class.as_str(), cells[0].letter), ("cell running p4", Some('A')));
        assert_eq!(cells[1].class, "cell begun p5");
        assert_eq!(cells[2].class, "cell begun p9", "it is not done before it says so");
        let failed = Map { ranges: &ranges[1..], failed: true };
        assert_eq!(failed.cells()[0].class, "cell failed p5");
        assert!(failed.summary().contains("2 begun when it failed"), "{}", failed.summary());
        assert!(Map { ranges: &ranges, failed: false }.draw().into_string().contains("&lt;db&gt;"));
    }
}
