use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::plan::graph::Node;
use crate::plan::graph::tests::histories;

/// From `child: parents` a line; drawn in both styles, side by side.
fn drawn(history: &str) -> String {
    let nodes = history.lines().enumerate().map(|(at, line)| {
        let (id, parents) = line.trim().split_once(':').unwrap();
        let revises = parents.split_whitespace().map(str::to_owned).collect();
        Node {
            id: id.to_owned(),
            revises,
            depends: Vec::new(),
            labels: Vec::new(),
            place: format!("{at:03}"),
        }
    });
    let graph = Graph::build(nodes.collect()).unwrap();
    let mut shown = graph.order();
    shown.reverse();
    let line = |row: &Row| {
        let id = if let RowKind::Revision(id) = &row.kind { id.as_str() } else { "" };
        let (ascii, boxes) = (row.text(Style::Ascii, '*'), row.text(Style::Boxes, '●'));
        format!("{ascii:10}{boxes:10}{id}").trim_end().to_owned()
    };
    draw(&graph, &shown).iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_line_is_one_lane() {
    assert_snapshot!(drawn("a:\nb:a\nc:b"), @"
    *         ●         c
    *         ●         b
    *         ●         a
    ");
}

#[test]
fn a_diamond_branches_and_merges() {
    assert_snapshot!(drawn("a:\nb:a\nc:a\nd:b c"), @r"
    *         ●         d
    |\        ├─╮
    | *       │ ●       c
    * |       ● │       b
    |/        ├─╯
    *         ●         a
    ");
}

#[test]
fn two_bases_are_kept_apart() {
    assert_snapshot!(drawn("a:\nb:a\nx:\ny:x"), @"
    *         ●         y
    *         ●         x

    *         ●         b
    *         ●         a
    ");
    assert_snapshot!(drawn("a:\nx:\nb:a\ny:x\nm:b y"), @r"
    *         ●         m
    |\        ├─╮
    | *       │ ●       y
    * |       ● │       b
    | *       │ ●       x
    *         ●         a
    ");
}

#[test]
fn merges_that_cross_reach_into_the_lanes_that_are_there() {
    assert_snapshot!(drawn("a:\nb:a\nc:a\nd:b c\ne:c b\nf:d e"), @r"
    *         ●         f
    |\        ├─╮
    | *       │ ●       e
    | |\      │ ├─╮
    * | |     ● │ │     d
    |\| |     ├─┤ │
    | * |     │ ● │     c
    |_|/      ├─│─╯
    * |       ● │       b
    |/        ├─╯
    *         ●         a
    ");
}

#[test]
fn an_octopus_opens_a_lane_for_each_further_parent() {
    assert_snapshot!(drawn("a:\nb:a\nc:a\nd:a\nm:b c d"), @r"
    *         ●         m
    |\-\      ├─┬─╮
    | | *     │ │ ●     d
    | * |     │ ● │     c
    * | |     ● │ │     b
    |/_/      ├─┴─╯
    *         ●         a
    ");
}

#[test]
fn a_link_passes_behind_the_lanes_that_it_does_not_concern() {
    assert_snapshot!(drawn("a:\nb:a\nc:b\nd:b\ne:a\nf:c d e\ng:a\nh:f g\ni:h a"), @r"
    *         ●         i
    |\        ├─╮
    * |       ● │       h
    |-|\      ├─│─╮
    | | *     │ │ ●     g
    * | |     ● │ │     f
    |-|-|\-\  ├─│─│─┬─╮
    | | | | * │ │ │ │ ● e
    | | | * | │ │ │ ● │ d
    * | | | | ● │ │ │ │ c
    |_|_|/  | ├─│─│─╯ │
    * | |   | ● │ │   │ b
    |/_/___/  ├─┴─┴───╯
    *         ●         a
    ");
}

/// The revisions that the lanes of the row at `from` lead to.
fn reached(rows: &[Row], from: usize) -> BTreeSet<String> {
    let up = |cell: &Cell| matches!(cell.vertical, Vertical::Up | Vertical::Both);
    let down = |cell: &Cell| matches!(cell.vertical, Vertical::Down | Vertical::Both);
    let linked = |row: &Row, lane: usize| {
        row.cells[lane].horizontal != Horizontal::None && row.cells[lane].crossing == Crossing::Joined
    };
    let mut found = BTreeSet::new();
    let mut lanes: BTreeSet<usize> = BTreeSet::from([rows[from].column]);
    lanes.retain(|&lane| down(&rows[from].cells[lane]));
    for row in &rows[from + 1..] {
        let mut next = BTreeSet::new();
        for lane in lanes {
            assert!(up(&row.cells[lane]), "the lane {lane} breaks off");
            match &row.kind {
                RowKind::Revision(id) if lane == row.column => {
                    found.insert(id.clone());
                }
                RowKind::Branch if linked(row, lane) => {
                    next.insert(row.column);
                }
                RowKind::Merge if lane == row.column => {
                    next.extend(
                        (0..row.cells.len()).filter(|&lane| linked(row, lane) && down(&row.cells[lane])),
                    );
                }
                _ => {
                    assert!(down(&row.cells[lane]), "the lane {lane} ends");
                    next.insert(lane);
                }
            }
        }
        lanes = next;
    }
    assert!(lanes.is_empty(), "lanes lead nowhere");
    found
}

proptest! {
    #[test]
    fn every_revision_has_one_row_and_its_lanes_lead_to_its_parents_and_nowhere_else(nodes in histories()) {
        let graph = Graph::build(nodes).unwrap();
        let mut shown = graph.order();
        shown.reverse();
        let rows = draw(&graph, &shown);
        let mut drawn = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            if let RowKind::Revision(id) = &row.kind {
                drawn.push(id.as_str());
                let parents: BTreeSet<String> = graph.node(id).unwrap().revises.iter().cloned().collect();
                prop_assert_eq!(reached(&rows, at), parents);
            }
        }
        prop_assert_eq!(&drawn, &shown);
    }

    #[test]
    fn no_row_is_wider_than_the_edges_that_are_open_somewhere(nodes in histories()) {
        let graph = Graph::build(nodes).unwrap();
        let mut shown = graph.order();
        shown.reverse();
        let position = |id: &str| shown.iter().position(|other| *other == id).unwrap();
        let open = |at: usize| {
            let later = |parent: &&String| position(parent) > at;
            let parents = |id: &&str| graph.node(id).unwrap().revises.iter().filter(later).count();
            shown[..=at].iter().map(parents).sum::<usize>() + 1
        };
        let most = (0..shown.len()).map(open).max().unwrap_or_default();
        for row in draw(&graph, &shown) {
            prop_assert!(row.cells.len() <= most, "{} columns, {most} open edges", row.cells.len());
        }
    }

    #[test]
    fn a_head_never_stands_right_below_what_is_not_its_child(nodes in histories()) {
        let graph = Graph::build(nodes).unwrap();
        let mut shown = graph.order();
        shown.reverse();
        for pair in draw(&graph, &shown).windows(2) {
            let [above, row] = pair else { unreachable!("windows of two") };
            let begins = matches!(row.cells[row.column].vertical, Vertical::None | Vertical::Down);
            if matches!(row.kind, RowKind::Revision(_)) && begins {
                let mark = above.text(Style::Boxes, '●').chars().nth(row.column * 2).unwrap_or(' ');
                prop_assert_eq!(mark, ' ');
            }
        }
    }
}
