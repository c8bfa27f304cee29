//! `doctor`: a server that is well, one that isn't, and none.

use crate::support::{Database, Items, JobKind, Mode, Pooler, Primary, Project};

#[tokio::test]
async fn a_server_as_it_is_delivered_works_and_its_notes_say_what_to_do() {
    let project = Project::new(Database::empty().await);
    let outcome = project.longhaul(&["doctor"]).await.succeeded();
    for says in [
        "connection     ok",
        "version        ok    PostgreSQL ",
        "there is no schema longhaul yet",
        "clocks         ok",
    ] {
        assert!(outcome.stdout.contains(says), "`{says}` is not in:\n{}", outcome.stdout);
    }
    assert!(!outcome.stdout.contains("BAD"), "{}", outcome.stdout);
    let made: bool = project.database.value("SELECT to_regnamespace('longhaul') IS NOT NULL").await;
    assert!(!made, "it wrote something");
    let json = project.longhaul(&["doctor", "--json"]).await.succeeded().stdout;
    let told: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(told["ok"], true);
    assert!(told["findings"].as_array().unwrap().iter().all(|finding| finding["level"] != "bad"), "{json}");
}

#[tokio::test]
async fn what_will_not_work_is_found_and_ends_with_3() {
    let primary = Primary::start(&[
        ("archive_mode", "on"),
        ("archive_command", "false"),
        ("max_connections", "12"),
        ("max_prepared_transactions", "2"),
    ])
    .await;
    let database = primary.database().await;
    database
        .execute(
            "CREATE TABLE t (id int);
             CREATE ROLE plain LOGIN;
             SELECT pg_create_physical_replication_slot('forgotten', true)",
        )
        .await;
    database.execute("CREATE TABLE t2 (); DROP TABLE t2").await;
    database.execute("SELECT pg_switch_wal()").await;
    database.until("(SELECT failed_count > 0 FROM pg_stat_archiver)").await;
    database
        .client
        .batch_execute("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'left'")
        .await
        .unwrap();
    database.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'").await;
    database.execute("SELECT pg_reload_conf()").await;
    database.until("current_setting('synchronous_standby_names') = 'nobody'").await;
    let others = [database.connect().await, database.connect().await, database.connect().await];
    let project = Project::new(database);
    let found = project.longhaul(&["doctor"]).await.ended_with(3).stdout;
    for says in [
        "archive        BAD   archiving WAL fails, last at ",
        "connections    BAD   ",
        "prepared       BAD   prepared transactions keep their locks and every dead row: 'left' of ",
        "standbys       BAD   a COMMIT waits for a synchronous standby, and none streams",
        "slots          note  nobody reads from forgotten",
    ] {
        assert!(found.contains(says), "`{says}` is not in:\n{found}");
    }
    drop(others);
    project.database.execute("SET synchronous_commit = off").await;
    project.database.execute("ROLLBACK PREPARED 'left'").await;
}

#[tokio::test]
async fn a_role_without_rights_is_told_which_to_get() {
    let database = Database::empty().await;
    let role = format!("plain_{}", database.value::<String>("SELECT current_database()::text").await);
    database.execute(&format!("CREATE ROLE {role} LOGIN PASSWORD 'secret'")).await;
    let place = database.url.rsplit_once('@').unwrap().1.to_owned();
    let url = format!("postgresql://{role}:secret@{place}");
    let project = Project::new(database);
    let found = project.longhaul(&["doctor", "--database-url", &url]).await.ended_with(3).stdout;
    for says in [
        "may not make the control schema longhaul".to_owned(),
        format!("-> GRANT CREATE ON DATABASE {} TO {role}", place.rsplit_once('/').unwrap().1),
        format!("-> GRANT pg_monitor TO {role}"),
    ] {
        assert!(found.contains(&says), "`{says}` is not in:\n{found}");
    }
    project.database.execute(&format!("DROP ROLE {role}")).await;
}

#[tokio::test]
async fn where_there_is_no_connection_that_is_any_good_that_is_the_finding() {
    let items = Items::new(10, JobKind::Counting).await;
    let nobody = "postgresql://me@127.0.0.1:1/nowhere";
    let found = items.project.longhaul(&["doctor", "--database-url", nobody]).await.ended_with(3).stdout;
    assert!(found.contains("connection     BAD   can't connect to nowhere on 127.0.0.1:1"), "{found}");
    let Some(pooler) = Pooler::before(items.database(), Mode::Transaction, "").await else { return };
    let found = items.project.longhaul(&["doctor", "--database-url", &pooler.url]).await.ended_with(3).stdout;
    assert!(found.contains("pooler         BAD   "), "{found}");
    assert!(
        found.contains("settings, prepared statements and locks would go to others' sessions"),
        "{found}"
    );
    pooler.stop().await;
}
