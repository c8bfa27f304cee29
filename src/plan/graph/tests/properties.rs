//! What holds for every history, whatever is applied and whatever is asked for.

use proptest::sample::{Index, select};

use super::fixtures::{applied, diamond, two_bases};
use super::*;
use crate::model::slips::nearly;

/// A history, some of it applied with all that comes before, and the text of a target that may mean something in it.
#[derive(Clone, Debug)]
struct Case {
    nodes: Vec<Node>,
    applied: BTreeSet<String>,
    target: String,
}

impl Case {
    fn graph(&self) -> Graph {
        Graph::build(self.nodes.clone()).unwrap()
    }
}

/// Histories with up to three labels.
fn labelled() -> impl Strategy<Value = Vec<Node>> {
    (histories(), prop::collection::vec(any::<Index>(), 0..4)).prop_map(|(mut nodes, places)| {
        for (label, place) in ["alpha", "beta", "gamma"].iter().zip(places) {
            if !nodes.is_empty() {
                let at = place.index(nodes.len());
                nodes[at].labels.push((*label).to_owned());
            }
        }
        nodes
    })
}

/// `alpha@head-2` and the like; `ID` stands for an id.
fn forms() -> impl Strategy<Value = String> {
    let branch = select(&["", "", "", "", "alpha@", "beta@", "ID@"][..]);
    let point = select(&["", "head", "heads", "base", "current", "alpha", "ID", "ID", "ID"][..]);
    let shift = select(&["", "", "+1", "+2", "+3", "-1", "-2", "-3"][..]);
    (branch, point, shift).prop_map(|(branch, point, shift)| format!("{branch}{point}{shift}"))
}

fn cases() -> impl Strategy<Value = Case> {
    let parts =
        (labelled(), prop::collection::vec(any::<Index>(), 0..4), forms(), any::<Index>(), any::<Index>());
    parts.prop_map(|(nodes, tops, form, first, second)| {
        let graph = Graph::build(nodes.clone()).unwrap();
        let order = graph.order();
        let pick = |at: &Index| if order.is_empty() { "none" } else { order[at.index(order.len())] };
        let tops: Vec<&str> = tops.iter().map(pick).collect();
        let target = form.replacen("ID", pick(&first), 1).replacen("ID", pick(&second), 1);
        Case { applied: ids(&graph.closure(&tops)), target, nodes }
    })
}

fn is_closed(graph: &Graph, applied: &BTreeSet<String>) -> bool {
    let needs = |id: &String| graph.node(id).is_none_or(|node| node.follows().all(|id| applied.contains(id)));
    applied.iter().all(needs)
}

/// Applies in order; fails where something must come before.
fn apply(graph: &Graph, applied: &mut BTreeSet<String>, path: &[&str]) -> Result<(), TestCaseError> {
    for id in path {
        prop_assert!(applied.insert((*id).to_owned()), "{} is applied twice", id);
        prop_assert!(is_closed(graph, applied), "{} comes too early in {:?}", id, path);
    }
    Ok(())
}

/// Undoes in order; fails where something still needs it.
fn undo(graph: &Graph, applied: &mut BTreeSet<String>, path: &[&str]) -> Result<(), TestCaseError> {
    for id in path {
        prop_assert!(applied.remove(*id), "{} is not applied", id);
        prop_assert!(is_closed(graph, applied), "{} goes too early in {:?}", id, path);
    }
    Ok(())
}

/// Every answer to a case, as text.
fn answers(graph: &Graph, case: &Case) -> Vec<String> {
    let Case { applied, target, .. } = case;
    vec![
        format!("{:?}", graph.upgrade_path(applied, target)),
        format!("{:?}", graph.downgrade_path(applied, target)),
        format!("{:?}", graph.stamp_set(applied, &[target])),
        format!("{:?}", graph.resolve_target(applied, target)),
        format!("{:?}", graph.range(applied, &format!("{target}:"))),
        format!("{:?}", graph.range(applied, &format!(":{target}"))),
        format!("{:?}", graph.offline_path(&format!("{target}:"))),
        format!("{:?}", graph.offline_undo_path(&format!("head:{target}"))),
    ]
}

fn linear(length: usize) -> Graph {
    let nodes = (0..length).map(|at| {
        let before = at.checked_sub(1).map(|before| format!("n{before}"));
        node("f.sql", &format!("n{at}"), &before.iter().map(String::as_str).collect::<Vec<_>>(), &[])
    });
    Graph::build(nodes.collect()).unwrap()
}

proptest! {
    #[test]
    fn no_target_makes_it_panic(
        target in nearly(&["billing@head-2", "network@+1", "27c6+18446744073709551615", "main2-1", "net1:head", ":-1", "current:+2"]),
        begins in select(&["", "1975", "1975 27c6"][..]),
    ) {
        let (diamond, two_bases) = (diamond(), two_bases());
        for (graph, applied) in [(&diamond, applied(&diamond, begins)), (&two_bases, BTreeSet::new())] {
            let case = Case { nodes: Vec::new(), applied, target: target.clone() };
            let _ = answers(graph, &case);
            let _ = (graph.range(&case.applied, &target), graph.offline_path(&target), graph.offline_undo_path(&target));
            if let Err(error) = graph.resolve_target(&case.applied, &target) {
                drop((error.to_string(), error.hint()));
            }
        }
        let _ = asks_for_current(&target);
    }

    #[test]
    fn an_upgrade_applies_each_revision_once_and_after_all_that_it_needs(case in cases()) {
        let graph = case.graph();
        let mut applied = case.applied.clone();
        match graph.upgrade_path(&case.applied, &case.target) {
            Ok(path) => {
                apply(&graph, &mut applied, &path)?;
                let again = graph.upgrade_path(&applied, &case.target);
                let counted_from_here = asks_for_current(&case.target);
                prop_assert!(counted_from_here || again.as_ref().is_ok_and(Vec::is_empty), "{:?}", again);
            }
            Err(TargetError::Behind { target }) => {
                let down = graph.downgrade_path(&applied, &target);
                prop_assert!(down.as_ref().is_ok_and(|path| !path.is_empty()), "{}: {:?}", target, down);
            }
            Err(_) => {}
        }
    }

    #[test]
    fn a_downgrade_undoes_nothing_that_is_still_needed_and_can_be_taken_back(case in cases()) {
        let graph = case.graph();
        if let Ok(path) = graph.downgrade_path(&case.applied, &case.target) {
            let mut applied = case.applied.clone();
            undo(&graph, &mut applied, &path)?;
            let back: Vec<&str> = path.into_iter().rev().collect();
            apply(&graph, &mut applied, &back)?;
            prop_assert_eq!(applied, case.applied);
        }
    }

    #[test]
    fn up_to_all_heads_and_down_to_base_leaves_nothing(case in cases()) {
        let graph = case.graph();
        let mut applied = case.applied.clone();
        apply(&graph, &mut applied, &graph.upgrade_path(&case.applied, "heads").unwrap())?;
        prop_assert_eq!(&applied, &ids(&graph.order()));
        let down = graph.downgrade_path(&applied, "base").unwrap();
        undo(&graph, &mut applied, &down)?;
        prop_assert!(applied.is_empty());
    }

    #[test]
    fn one_step_down_from_one_head_undoes_it(case in cases()) {
        let graph = case.graph();
        let heads = graph.applied_heads(&case.applied);
        match (&heads[..], graph.downgrade_path(&case.applied, "-1")) {
            ([head], found) => prop_assert_eq!(found, Ok(vec![*head])),
            ([], Err(TargetError::TooFew { found, .. })) => prop_assert_eq!(found, 0),
            (several, Err(TargetError::Ambiguous { candidates, .. })) => {
                prop_assert_eq!(candidates.len(), several.len());
            }
            (_, found) => prop_assert!(false, "{:?} with heads {:?}", found, heads),
        }
    }

    #[test]
    fn what_an_ambiguous_step_proposes_means_one_revision(case in cases()) {
        let graph = case.graph();
        if let Err(TargetError::Ambiguous { candidates, .. }) = graph.upgrade_path(&case.applied, "+1") {
            for Candidate { id, write } in candidates {
                for target in write {
                    let path = graph.upgrade_path(&case.applied, &target);
                    prop_assert_eq!(path.as_ref().ok().and_then(|path| path.last().copied()), Some(id.as_str()), "{}", target);
                }
            }
        }
        if let Err(TargetError::Ambiguous { candidates, .. }) = graph.downgrade_path(&case.applied, "-1") {
            for Candidate { id, write } in candidates {
                for target in write {
                    let path = graph.downgrade_path(&case.applied, &target);
                    prop_assert_eq!(path.as_ref().ok().and_then(|path| path.last().copied()), Some(id.as_str()), "{}", target);
                }
            }
        }
    }

    #[test]
    fn a_stamp_is_a_state_that_an_upgrade_could_have_reached(case in cases()) {
        let graph = case.graph();
        let mut applied = case.applied.clone();
        applied.insert("gone".to_owned());
        if let Ok(stamped) = graph.stamp_set(&applied, &[&case.target]) {
            prop_assert!(is_closed(&graph, &stamped));
            prop_assert_eq!(stamped.contains("gone"), case.target != "base");
            if let Some(id) = graph.node(&case.target).map(|node| node.id.as_str()) {
                prop_assert!(graph.is_applied_head(&stamped, id), "it stands at {}", id);
                prop_assert_eq!(graph.upgrade_path(&stamped, id), Ok(Vec::new()));
            }
        }
    }

    #[test]
    fn an_id_as_target_goes_there_and_a_downgrade_to_it_comes_back(case in cases(), at: Index) {
        let graph = case.graph();
        let order = graph.order();
        prop_assume!(!order.is_empty());
        let id = order[at.index(order.len())];
        match graph.upgrade_path(&case.applied, id) {
            Err(TargetError::Behind { .. }) => {
                prop_assert!(case.applied.contains(id) && !graph.is_applied_head(&case.applied, id));
            }
            path => prop_assert_eq!(path.unwrap(), graph.pending(&case.applied, &[id])),
        }
        let all = ids(&order);
        let mut applied = all.clone();
        undo(&graph, &mut applied, &graph.downgrade_path(&all, id).unwrap())?;
        prop_assert!(graph.is_applied_head(&applied, id));
    }

    #[test]
    fn a_range_of_two_revisions_is_what_follows_the_one_and_precedes_the_other(case in cases(), a: Index, b: Index) {
        let graph = case.graph();
        let order = graph.order();
        prop_assume!(!order.is_empty());
        let (a, b) = (order[a.index(order.len())], order[b.index(order.len())]);
        let at_or_before = |first: &str, last: &str| first == last || graph.ancestors(last).contains(&first);
        match graph.range(&case.applied, &format!("{a}:{b}")) {
            Err(TargetError::NotOnOneLine { .. }) => prop_assert!(!at_or_before(a, b)),
            found => {
                let between = order.iter().copied().filter(|id| at_or_before(a, id) && at_or_before(id, b));
                prop_assert_eq!(found.unwrap(), between.collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn no_answer_depends_on_the_order_of_the_files(
        (case, shuffled) in cases().prop_flat_map(|case| (Just(case.clone()), Just(case.nodes).prop_shuffle())),
    ) {
        let other = Graph::build(shuffled).unwrap();
        prop_assert_eq!(answers(&case.graph(), &case), answers(&other, &case));
    }

    #[test]
    fn any_text_is_a_target_or_refused_with_a_hint(case in cases(), text in "[a-z0-9@+:. -]{0,12}") {
        let graph = case.graph();
        for error in [
            graph.upgrade_path(&case.applied, &text).err(),
            graph.downgrade_path(&case.applied, &text).err(),
            graph.stamp_set(&case.applied, &[&text]).err(),
            graph.range(&case.applied, &text).err(),
            graph.offline_path(&text).err(),
            graph.offline_undo_path(&text).err(),
        ].into_iter().flatten() {
            prop_assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "{}", error);
        }
    }

    #[test]
    fn on_one_line_as_many_steps_down_as_up_lead_back(length in 1..20_usize, from: Index, steps: Index) {
        let graph = linear(length);
        let from = from.index(length);
        let steps = steps.index(length - from) + 1;
        let mut applied = ids(&graph.order()[..from]);
        let before = applied.clone();
        let path = graph.upgrade_path(&applied, &format!("+{steps}")).unwrap();
        prop_assert_eq!(path.len(), steps);
        apply(&graph, &mut applied, &path)?;
        let path = graph.downgrade_path(&applied, &format!("-{steps}")).unwrap();
        undo(&graph, &mut applied, &path)?;
        prop_assert_eq!(applied, before);
    }
}

#[test]
fn ten_thousand_revisions_are_no_burden() {
    let mut nodes = linear(10_000).nodes;
    nodes[0].labels = vec!["begin".to_owned()];
    nodes[9_999].labels = vec!["end".to_owned()];
    let graph = Graph::build(nodes).unwrap();
    let order = graph.order();
    let applied = ids(&order[..5_000]);
    assert!(order.iter().all(|id| graph.labels(id).len() == 2));
    assert_eq!(order.iter().filter(|id| graph.is_applied_head(&applied, id)).count(), 1);
    assert_eq!(order.iter().map(|id| graph.children(id).len()).sum::<usize>(), 9_999);
    assert_eq!(graph.upgrade_path(&applied, "+5000").unwrap().len(), 5_000);
    assert_eq!(graph.downgrade_path(&applied, "end@-5000").unwrap().len(), 5_000);
    assert_eq!(
        graph.range(&applied, "n0-0:").err().map(|error| error.to_string()).as_deref(),
        Some("`n0-0` is no target")
    );
    assert_eq!(graph.range(&applied, "-7000:").unwrap().len(), 7_001);
    assert_eq!(graph.resolve_target(&applied, "begin@head-9999").unwrap(), ["n0"]);
}
