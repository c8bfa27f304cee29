//! Who follows whom: what the commands that show the history ask.

use std::collections::BTreeSet;

use super::Graph;

/// Everything that `edges` lead to from these places, with them.
pub(super) fn reach(edges: &[Vec<usize>], from: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
    let mut open: Vec<usize> = from.into_iter().collect();
    let mut found: BTreeSet<usize> = open.iter().copied().collect();
    while let Some(at) = open.pop() {
        open.extend(edges[at].iter().copied().filter(|&other| found.insert(other)));
    }
    found
}

impl Graph {
    /// The revisions that revise this one or depend on it, in order: none of them can be applied without it.
    #[must_use]
    pub fn followers(&self, id: &str) -> Vec<&str> {
        let places = self.index.get(id).map(|&at| self.edges.after[at].iter().copied());
        self.ids(places.into_iter().flatten())
    }

    /// The revisions that revise this one, in order.
    #[must_use]
    pub fn children(&self, id: &str) -> Vec<&str> {
        self.index.get(id).map(|&at| self.ids(self.edges.children[at].iter().copied())).unwrap_or_default()
    }

    /// Of what is applied, the revisions that nothing applied revises: where the database stands, in order.
    #[must_use]
    pub fn applied_heads(&self, applied: &BTreeSet<String>) -> Vec<&str> {
        self.ids(self.tops(&self.places_of(applied.iter().map(String::as_str))))
    }

    /// Of these revisions, those that none of them revises, in order.
    pub fn tops_of<'i>(&self, ids: impl IntoIterator<Item = &'i str>) -> Vec<&str> {
        self.ids(self.tops(&self.places_of(ids)))
    }

    /// Whether the database stands at this revision: it is applied, and nothing applied revises it.
    #[must_use]
    pub fn is_applied_head(&self, applied: &BTreeSet<String>, id: &str) -> bool {
        applied.contains(id) && !self.children(id).iter().any(|child| applied.contains(*child))
    }

    /// Of these places, those that none of them revises.
    pub(super) fn tops(&self, among: &BTreeSet<usize>) -> BTreeSet<usize> {
        among.iter().copied().filter(|&at| self.is_top(among, at)).collect()
    }

    /// Whether none of these places revises this one.
    pub(super) fn is_top(&self, among: &BTreeSet<usize>, at: usize) -> bool {
        !self.edges.children[at].iter().any(|child| among.contains(child))
    }

    /// The line of a revision: itself, all before it and all after it, by way of `revises`.
    pub(super) fn lineage(&self, at: usize) -> BTreeSet<usize> {
        let mut line = reach(&self.edges.parents, [at]);
        line.extend(reach(&self.edges.children, [at]));
        line
    }
}

#[cfg(test)]
mod tests {
    use super::super::Node;
    use super::*;

    /// a - b - d(merge), a - c - e[billing] - d
    fn diamond() -> Graph {
        let node = |id: &str, revises: &[&str]| Node {
            id: id.to_owned(),
            revises: revises.iter().map(|id| (*id).to_owned()).collect(),
            depends: Vec::new(),
            labels: if id == "e" { vec!["billing".to_owned()] } else { Vec::new() },
            place: format!("jobs/{id}.sql"),
        };
        let nodes =
            [node("a", &[]), node("b", &["a"]), node("c", &["a"]), node("e", &["c"]), node("d", &["b", "e"])];
        Graph::build(nodes.into()).unwrap()
    }

    fn set(ids: &[&str]) -> BTreeSet<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn the_database_stands_at_every_applied_revision_that_nothing_applied_revises() {
        let graph = diamond();
        assert_eq!(graph.applied_heads(&set(&["a", "b", "c"])), ["b", "c"]);
        assert_eq!(graph.applied_heads(&set(&["a", "b", "c", "e", "d"])), ["d"]);
        assert_eq!(graph.applied_heads(&set(&[])), Vec::<&str>::new());
        assert_eq!(graph.children("a"), ["b", "c"]);
        assert!(
            graph.is_applied_head(&set(&["a", "b"]), "b") && !graph.is_applied_head(&set(&["a", "b"]), "a")
        );
    }

    #[test]
    fn a_label_goes_down_to_all_that_follows_and_up_to_the_branch_point() {
        let graph = diamond();
        let labelled: Vec<&str> =
            graph.order().into_iter().filter(|id| !graph.labels(id).is_empty()).collect();
        assert_eq!(labelled, ["c", "e", "d"]);
        assert!(graph.labels("nothing").is_empty());
    }
}
