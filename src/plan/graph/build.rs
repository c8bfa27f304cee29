//! From the files' nodes to a sound order, or to the first thing that is wrong with them.

use std::collections::{BTreeMap, BTreeSet};

use super::resolve::nearest_id;
use super::{GraphError, Member, Node};

/// Words that mean something else than a label where a revision is named.
const RESERVED: [&str; 4] = ["head", "heads", "base", "current"];

/// Who follows whom, by places in the order; each list sorted and without repetition.
#[derive(Clone, Debug)]
pub(super) struct Edges {
    /// What each revises.
    pub(super) parents: Vec<Vec<usize>>,
    /// What revises each.
    pub(super) children: Vec<Vec<usize>>,
    /// What must be applied before each: parents and dependencies.
    pub(super) before: Vec<Vec<usize>>,
    /// What each must be applied before.
    pub(super) after: Vec<Vec<usize>>,
}

impl Edges {
    pub(super) fn new(nodes: &[Node], index: &BTreeMap<String, usize>) -> Self {
        let parents = places(nodes, |node| node.revises.iter().map(|id| index[id]).collect());
        let before = places(nodes, |node| node.follows().map(|id| index[id]).collect());
        Self { children: turned(&parents), after: turned(&before), parents, before }
    }
}

fn places(nodes: &[Node], of: impl Fn(&Node) -> BTreeSet<usize>) -> Vec<Vec<usize>> {
    nodes.iter().map(|node| of(node).into_iter().collect()).collect()
}

/// The same edges seen from their other ends.
fn turned(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut turned = vec![Vec::new(); edges.len()];
    for (at, others) in edges.iter().enumerate() {
        for &other in others {
            turned[other].push(at);
        }
    }
    turned
}

/// The nodes, checked, each after everything it follows.
pub(super) fn sort(mut nodes: Vec<Node>) -> Result<Vec<Node>, GraphError> {
    nodes.sort_by(|a, b| (&a.place, &a.id).cmp(&(&b.place, &b.id)));
    check_ids(&nodes)?;
    check_labels(&nodes)?;
    check_links(&nodes)?;
    sort_by_links(nodes)
}

fn check_ids(nodes: &[Node]) -> Result<(), GraphError> {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for Node { id, place, .. } in nodes {
        let (id, place) = (id.as_str(), place.as_str());
        if id.is_empty() {
            return Err(GraphError::EmptyId { place: place.to_owned() });
        }
        if let Some(character) = bad_character(id) {
            return Err(GraphError::BadId { id: id.to_owned(), place: place.to_owned(), character });
        }
        if let Some(first) = seen.insert(id, place) {
            let [first, second] = [first, place].map(str::to_owned);
            return Err(GraphError::DuplicateId { id: id.to_owned(), first, second });
        }
    }
    Ok(())
}

fn bad_character(name: &str) -> Option<char> {
    name.chars().find(|c| !(c.is_ascii_alphanumeric() || "_.-".contains(*c)))
}

fn check_labels(nodes: &[Node]) -> Result<(), GraphError> {
    let ids: BTreeMap<&str, &Node> = nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let mut seen: BTreeMap<&str, &Node> = BTreeMap::new();
    for node in nodes {
        for label in &node.labels {
            let (owned, place) = (|| label.clone(), || node.place.clone());
            if label.is_empty() {
                return Err(GraphError::EmptyLabel { place: place() });
            }
            if let Some(character) = bad_character(label) {
                return Err(GraphError::BadLabel { label: owned(), place: place(), character });
            }
            if RESERVED.contains(&label.as_str()) {
                return Err(GraphError::ReservedLabel { label: owned(), place: place() });
            }
            if let Some(revision) = ids.get(label.as_str()) {
                let other = revision.place.clone();
                return Err(GraphError::LabelIsId { label: owned(), place: place(), other });
            }
            if let Some(first) = seen.insert(label, node).filter(|first| first.id != node.id) {
                let first = first.place.clone();
                return Err(GraphError::DuplicateLabel { label: owned(), first, second: place() });
            }
        }
    }
    Ok(())
}

fn check_links(nodes: &[Node]) -> Result<(), GraphError> {
    let ids: BTreeSet<&str> = nodes.iter().map(|node| node.id.as_str()).collect();
    for node in nodes {
        for (link, named) in node.links() {
            let (id, place) = (node.id.clone(), node.place.clone());
            if named == id {
                return Err(GraphError::SelfReference { id, place, link });
            }
            if !ids.contains(named) {
                let others = ids.iter().copied().filter(|other| *other != node.id);
                let nearest = nearest_id(others, named);
                return Err(GraphError::MissingParent { id, place, link, parent: named.to_owned(), nearest });
            }
        }
    }
    Ok(())
}

/// Kahn's algorithm. `nodes` come sorted by place and id, so the smallest index that is ready is the next.
fn sort_by_links(nodes: Vec<Node>) -> Result<Vec<Node>, GraphError> {
    let index: BTreeMap<&str, usize> =
        nodes.iter().enumerate().map(|(at, node)| (node.id.as_str(), at)).collect();
    let before: Vec<BTreeSet<usize>> =
        nodes.iter().map(|node| node.follows().map(|id| index[id]).collect()).collect();
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for (at, parents) in before.iter().enumerate() {
        for &parent in parents {
            after[parent].push(at);
        }
    }
    let mut waits_for: Vec<usize> = before.iter().map(BTreeSet::len).collect();
    let mut ready: BTreeSet<usize> = (0..nodes.len()).filter(|&at| waits_for[at] == 0).collect();
    let mut rank = vec![None; nodes.len()];
    let mut placed = 0;
    while let Some(at) = ready.pop_first() {
        rank[at] = Some(placed);
        placed += 1;
        for &child in &after[at] {
            waits_for[child] -= 1;
            if waits_for[child] == 0 {
                ready.insert(child);
            }
        }
    }
    if let Some(stuck) = rank.iter().position(Option::is_none) {
        let members = walk_cycle(&before, &rank, stuck);
        let member = |at: usize| Member { id: nodes[at].id.clone(), place: nodes[at].place.clone() };
        return Err(GraphError::Cycle { members: members.into_iter().map(member).collect() });
    }
    let mut ranked: Vec<(Option<usize>, Node)> = rank.into_iter().zip(nodes).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    Ok(ranked.into_iter().map(|(_, node)| node).collect())
}

/// From a node that could not be placed, goes back until it comes by the same place again: each node that could not
/// be placed follows another such one. The cycle begins with its first file, each member following the next.
fn walk_cycle(before: &[BTreeSet<usize>], rank: &[Option<usize>], stuck: usize) -> Vec<usize> {
    let mut path = vec![stuck];
    let mut at = stuck;
    while let Some(&parent) = before[at].iter().find(|&&parent| rank[parent].is_none()) {
        if let Some(begin) = path.iter().position(|&seen| seen == parent) {
            path.drain(..begin);
            break;
        }
        path.push(parent);
        at = parent;
    }
    let first = path.iter().enumerate().min_by_key(|(_, at)| **at).map_or(0, |(position, _)| position);
    path.rotate_left(first);
    path
}
