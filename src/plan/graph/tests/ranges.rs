//! Ranges of the history, and those that a script is written for without a database.

use super::fixtures::*;
use super::*;

fn range(graph: &Graph, begins: &str, range: &str) -> String {
    told(graph.range(&applied(graph, begins), range))
}

fn scripted(found: Result<(Vec<&str>, BTreeSet<String>), TargetError>) -> String {
    match found {
        Ok((path, before)) => {
            let before = told(Ok(before.iter().map(String::as_str).collect()));
            format!("{} after {before}", told(Ok(path)))
        }
        Err(error) => told(Err(error)),
    }
}

#[test]
fn a_range_holds_both_ends_and_what_lies_between() {
    let graph = diamond();
    assert_eq!(range(&graph, "", "1975:"), ALL);
    assert_eq!(range(&graph, "", ":"), ALL);
    assert_eq!(range(&graph, "", "base:heads"), ALL);
    assert_eq!(range(&graph, "", ":ae10"), "1975 ae10");
    assert_eq!(range(&graph, "", "ae10:head"), "ae10 55af 9f0e");
    assert_eq!(range(&graph, "", "billing:"), "27c6 3cd0 9f0e");
    assert_eq!(range(&graph, "", "billing:3cd0"), "27c6 3cd0");
    assert_eq!(range(&graph, "", "27c6:27c6"), "27c6");
    assert_eq!(range(&graph, "1975 ae10 55af 27c6 3cd0", "current:"), "55af 3cd0 9f0e");
    assert_eq!(range(&graph, "1975 ae10", ":current"), "1975 ae10");
    assert_eq!(range(&graph, "", "current:"), ALL, "nothing is applied: from the beginning");
    assert_eq!(range(&two_bases(), "", ":net2"), "main1 main2 net1 net2", "with what it depends on");
}

#[test]
fn an_end_with_steps_is_counted_from_the_other_end() {
    let graph = diamond();
    assert_eq!(range(&graph, "", "-1:"), "55af 3cd0 9f0e", "a merge is no obstacle");
    assert_eq!(range(&graph, "", "-2:"), "ae10 55af 27c6 3cd0 9f0e");
    assert_eq!(range(&graph, "", "billing@-2:"), "27c6 3cd0 9f0e");
    assert_eq!(range(&graph, "", "-99:"), ALL);
    assert_eq!(range(&graph, "1975 ae10 55af", "-1:current"), "ae10 55af");
    assert_eq!(range(&graph, "", "-1:ae10"), "1975 ae10");
    assert_eq!(range(&graph, "", ":+1"), "1975");
    assert_eq!(range(&graph, "", ":+2"), "1975 ae10 27c6");
    assert_eq!(range(&graph, "", "ae10:+1"), "ae10 55af");
    assert_eq!(range(&graph, "1975 ae10", "current:+2"), "ae10 55af 9f0e");
    assert_eq!(range(&graph, "", "55af-1:"), "ae10 55af 9f0e", "after an id they are counted from it");
}

#[test]
fn a_range_that_is_none_is_refused() {
    let graph = diamond();
    assert_eq!(
        range(&graph, "", "ae10:3cd0"),
        "`ae10` and `3cd0` are not on one line: ae10 does not come before 3cd0\n\
         hint: `longhaul history` shows what comes before what"
    );
    assert!(range(&graph, "", "head:1975").contains("head does not come before 1975"));
    for text in ["1975", "1975:ae10:55af"] {
        assert_eq!(range(&graph, "", text), format!("`{text}` is no range\nhint: write it as A:B, A: or :B"));
    }
    assert!(range(&graph, "", "zzzz:").starts_with("`zzzz` is no revision"));
}

#[test]
fn a_script_for_an_upgrade_takes_all_up_to_its_beginning_for_applied() {
    let graph = diamond();
    let script = |range: &str| scripted(graph.offline_path(range));
    assert_eq!(script("ae10:head"), "55af 27c6 3cd0 9f0e after 1975 ae10");
    assert_eq!(script("base:55af"), "1975 ae10 55af after ");
    assert_eq!(script(":55af"), script("base:55af"));
    assert_eq!(script("9f0e:"), " after 1975 27c6 3cd0 55af 9f0e ae10");
    assert_eq!(script("ae10:+1"), "55af after 1975 ae10");
    assert!(script("3cd0:1975").starts_with("`3cd0` and `1975` are not on one line"));
    assert_eq!(
        script("current:head"),
        "`current` is counted from where the database stands, and no database is asked here\n\
         hint: name the revision"
    );
    assert!(script("-1:head").starts_with("`-1` is counted from where the database stands"));
    assert!(script("ae10").starts_with("`ae10` is no range"));
}

#[test]
fn a_script_for_a_downgrade_goes_from_the_upper_end_down() {
    let graph = diamond();
    let script = |range: &str| scripted(graph.offline_undo_path(range));
    assert_eq!(script("9f0e:1975"), "9f0e 3cd0 27c6 55af ae10 after 1975 27c6 3cd0 55af 9f0e ae10");
    assert_eq!(script("55af:base"), "55af ae10 1975 after 1975 55af ae10");
    assert_eq!(script("55af:-1"), "55af after 1975 55af ae10");
    assert!(script("55af:3cd0").contains("3cd0 does not come before 55af"));
    assert!(script("1975:55af").contains("55af does not come before 1975"));
    for open in [":1975", "9f0e:", "9f0e"] {
        assert!(script(open).ends_with("hint: write it as A:B, from A down to B"), "{open}");
    }
}

#[test]
fn only_what_says_current_or_counts_from_it_needs_the_database() {
    for text in
        ["current", "billing@current", "current-1", "+1", "-2", "billing@-1", "current:", ":current", "+1:"]
    {
        assert!(asks_for_current(text), "{text}");
    }
    for text in
        ["head", "1975", "1975-1", "head-2", "-3:", ":+2", "-1:ae10", "billing@-2:", "current-ish", "", ":"]
    {
        assert!(!asks_for_current(text), "{text}");
    }
}
