//! Every form of a target on the history of Alembic's recorded session, and on one with two bases and a dependency.

use super::fixtures::*;
use super::*;

fn up(graph: &Graph, begins: &str, target: &str) -> String {
    told(graph.upgrade_path(&applied(graph, begins), target))
}

fn down(graph: &Graph, begins: &str, target: &str) -> String {
    told(graph.downgrade_path(&applied(graph, begins), target))
}

fn meant(graph: &Graph, begins: &str, target: &str) -> String {
    told(graph.resolve_target(&applied(graph, begins), target))
}

#[test]
fn an_upgrade_goes_to_heads_ids_and_beginnings() {
    let (merged, open) = (diamond(), open_diamond());
    assert_eq!(up(&merged, "", "head"), "1975 ae10 55af 27c6 3cd0 9f0e");
    assert_eq!(up(&merged, "1975 27c6", "head"), "ae10 55af 3cd0 9f0e");
    assert_eq!(up(&merged, ALL, "head"), "");
    assert_eq!(up(&open, "1975", "heads"), "ae10 55af 27c6 3cd0");
    assert_eq!(up(&open, "", "ae1027a6acf0"), "1975 ae10");
    assert_eq!(up(&open, "1975", "3cd0a1"), "27c6 3cd0");
    assert_eq!(up(&open, "1975 ae10", "current"), "");
    assert_eq!(
        up(&open, "1975", "head"),
        "`head` is ambiguous: the heads are 55af2cb1c267, 3cd0a1b2e5f6\n\
         hint: write `heads` for all of them, `billing@head` or an id for one"
    );
    assert_eq!(up(&open, "", "zzzz"), "`zzzz` is no revision\nhint: `longhaul history` lists the revisions");
    assert_eq!(up(&Graph::build(Vec::new()).unwrap(), "", "head"), "", "no files, nothing to do");
}

#[test]
fn a_branch_is_a_label_or_a_revision_and_narrows_what_follows_the_at() {
    let open = open_diamond();
    for billing in ["billing@head", "billing@heads", "billing", "27c6@head", "3cd0@head", "billing@3cd0"] {
        assert_eq!(up(&open, "1975 ae10", billing), "27c6 3cd0", "{billing}");
    }
    assert_eq!(up(&open, "", "ae10@head"), "1975 ae10 55af");
    assert_eq!(up(&open, "1975 ae10", "billing@+1"), "27c6", "from where the branch stands");
    assert_eq!(up(&open, "", "billing@+2"), "1975 27c6");
    assert_eq!(up(&open, "", "billing@1975+1"), "1975 27c6");
    assert_eq!(
        up(&open, "", "nosuch@head"),
        "`nosuch` is no branch: no label, and no revision\nhint: the labels are billing"
    );
    assert_eq!(
        up(&open, "", "billing@ae10"),
        "ae1027a6acf0 is not on the branch `billing`\nhint: leave the branch away"
    );
    assert_eq!(
        up(&open, "", "1975@head"),
        "`1975@head` is ambiguous: the heads are 55af2cb1c267, 3cd0a1b2e5f6\n\
         hint: write `heads` for all of them, `billing@head` or an id for one"
    );
    assert!(up(&open, "", "billing@").starts_with("`billing@` is no target\nhint: a target is an id"));
}

#[test]
fn steps_up_go_on_from_where_the_database_stands() {
    let (merged, open) = (diamond(), open_diamond());
    assert_eq!(up(&open, "", "+1"), "1975");
    assert_eq!(up(&open, "1975 ae10", "+1"), "55af");
    assert_eq!(up(&merged, "1975 ae10 55af 27c6 3cd0", "+1"), "9f0e", "all heads share the merge");
    assert_eq!(up(&merged, "1975 ae10", "+2"), "55af 27c6 3cd0 9f0e", "with what must come before");
    assert_eq!(
        up(&open, "1975", "+1"),
        "`+1` is ambiguous: it could mean ae1027a6acf0, 27c6a30d7c24\n\
         hint: write `ae1027a6acf0`; `27c6a30d7c24` or `billing@+1`"
    );
    assert_eq!(
        up(&open, "1975 ae10", "+9"),
        "`+9` goes too far: only 1 of 9 steps are there\nhint: `heads` goes all the way"
    );
    assert_eq!(
        up(&two_bases(), "", "+1"),
        "`+1` is ambiguous: it could mean main1, net1\nhint: write `main1`; `net1` or `network@+1`"
    );
    assert_eq!(up(&two_bases(), "net1", "+1"), "main1 main2 net2", "a dependency is no step of its own");
    for none in ["+0", "-0", "+99999999999999999999999"] {
        assert!(up(&open, "", none).starts_with(&format!("`{none}` is no target")), "{none}");
    }
}

#[test]
fn steps_from_a_revision_do_not_care_where_the_database_stands() {
    let (merged, open) = (diamond(), open_diamond());
    assert_eq!(up(&open, "", "ae10+1"), "1975 ae10 55af");
    assert_eq!(up(&open, "1975 27c6", "ae10+1"), "ae10 55af");
    assert_eq!(up(&open, "", "base+1"), "1975");
    assert_eq!(up(&open, "", "billing+1"), "1975 27c6 3cd0", "from where the label is declared");
    assert_eq!(up(&open, "", "55af-1"), "1975 ae10");
    assert_eq!(up(&merged, "", "head-1"), "1975 ae10 55af 27c6 3cd0", "before a merge stand its parents");
    assert_eq!(up(&merged, "", "billing@head-2"), "1975 27c6");
    assert_eq!(
        up(&merged, "", "9f0e-2"),
        "`9f0e-2` is ambiguous: it could mean 55af2cb1c267, 3cd0a1b2e5f6\n\
         hint: write `55af2cb1c267-1`; `3cd0a1b2e5f6-1`"
    );
    assert_eq!(
        up(&open, "", "1975+1"),
        "`1975+1` is ambiguous: it could mean ae1027a6acf0, 27c6a30d7c24\n\
         hint: write `ae1027a6acf0`; `27c6a30d7c24`"
    );
    assert_eq!(
        up(&open, "", "55af+1"),
        "`55af+1` goes too far: only 0 of 1 steps are there\nhint: `heads` goes all the way"
    );
}

#[test]
fn an_upgrade_does_not_go_down_and_says_so() {
    let open = open_diamond();
    for target in ["base", "-1", "billing@base", "billing@-1", "1975-1", "base-1"] {
        assert_eq!(
            up(&open, "1975", target),
            format!("`{target}` goes down, and an upgrade goes up\nhint: `longhaul downgrade {target}`")
        );
    }
    assert_eq!(
        up(&open, "1975 ae10", "1975"),
        "the database is past `1975` already, and an upgrade undoes nothing\nhint: `longhaul downgrade 1975`"
    );
    assert!(up(&open, "1975 ae10 55af", "base+1").ends_with("`longhaul downgrade 1975ea83b712`"));
    assert_eq!(up(&open, "1975 ae10", "ae10"), "", "it stands there");
    assert_eq!(up(&open, "ae10", "ae10"), "1975", "a gap is filled");
}

#[test]
fn steps_down_undo_one_head_after_the_other() {
    let merged = diamond();
    assert_eq!(down(&merged, ALL, "-1"), "9f0e", "the merge alone");
    assert_eq!(down(&merged, ALL, "billing@-1"), "9f0e");
    assert_eq!(down(&merged, ALL, "9f0e-1"), "9f0e");
    assert_eq!(down(&merged, ALL, "billing@-3"), "9f0e 3cd0 27c6");
    assert_eq!(down(&merged, "1975 ae10", "-2"), "ae10 1975");
    assert_eq!(
        down(&merged, "1975 ae10 27c6", "-1"),
        "`-1` is ambiguous: it could mean ae1027a6acf0, 27c6a30d7c24\n\
         hint: write `ae1027a6acf0-1`; `27c6a30d7c24-1` or `billing@-1`"
    );
    assert_eq!(
        down(&merged, ALL, "-2"),
        "`-2` is ambiguous: it could mean 55af2cb1c267, 3cd0a1b2e5f6\n\
         hint: write `55af2cb1c267-1`; `3cd0a1b2e5f6-1`"
    );
    assert_eq!(
        down(&merged, "1975 ae10 27c6", "billing@-2"),
        "`billing@-2` goes too far: only 1 of 2 steps are there\n\
         hint: `billing@base` goes all the way, with all that stands on the same base",
        "1975 is no head while ae10 stands on it"
    );
    assert_eq!(
        down(&merged, "", "-1"),
        "`-1` goes too far: only 0 of 1 steps are there\nhint: `base` goes all the way"
    );
}

#[test]
fn a_downgrade_to_a_revision_keeps_it_and_undoes_all_after_it() {
    let merged = diamond();
    assert_eq!(down(&merged, ALL, "55af"), "9f0e");
    assert_eq!(down(&merged, ALL, "1975"), "9f0e 3cd0 27c6 55af ae10");
    assert_eq!(down(&merged, ALL, "billing@1975"), "9f0e 3cd0 27c6", "the other branch stays");
    assert_eq!(down(&merged, "1975 ae10", "ae10"), "", "it stands there");
    assert_eq!(down(&merged, "1975 ae10", "current"), "");
    assert_eq!(down(&merged, "1975 ae10", "55af-1"), "", "it stands before it");
    assert_eq!(down(&merged, ALL, "55af-2"), "9f0e 55af ae10", "to before ae10");
    assert_eq!(down(&merged, ALL, "ae10-1"), "9f0e 55af ae10");
    assert_eq!(down(&merged, ALL, "27c6-2"), "9f0e 3cd0 27c6 55af ae10 1975");
    let too_far = "`27c6-3` goes too far: only 2 of 3 steps are there\nhint: `base` goes all the way";
    assert_eq!(down(&merged, ALL, "27c6-3"), too_far);
    assert_eq!(
        down(&merged, "1975", "3cd0"),
        "there is no way down to 3cd0a1b2e5f6: it is not applied\nhint: `longhaul upgrade 3cd0a1b2e5f6` goes up to it"
    );
    assert!(down(&merged, "1975", "9f0e-1").starts_with("there is no way down to 55af2cb1c267"));
    assert_eq!(
        down(&merged, ALL, "9f0e-2"),
        "`9f0e-2` is ambiguous: it could mean 55af2cb1c267, 3cd0a1b2e5f6\n\
         hint: write `55af2cb1c267-1`; `3cd0a1b2e5f6-1`"
    );
    assert_eq!(
        down(&merged, ALL, "billing"),
        "`billing` is a branch, and no revision to go down to\nhint: `billing@-1` undoes its last revision, \
         `27c6a30d7c24-1` the branch from where its label stands, and `27c6a30d7c24` all after that"
    );
}

#[test]
fn a_downgrade_to_base_takes_what_depends_on_it_along() {
    let graph = two_bases();
    let all = "main1 main2 main3 net1 net2";
    assert_eq!(down(&graph, all, "base"), "net2 net1 main3 main2 main1");
    assert_eq!(down(&graph, all, "network@base"), "net2 net1");
    assert_eq!(down(&graph, all, "main1@base"), "net2 main3 main2 main1", "net2 depends on main2");
    assert_eq!(down(&graph, all, "main1"), "net2 main3 main2");
    assert_eq!(down(&graph, all, "net1"), "net2");
    assert_eq!(down(&graph, "main1 main2 net1 net2", "main2@-1"), "net2 main2");
    assert_eq!(down(&diamond(), ALL, "billing@base"), "9f0e 3cd0 27c6 55af ae10 1975");
    assert_eq!(down(&graph, "", "base"), "");
}

#[test]
fn a_downgrade_does_not_go_up_and_says_so() {
    for target in ["head", "heads", "billing@head", "+1", "billing@+1", "ae10+1", "head+1"] {
        assert_eq!(
            down(&diamond(), ALL, target),
            format!("`{target}` goes up, and a downgrade goes down\nhint: `longhaul upgrade {target}`")
        );
    }
}

#[test]
fn where_revisions_are_named_words_labels_and_steps_mean_revisions() {
    let (merged, open) = (diamond(), open_diamond());
    assert_eq!(meant(&merged, "", "head"), "9f0e");
    assert_eq!(meant(&open, "", "heads"), "55af 3cd0");
    assert_eq!(meant(&open, "1975 ae10 27c6", "current"), "ae10 27c6");
    assert_eq!(meant(&open, "1975 ae10 27c6", "billing@current"), "27c6");
    assert_eq!(meant(&open, "", "billing"), "27c6");
    assert_eq!(meant(&open, "", "billing@head"), "3cd0");
    assert_eq!(meant(&open, "1975 ae10", "-1"), "1975");
    assert_eq!(meant(&open, "1975 ae10", "current+1"), "55af");
    assert_eq!(meant(&open, "1975 ae10", "+1"), "55af");
    assert_eq!(meant(&merged, "", "head-1"), "55af 3cd0");
    assert_eq!(meant(&merged, "", "9f0e"), "9f0e");
    assert_eq!((meant(&merged, "", "base"), meant(&merged, "", "current")), (String::new(), String::new()));
    assert_eq!(
        meant(&open, "1975 ae10 27c6", "-1"),
        "`-1` is ambiguous: it could mean ae1027a6acf0, 27c6a30d7c24\n\
         hint: write `ae1027a6acf0-1`; `27c6a30d7c24-1`"
    );
    assert!(meant(&open, "", "head").starts_with("`head` is ambiguous"));
}

#[test]
fn an_id_that_looks_like_steps_is_an_id_and_what_can_be_read_twice_is_refused() {
    let nodes = ["2024-01-add", "2024-02-drop", "plain", "plain-2"];
    let graph = Graph::build(nodes.map(|id| node(id, id, &[], &[])).to_vec()).unwrap();
    let meaning = |target: &str| match graph.resolve_target(&BTreeSet::new(), target) {
        Ok(found) => found.join(" "),
        Err(error) => error.to_string(),
    };
    assert_eq!(meaning("plain-2"), "plain-2", "an exact id comes first");
    assert_eq!(meaning("2024-01"), "2024-01-add", "`2024` alone is no revision");
    assert_eq!(meaning("2024-01-add-1"), "", "one step back from a base");
    assert_eq!(
        meaning("2024"),
        "`2024` is the beginning of several revisions' ids: 2024-01-add, 2024-02-drop"
    );
    let graph =
        Graph::build(vec![node("1", "plain", &[], &[]), node("2", "plain-2x", &["plain"], &[])]).unwrap();
    let error = graph.resolve_target(&BTreeSet::new(), "plain-2").unwrap_err();
    assert_eq!(error.to_string(), "`plain-2` could be steps back from plain, or the beginning of plain-2x");
    assert_eq!(error.hint().as_deref(), Some("give more of the id"));
}

#[test]
fn a_stamp_says_where_the_database_stands_and_leaves_other_branches_alone() {
    let graph = diamond();
    let stamp = |begins: &str, targets: &[&str]| {
        let mut applied = applied(&graph, begins);
        applied.insert("gone".to_owned());
        match graph.stamp_set(&applied, targets) {
            Ok(found) => graph
                .order()
                .into_iter()
                .filter(|id| found.contains(*id))
                .map(|id| &id[..4])
                .chain(found.get("gone").map(String::as_str))
                .collect::<Vec<_>>()
                .join(" "),
            Err(error) => error.to_string(),
        }
    };
    assert_eq!(stamp("", &["head"]), "1975 ae10 55af 27c6 3cd0 9f0e gone");
    assert_eq!(stamp(ALL, &["base"]), "");
    assert_eq!(stamp(ALL, &["55af"]), "1975 ae10 55af 27c6 3cd0 gone", "billing was applied and stays");
    assert_eq!(stamp("", &["55af", "3cd0"]), "1975 ae10 55af 27c6 3cd0 gone");
    assert_eq!(stamp(ALL, &["55af", "3cd0"]), "1975 ae10 55af 27c6 3cd0 gone");
    assert_eq!(stamp(ALL, &["1975"]), "1975 gone");
    assert_eq!(stamp("1975", &["billing@head"]), stamp("", &["head"]), "the merge is its head");
    assert_eq!(stamp("1975", &["billing@9f0e-1"]), "1975 27c6 3cd0 gone");
    assert_eq!(stamp("1975 ae10", &["+1"]), "1975 ae10 55af gone");
    assert_eq!(stamp(ALL, &["-1"]), "1975 ae10 55af 27c6 3cd0 gone");
    assert_eq!(stamp(ALL, &["billing@-2"]), "1975 ae10 55af 27c6 gone");
    assert_eq!(stamp(ALL, &["9f0e-1"]), "1975 ae10 55af 27c6 3cd0 gone");
    assert!(stamp(ALL, &["base", "ae10"]).starts_with("`base` means that nothing is applied"));
}
