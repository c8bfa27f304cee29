//! A line of the drawing as text.

use super::{Cell, Crossing, Horizontal, Row, RowKind, Vertical};

/// The characters to draw with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `│ ├ ╮`
    Boxes,
    /// `| \ /`
    Ascii,
}

impl Row {
    /// The line as text, with `mark` for its revision, and no space at its end.
    #[must_use]
    pub fn text(&self, style: Style, mark: char) -> String {
        let mut text = String::new();
        for (lane, cell) in self.cells.iter().enumerate() {
            let here = lane == self.column && matches!(self.kind, RowKind::Revision(_));
            text.push(match style {
                _ if here => mark,
                Style::Boxes => cell.boxed(),
                Style::Ascii => self.ascii(lane),
            });
            let linked = matches!(cell.horizontal, Horizontal::Right | Horizontal::Both);
            text.push(match style {
                _ if !linked => ' ',
                Style::Boxes => '─',
                Style::Ascii => self.ascii_gap(lane),
            });
        }
        text.trim_end().to_owned()
    }

    fn ascii(&self, lane: usize) -> char {
        let cell = &self.cells[lane];
        let amid = cell.horizontal == Horizontal::Both;
        match cell.vertical {
            Vertical::Both if amid && cell.crossing == Crossing::Joined && lane != self.column => '+',
            Vertical::Both => '|',
            _ if amid => self.ascii_line(),
            _ => ' ',
        }
    }

    /// What stands right of a column in a link: a slope beside the lane it leads to, or else a line.
    fn ascii_gap(&self, lane: usize) -> char {
        let leads_to = |lane: usize| self.cells[lane].crossing == Crossing::Joined && lane != self.column;
        match self.kind {
            _ if lane < self.column && leads_to(lane) => '/',
            RowKind::Branch if lane >= self.column && leads_to(lane + 1) => '/',
            _ if lane >= self.column && leads_to(lane + 1) => '\\',
            _ => self.ascii_line(),
        }
    }

    /// At the height where the slope beside it ends.
    fn ascii_line(&self) -> char {
        if self.kind == RowKind::Branch { '_' } else { '-' }
    }
}

impl Cell {
    fn boxed(self) -> char {
        match (self.vertical, self.horizontal) {
            (Vertical::None, Horizontal::None) => ' ',
            (Vertical::None, _) => '─',
            (Vertical::Both, Horizontal::None) => '│',
            (Vertical::Both, _) if self.crossing == Crossing::Behind => '│',
            (Vertical::Both, Horizontal::Left) => '┤',
            (Vertical::Both, Horizontal::Right) => '├',
            (Vertical::Both, Horizontal::Both) => '┼',
            (Vertical::Up, Horizontal::None) => '╵',
            (Vertical::Up, Horizontal::Left) => '╯',
            (Vertical::Up, Horizontal::Right) => '╰',
            (Vertical::Up, Horizontal::Both) => '┴',
            (Vertical::Down, Horizontal::None) => '╷',
            (Vertical::Down, Horizontal::Left) => '╮',
            (Vertical::Down, Horizontal::Right) => '╭',
            (Vertical::Down, Horizontal::Both) => '┬',
        }
    }
}
