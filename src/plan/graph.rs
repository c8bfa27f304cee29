//! The history: a directed acyclic graph of revisions.
//!
//! `manifest` reads the files into [`Node`]s, [`Graph::build`] refuses whatever is no history and names the files at
//! fault, and the commands ask the graph what comes before what. A revision *revises* its parents, and may *depend*
//! on others that must be applied before it without being its parents (Alembic's `down_revision` and `depends_on`).
//! Everything here is deterministic: the order in which the files were found makes no difference.

mod build;
mod downgrade;
pub mod drawing;
mod error;
mod labels;
mod lineage;
mod range;
mod resolve;
mod stamp;
mod target;
mod target_error;
mod upgrade;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

pub use error::{GraphError, Link, Member, ResolveError};
pub use resolve::MIN_PREFIX;
pub use target::asks_for_current;
pub use target_error::{Candidate, TargetError, Way};

use build::Edges;
use labels::Labels;
use lineage::reach;

/// One revision, as its file gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its id: ASCII letters, digits, `_`, `.` and `-`.
    pub id: String,
    /// The ids of its parents; several: a merge; none: a base.
    pub revises: Vec<String>,
    /// The ids of revisions that must be applied before it without being its parents.
    pub depends: Vec<String>,
    /// The branch labels it declares.
    pub labels: Vec<String>,
    /// Its file's path: for messages, and for the order where the graph leaves it open.
    pub place: String,
}

/// A history that is sound: ids are unique, parents exist, nothing comes before itself, a label names one branch.
#[derive(Clone, Debug)]
pub struct Graph {
    /// Each after everything it follows. A revision's *place* is where it stands here.
    nodes: Vec<Node>,
    /// The places of the ids.
    index: BTreeMap<String, usize>,
    edges: Edges,
    labels: Labels,
}

impl Graph {
    /// Builds the graph, or names the first thing that is wrong with it, in the order of the files' paths.
    pub fn build(nodes: Vec<Node>) -> Result<Self, GraphError> {
        let nodes = build::sort(nodes)?;
        let index = nodes.iter().enumerate().map(|(at, node)| (node.id.clone(), at)).collect();
        let edges = Edges::new(&nodes, &index);
        let labels = Labels::new(&nodes, &edges);
        Ok(Self { nodes, index, edges, labels })
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
        self.ids(self.head_places())
    }

    /// The revisions that revise none, in order.
    #[must_use]
    pub fn bases(&self) -> Vec<&str> {
        self.ids(self.base_places())
    }

    /// Everything that must be applied before `id`, without itself, in order; through dependencies too. An unknown
    /// id has none.
    #[must_use]
    pub fn ancestors(&self, id: &str) -> Vec<&str> {
        self.closure(&[id]).into_iter().filter(|ancestor| *ancestor != id).collect()
    }

    /// The revision meant by `target`: an id, or the beginning of just one id, of [`MIN_PREFIX`] characters or more.
    pub fn resolve(&self, target: &str) -> Result<&str, ResolveError> {
        resolve::resolve(&self.index, target)
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

    /// The targets and all that comes before them, in order.
    fn closure(&self, targets: &[&str]) -> Vec<&str> {
        self.ids(reach(&self.edges.before, self.places_of(targets.iter().copied())))
    }

    /// The places of those ids that are in the graph.
    fn places_of<'i>(&self, ids: impl IntoIterator<Item = &'i str>) -> BTreeSet<usize> {
        ids.into_iter().filter_map(|id| self.index.get(id).copied()).collect()
    }

    fn id(&self, place: usize) -> &str {
        &self.nodes[place].id
    }

    fn ids(&self, places: impl IntoIterator<Item = usize>) -> Vec<&str> {
        places.into_iter().map(|at| self.id(at)).collect()
    }

    fn head_places(&self) -> BTreeSet<usize> {
        (0..self.nodes.len()).filter(|&at| self.edges.children[at].is_empty()).collect()
    }

    fn base_places(&self) -> BTreeSet<usize> {
        (0..self.nodes.len()).filter(|&at| self.edges.parents[at].is_empty()).collect()
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

#[cfg(test)]
mod tests;
