//! Errors that no waiting mends, in the middle of a run: each stops it with what to do, and nothing of what was done before
//! is lost or done twice.

use crate::support::{Database, Items, JobKind, Outcome, Primary, Project};

/// A run in whose middle this is done.
async fn interrupted_by(items: &Items, sql: &str) -> Outcome {
    let job = items.project.read("fill.toml");
    items.project.write("fill.toml", &format!("{job}\n[limits]\nrows_per_second = 100\n"));
    let process = items.project.spawn(&["run", "fill"]);
    items.passed(20).await;
    items.database().execute(sql).await;
    let outcome = process.outcome().await;
    items.project.write("fill.toml", &job);
    outcome
}

/// The same, mended by that, and run to its end.
async fn goes_on_after(change: &str, says: &str, mend: &str) {
    let items = Items::new(2000, JobKind::Counting).await;
    let outcome = interrupted_by(&items, change).await.ended_with(1).says(says);
    assert!(outcome.stderr.contains("hint:"), "{}", outcome.stderr);
    assert_eq!(items.state().await, "failed", "{change}");
    // Until it is mended it begins nothing.
    let before = items.checkpoint().await;
    let again = items.project.longhaul(&["run", "fill"]).await;
    assert!([1, 2].contains(&again.status.code().unwrap()), "{change}: {}", again.stderr);
    assert_eq!(items.checkpoint().await, before, "{change}");
    items.database().execute(mend).await;
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    items.assert_each_row_done_once(change).await;
}

#[tokio::test]
async fn a_column_that_is_dropped() {
    goes_on_after(
        "ALTER TABLE items RENAME COLUMN visits TO gone",
        "column \"visits\" does not exist",
        "ALTER TABLE items RENAME COLUMN gone TO visits",
    )
    .await;
}

#[tokio::test]
async fn a_type_that_is_changed() {
    goes_on_after(
        "ALTER TABLE items ALTER visits DROP DEFAULT, ALTER visits TYPE text",
        "operator does not exist: text + integer",
        "ALTER TABLE items ALTER visits TYPE int USING visits::int",
    )
    .await;
}

#[tokio::test]
async fn a_table_that_is_renamed() {
    goes_on_after(
        "ALTER TABLE items RENAME TO things",
        "relation \"public.items\" does not exist",
        "ALTER TABLE things RENAME TO items",
    )
    .await;
}

#[tokio::test]
async fn a_table_that_another_takes_the_place_of() {
    goes_on_after(
        "BEGIN; ALTER TABLE items RENAME TO things; CREATE TABLE items (LIKE things INCLUDING ALL);
         INSERT INTO items TABLE things; COMMIT",
        "means another table than when the run was taken up",
        "BEGIN; DROP TABLE items; ALTER TABLE things RENAME TO items; COMMIT",
    )
    .await;
}

#[tokio::test]
async fn a_key_that_is_dropped() {
    goes_on_after(
        "ALTER TABLE items DROP CONSTRAINT items_pkey",
        "the unique index `items_pkey` is gone",
        "ALTER TABLE items ADD PRIMARY KEY (id)",
    )
    .await;
}

#[tokio::test]
async fn a_right_that_is_taken_away() {
    let primary = Primary::start(&[]).await;
    let items = Items::on(primary.database().await, 2000, JobKind::Counting).await;
    let database = items.database();
    database
        .execute(
            "CREATE ROLE worker LOGIN PASSWORD 'worker'; GRANT ALL ON items, audit TO worker;
             DO $$ BEGIN EXECUTE format('GRANT ALL ON DATABASE %I TO worker', current_database()); END $$",
        )
        .await;
    let url = database.url_of("worker");
    let job = items.project.read("fill.toml");
    items.project.write("fill.toml", &format!("{job}\n[limits]\nrows_per_second = 100\n"));
    let process = items.project.spawn_with(&[("DATABASE_URL", &url)], &["run", "fill"]);
    items.passed(20).await;
    database.execute("REVOKE UPDATE ON items FROM worker").await;
    process
        .outcome()
        .await
        .ended_with(1)
        .says("permission denied for table items")
        .says("grant the role what it needs");
    database.execute("GRANT UPDATE ON items TO worker").await;
    items.project.write("fill.toml", &job);
    items.project.spawn_with(&[("DATABASE_URL", &url)], &["run", "fill"]).outcome().await.succeeded();
    items.assert_each_row_done_once("a right that was taken away").await;
}

/// Fails unless the run pauses by itself after a few attempts, and goes on once that is mended.
async fn opens_the_circuit(fault: &str, expected: std::ops::RangeInclusive<i64>, says: &[&str]) {
    let items = Items::new(60, JobKind::Counting).await;
    items
        .database()
        .execute(&format!(
            "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('attempts'); {fault}; RETURN NEW; END $$;
             CREATE TRIGGER fault BEFORE UPDATE ON items FOR EACH ROW WHEN (OLD.id = 35) EXECUTE FUNCTION fault()"
        ))
        .await;
    let mut outcome = items.project.longhaul(&["run", "fill"]).await.ended_with(4);
    for text in says {
        outcome = outcome.says(text);
    }
    assert_eq!(items.state().await, "paused");
    let attempts: i64 = items.database().value("SELECT last_value FROM attempts").await;
    assert!(expected.contains(&attempts), "{attempts} attempts");
    // Nobody hammers on: whoever comes by leaves it alone.
    items.project.longhaul(&["run", "fill"]).await.ended_with(4).says("has paused by itself");
    assert_eq!(items.database().value::<i64>("SELECT last_value FROM attempts").await, attempts);
    items.database().execute("DROP TRIGGER fault ON items").await;
    items.project.longhaul(&["resume", "fill"]).await.succeeded();
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    items.assert_each_row_done_once(fault).await;
}

#[tokio::test]
async fn a_disk_that_is_full_opens_the_circuit() {
    opens_the_circuit(
        "RAISE 'could not extend file' USING ERRCODE = 'disk_full'",
        1..=1,
        &["could not extend file", "has paused by itself"],
    )
    .await;
}

#[tokio::test]
async fn memory_that_is_used_up_opens_the_circuit() {
    opens_the_circuit(
        "RAISE 'out of memory' USING ERRCODE = 'out_of_memory'",
        5..=5,
        &["trying again", "out of memory"],
    )
    .await;
}

#[tokio::test]
async fn a_batch_that_ends_its_backend_each_time_opens_the_circuit() {
    opens_the_circuit(
        "PERFORM pg_terminate_backend(pg_backend_pid())",
        4..=8,
        &["the connection was lost 6 times in a row", "terminating connection"],
    )
    .await;
}

#[tokio::test]
async fn a_job_has_the_rights_of_the_role_that_it_names() {
    let primary = Primary::start(&[]).await;
    let project = Project::new(primary.database().await);
    let database: &Database = &project.database;
    database
        .execute(
            "CREATE ROLE \"Pay; Roll\" NOLOGIN; CREATE ROLE runner LOGIN NOINHERIT PASSWORD 'runner'; GRANT \"Pay; Roll\" TO runner;
             CREATE TABLE pay (id int PRIMARY KEY, who text); INSERT INTO pay SELECT generate_series(1, 50);
             GRANT SELECT, UPDATE ON pay TO \"Pay; Roll\"; GRANT SELECT ON pay TO runner;
             DO $$ BEGIN EXECUTE format('GRANT ALL ON DATABASE %I TO runner', current_database()); END $$",
        )
        .await;
    let url = database.url_of("runner");
    let run = async |job: &str| {
        project.write(
            "fill.toml",
            &format!("[job]\ntable = \"pay\"\nset = {{ who = \"current_user\" }}\n{job}\n"),
        );
        project.spawn_with(&[("DATABASE_URL", &url)], &["run", "fill"]).outcome().await
    };
    run("").await.ended_with(2).says("may not");
    run("role = \"postgres\"")
        .await
        .ended_with(2)
        .says("the role `postgres` can't be taken")
        .says("GRANT postgres TO runner");
    run("role = \"nobody\"").await.ended_with(2).says("the role `nobody` can't be taken");
    run("role = '\"Pay; Roll\"'")
        .await
        .ended_with(1)
        .says("lacks rights on the control schema")
        .says("GRANT SELECT, UPDATE ON longhaul.range");
    // A batch writes its books in the same statement.
    project
        .spawn_with(&[("DATABASE_URL", &url)], &["set", "--database", "rows_per_second=off"])
        .outcome()
        .await
        .succeeded();
    database
        .execute(
            "GRANT USAGE ON SCHEMA longhaul TO \"Pay; Roll\";
             GRANT SELECT, UPDATE ON longhaul.range TO \"Pay; Roll\"; GRANT SELECT, INSERT ON longhaul.batch TO \"Pay; Roll\";
             GRANT SELECT ON longhaul.quarantine TO \"Pay; Roll\";
             GRANT SELECT, INSERT, UPDATE, DELETE ON longhaul.preimage TO \"Pay; Roll\"",
        )
        .await;
    run("role = '\"Pay; Roll\"'").await.succeeded();
    let who: i64 = database.value("SELECT count(*) FROM pay WHERE who = 'Pay; Roll'").await;
    assert_eq!(who, 50);
}
