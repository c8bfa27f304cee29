//! The commands that show the history, on one that branches and merges.

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{Database, Project};

/// account - email - merge, account - billing - total - merge; total is a data revision's child.
async fn branching() -> Project {
    let project = Project::new(Database::empty().await);
    let revision = |name: &str, id: &str, revises: &str, labels: &str, message: &str, sql: &str| {
        let text = format!(
            "-- revision: {id}\n-- revises: {revises}\n-- message: {message}\n-- labels: {labels}\n\n-- migrate:up\n{sql}\n"
        );
        project.write(&format!("2026010{name}.sql"), &text);
    };
    revision(
        "1_account",
        "1975ea83b712",
        "",
        "",
        "create account",
        "CREATE TABLE account (id bigint PRIMARY KEY);",
    );
    revision(
        "2_email",
        "ae1027a6acf0",
        "1975ea83b712",
        "",
        "add email",
        "ALTER TABLE account ADD COLUMN email text;",
    );
    revision(
        "3_billing",
        "27c6a30d7c24",
        "1975ea83b712",
        "billing",
        "invoices",
        "CREATE TABLE invoice (id int);",
    );
    revision("4_merge", "9f0e1d2c3b4a", "ae1027a6acf0, 27c6a30d7c24", "", "merge billing", "SELECT 1;");
    project
}

#[tokio::test]
async fn the_history_of_a_branching_project_is_shown_without_its_database() {
    let project = branching().await;
    let history = project.longhaul(&["history"]).await.succeeded().stdout;
    assert_snapshot!(history, @r"
    ae1027a6acf0, 27c6a30d7c24 -> 9f0e1d2c3b4a (billing) (head) (mergepoint), merge billing
    1975ea83b712 -> 27c6a30d7c24 (billing), invoices
    1975ea83b712 -> ae1027a6acf0, add email
    <base> -> 1975ea83b712 (branchpoint), create account
    ");
    assert_snapshot!(project.longhaul(&["heads"]).await.succeeded().stdout, @"9f0e1d2c3b4a (billing) (head) (mergepoint)");
    assert_snapshot!(project.longhaul(&["branches"]).await.succeeded().stdout, @r"
    1975ea83b712 (branchpoint)
      -> ae1027a6acf0, add email
      -> 27c6a30d7c24 (billing), invoices
    ");
    let range = project.longhaul(&["history", "-r", "27c6:"]).await.succeeded().stdout;
    assert_snapshot!(range, @r"
    ae1027a6acf0, 27c6a30d7c24 -> 9f0e1d2c3b4a (billing) (head) (mergepoint), merge billing
    1975ea83b712 -> 27c6a30d7c24 (billing), invoices
    ");
}

#[tokio::test]
async fn current_and_pending_follow_the_database_through_the_branches() {
    let project = branching().await;
    project.longhaul(&["current"]).await.succeeded().says("no revision is applied");
    let untouched = "SELECT to_regnamespace('longhaul') IS NULL";
    assert!(project.database.value::<bool>(untouched).await, "to look is not to write");

    project.longhaul(&["upgrade", "ae10"]).await.succeeded();
    project.longhaul(&["upgrade", "27c6"]).await.succeeded();
    assert_snapshot!(project.longhaul(&["current"]).await.succeeded().stdout, @r"
    ae1027a6acf0 (current)
    27c6a30d7c24 (billing) (current)
    ");
    let pending = project.longhaul(&["pending"]).await.succeeded().stdout;
    assert_snapshot!(pending, @"ae1027a6acf0, 27c6a30d7c24 -> 9f0e1d2c3b4a (billing) (head) (mergepoint), merge billing");
    project
        .longhaul(&["current", "--check-heads"])
        .await
        .ended_with(3)
        .says("the database is not at every head, with 1 revision pending");

    project.longhaul(&["upgrade"]).await.succeeded();
    project.longhaul(&["current", "--check-heads"]).await.succeeded();
    let json = project.longhaul(&["current", "--json"]).await.succeeded().stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["current"][0]["id"], "9f0e1d2c3b4a");
    assert_eq!(json["current"][0]["mergepoint"], true);
    assert_eq!((json["pending"].as_u64(), json["unknown"].as_array().map(Vec::len)), (Some(0), Some(0)));
}

#[tokio::test]
async fn a_revision_is_shown_whole_and_an_unknown_one_is_refused() {
    let project = branching().await;
    let shown = project.longhaul(&["show", "9f0e"]).await.succeeded().stdout;
    assert_snapshot!(shown, @r"
    Revision:  9f0e1d2c3b4a (billing) (head) (mergepoint)
    Message:   merge billing
    Merges:    ae1027a6acf0, 27c6a30d7c24
    Kind:      schema
    File:      jobs/20260104_merge.sql
    Applied:   no
    ");
    project.longhaul(&["show", "dead"]).await.ended_with(2);
    project.longhaul(&["history", "-r", "9f0e"]).await.ended_with(2).says("write it as A:B");
}

#[tokio::test]
async fn ranges_and_revisions_are_named_by_labels_words_and_steps() {
    let project = branching().await;
    let ids = |shown: &str| -> Vec<String> {
        let history: Value = serde_json::from_str(shown).unwrap();
        let items = history.as_object().unwrap().values().next().unwrap().as_array().unwrap();
        items.iter().map(|item| item["id"].as_str().unwrap()[..4].to_owned()).collect()
    };
    let shown = async |arguments: &[&str]| ids(&project.longhaul(arguments).await.succeeded().stdout);
    assert_eq!(shown(&["history", "--json", "-r", "-1:"]).await, ["9f0e", "27c6", "ae10"]);
    assert_eq!(shown(&["history", "--json", "-r", "billing:"]).await, ["9f0e", "27c6"]);
    assert_eq!(shown(&["show", "--json", "head-1"]).await, ["ae10", "27c6"]);
    let first_line = async |target: &str| {
        let shown = project.longhaul(&["show", target]).await.succeeded().stdout;
        shown.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(first_line("billing").await, "Revision:  27c6a30d7c24 (billing)");
    project
        .longhaul(&["history", "-r", "ae10:27c6"])
        .await
        .ended_with(2)
        .says("`ae10` and `27c6` are not on one line: ae10 does not come before 27c6");

    project.longhaul(&["show", "current"]).await.succeeded().says("`current` is no revision");
    project.longhaul(&["upgrade", "27c6"]).await.succeeded();
    assert_eq!(shown(&["history", "--json", "-r", "current:"]).await, ["9f0e", "27c6"]);
    assert_eq!(first_line("-1").await, "Revision:  1975ea83b712 (branchpoint)");
    assert_eq!(
        project.longhaul(&["history", "-r", ":current"]).await.succeeded().stdout,
        project.longhaul(&["history", "-r", ":27c6"]).await.succeeded().stdout,
        "where the database stands is marked with -i only"
    );

    let new = ["revision", "-m", "tax", "--head", "billing", "--splice", "--branch-label", "tax"];
    let file = project.longhaul(&new).await.succeeded().stdout.trim().to_owned();
    let text = std::fs::read_to_string(project.jobs().join("..").join(file)).unwrap();
    assert!(text.contains("-- revises: 27c6a30d7c24\n-- labels: tax\n"), "{text}");
    project.longhaul(&["merge", "ae10@head", "tax@head", "-m", "one again"]).await.succeeded();
    project
        .longhaul(&["revision", "-m", "more", "--branch-label", "tax"])
        .await
        .ended_with(2)
        .says("the branch label `tax` is declared twice");
}

#[tokio::test]
async fn the_graph_in_graphviz_has_every_revision_and_every_edge() {
    let project = branching().await;
    let dot = project.longhaul(&["history", "--dot"]).await.succeeded().stdout;
    assert_eq!(dot.matches("[shape=ellipse").count(), 4);
    assert_eq!(dot.matches(" -> ").count(), 4);
}

#[tokio::test]
async fn two_developers_branch_merge_and_upgrade() {
    let project = Project::new(Database::empty().await);
    let new = |arguments: &'static [&'static str]| {
        let project = &project;
        async move {
            let file = project.longhaul(arguments).await.succeeded().stdout.trim().to_owned();
            assert!(project.jobs().join("..").join(&file).is_file(), "{file}");
            file
        }
    };
    let base = new(&["revision", "-m", "create account", "--rev-id", "aaaa1111"]).await;
    assert!(base.ends_with("_aaaa1111_create_account.sql"), "{base}");
    new(&["revision", "-m", "add email", "--rev-id", "bbbb2222"]).await;
    project
        .longhaul(&["revision", "-m", "add phone", "--head", "aaaa"])
        .await
        .ended_with(2)
        .says("aaaa1111 is no head: bbbb2222 revises it already")
        .says("hint: --splice begins a new branch there");
    new(&["revision", "-m", "add phone", "--head", "aaaa", "--splice", "--rev-id", "cccc3333"]).await;
    project
        .longhaul(&["upgrade"])
        .await
        .ended_with(2)
        .says("`head` is ambiguous: the heads are bbbb2222, cccc3333");
    project.longhaul(&["revision", "-m", "more"]).await.ended_with(2).says("name one with --head");
    let files = || std::fs::read_dir(project.jobs()).unwrap().count();
    let before = files();
    let duplicate =
        project.longhaul(&["revision", "-m", "again", "--head", "bbbb", "--rev-id", "cccc3333"]).await;
    duplicate.ended_with(2).says("the revision can't be added");
    assert_eq!(files(), before, "nothing is written that would break the history");

    new(&["merge", "heads", "-m", "merge phone and email", "--rev-id", "dddd4444"]).await;
    project.longhaul(&["merge", "heads", "-m", "again"]).await.ended_with(2).says("nothing to merge");
    assert_snapshot!(project.longhaul(&["history"]).await.succeeded().stdout, @r"
    bbbb2222, cccc3333 -> dddd4444 (head) (mergepoint), merge phone and email
    aaaa1111 -> cccc3333, add phone
    aaaa1111 -> bbbb2222, add email
    <base> -> aaaa1111 (branchpoint), create account
    ");
    project.longhaul(&["upgrade"]).await.succeeded();
    assert_snapshot!(project.longhaul(&["current"]).await.succeeded().stdout, @"dddd4444 (head) (mergepoint) (current)");
}
