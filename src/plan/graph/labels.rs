//! Branch labels: each is declared on one revision, and holds for the branch around it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::build::Edges;
use super::{Graph, Node};

/// Which labels hold where. Revisions with the same labels share their set.
#[derive(Clone, Debug)]
pub(super) struct Labels {
    /// The place that declares each label.
    declared: BTreeMap<String, usize>,
    /// By place: its own, and those of everything before it.
    from_before: Vec<Arc<BTreeSet<String>>>,
    /// By place: those declared after it, as long as the history doesn't branch on the way there.
    from_after: Vec<Arc<BTreeSet<String>>>,
}

impl Labels {
    pub(super) fn new(nodes: &[Node], edges: &Edges) -> Self {
        let declared = nodes.iter().enumerate().flat_map(|(at, node)| {
            let declare = move |label: &String| (label.clone(), at);
            node.labels.iter().map(declare)
        });
        let none: Arc<BTreeSet<String>> = Arc::default();
        let mut from_before: Vec<Arc<BTreeSet<String>>> = Vec::with_capacity(nodes.len());
        for (node, parents) in nodes.iter().zip(&edges.parents) {
            let held: Vec<_> = parents.iter().map(|&parent| Arc::clone(&from_before[parent])).collect();
            from_before.push(joined(&node.labels, &held));
        }
        let mut from_after = vec![none; nodes.len()];
        for at in (0..nodes.len()).rev() {
            if let [only] = edges.children[at][..] {
                from_after[at] = joined(&nodes[only].labels, &[Arc::clone(&from_after[only])]);
            }
        }
        Self { declared: declared.collect(), from_before, from_after }
    }

    /// Where a label is declared.
    pub(super) fn place(&self, label: &str) -> Option<usize> {
        self.declared.get(label).copied()
    }

    /// All labels, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.declared.keys().map(String::as_str)
    }
}

fn joined(own: &[String], held: &[Arc<BTreeSet<String>>]) -> Arc<BTreeSet<String>> {
    match held {
        [] if own.is_empty() => Arc::default(),
        [first, others @ ..] if own.is_empty() && others.iter().all(|other| other == first) => {
            Arc::clone(first)
        }
        _ => Arc::new(held.iter().flat_map(|set| set.iter()).chain(own).cloned().collect()),
    }
}

impl Graph {
    /// The branch labels that hold for a revision: its own, those of everything before it, and those declared after
    /// it as long as the history doesn't branch on the way there (as in Alembic: a label names the whole branch).
    #[must_use]
    pub fn labels(&self, id: &str) -> BTreeSet<&str> {
        let Some(&at) = self.index.get(id) else { return BTreeSet::new() };
        let Labels { from_before, from_after, .. } = &self.labels;
        from_before[at].iter().chain(from_after[at].iter()).map(String::as_str).collect()
    }
}
