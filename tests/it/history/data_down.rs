//! Data revisions that are taken back: interrupted, resumed, overtaken, and done again.

use rustix::process::Signal;

use super::gate::until;
use crate::support::{Database, Project, wait_for};

const BASE: &str = "-- revision: aaaa1111\n-- migrate:up\nCREATE TABLE items (id int PRIMARY KEY, a int, b int);\n\
    INSERT INTO items SELECT n, n FROM generate_series(1, 60) AS n;\n-- migrate:down\nDROP TABLE items;\n";
const FILL: &str = "revision = \"bbbb2222\"\nrevises = [\"aaaa1111\"]\nmessage = \"fill\"\n[job]\ntable = \"items\"\n\
    set = { b = \"a * 2\" }\n[batch]\nmin = 10\nmax = 10\n[down]\nset = { b = \"NULL\" }\n";

/// Rows that are filled, of sixty.
const FILLED: &str = "SELECT count(b) FROM items";

async fn filled() -> Project {
    let project = Project::new(Database::empty().await);
    project.write("1_base.sql", BASE).write("2_fill.toml", FILL);
    project.longhaul(&["upgrade"]).await.succeeded();
    assert_eq!(project.database.value::<i64>(FILLED).await, 60);
    project
}

/// Keeps the process's batches from the row until it is dropped.
async fn holding(project: &Project, id: i32) -> tokio_postgres::Client {
    let holder = project.database.connect().await;
    holder.batch_execute(&format!("BEGIN; SELECT FROM items WHERE id = {id} FOR UPDATE")).await.unwrap();
    holder
}

async fn a_batch_waits(project: &Project) {
    until(
        &project.database,
        "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                 AND application_name = 'longhaul batches' AND wait_event_type = 'Lock')",
    )
    .await;
}

/// A downgrade that was stopped after its third batch.
async fn half_undone() -> Project {
    let project = filled().await;
    let holder = holding(&project, 35).await;
    let down = project.spawn(&["downgrade", "aaaa"]);
    a_batch_waits(&project).await;
    down.signal(Signal::INT);
    let stopped = down.outcome().await.ended_with(4);
    assert!(stopped.stderr.contains("run it again to go on"), "{}", stopped.stderr);
    drop(holder);
    assert_eq!(project.database.value::<i64>(FILLED).await, 30);
    let applied = "SELECT EXISTS (SELECT FROM longhaul.revision WHERE id = 'bbbb2222')";
    assert!(!project.database.value::<bool>(applied).await, "what is half gone can't be built on");
    project
}

#[tokio::test]
async fn what_was_stopped_and_killed_on_the_way_down_goes_on_and_is_done_again_afterwards() {
    let mut project = half_undone().await.dying_at("batch.committed", 2);
    project.longhaul(&["downgrade", "aaaa"]).await.was_killed();
    assert_eq!(project.database.value::<i64>(FILLED).await, 10);
    project = project.surviving();
    project.longhaul(&["downgrade", "aaaa"]).await.succeeded();
    assert_eq!(project.database.value::<i64>(FILLED).await, 0);
    project.longhaul(&["downgrade", "aaaa"]).await.succeeded().says("the database is there already");
    // The run of before is not taken for this one.
    project.longhaul(&["upgrade"]).await.succeeded();
    assert_eq!(project.database.value::<i64>(FILLED).await, 60);
    let states: Vec<String> = project
        .database
        .value("SELECT array_agg(direction || ' ' || state ORDER BY id) FROM longhaul.run")
        .await;
    assert_eq!(states, ["up undone", "down done", "up done"]);
    project.longhaul(&["downgrade", "base"]).await.succeeded();
    assert!(project.database.value::<bool>("SELECT to_regclass('items') IS NULL").await);
}

#[tokio::test]
async fn an_upgrade_in_the_middle_of_the_way_down_does_all_of_it_again() {
    let project = half_undone().await;
    project.longhaul(&["upgrade"]).await.succeeded();
    assert_eq!(project.database.value::<i64>(FILLED).await, 60);
    let clean = "SELECT NOT EXISTS (SELECT FROM longhaul.section)
                 AND EXISTS (SELECT FROM longhaul.revision WHERE id = 'bbbb2222')";
    assert!(project.database.value::<bool>(clean).await);
    project.longhaul(&["downgrade", "aaaa"]).await.succeeded();
    assert_eq!(project.database.value::<i64>(FILLED).await, 0);
}

#[tokio::test]
async fn writers_behind_a_trigger_that_still_stands_do_not_keep_the_way_down_from_its_end() {
    let project = filled().await;
    project
        .database
        .execute(
            "CREATE FUNCTION sync() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.b := new.a * 2; RETURN new; END';
             CREATE TRIGGER sync BEFORE INSERT OR UPDATE OF a ON items FOR EACH ROW EXECUTE FUNCTION sync()",
        )
        .await;
    let writer = project.database.connect().await;
    let writing = tokio::spawn(async move {
        loop {
            writer.batch_execute("UPDATE items SET a = a + 1 WHERE id % 7 = 0").await.unwrap();
        }
    });
    project.longhaul(&["downgrade", "aaaa"]).await.succeeded();
    writing.abort();
    let left: i64 = project.database.value("SELECT count(b) FROM items WHERE id % 7 <> 0").await;
    assert_eq!(left, 0);
}

#[tokio::test]
async fn nothing_is_taken_from_under_a_job_that_is_being_run() {
    let project = Project::new(Database::empty().await);
    project.write("1_base.sql", BASE).write("2_fill.toml", FILL);
    project.longhaul(&["upgrade", "aaaa"]).await.succeeded();
    let holder = holding(&project, 35).await;
    let run = project.spawn(&["run", "bbbb"]);
    a_batch_waits(&project).await;
    // It does not even ask for the lock of the table, and so keeps nobody from it.
    project
        .longhaul(&["downgrade", "base"])
        .await
        .ended_with(75)
        .says("error: the job 2_fill is being run by ")
        .says("(process ")
        .says("hint: stop it there first, with Ctrl-C");
    project.longhaul(&["upgrade"]).await.ended_with(75).says("is being run by");
    drop(holder);
    run.outcome().await.succeeded();
    project.longhaul(&["downgrade", "base"]).await.succeeded();
}

#[tokio::test]
async fn a_way_down_that_froze_and_was_overtaken_by_an_upgrade_does_nothing_any_more() {
    let project = filled().await;
    let table = project.database.connect().await;
    table.batch_execute("BEGIN; LOCK TABLE items").await.unwrap();
    let down = project.spawn(&["downgrade", "aaaa"]);
    let preflight = "EXISTS (SELECT FROM longhaul.section) AND EXISTS (SELECT FROM pg_stat_activity
                     WHERE datname = current_database() AND application_name LIKE 'longhaul%' AND wait_event_type = 'Lock')";
    until(&project.database, preflight).await;
    down.signal(Signal::STOP);
    table.batch_execute("COMMIT").await.unwrap();
    project.longhaul(&["upgrade"]).await.succeeded();
    down.signal(Signal::CONT);
    down.outcome()
        .await
        .ended_with(75)
        .says("is not to be taken back any more: another process has changed the history");
    assert_eq!(project.database.value::<i64>(FILLED).await, 60);
    let applied = "SELECT EXISTS (SELECT FROM longhaul.revision WHERE id = 'bbbb2222')";
    assert!(project.database.value::<bool>(applied).await);
}

#[tokio::test]
async fn two_ways_down_at_once_take_it_back_once() {
    for _ in 0..3 {
        let project = filled().await;
        project.database.execute("CREATE TABLE change (id int);
            CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO change VALUES (new.id); RETURN new; END';
            CREATE TRIGGER change AFTER UPDATE ON items FOR EACH ROW EXECUTE FUNCTION change()").await;
        let downs = [project.spawn(&["downgrade", "aaaa"]), project.spawn(&["downgrade", "aaaa"])];
        for down in downs {
            let outcome = down.outcome().await;
            assert!(matches!(outcome.status.code(), Some(0 | 75)), "{}", outcome.stderr);
        }
        wait_for("it is taken back", || async {
            project.longhaul(&["downgrade", "aaaa"]).await.status.success()
        })
        .await;
        let once = "SELECT count(*) = 60 AND count(DISTINCT id) = 60
                    AND (SELECT count(*) = 1 FROM longhaul.event WHERE kind = 'revision.undone') FROM change";
        assert!(project.database.value::<bool>(once).await);
    }
}
