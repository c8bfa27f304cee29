//! The history as lanes, newest first, as `git log --graph` draws it: what `history --graph` prints.
//!
//! ```text
//! * merge          a lane waits for one revision at a time, and ends where it is drawn
//! |\
//! | * c            a merge opens a lane for each further parent (or reaches into one that waits for it already)
//! * | b
//! |/               lanes that wait for the same revision join above it
//! * a
//! ```

mod text;

use std::collections::{BTreeMap, BTreeSet};

pub use text::Style;

use super::Graph;

/// One line of the drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What the line is for.
    pub kind: RowKind,
    /// The column of the revision, or of the one that the lanes of this line come from or go to.
    pub column: usize,
    /// The columns, from the left.
    pub cells: Vec<Cell>,
}

/// What a line is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// It has this revision in it.
    Revision(String),
    /// Below a merge: lanes to its further parents open.
    Merge,
    /// Above a branch point: the lanes of its children join.
    Branch,
    /// Keeps apart what would look joined.
    Space,
}

/// One column of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Where the lane goes.
    pub vertical: Vertical,
    /// Where the link between lanes goes.
    pub horizontal: Horizontal,
    /// Whether lane and link touch, where there are both.
    pub crossing: Crossing,
}

/// Where a lane goes from a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are what they are called")]
pub enum Vertical {
    None,
    Up,
    Down,
    Both,
}

/// Where a link goes from a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are what they are called")]
pub enum Horizontal {
    None,
    Left,
    Right,
    Both,
}

/// Whether a lane and a link in one cell have to do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crossing {
    /// They are joined.
    Joined,
    /// The link passes behind the lane.
    Behind,
}

/// Draws `shown`, which come newest first: none before one that follows it. A parent that isn't shown gets no lane.
#[must_use]
pub fn draw(graph: &Graph, shown: &[&str]) -> Vec<Row> {
    let known: BTreeSet<&str> = shown.iter().copied().collect();
    let mut lanes = Lanes::default();
    for id in shown {
        let mut parents: Vec<&str> = Vec::new();
        for parent in graph.node(id).map(|node| node.revises.as_slice()).unwrap_or_default() {
            if known.contains(parent.as_str()) && !parents.contains(&parent.as_str()) {
                parents.push(parent);
            }
        }
        lanes.add(id, &parents);
    }
    lanes.rows
}

/// The drawing as far as it has come.
#[derive(Default)]
struct Lanes<'g> {
    /// What each lane waits for.
    waiting: Vec<Option<&'g str>>,
    rows: Vec<Row>,
}

impl<'g> Lanes<'g> {
    fn add(&mut self, id: &str, parents: &[&'g str]) {
        let mine: Vec<usize> =
            (0..self.waiting.len()).filter(|&lane| self.waiting[lane] == Some(id)).collect();
        let column = mine.first().copied().unwrap_or_else(|| self.free_lane_apart());
        if let [_, joining @ ..] = mine.as_slice()
            && !joining.is_empty()
        {
            let ends = joining.iter().map(|&lane| (lane, Vertical::Up)).collect();
            self.link(RowKind::Branch, column, &ends);
            for &lane in joining {
                self.waiting[lane] = None;
            }
        }
        let mut cells = self.lanes();
        cells[column].vertical = match (mine.is_empty(), parents.is_empty()) {
            (true, true) => Vertical::None,
            (true, false) => Vertical::Down,
            (false, true) => Vertical::Up,
            (false, false) => Vertical::Both,
        };
        self.push(RowKind::Revision(id.to_owned()), column, cells);
        self.waiting[column] = parents.first().copied();
        if let [_, further @ ..] = parents
            && !further.is_empty()
        {
            let ends = further.iter().map(|parent| self.lane_to(parent)).collect();
            self.link(RowKind::Merge, column, &ends);
        }
        let used = self.waiting.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        self.waiting.truncate(used);
    }

    /// The lane that waits for `parent`, or a new one.
    fn lane_to(&mut self, parent: &'g str) -> (usize, Vertical) {
        if let Some(lane) = self.waiting.iter().position(|waiting| *waiting == Some(parent)) {
            return (lane, Vertical::Both);
        }
        let lane = self.free_lane();
        self.waiting[lane] = Some(parent);
        (lane, Vertical::Down)
    }

    fn free_lane(&mut self) -> usize {
        self.waiting.iter().position(Option::is_none).unwrap_or_else(|| {
            self.waiting.push(None);
            self.waiting.len() - 1
        })
    }

    /// A free lane for a head, with a line between it and whatever ended just above it.
    fn free_lane_apart(&mut self) -> usize {
        let lane = self.free_lane();
        let above = self.rows.last().and_then(|row| row.cells.get(lane).map(|cell| (row, cell)));
        let ended = above.is_some_and(|(row, cell)| {
            *cell != Cell::EMPTY || row.column == lane && matches!(row.kind, RowKind::Revision(_))
        });
        if ended {
            let cells = self.lanes();
            self.push(RowKind::Space, lane, cells);
        }
        lane
    }

    /// A line in which `column` is linked with the lanes of `ends`.
    fn link(&mut self, kind: RowKind, column: usize, ends: &BTreeMap<usize, Vertical>) {
        let touched = || ends.keys().copied().chain([column]);
        let (first, last) = (touched().min().unwrap_or(column), touched().max().unwrap_or(column));
        let mut cells = self.lanes();
        for (lane, cell) in cells.iter_mut().enumerate().take(last + 1).skip(first) {
            cell.horizontal = match lane {
                _ if lane == first => Horizontal::Right,
                _ if lane == last => Horizontal::Left,
                _ => Horizontal::Both,
            };
            cell.crossing = if touched().any(|at| at == lane) { Crossing::Joined } else { Crossing::Behind };
            cell.vertical = ends.get(&lane).copied().unwrap_or(cell.vertical);
        }
        self.push(kind, column, cells);
    }

    /// The open lanes, going straight down.
    fn lanes(&self) -> Vec<Cell> {
        let cell = |waiting: Option<&str>| Cell {
            vertical: if waiting.is_some() { Vertical::Both } else { Vertical::None },
            ..Cell::EMPTY
        };
        self.waiting.iter().copied().map(cell).collect()
    }

    fn push(&mut self, kind: RowKind, column: usize, cells: Vec<Cell>) {
        self.rows.push(Row { kind, column, cells });
    }
}

impl Row {
    /// The line under this one when nothing happens there: for texts of several lines.
    #[must_use]
    pub fn below(&self) -> Self {
        let down = |cell: &Cell| matches!(cell.vertical, Vertical::Down | Vertical::Both);
        let cell = |cell: &Cell| Cell {
            vertical: if down(cell) { Vertical::Both } else { Vertical::None },
            ..Cell::EMPTY
        };
        let cells = self.cells.iter().map(cell).collect();
        Self { kind: RowKind::Space, column: self.column, cells }
    }
}

impl Cell {
    /// Nothing.
    const EMPTY: Self =
        Self { vertical: Vertical::None, horizontal: Horizontal::None, crossing: Crossing::Joined };
}

#[cfg(test)]
mod tests;
