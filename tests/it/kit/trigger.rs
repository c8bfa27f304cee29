//! What the sync trigger does with each way of writing: before the backfill, after the switch, by each rule.

use crate::support::{Database, Project};

/// A table that is being renamed, after so many steps.
async fn renamed(table: &str, column: &str, options: &[&str], steps: usize) -> Project {
    let project = Project::new(Database::empty().await);
    project.database.execute(table).await;
    let command = [&["rename-column", column, "fresh"], options].concat();
    project.longhaul(&command).await.succeeded();
    for _ in 0..steps {
        project.longhaul(&["upgrade", "+1"]).await.succeeded();
    }
    project
}

/// What these columns hold, row by row.
async fn rows(project: &Project, columns: &str) -> String {
    let sql = format!("SELECT coalesce(string_agg(concat_ws('/', {columns}), ' ' ORDER BY id), '') FROM t");
    project.database.value(&sql).await
}

const PLAIN: &str =
    "CREATE TABLE t (id int PRIMARY KEY, stale int DEFAULT 0); INSERT INTO t VALUES (1, 10), (2, 20)";

#[tokio::test]
async fn before_the_switch_the_old_column_is_believed_and_after_it_the_new_one() {
    let project = renamed(PLAIN, "t.stale", &[], 1).await;
    // From before: not filled yet, and filled as soon as anything of the row is written.
    assert_eq!(rows(&project, "id, stale, coalesce(fresh, -1)").await, "1/10/-1 2/20/-1");
    project.database.execute("UPDATE t SET id = 3 WHERE id = 1; UPDATE t SET stale = 21 WHERE id = 2").await;
    project.database.execute("INSERT INTO t (id, stale) VALUES (4, 40), (5, NULL)").await;
    project
        .database
        .execute("INSERT INTO t (id, fresh) VALUES (6, 60), (7, NULL); INSERT INTO t (id) VALUES (8)")
        .await;
    project.database.execute("UPDATE t SET fresh = 41 WHERE id = 4").await;
    // Whole rows are saved, with an old value that is stale.
    project.database.execute("UPDATE t SET stale = 21, fresh = 22 WHERE id = 2").await;
    let columns = "id, coalesce(stale, -1), coalesce(fresh, -1)";
    assert_eq!(rows(&project, columns).await, "2/22/22 3/10/10 4/41/41 5/-1/-1 6/60/60 7/-1/-1 8/0/0");
    for _ in 0..3 {
        project.longhaul(&["upgrade", "+1"]).await.succeeded();
    }
    // The old column was emptied behind the trigger's back, as it is when the contract is undone.
    project.longhaul(&["upgrade", "heads"]).await.succeeded();
    project.longhaul(&["downgrade", "-1", "--yes"]).await.succeeded();
    assert_eq!(rows(&project, "id, stale").await, "2 3 4 5 6 7 8");
    project.database.execute("UPDATE t SET id = 13 WHERE id = 3; UPDATE t SET stale = 42 WHERE id = 4").await;
    project.database.execute("INSERT INTO t (id, stale) VALUES (14, 140)").await;
    assert_eq!(
        rows(&project, columns).await,
        "2/-1/22 4/42/42 5/-1/-1 6/-1/60 7/-1/-1 8/-1/0 13/10/10 14/140/140"
    );
}

#[tokio::test]
async fn what_counts_when_both_are_written_is_as_was_asked_for() {
    for (rule, held) in [("new", "1/12/12 3/31/31"), ("old", "1/11/11 3/30/30")] {
        let project = renamed(PLAIN, "t.stale", &["--both-written", rule], 1).await;
        project.database.execute("DELETE FROM t WHERE id = 2; UPDATE t SET stale = 11, fresh = 12").await;
        project.database.execute("INSERT INTO t VALUES (3, 30, 31)").await;
        assert_eq!(rows(&project, "id, stale, fresh").await, held);
    }
    let project = renamed(PLAIN, "t.stale", &["--both-written", "refuse"], 1).await;
    let client = project.database.connect().await;
    for contradiction in ["UPDATE t SET stale = 11, fresh = 12", "INSERT INTO t VALUES (3, 30, 31)"] {
        let error = client.batch_execute(contradiction).await.unwrap_err();
        let says = error.as_db_error().unwrap().message();
        assert_eq!(
            says,
            "public.t was written with two values for one column: fresh takes the place of stale"
        );
    }
    client
        .batch_execute("UPDATE t SET stale = 13, fresh = 13 WHERE id = 1; INSERT INTO t VALUES (3, 30, 30)")
        .await
        .unwrap();
    assert_eq!(rows(&project, "id, stale, fresh").await, "1/13/13 2/20 3/30/30");
}

#[tokio::test]
async fn a_transaction_that_began_before_the_expand_finds_the_trigger() {
    let project = renamed(PLAIN, "t.stale", &[], 0).await;
    let old = project.database.connect().await;
    old.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class").await.unwrap();
    project.longhaul(&["upgrade", "+1"]).await.succeeded();
    old.batch_execute(
        "INSERT INTO t (id, stale) VALUES (3, 30); UPDATE t SET stale = 11 WHERE id = 1; COMMIT",
    )
    .await
    .unwrap();
    assert_eq!(rows(&project, "id, stale, fresh").await, "1/11/11 2/20 3/30/30");
}

#[tokio::test]
async fn a_default_that_is_another_each_time_is_given_once_and_moves_at_the_switch() {
    let table = "CREATE TABLE t (id int PRIMARY KEY, stale serial UNIQUE); INSERT INTO t VALUES (1), (2)";
    let project = renamed(table, "t.stale", &[], 1).await;
    project.database.execute("INSERT INTO t (id) VALUES (3); INSERT INTO t (id, fresh) VALUES (4, 44)").await;
    project.database.execute("INSERT INTO t (id, stale) VALUES (5, 55)").await;
    assert_eq!(rows(&project, "id, stale, fresh").await, "1/1 2/2 3/3/3 4/44/44 5/55/55");
    for _ in 0..3 {
        project.longhaul(&["upgrade", "+1"]).await.succeeded();
    }
    project.database.execute("INSERT INTO t (id) VALUES (6); INSERT INTO t (id, fresh) VALUES (7, 77)").await;
    project.database.execute("INSERT INTO t (id, stale) VALUES (8, 88)").await;
    assert_eq!(
        rows(&project, "id, stale, fresh").await,
        "1/1/1 2/2/2 3/3/3 4/44/44 5/55/55 6/5/5 7/77/77 8/88/88"
    );
    project.longhaul(&["upgrade", "heads"]).await.succeeded();
    assert_eq!(
        project.database.value::<String>("SELECT pg_get_serial_sequence('t', 'fresh')").await,
        "public.t_stale_seq"
    );
}

#[tokio::test]
async fn what_replication_writes_is_synced_where_that_was_asked_for_and_refused_where_it_wasnt() {
    let write = "SET session_replication_role = replica; UPDATE t SET stale = 11 WHERE id = 1";
    let project = renamed(PLAIN, "t.stale", &["--always"], 3).await;
    project.database.execute(write).await;
    assert_eq!(rows(&project, "id, stale, fresh").await, "1/11/11 2/20/20");
    let project = renamed(PLAIN, "t.stale", &[], 3).await;
    let error = project.database.connect().await.batch_execute(write).await.unwrap_err();
    assert_eq!(error.as_db_error().unwrap().constraint(), Some("t_fresh_agrees"));
}

#[tokio::test]
async fn a_type_without_an_equality_of_its_own_is_compared_as_text() {
    let table =
        "CREATE TABLE t (id int PRIMARY KEY, stale json); INSERT INTO t VALUES (1, '{\"a\": 1}'), (2, NULL)";
    let project = renamed(table, "t.stale", &[], 3).await;
    project
        .database
        .execute("UPDATE t SET stale = '[1]' WHERE id = 2; UPDATE t SET fresh = '{\"a\":1}' WHERE id = 1")
        .await;
    assert_eq!(rows(&project, "id, stale, fresh").await, "1/{\"a\":1}/{\"a\":1} 2/[1]/[1]");
    project.longhaul(&["upgrade", "heads"]).await.succeeded();
    project.longhaul(&["downgrade", "base", "--yes"]).await.succeeded();
    assert_eq!(rows(&project, "id, stale").await, "1/{\"a\":1} 2/[1]");
}

#[tokio::test]
async fn it_fires_after_who_sets_the_column_and_before_who_reads_it() {
    let table = "CREATE TABLE t (id int PRIMARY KEY, stale int, seen int);
                 CREATE FUNCTION sets() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.stale := new.stale * 2; RETURN new; END';
                 CREATE FUNCTION reads() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.seen := new.stale; RETURN new; END';
                 CREATE TRIGGER m_sets BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION sets();
                 CREATE TRIGGER n_reads BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION reads();";
    let project = renamed(table, "t.stale", &[], 1).await;
    project
        .database
        .execute("INSERT INTO t (id, stale) VALUES (1, 5); INSERT INTO t (id, fresh) VALUES (2, 7)")
        .await;
    assert_eq!(rows(&project, "id, stale, fresh, seen").await, "1/10/10/10 2/7/7/7");
    let project = Project::new(Database::empty().await);
    project.database.execute(&table.replace("m_sets", "o_sets")).await;
    let outcome = project.longhaul(&["rename-column", "t.stale", "fresh"]).await.ended_with(2);
    outcome
        .says("no trigger can stand between those that set stale (o_sets) and those that read it (n_reads)");
}
