//! Who follows whom: what the commands that show the history ask.

use std::collections::BTreeSet;

use super::Graph;

impl Graph {
    /// The revisions that revise this one, in order.
    #[must_use]
    pub fn children(&self, id: &str) -> Vec<&str> {
        let revises = |node: &&super::Node| node.revises.iter().any(|parent| parent == id);
        self.nodes.iter().filter(revises).map(|node| node.id.as_str()).collect()
    }

    /// Of what is applied, the revisions that nothing applied revises: where the database stands, in order.
    #[must_use]
    pub fn applied_heads(&self, applied: &BTreeSet<String>) -> Vec<&str> {
        let is_applied = |id: &&str| applied.contains(*id);
        let is_top = |id: &&str| !self.children(id).iter().any(|child| applied.contains(*child));
        self.order().into_iter().filter(is_applied).filter(is_top).collect()
    }

    /// The branch labels that hold for a revision, given those that each revision declares itself: its own, those of
    /// everything before it, and those declared after it as long as the history doesn't branch on the way there (as
    /// in Alembic: a label names the whole branch).
    #[must_use]
    pub fn labels<'l>(&self, id: &str, declared: impl Fn(&str) -> &'l [String]) -> BTreeSet<&'l str> {
        let mut found: BTreeSet<&str> = declared(id).iter().map(String::as_str).collect();
        let mut before: Vec<&str> = vec![id];
        let mut seen = BTreeSet::new();
        while let Some(node) = before.pop().and_then(|id| self.node(id)) {
            for parent in &node.revises {
                found.extend(declared(parent).iter().map(String::as_str));
                if seen.insert(parent) {
                    before.push(parent);
                }
            }
        }
        let mut at = id.to_owned();
        while let [only] = self.children(&at)[..] {
            found.extend(declared(only).iter().map(String::as_str));
            at = only.to_owned();
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::Node;
    use super::*;

    /// a - b - d(merge), a - c[billing] - e - d
    fn diamond() -> Graph {
        let node = |id: &str, revises: &[&str]| Node {
            id: id.to_owned(),
            revises: revises.iter().map(|id| (*id).to_owned()).collect(),
            depends: Vec::new(),
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
    }

    #[test]
    fn a_label_goes_down_to_all_that_follows_and_up_to_the_branch_point() {
        let graph = diamond();
        let billing = ["billing".to_owned()];
        let declared = |id: &str| if id == "e" { billing.as_slice() } else { &[] };
        let labelled: Vec<&str> =
            graph.order().into_iter().filter(|id| !graph.labels(id, declared).is_empty()).collect();
        assert_eq!(labelled, ["c", "e", "d"]);
    }
}
