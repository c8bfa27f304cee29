//! `undo = "preimage"`: what a job overwrote is put back, in the rows that still hold what it wrote.

mod crash;

use crate::support::{Database, Project};

pub(crate) const JOB: &str = "[job]\ntable = \"t\"\nundo = \"preimage\"\nset = { new = \"old * 2\", '\"No te\"' = \"old::text || '{x}'\" }\n";

/// 500 rows, some of which held something else before.
async fn table(project: &Project) {
    project
        .database
        .execute(
            "CREATE TABLE t (a int, b text, old int, new int, \"No te\" text, PRIMARY KEY (a, b));
             INSERT INTO t SELECT i / 10, 'b,\"' || i % 10, i, CASE WHEN i % 3 = 0 THEN i END,
                                  CASE i % 4 WHEN 0 THEN 'NULL' WHEN 1 THEN '' WHEN 2 THEN E'a\\\\\"{},\\n' END
             FROM generate_series(1, 500) AS i;
             CREATE TABLE before AS TABLE t;
             ANALYZE t",
        )
        .await;
}

/// Rows that differ from what they were before.
async fn differing(project: &Project) -> i64 {
    project.database.value("SELECT count(*) FROM (TABLE t EXCEPT TABLE before) AS d").await
}

#[tokio::test]
async fn every_row_holds_its_old_values_again_but_those_that_were_written_since() {
    let project = Project::new(Database::empty().await);
    table(&project).await;
    project.write("fill.toml", &format!("{JOB}[batch]\nmin = 40\nmax = 40\n"));
    project.longhaul(&["undo", "fill"]).await.ended_with(1).says("no old values of the job `fill` are kept");
    project.longhaul(&["run", "fill"]).await.succeeded();
    assert_eq!(differing(&project).await, 500);
    project.database.execute("UPDATE t SET new = -1 WHERE old IN (7, 8); DELETE FROM t WHERE old = 9").await;
    let outcome = project.longhaul(&["undo", "fill"]).await.succeeded();
    outcome.says("497 rows hold their old values again").says("3 no longer held what the job wrote");
    assert_eq!(differing(&project).await, 2);
    assert_eq!(project.database.value::<i64>("SELECT sum(rows)::int8 FROM longhaul.preimage").await, 3);
    let states = "SELECT string_agg(direction || ' ' || state, ', ' ORDER BY id) FROM longhaul.run";
    assert_eq!(project.database.value::<String>(states).await, "up undone, down done");
    // It can be done again, and undone again.
    project.longhaul(&["run", "fill"]).await.succeeded();
    project.longhaul(&["undo", "fill"]).await.succeeded();
    assert_eq!(differing(&project).await, 2);
}

#[tokio::test]
async fn what_a_sweep_changed_a_second_time_goes_back_to_what_it_was_at_first() {
    let project = Project::new(Database::empty().await);
    table(&project).await;
    // Written by somebody without the sync trigger, as soon as the row was done.
    project
        .database
        .execute(
            "CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
                 IF NEW.old = 77 AND OLD.new IS DISTINCT FROM 154 AND pg_trigger_depth() = 1 THEN
                     UPDATE t SET old = 78 WHERE a = NEW.a AND b = NEW.b;
                 END IF;
                 RETURN NULL;
             END $$;
             CREATE TRIGGER again AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION again()",
        )
        .await;
    project.write("fill.toml", &format!("{JOB}[batch]\nmin = 40\nmax = 40\n"));
    project.longhaul(&["run", "fill"]).await.succeeded();
    assert_eq!(project.database.value::<i64>("SELECT sum(rows)::int8 FROM longhaul.preimage").await, 501);
    project.longhaul(&["undo", "fill"]).await.succeeded().says("0 no longer held");
    assert_eq!(project.database.value::<i64>("SELECT count(*) FROM longhaul.preimage").await, 0);
    let first = "SELECT new IS NOT DISTINCT FROM (SELECT new FROM before WHERE old = 77) FROM t
                 WHERE old = 78 AND a = 7 AND b LIKE '%7'";
    assert!(project.database.value::<bool>(first).await);
}

#[tokio::test]
async fn a_crash_or_a_signal_on_the_way_back_loses_nothing() {
    let mut project = Project::new(Database::empty().await);
    table(&project).await;
    project.write("fill.toml", &format!("{JOB}[batch]\nmin = 40\nmax = 40\n"));
    // Half done, and killed: what is done can be undone.
    project = project.dying_at("batch.committed", 7);
    project.longhaul(&["run", "fill"]).await.was_killed();
    for (point, hit) in [
        ("batch.rows_changed", 2),
        ("batch.committed", 1),
        ("batch.sent", 2),
        ("proof.beginning", 1),
        ("ending.stored", 1),
    ] {
        project = project.dying_at(point, hit);
        project.longhaul(&["undo", "fill"]).await.was_killed();
    }
    project = project.surviving();
    // The ending was stored: nothing is left to undo.
    project.longhaul(&["undo", "fill"]).await.ended_with(1).says("no old values");
    assert_eq!(differing(&project).await, 0);
}

#[tokio::test]
async fn a_downgrade_puts_the_old_values_back() {
    let project = Project::new(Database::empty().await);
    table(&project).await;
    let job = format!("revision = \"aaaa1111\"\nmessage = \"fill\"\n{JOB}[down]\nrestore = true\n");
    project.write("1_aaaa1111_fill.toml", &job);
    project.write(
        "2_bbbb1111_more.sql",
        "-- revision: bbbb1111\n-- revises: aaaa1111\n-- message: more\n\n-- migrate:up\nCREATE TABLE more ();\n\n-- migrate:down\nDROP TABLE more;\n",
    );
    project.longhaul(&["upgrade"]).await.succeeded();
    project.longhaul(&["undo", "fill"]).await.ended_with(2).says("bbbb1111 stands on it");
    project.longhaul(&["downgrade", "base"]).await.succeeded();
    assert_eq!(differing(&project).await, 0);
    project.longhaul(&["upgrade", "aaaa1111"]).await.succeeded();
    project.longhaul(&["undo", "fill"]).await.succeeded();
    assert_eq!(differing(&project).await, 0);
    let applied = "SELECT count(*) FROM longhaul.revision";
    assert_eq!(project.database.value::<i64>(applied).await, 0);
}

#[tokio::test]
async fn rows_that_can_not_take_their_old_values_any_more_are_put_aside() {
    let project = Project::new(Database::empty().await);
    table(&project).await;
    project.write("fill.toml", &format!("{JOB}[batch]\nmin = 40\nmax = 40\n[quarantine]\nmax = 5\n"));
    project.longhaul(&["run", "fill"]).await.succeeded();
    project
        .database
        .execute("ALTER TABLE t ADD CHECK (new <> 33 AND new <> 66 OR new IS NULL) NOT VALID")
        .await;
    // 33 and 66 were there before; they are also what the job wrote elsewhere, where nobody looks.
    project.longhaul(&["undo", "fill"]).await.ended_with(5);
    assert_eq!(differing(&project).await, 2);
    project.database.execute("ALTER TABLE t DROP CONSTRAINT t_new_check").await;
    project.longhaul(&["quarantine", "retry", "fill"]).await.succeeded().says("2 done");
    assert_eq!(differing(&project).await, 0);
    project.longhaul(&["undo", "fill"]).await.succeeded();
}

#[tokio::test]
async fn old_values_are_kept_for_a_while_and_no_longer() {
    let project = Project::new(Database::empty().await);
    table(&project).await;
    project.write("fill.toml", JOB);
    project.longhaul(&["run", "fill"]).await.succeeded();
    project.database.execute("CREATE TABLE u (id int PRIMARY KEY, n int)").await;
    project.write("other.toml", "[job]\ntable = \"u\"\nset = { n = \"1\" }\n");
    project.database.execute("UPDATE longhaul.run SET finished_at = now() - interval '29 days'").await;
    project.longhaul(&["run", "other"]).await.succeeded();
    let kept = "SELECT coalesce(sum(rows), 0)::int8 FROM longhaul.preimage";
    assert_eq!(project.database.value::<i64>(kept).await, 500);
    project.configure("preimage_retention = \"28d\"\n");
    project.longhaul(&["run", "other", "--anew"]).await.succeeded();
    assert_eq!(project.database.value::<i64>(kept).await, 0);
    project.longhaul(&["undo", "fill"]).await.ended_with(1).says("no old values");
}

#[tokio::test]
async fn what_was_kept_of_other_columns_is_not_put_into_these() {
    let project = Project::new(Database::empty().await);
    table(&project).await;
    project.write("fill.toml", JOB);
    project.longhaul(&["run", "fill"]).await.succeeded();
    project.write("fill.toml", "[job]\ntable = \"t\"\nundo = \"preimage\"\nset = { old = \"1\" }\n");
    project.longhaul(&["undo", "fill"]).await.ended_with(2).says("run 1 kept the old values of (No te, new)");
}
