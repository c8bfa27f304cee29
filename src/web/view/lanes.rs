//! The lanes of the history beside its revisions, drawn from the same rows as `history --graph`.

use maud::{Markup, html};

use crate::plan::graph::drawing::{Cell, Crossing, Horizontal, Row, Vertical};

/// The width of a lane, and the height of a row with and without a revision, in pixels.
const LANE: usize = 22;
const TALL: usize = 34;
const SHORT: usize = 22;

/// How a revision is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::web) enum Mark {
    Applied,
    Pending,
    /// Its job is being run.
    Running,
}

/// What stands in a row's lanes.
#[derive(Clone, Copy)]
pub(in crate::web) struct Node {
    pub(in crate::web) mark: Mark,
    /// A data revision: a square.
    pub(in crate::web) is_data: bool,
}

/// The lanes of a row. Below them goes on what goes on, as far as the text beside it reaches.
pub(in crate::web) fn draw(row: &Row, lanes: usize, node: Option<Node>) -> Markup {
    let (width, height) = (lanes.max(1) * LANE, if node.is_some() { TALL } else { SHORT });
    html! {
        div.lanes aria-hidden="true" {
            svg width=(width) height=(height) {
                @for (lane, cell) in row.cells.iter().enumerate() { (draw_cell(*cell, lane, height)) }
                @if let Some(node) = node { (draw_node(node, centre(row.column), height / 2)) }
            }
            @if node.is_some() {
                svg.rest width=(width) {
                    @for (lane, cell) in row.below().cells.iter().enumerate() {
                        @if cell.vertical == Vertical::Both {
                            line x1=(centre(lane)) x2=(centre(lane)) y1="0" y2="100%" {}
                        }
                    }
                }
            }
        }
    }
}

fn centre(lane: usize) -> usize {
    lane * LANE + LANE / 2
}

fn draw_cell(cell: Cell, lane: usize, height: usize) -> Markup {
    let (x, left, right, middle) = (centre(lane), lane * LANE, (lane + 1) * LANE, height / 2);
    let up = matches!(cell.vertical, Vertical::Up | Vertical::Both);
    let down = matches!(cell.vertical, Vertical::Down | Vertical::Both);
    let to_left = matches!(cell.horizontal, Horizontal::Left | Horizontal::Both);
    let to_right = matches!(cell.horizontal, Horizontal::Right | Horizontal::Both);
    let behind = cell.crossing == Crossing::Behind && to_left && to_right;
    html! {
        @if behind { line.behind x1=(left) x2=(right) y1=(middle) y2=(middle) {} }
        @if up { line x1=(x) x2=(x) y1="0" y2=(middle) {} }
        @if down { line x1=(x) x2=(x) y1=(middle) y2=(height) {} }
        @if to_left && !behind { line x1=(left) x2=(x) y1=(middle) y2=(middle) {} }
        @if to_right && !behind { line x1=(x) x2=(right) y1=(middle) y2=(middle) {} }
    }
}

fn draw_node(node: Node, x: usize, y: usize) -> Markup {
    let class = match node.mark {
        Mark::Applied => "node applied",
        Mark::Pending => "node pending",
        Mark::Running => "node running",
    };
    html! {
        @if node.is_data {
            rect class=(class) x=(x - 7) y=(y - 7) width="14" height="14" rx="2" {}
            @if node.mark == Mark::Running { rect.heart x=(x - 3) y=(y - 3) width="6" height="6" {} }
        } @else {
            circle class=(class) cx=(x) cy=(y) r="7" {}
            @if node.mark == Mark::Running { circle.heart cx=(x) cy=(y) r="3" {} }
        }
    }
}
