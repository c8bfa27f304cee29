//! The history: a directed acyclic graph of revisions.
//!
//! `manifest` reads the files into [`Node`]s, [`Graph::build`] refuses whatever is no history and names the files at
//! fault, and the commands ask the graph what comes before what. A revision *revises* its parents, and may *depend*
//! on others that must be applied before it without being its parents (Alembic's `down_revision` and `depends_on`).
//! Everything here is deterministic: the order in which the files were found makes no difference.

pub mod drawing;
mod error;
mod lineage;
mod resolve;

use std::collections::{BTreeMap, BTreeSet};

pub use error::{GraphError, Link, Member, ResolveError};
pub use resolve::MIN_PREFIX;

use resolve::nearest_id;

/// One revision, as its file gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its id: ASCII letters, digits, `_`, `.` and `-`.
    pub id: String,
    /// The ids of its parents; several: a merge; none: a base.
    pub revises: Vec<String>,
    /// The ids of revisions that must be applied before it without being its parents.
    pub depends: Vec<String>,
    /// Its file's path: for messages, and for the order where the graph leaves it open.
    pub place: String,
}

/// A history that is sound: ids are unique, parents exist, nothing comes before itself.
#[derive(Clone, Debug)]
pub struct Graph {
    /// Each after everything it follows.
    nodes: Vec<Node>,
    /// Where an id stands in `nodes`.
    index: BTreeMap<String, usize>,
}

impl Graph {
    /// Builds the graph, or names the first thing that is wrong with it, in the order of the files' paths.
    pub fn build(mut nodes: Vec<Node>) -> Result<Self, GraphError> {
        nodes.sort_by(|a, b| (&a.place, &a.id).cmp(&(&b.place, &b.id)));
        check_ids(&nodes)?;
        check_links(&nodes)?;
        let nodes = sort_by_links(nodes)?;
        let index = nodes.iter().enumerate().map(|(at, node)| (node.id.clone(), at)).collect();
        Ok(Self { nodes, index })
    }

    /// The revision with exactly this id.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.index.get(id).map(|&at| &self.nodes[at])
    }

    /// All ids, each after everything it follows; where that leaves it open, by file path, then by id.
    #[must_use]
    pub fn order(&self) -> Vec<&str> {
        self.nodes.iter().map(|node| node.id.as_str()).collect()
    }

    /// The revisions that none revises, in order. One that others merely depend on is still a head.
    #[must_use]
    pub fn heads(&self) -> Vec<&str> {
        let revised: BTreeSet<&str> =
            self.nodes.iter().flat_map(|node| &node.revises).map(String::as_str).collect();
        self.order().into_iter().filter(|id| !revised.contains(id)).collect()
    }

    /// The revisions that revise none, in order.
    #[must_use]
    pub fn bases(&self) -> Vec<&str> {
        self.nodes.iter().filter(|node| node.revises.is_empty()).map(|node| node.id.as_str()).collect()
    }

    /// Everything that must be applied before `id`, without itself, in order; through dependencies too. An unknown
    /// id has none.
    #[must_use]
    pub fn ancestors(&self, id: &str) -> Vec<&str> {
        self.closure(&[id]).into_iter().filter(|ancestor| *ancestor != id).collect()
    }

    /// The revision meant by `target`: an id, or the beginning of just one id, of [`MIN_PREFIX`] characters or more.
    pub fn resolve(&self, target: &str) -> Result<&str, ResolveError> {
        resolve::resolve(self.index.keys().map(String::as_str), target)
    }

    /// What is to be applied, in order, to reach every one of `targets`: they and their ancestors, without what is
    /// applied. An ancestor that was passed over is among them. Targets come from [`Graph::resolve`]; an unknown one
    /// adds nothing.
    #[must_use]
    pub fn pending(&self, applied: &BTreeSet<String>, targets: &[&str]) -> Vec<&str> {
        self.closure(targets).into_iter().filter(|id| !applied.contains(*id)).collect()
    }

    /// What the database has applied and no file defines.
    #[must_use]
    pub fn unknown_applied<'a>(&self, applied: &'a BTreeSet<String>) -> Vec<&'a str> {
        applied.iter().map(String::as_str).filter(|id| !self.index.contains_key(*id)).collect()
    }

    /// The targets and all that comes before them, in order: one walk from the end, as followers stand last.
    fn closure(&self, targets: &[&str]) -> Vec<&str> {
        let mut wanted: BTreeSet<&str> = targets.iter().copied().collect();
        let mut found = Vec::new();
        for node in self.nodes.iter().rev() {
            if wanted.contains(node.id.as_str()) {
                wanted.extend(node.follows());
                found.push(node.id.as_str());
            }
        }
        found.reverse();
        found
    }
}

impl Node {
    /// What must be applied before it: parents and dependencies.
    fn follows(&self) -> impl Iterator<Item = &str> {
        self.links().map(|(_, id)| id)
    }

    fn links(&self) -> impl Iterator<Item = (Link, &str)> {
        let revises = self.revises.iter().map(|id| (Link::Revises, id.as_str()));
        revises.chain(self.depends.iter().map(|id| (Link::Depends, id.as_str())))
    }
}

fn check_ids(nodes: &[Node]) -> Result<(), GraphError> {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for Node { id, place, .. } in nodes {
        let (id, place) = (id.as_str(), place.as_str());
        if id.is_empty() {
            return Err(GraphError::EmptyId { place: place.to_owned() });
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        if let Some(character) = id.chars().find(|c| !allowed(*c)) {
            return Err(GraphError::BadId { id: id.to_owned(), place: place.to_owned(), character });
        }
        if let Some(first) = seen.insert(id, place) {
            let [first, second] = [first, place].map(str::to_owned);
            return Err(GraphError::DuplicateId { id: id.to_owned(), first, second });
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

#[cfg(test)]
mod tests;
