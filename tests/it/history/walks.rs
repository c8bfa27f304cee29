//! Everyday situations from their beginning to their end. (Two developers who branch and merge are in `shown`.)

use insta::assert_snapshot;
use serde_json::Value;

use super::revision;
use crate::support::{Database, Project};

#[tokio::test]
async fn a_hotfix_goes_in_below_the_head_and_comes_out_alone() {
    let project = Project::new(Database::empty().await);
    project.write("1_a.sql", &revision("aaaa1111", "", "CREATE TABLE a (id int);", "DROP TABLE a;"));
    project.write("2_b.sql", &revision("bbbb2222", "aaaa1111", "CREATE TABLE b (id int);", "DROP TABLE b;"));
    // Production stands at aaaa1111, development is further.
    project.longhaul(&["upgrade", "aaaa"]).await.succeeded();
    project
        .longhaul(&[
            "revision",
            "-m",
            "hotfix",
            "--head",
            "aaaa",
            "--splice",
            "--rev-id",
            "ffff9999",
            "--branch-label",
            "fix",
        ])
        .await
        .succeeded();
    let file = std::fs::read_dir(project.jobs()).unwrap().map(|entry| entry.unwrap().path());
    let file = file.into_iter().find(|path| path.to_str().unwrap().contains("ffff9999")).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text
        .replace("-- migrate:up\n", "-- migrate:up\nALTER TABLE a ADD COLUMN fixed boolean;\n")
        .replace("-- migrate:down\n", "-- migrate:down\nALTER TABLE a DROP COLUMN fixed;\n");
    std::fs::write(&file, text).unwrap();
    project.longhaul(&["upgrade", "fix@head"]).await.succeeded();
    assert_snapshot!(project.longhaul(&["current"]).await.succeeded().stdout, @"ffff9999 (fix) (head) (current)");

    // The branches are merged, everybody upgrades, and the hotfix turns out wrong.
    project.longhaul(&["merge", "heads", "-m", "merge the hotfix", "--rev-id", "cccc3333"]).await.succeeded();
    project.longhaul(&["upgrade"]).await.succeeded();
    project.longhaul(&["downgrade", "-1"]).await.succeeded();
    project.longhaul(&["downgrade", "-1"]).await.ended_with(2).says("ambiguous");
    project.longhaul(&["downgrade", "fix@-1"]).await.succeeded();
    assert_snapshot!(project.longhaul(&["current"]).await.succeeded().stdout, @"bbbb2222 (current)");
    let columns = "SELECT count(*) FROM information_schema.columns WHERE table_name = 'a'";
    assert_eq!(project.database.value::<i64>(columns).await, 1);
}

#[tokio::test]
async fn a_database_that_alembic_managed_is_taken_over_where_it_stands() {
    let project = Project::new(Database::empty().await);
    let long = "2026_11_21_a_revision_id_that_alembic_had_no_room_for_in_its_32_characters";
    project.write(
        "1_a.sql",
        &revision("1975ea83b712", "", "CREATE TABLE account (id int);", "DROP TABLE account;"),
    );
    project.write("2_b.sql", &revision(long, "1975ea83b712", "CREATE TABLE b (id int);", "DROP TABLE b;"));
    project.write(
        "3_c.sql",
        &revision("27c6a30d7c24", "1975ea83b712", "CREATE TABLE c (id int);", "DROP TABLE c;"),
    );
    project.write("4_d.sql", &revision("9f0e1d2c3b4a", &format!("{long}, 27c6a30d7c24"), "", ""));
    let database = &project.database;
    project
        .longhaul(&["stamp", "--from-alembic"])
        .await
        .ended_with(2)
        .says("there is no table alembic_version");
    let by_alembic = format!(
        "CREATE TABLE alembic_version (version_num text PRIMARY KEY);
         INSERT INTO alembic_version VALUES ('{long}'), ('27c6a30d7c24');
         CREATE TABLE account (id int); CREATE TABLE b (id int); CREATE TABLE c (id int)"
    );
    database.execute(&by_alembic).await;
    project.longhaul(&["stamp", "--from-alembic", "--tag", "takeover"]).await.succeeded();
    let current = project.longhaul(&["current"]).await.succeeded().stdout;
    assert_eq!(current, format!("{long} (current)\n27c6a30d7c24 (current)\n"));
    project.longhaul(&["upgrade"]).await.succeeded();
    project.longhaul(&["check"]).await.succeeded();
    project.longhaul(&["downgrade", "base"]).await.succeeded();
    assert!(database.value::<bool>("SELECT to_regclass('account') IS NULL").await);

    database
        .execute("UPDATE alembic_version SET version_num = 'deadbeef0000' WHERE version_num = '27c6a30d7c24'")
        .await;
    project
        .longhaul(&["stamp", "--from-alembic"])
        .await
        .ended_with(1)
        .says("the database has the revision deadbeef0000, and no file here does");
}

#[tokio::test]
async fn a_failed_revision_in_the_middle_is_mended_and_the_rest_follows() {
    let project = Project::new(Database::empty().await);
    let table = |n: u32| format!("CREATE TABLE t{n} (id int);");
    let mut before = String::new();
    for n in 1..=5 {
        let id = format!("aaaa000{n}");
        let up =
            if n == 3 { "CREATE TABLE t3 (id int);\nINSERT INTO t3 VALUES ('x');".into() } else { table(n) };
        project.write(&format!("{n}.sql"), &revision(&id, &before, &up, &format!("DROP TABLE t{n};")));
        before = id;
    }
    let outcome = project.longhaul(&["upgrade", "-q"]).await.ended_with(1);
    assert_snapshot!(outcome.stderr, @r#"
    error: jobs/3.sql: revision aaaa0003 failed, and nothing of it was kept
      because: invalid input syntax for type integer: "x" [SQLSTATE 22P02]
       7 | INSERT INTO t3 VALUES ('x');
         |                        ^
    "#);
    assert_snapshot!(project.longhaul(&["current"]).await.succeeded().stdout, @"aaaa0002 (current)");
    let pending = project.longhaul(&["pending"]).await.succeeded().stdout;
    assert_eq!(pending.lines().count(), 3);
    let log: Value =
        serde_json::from_str(&project.longhaul(&["log", "--json"]).await.succeeded().stdout).unwrap();
    let failed = log.as_array().unwrap().iter().find(|event| event["kind"] == "revision.failed").unwrap();
    assert_eq!(failed["detail"]["sqlstate"], "22P02");
    assert_eq!(failed["detail"]["statement"], "INSERT INTO t3 VALUES ('x')");
    assert_eq!(failed["detail"]["direction"], "up");

    project.write("3.sql", &revision("aaaa0003", "aaaa0002", &table(3), "DROP TABLE t3;"));
    project.longhaul(&["upgrade"]).await.succeeded();
    assert_snapshot!(project.longhaul(&["current"]).await.succeeded().stdout, @"aaaa0005 (head) (current)");
}
