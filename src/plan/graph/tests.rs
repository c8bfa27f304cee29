use proptest::prelude::*;

use super::*;

mod fixtures;
mod properties;
mod ranges;
mod targets;

fn node(place: &str, id: &str, revises: &[&str], depends: &[&str]) -> Node {
    let owned = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect();
    Node {
        id: id.to_owned(),
        revises: owned(revises),
        depends: owned(depends),
        labels: Vec::new(),
        place: place.to_owned(),
    }
}

fn ids(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|&id| id.to_owned()).collect()
}

/// expand1 <- backfill2 <- contract3, a branch merged at the end, and an index that another branch depends on.
fn payroll() -> Vec<Node> {
    vec![
        node("jobs/1.sql", "expand1", &[], &[]),
        node("jobs/2.toml", "backfill2", &["expand1"], &[]),
        node("jobs/3.sql", "contract3", &["backfill2"], &["other9"]),
        node("jobs/4.sql", "branch4", &["expand1"], &[]),
        node("jobs/5.sql", "merge5", &["contract3", "branch4"], &[]),
        node("jobs/9.sql", "other9", &[], &[]),
    ]
}

fn refusal(nodes: Vec<Node>) -> String {
    Graph::build(nodes).expect_err("these files are no history").to_string()
}

#[test]
fn the_order_puts_parents_and_dependencies_first_and_then_goes_by_path() {
    let graph = Graph::build(payroll()).unwrap();
    assert_eq!(graph.order(), ["expand1", "backfill2", "branch4", "other9", "contract3", "merge5"]);
    assert_eq!(graph.heads(), ["other9", "merge5"], "what others only depend on is still a head");
    assert_eq!(graph.bases(), ["expand1", "other9"]);
    assert_eq!(graph.ancestors("contract3"), ["expand1", "backfill2", "other9"]);
    assert!(graph.ancestors("expand1").is_empty() && graph.ancestors("nothing").is_empty());
    assert_eq!(graph.node("branch4").map(|node| node.place.as_str()), Some("jobs/4.sql"));
}

#[test]
fn no_files_are_an_empty_history() {
    assert!(Graph::build(Vec::new()).unwrap().order().is_empty());
}

#[test]
fn pending_is_what_the_targets_still_need_and_fills_gaps() {
    let graph = Graph::build(payroll()).unwrap();
    assert_eq!(graph.pending(&ids(&[]), &["backfill2"]), ["expand1", "backfill2"]);
    assert_eq!(graph.pending(&ids(&["expand1", "other9"]), &["contract3"]), ["backfill2", "contract3"]);
    assert_eq!(graph.pending(&ids(&["backfill2"]), &["branch4", "backfill2"]), ["expand1", "branch4"]);
    assert!(graph.pending(&ids(&graph.order()), &graph.heads()).is_empty());
    assert_eq!(graph.unknown_applied(&ids(&["expand1", "gone"])), ["gone"]);
}

#[test]
fn what_is_no_history_is_refused_with_the_files_named() {
    assert_eq!(
        refusal(vec![node("b.sql", "x", &[], &[]), node("a.sql", "x", &[], &[])]),
        "revision `x` is defined twice: in a.sql and in b.sql"
    );
    assert_eq!(refusal(vec![node("a.sql", "", &[], &[])]), "a.sql: the revision's id is empty");
    assert_eq!(
        refusal(vec![node("a.sql", "x y", &[], &[])]),
        "a.sql: the revision id `x y` holds ' '; allowed are letters, digits, `_`, `.` and `-`"
    );
    assert_eq!(refusal(vec![node("a.sql", "x", &[], &["x"])]), "a.sql: revision `x` depends on itself");
    assert_eq!(
        refusal(vec![node("a.sql", "3f9a0c1b7d52", &[], &[]), node("b.sql", "x", &["3f9a0c1b7d25"], &[])]),
        "b.sql: revision `x` revises `3f9a0c1b7d25`, which no file defines; the most similar id is `3f9a0c1b7d52`"
    );
    assert_eq!(
        refusal(vec![node("a.sql", "3f9a0c1b7d52", &["90be11d4a6c3"], &[])]),
        "a.sql: revision `3f9a0c1b7d52` revises `90be11d4a6c3`, which no file defines"
    );
}

#[test]
fn a_label_that_could_mean_something_else_is_refused() {
    let labelled = |place: &str, id: &str, label: &str| Node {
        labels: vec![label.to_owned()],
        ..node(place, id, &[], &[])
    };
    assert_eq!(
        refusal(vec![labelled("b.sql", "x", "billing"), labelled("a.sql", "y", "billing")]),
        "the branch label `billing` is declared twice: in a.sql and in b.sql"
    );
    assert_eq!(
        refusal(vec![labelled("a.sql", "x", "y"), node("b.sql", "y", &[], &[])]),
        "a.sql: the branch label `y` is the id of the revision in b.sql"
    );
    for word in ["head", "heads", "base", "current"] {
        assert_eq!(
            refusal(vec![labelled("a.sql", "x", word)]),
            format!("a.sql: the branch label `{word}` is a word with a meaning of its own")
        );
    }
    assert_eq!(refusal(vec![labelled("a.sql", "x", "")]), "a.sql: a branch label is empty");
    assert_eq!(
        refusal(vec![labelled("a.sql", "x", "a@b")]),
        "a.sql: the branch label `a@b` holds '@'; allowed are letters, digits, `_`, `.` and `-`"
    );
    let twice = Node { labels: vec!["billing".to_owned(); 2], ..node("a.sql", "x", &[], &[]) };
    assert!(Graph::build(vec![twice]).unwrap().labels("x").len() == 1, "one revision may repeat itself");
}

#[test]
fn a_cycle_is_shown_in_order_without_those_that_only_lead_to_it() {
    let nodes = vec![
        node("0.sql", "tail", &["c"], &[]),
        node("1.sql", "base", &[], &[]),
        node("2.sql", "a", &["base", "b"], &[]),
        node("3.sql", "b", &[], &["c"]),
        node("4.sql", "c", &["a"], &[]),
    ];
    assert_eq!(
        refusal(nodes),
        "revisions follow each other in a circle: `a` (2.sql) follows `b` (3.sql) follows `c` (4.sql) follows `a`"
    );
}

#[test]
fn a_target_is_an_id_or_the_beginning_of_just_one() {
    let nodes = ["3f9a0c1b", "3f9a0c77", "90be11d4", "90b"].map(|id| node(id, id, &[], &[]));
    let graph = Graph::build(nodes.to_vec()).unwrap();
    assert_eq!(graph.resolve("90b"), Ok("90b"), "an id may be short");
    assert_eq!(graph.resolve("90be"), Ok("90be11d4"));
    let said = |target: &str| graph.resolve(target).expect_err("it names no revision").to_string();
    assert_eq!(said("3f9a"), "`3f9a` is the beginning of several revisions' ids: 3f9a0c1b, 3f9a0c77");
    assert_eq!(said("9b0e11"), "`9b0e11` is no revision; the most similar id is `90be11d4`");
    assert_eq!(said("ffffffff"), "`ffffffff` is no revision");
    for short in ["", "3", "3f9"] {
        assert_eq!(graph.resolve(short), Err(ResolveError::TooShort { target: short.to_owned() }));
    }
}

/// Any graph without cycles: each node follows only earlier ones, and its path says nothing of its place.
pub(super) fn histories() -> impl Strategy<Value = Vec<Node>> {
    let links = prop::collection::vec(any::<prop::sample::Index>(), 0..3);
    let node = ("[a-z]{1,2}", "[0-9a-f]{1,6}", links.clone(), links);
    prop::collection::vec(node, 0..30).prop_map(|parts| {
        let mut nodes: Vec<Node> = Vec::new();
        for (at, (place, id, revises, depends)) in parts.into_iter().enumerate() {
            let pick = |links: Vec<prop::sample::Index>| match at {
                0 => Vec::new(),
                _ => links.into_iter().map(|link| nodes[link.index(at)].id.clone()).collect(),
            };
            let (revises, depends) = (pick(revises), pick(depends));
            nodes.push(Node { id: format!("{id}-{at}"), revises, depends, labels: Vec::new(), place });
        }
        nodes
    })
}

proptest! {
    #[test]
    fn every_node_comes_after_all_it_follows(nodes in histories()) {
        let graph = Graph::build(nodes.clone()).unwrap();
        let order = graph.order();
        prop_assert_eq!(order.len(), nodes.len());
        let position = |id: &str| order.iter().position(|other| *other == id);
        for node in &nodes {
            for (_, before) in node.links() {
                prop_assert!(position(before) < position(&node.id));
                prop_assert!(graph.ancestors(&node.id).contains(&before));
            }
        }
        prop_assert_eq!(graph.pending(&BTreeSet::new(), &order), order);
    }

    #[test]
    fn the_order_does_not_depend_on_the_order_of_the_files(
        (nodes, shuffled) in histories().prop_flat_map(|nodes| (Just(nodes.clone()), Just(nodes).prop_shuffle())),
    ) {
        let (one, other) = (Graph::build(nodes).unwrap(), Graph::build(shuffled).unwrap());
        prop_assert_eq!(one.order(), other.order());
    }

    #[test]
    fn applying_what_is_pending_one_by_one_never_leaves_a_gap(nodes in histories(), stop: prop::sample::Index) {
        let graph = Graph::build(nodes).unwrap();
        let order = graph.order();
        let applied = ids(&order[..stop.index(order.len() + 1)]);
        let mut now = applied.clone();
        for id in graph.pending(&applied, &graph.heads()) {
            prop_assert!(graph.ancestors(id).iter().all(|ancestor| now.contains(*ancestor)), "{id}");
            now.insert(id.to_owned());
        }
    }

    #[test]
    fn a_beginning_resolves_exactly_when_one_id_has_it(nodes in histories(), length in 4..9_usize) {
        let graph = Graph::build(nodes).unwrap();
        for id in graph.order() {
            prop_assert_eq!(graph.resolve(id), Ok(id));
            let Some(prefix) = id.get(..length).filter(|prefix| graph.node(prefix).is_none()) else { continue };
            let having: Vec<&str> = graph.order().into_iter().filter(|id| id.starts_with(prefix)).collect();
            match graph.resolve(prefix) {
                Ok(found) => prop_assert_eq!(having, [found]),
                Err(ResolveError::Ambiguous { candidates, .. }) => {
                    prop_assert!(having.len() > 1);
                    prop_assert_eq!(having.into_iter().collect::<BTreeSet<_>>(), candidates.iter().map(String::as_str).collect());
                }
                Err(other) => prop_assert!(false, "{}", other),
            }
        }
    }

    #[test]
    fn closing_a_path_into_a_ring_is_refused_with_its_members(length in 2..9_usize, tails in 0..4_usize) {
        let name = |at: usize| format!("n{at}");
        let mut nodes: Vec<Node> =
            (0..length).map(|at| node("f.sql", &name(at), &[&name((at + 1) % length)], &[])).collect();
        nodes.extend((0..tails).map(|at| node("e.sql", &format!("tail{at}"), &[&name(at % length)], &[])));
        let Err(GraphError::Cycle { members }) = Graph::build(nodes) else { panic!("a ring is no history") };
        let want: Vec<String> = (0..length).map(name).collect();
        let found: Vec<String> = members.into_iter().map(|member| member.id).collect();
        prop_assert_eq!(found, want);
    }
}
