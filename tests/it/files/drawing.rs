//! `history --graph`.

use insta::assert_snapshot;

use super::{project, schema};
use crate::support::Project;

async fn branching() -> Project {
    let project = project().await;
    project.write("1_a.sql", &schema("aaaa1111", "", "create account"));
    project.write("2_b.sql", &schema("bbbb2222", "aaaa1111", "add email"));
    let job = "revision = \"cccc3333\"\nrevises = \"aaaa1111\"\nmessage = \"fill total\"\n\
               [job]\ntable = \"account\"\nset = { id = \"id\" }\n";
    project.write("3_c.toml", job);
    project.write("4_d.sql", &schema("dddd4444", "bbbb2222, cccc3333", "merge"));
    let text = schema("eeee5555", "", "another base");
    project.write("5_e.sql", &text.replace("-- message", "-- depends: bbbb2222\n-- message"));
    project
}

#[tokio::test]
async fn the_graph_is_drawn_beside_what_history_says() {
    let project = branching().await;
    assert_snapshot!(project.longhaul(&["history", "--graph"]).await.succeeded().stdout, @r"
    *   <base> (bbbb2222) -> eeee5555 (head), another base [depends on bbbb2222]

    *   bbbb2222, cccc3333 -> dddd4444 (head) (mergepoint), merge
    |\
    | o aaaa1111 -> cccc3333, fill total
    * | aaaa1111 -> bbbb2222, add email
    |/
    *   <base> -> aaaa1111 (branchpoint), create account
    ");
    assert_snapshot!(project.longhaul(&["history", "--graph", "-r", ":dddd"]).await.succeeded().stdout, @r"
    *   bbbb2222, cccc3333 -> dddd4444 (head) (mergepoint), merge
    |\
    | o aaaa1111 -> cccc3333, fill total
    * | aaaa1111 -> bbbb2222, add email
    |/
    *   <base> -> aaaa1111 (branchpoint), create account
    ");
    assert_snapshot!(project.longhaul(&["history", "--graph", "-v", "-r", "bbbb:dddd"]).await.succeeded().stdout, @"
    * Revision:  dddd4444 (head) (mergepoint)
    | Message:   merge
    | Merges:    bbbb2222, cccc3333
    | Kind:      schema
    | File:      jobs/4_d.sql
    |
    * Revision:  bbbb2222
      Message:   add email
      Revises:   aaaa1111
      Next:      dddd4444
      Kind:      schema
      File:      jobs/2_b.sql
    ");
    project.longhaul(&["upgrade", "bbbb"]).await.succeeded();
    assert_snapshot!(project.longhaul(&["history", "--graph", "-i", "-r", ":bbbb"]).await.succeeded().stdout, @"
    * aaaa1111 -> bbbb2222 (current), add email
    * <base> -> aaaa1111 (branchpoint), create account
    ");
}

#[tokio::test]
async fn an_empty_history_draws_nothing_and_other_forms_exclude_the_drawing() {
    let project = project().await;
    assert_eq!(project.longhaul(&["history", "--graph"]).await.succeeded().stdout, "");
    for other in ["--dot", "--json"] {
        project.longhaul(&["history", "--graph", other]).await.ended_with(2).says("cannot be used with");
    }
}
