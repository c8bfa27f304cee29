//! Any key, any order, any stride, and any way in which a row can refuse.

use crate::support::{Database, Project};

/// A table `t` with 3,000 rows, of which those with `bad` can't take their new values, walked like this.
async fn leaves_only_the_bad(table: &str, job: &str) {
    let project = Project::new(Database::empty().await);
    project.database.execute(table).await;
    project
        .database
        .execute(
            "ALTER TABLE t ADD changes int NOT NULL DEFAULT 0;
             CREATE FUNCTION count_changes() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN NEW.changes := OLD.changes + 1; RETURN NEW; END';
             CREATE TRIGGER count_changes BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION count_changes();
             ANALYZE t",
        )
        .await;
    project.write("fill.toml", &format!("[job]\ntable = \"t\"\n{job}\n[quarantine]\nmax = 100\n"));
    project.longhaul(&["run", "fill"]).await.ended_with(5);
    let count =
        async |what: &str| project.database.value::<i64>(&format!("SELECT count(*) FROM {what}")).await;
    let bad = count("t WHERE bad").await;
    assert!(bad > 0 && bad < 100);
    assert_eq!(
        count("t WHERE NOT bad AND new IS NOT DISTINCT FROM old * 2 AND changes = 1").await,
        3000 - bad
    );
    assert_eq!(count("t WHERE bad AND new IS NULL AND changes = 0").await, bad);
    assert_eq!(count("longhaul.quarantine WHERE (old_values ->> 'bad')::bool").await, bad);
    assert_eq!(count("longhaul.quarantine").await, bad);
    project.longhaul(&["quarantine", "drop", "fill", "--why", "odd"]).await.succeeded();
    project.longhaul(&["run", "fill"]).await.succeeded();
    assert_eq!(count("t WHERE changes > 1").await, 0);
}

const ROWS: &str = "i, NULL, i % 97 = 0, repeat('x', 60) FROM generate_series(1, 3000) AS i";
const CHECK: &str = "CHECK (NOT (bad AND new IS NOT NULL))";
const SET: &str = "set = { new = \"old * 2\" }";

#[tokio::test]
async fn by_an_integer_key_with_strides() {
    let table = format!(
        "CREATE TABLE t (id int PRIMARY KEY, old int, new int, bad bool, pad text, {CHECK});
         INSERT INTO t SELECT i, {ROWS}"
    );
    leaves_only_the_bad(
        &table,
        &format!("{SET}\n[batch]\norder = \"key\"\nstrides = 4\nwindow = \"64kB\"\nmin = 30\nmax = 30"),
    )
    .await;
}

#[tokio::test]
async fn by_a_composite_key_with_names_that_need_quotes() {
    let table = format!(
        "CREATE TABLE t (\"Company, No\" text, \"\"\"; DROP\" int, old int, new int, bad bool, pad text,
                         PRIMARY KEY (\"Company, No\", \"\"\"; DROP\"), {CHECK});
         INSERT INTO t SELECT CASE i % 3 WHEN 0 THEN 'a,\"b\\' WHEN 1 THEN '{{NULL}}' ELSE '' END, {ROWS}"
    )
    .replace(
        "INSERT INTO t SELECT CASE",
        "INSERT INTO t (\"Company, No\", \"\"\"; DROP\", old, new, bad, pad) SELECT CASE",
    )
    .replace("END, i, NULL", "END, i, i, NULL");
    leaves_only_the_bad(
        &table,
        &format!("{SET}\n[batch]\norder = \"key\"\nstrides = 3\nwindow = \"64kB\"\nmin = 30\nmax = 30"),
    )
    .await;
}

#[tokio::test]
async fn by_a_uuid_key_in_physical_order_with_strides() {
    let table = format!(
        "CREATE TABLE t (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), old int, new int, bad bool, pad text, {CHECK});
         INSERT INTO t (old, new, bad, pad) SELECT {ROWS}"
    );
    leaves_only_the_bad(
        &table,
        &format!("{SET}\n[batch]\norder = \"physical\"\nstrides = 5\nwindow = \"64kB\"\nmin = 30\nmax = 30"),
    )
    .await;
}

#[tokio::test]
async fn a_constraint_that_waits_for_the_commit_and_a_trigger_that_refuses() {
    let table = format!(
        "CREATE TABLE known (id int PRIMARY KEY);
         CREATE TABLE t (id int PRIMARY KEY, old int, new int REFERENCES known DEFERRABLE INITIALLY DEFERRED, bad bool, pad text);
         INSERT INTO t SELECT i, {ROWS};
         INSERT INTO known SELECT old * 2 FROM t WHERE NOT bad OR id % 2 = 0;
         CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN RAISE EXCEPTION ''the period of % is closed'', NEW.id USING ERRCODE = ''PY001''; END';
         CREATE TRIGGER refuse BEFORE UPDATE ON t FOR EACH ROW WHEN (OLD.bad AND OLD.id % 2 = 0) EXECUTE FUNCTION refuse()"
    );
    leaves_only_the_bad(&table, &format!("{SET}\n[batch]\nmin = 30\nmax = 30")).await;
}

#[tokio::test]
async fn jobs_that_may_visit_a_row_only_once() {
    let table = format!(
        "CREATE TABLE t (id int PRIMARY KEY, old int, new int, bad bool, pad text, raised int NOT NULL DEFAULT 0,
                         CHECK (NOT (bad AND raised > 0)));
         INSERT INTO t (id, old, new, bad, pad) SELECT i, {ROWS}"
    );
    let job = "set = { raised = \"raised + 1\", new = \"old * 2\" }\nwhere = \"raised = 0\"\n[batch]\nmin = 30\nmax = 30";
    leaves_only_the_bad(&table, job).await;
}
