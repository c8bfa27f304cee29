//! Down again: how far, in which order, and what is refused before anything is undone.

use insta::assert_snapshot;
use serde_json::Value;

use super::revision;
use crate::support::{Database, Project};

/// a - b - d(merge of b and e), a - c[billing] - e; each makes a table of its id's first letter, the merge nothing.
async fn diamond() -> Project {
    let project = Project::new(Database::empty().await);
    let table = |letter: &str, revises: &str| {
        let id = letter.repeat(4) + "1111";
        revision(&id, revises, &format!("CREATE TABLE {letter} (id int);"), &format!("DROP TABLE {letter};"))
    };
    project.write("1_a.sql", &table("a", ""));
    project.write("2_b.sql", &table("b", "aaaa1111"));
    let labelled = table("c", "aaaa1111").replace("-- message", "-- labels: billing\n-- message");
    project.write("3_c.sql", &labelled);
    project.write("4_e.sql", &table("e", "cccc1111"));
    project.write("5_d.sql", &revision("dddd1111", "bbbb1111, eeee1111", "", ""));
    project.longhaul(&["upgrade"]).await.succeeded();
    project
}

/// The tables there are.
async fn tables(project: &Project) -> String {
    let sql = "SELECT coalesce(string_agg(relname, '' ORDER BY relname), '') FROM pg_class
               WHERE relkind = 'r' AND length(relname) = 1";
    project.database.value(sql).await
}

#[tokio::test]
async fn each_target_undoes_what_follows_it_and_nothing_else() {
    for (commands, left) in [
        (vec!["-1"], "abce"),
        (vec!["base"], ""),
        (vec!["aaaa"], "a"),
        (vec!["bbbb"], "abce"),
        (vec!["cccc"], "abc"),
        (vec!["dddd-1"], "abce"),
        (vec!["-1", "billing@-1"], "abc"),
        (vec!["-1", "billing@-2"], "ab"),
        (vec!["billing@aaaa"], "ab"),
        (vec!["eeee-1"], "abc"),
    ] {
        let project = diamond().await;
        for target in &commands {
            project.longhaul(&["downgrade", target]).await.succeeded();
        }
        assert_eq!(tables(&project).await, left, "{commands:?}");
        // And all of it comes again.
        project.longhaul(&["upgrade", "heads"]).await.succeeded();
        assert_eq!(tables(&project).await, "abce", "{commands:?}");
    }
}

#[tokio::test]
async fn what_was_undone_is_told_in_its_order() {
    let project = diamond().await;
    let outcome = project.longhaul(&["downgrade", "aaaa", "--json", "--tag", "v2"]).await.succeeded();
    let told: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let ids: Vec<&str> =
        told["steps"].as_array().unwrap().iter().map(|s| s["revision"].as_str().unwrap()).collect();
    assert_eq!(ids, ["dddd1111", "eeee1111", "cccc1111", "bbbb1111"]);
    assert_eq!(told["steps"][0]["direction"], "down");
    let tagged =
        "SELECT count(*) FROM longhaul.event WHERE kind = 'revision.undone' AND detail ->> 'tag' = 'v2'";
    assert_eq!(project.database.value::<i64>(tagged).await, 4);
    project.longhaul(&["downgrade", "aaaa"]).await.succeeded().says("the database is there already");
}

#[tokio::test]
async fn a_target_that_means_nothing_on_the_way_down_says_what_would() {
    let project = diamond().await;
    let refused = |target: &'static str| {
        let project = &project;
        async move { project.longhaul(&["downgrade", target]).await.ended_with(2).stderr }
    };
    assert_snapshot!(refused("-9").await, @"
    error: `-9` is ambiguous: it could mean bbbb1111, eeee1111
    hint: write `bbbb1111-8`; `eeee1111-8`
    ");
    assert_snapshot!(refused("+1").await, @"
    error: `+1` goes up, and a downgrade goes down
    hint: `longhaul upgrade +1`
    ");
    assert_snapshot!(refused("nosuch@-1").await, @"
    error: `nosuch` is no branch: no label, and no revision
    hint: the labels are billing
    ");
    assert_snapshot!(refused("ffff").await, @"
    error: `ffff` is no revision
    hint: `longhaul history` lists the revisions
    ");
    project.longhaul(&["downgrade", "-1"]).await.succeeded();
    assert_snapshot!(refused("-1").await, @"
    error: `-1` is ambiguous: it could mean bbbb1111, eeee1111
    hint: write `bbbb1111-1`; `eeee1111-1` or `billing@-1`
    ");
    assert_eq!(tables(&project).await, "abce");
}

#[tokio::test]
async fn what_can_not_be_taken_back_is_refused_before_anything_is_undone() {
    let project = Project::new(Database::empty().await);
    project.write("1_a.sql", &revision("aaaa1111", "", "CREATE TABLE a (id int);", "DROP TABLE a;"));
    project.write(
        "2_b.sql",
        "-- revision: bbbb1111\n-- revises: aaaa1111\n-- migrate:up\nCREATE TABLE b (id int);\n",
    );
    project.write("3_c.sql", &revision("cccc1111", "bbbb1111", "CREATE TABLE c (id int);", "-- later"));
    project.write("4_e.sql", &revision("eeee1111", "cccc1111", "CREATE TABLE e (id int);", "DROP TABLE e;"));
    project.longhaul(&["upgrade"]).await.succeeded();
    let refused = project.longhaul(&["downgrade", "base"]).await.ended_with(2).stderr;
    assert_snapshot!(refused, @"
    error: can't undo cccc1111, bbbb1111: no `down`
    hint: write what takes it back: -- migrate:down, or [down] in a job; SELECT; where there is nothing to take back
    ");
    assert_eq!(tables(&project).await, "abce");
    project.longhaul(&["downgrade", "-1"]).await.succeeded();
}

#[tokio::test]
async fn a_way_down_that_fails_keeps_what_it_came_to() {
    let project = diamond().await;
    project.database.execute("CREATE VIEW v AS SELECT * FROM c").await;
    let outcome = project.longhaul(&["downgrade", "base", "-q"]).await.ended_with(1);
    assert_snapshot!(outcome.stderr, @"
    error: jobs/3_c.sql: the undoing of revision cccc1111 failed, and nothing of it was kept
      because: cannot drop table c because other objects depend on it (view v depends on table c) [SQLSTATE 2BP01]
    hint: Use DROP ... CASCADE to drop the dependent objects too.
    ");
    assert_eq!(tables(&project).await, "abc");
    project.database.execute("DROP VIEW v").await;
    project.longhaul(&["downgrade", "base"]).await.succeeded();
    assert_eq!(tables(&project).await, "");
}

#[tokio::test]
async fn the_example_goes_all_the_way_down_with_its_job_in_batches() {
    let project = Project::example(Database::payroll().await);
    project.longhaul(&["upgrade"]).await.succeeded();
    project.longhaul(&["downgrade", "3f9a"]).await.succeeded();
    let undone = "SELECT string_agg(direction || ' ' || state, ', ' ORDER BY id) FROM longhaul.run";
    assert_eq!(project.database.value::<String>(undone).await, "up undone, down done");
    let filled = "SELECT count(gross_amount) FROM payroll.entries";
    assert_eq!(project.database.value::<i64>(filled).await, 0);
    project.longhaul(&["upgrade"]).await.succeeded();
    project.longhaul(&["check"]).await.succeeded();
}
