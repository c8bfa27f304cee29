//! The histories that the examples are told on.

use super::*;

/// 1975 - ae10 - 55af - 9f0e, 1975 - 27c6 (billing) - 3cd0 - 9f0e.
pub(super) fn diamond() -> Graph {
    let labelled = |node: Node| Node { labels: vec!["billing".to_owned()], ..node };
    let nodes = [
        node("jobs/1.sql", "1975ea83b712", &[], &[]),
        node("jobs/2.sql", "ae1027a6acf0", &["1975ea83b712"], &[]),
        node("jobs/3.sql", "55af2cb1c267", &["ae1027a6acf0"], &[]),
        labelled(node("jobs/4.sql", "27c6a30d7c24", &["1975ea83b712"], &[])),
        node("jobs/5.sql", "3cd0a1b2e5f6", &["27c6a30d7c24"], &[]),
        node("jobs/6.sql", "9f0e1d2c3b4a", &["3cd0a1b2e5f6", "55af2cb1c267"], &[]),
    ];
    Graph::build(nodes.into()).unwrap()
}

/// The same before the merge.
pub(super) fn open_diamond() -> Graph {
    let graph = diamond();
    Graph::build(graph.nodes.into_iter().filter(|node| node.id != "9f0e1d2c3b4a").collect()).unwrap()
}

/// main1 - main2 - main3, and net1 (network) - net2, where net2 depends on main2.
pub(super) fn two_bases() -> Graph {
    let labelled = |node: Node| Node { labels: vec!["network".to_owned()], ..node };
    let nodes = [
        node("1.sql", "main1", &[], &[]),
        node("2.sql", "main2", &["main1"], &[]),
        node("3.sql", "main3", &["main2"], &[]),
        labelled(node("4.sql", "net1", &[], &[])),
        node("5.sql", "net2", &["net1"], &["main2"]),
    ];
    Graph::build(nodes.into()).unwrap()
}

/// What is applied, by beginnings of ids.
pub(super) fn applied(graph: &Graph, begins: &str) -> BTreeSet<String> {
    ids(&begins.split_whitespace().map(|begin| graph.resolve(begin).unwrap()).collect::<Vec<_>>())
}

pub(super) fn told(found: Result<Vec<&str>, TargetError>) -> String {
    match found {
        Ok(found) => {
            found.iter().map(|id| &id[..id.len().min(5)]).map(shortened).collect::<Vec<_>>().join(" ")
        }
        Err(error) => format!("{error}\nhint: {}", error.hint().expect("every error has a hint")),
    }
}

/// Four characters of the long ids.
fn shortened(id: &str) -> &str {
    if id.starts_with("main") { id } else { &id[..4] }
}

/// All revisions of the diamond.
pub(super) const ALL: &str = "1975 ae10 55af 27c6 3cd0 9f0e";
