//! Sections with `transaction:false`: what is done is remembered, what is half done is found out, and nothing is done twice.

use super::gate::{Gate, entries, ledger, terminate, until, waiting_at_the_gate};
use crate::support::{Database, Project};

/// A revision that does this statement by statement.
fn revision(up: &str) -> String {
    format!("-- revision: aaaa1111\n-- migrate:up transaction:false\n{up}\n")
}

async fn is_recorded(project: &Project) -> bool {
    project.database.value("SELECT EXISTS (SELECT FROM longhaul.revision WHERE id = 'aaaa1111')").await
}

#[tokio::test]
async fn a_mended_section_goes_on_behind_the_statements_that_are_done() {
    let project = ledger().await;
    let [one, wrong, two, three] = [
        "INSERT INTO ledger VALUES ('one');",
        "INSERT INTO legder VALUES ('two');",
        "INSERT INTO ledger VALUES ('two');",
        "INSERT INTO ledger VALUES ('three');",
    ];
    project
        .write("1.sql", &revision(&format!("{one}\n{wrong}\n{three}\n-- migrate:down\nDELETE FROM ledger;")));
    project
        .longhaul(&["upgrade"])
        .await
        .ended_with(1)
        .says("revision aaaa1111 failed, after one statement that stays done")
        .says("relation \"legder\" does not exist");
    assert_eq!(entries(&project.database).await, "one");
    project
        .longhaul(&["downgrade", "base"])
        .await
        .ended_with(1)
        .says("revision aaaa1111 is half applied: 1 of its statements are done")
        .says("hint: `longhaul upgrade aaaa1111` goes on with it; `longhaul stamp` records what you did by hand");

    project.write("1.sql", &revision(&format!("{three}\n{two}")));
    project
        .longhaul(&["upgrade"])
        .await
        .ended_with(1)
        .says("1.sql: statement 1 of revision aaaa1111 is done, and says something else now");
    project.write("1.sql", &revision(&format!("INSERT  INTO ledger\n  VALUES ('one');\n{two}\n{three}")));
    project.longhaul(&["upgrade"]).await.succeeded();
    assert_eq!(entries(&project.database).await, "one three two");
}

#[tokio::test]
async fn what_is_half_undone_is_undone_to_its_end_before_anything_is_applied() {
    let project = ledger().await;
    let up = "INSERT INTO ledger VALUES ('one'); INSERT INTO ledger VALUES ('two');";
    let down = |last: &str| {
        revision(&format!(
            "{up}\n-- migrate:down transaction:false\nDELETE FROM ledger WHERE entry = 'two';\nDELETE FROM {last};"
        ))
    };
    project.write("1.sql", &down("legder")).longhaul(&["upgrade"]).await.succeeded();
    project
        .longhaul(&["downgrade", "base"])
        .await
        .ended_with(1)
        .says("the undoing of revision aaaa1111 failed, after one statement");
    assert!(!is_recorded(&project).await, "what is half gone can't be built on");
    project
        .longhaul(&["upgrade"])
        .await
        .ended_with(1)
        .says("revision aaaa1111 is half undone: 1 of its statements are done")
        .says("hint: `longhaul downgrade` to before it goes on with it");
    project.write("1.sql", &down("ledger"));
    project.longhaul(&["downgrade", "base"]).await.succeeded();
    assert_eq!(entries(&project.database).await, "");
    project.longhaul(&["upgrade"]).await.succeeded();
    assert_eq!(entries(&project.database).await, "one two");
}

/// Whether the index is there, and valid.
async fn validity(project: &Project, index: &str) -> Option<bool> {
    project
        .database
        .value(&format!("SELECT (SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('{index}'))"))
        .await
}

#[tokio::test]
async fn an_index_that_failed_is_built_again_and_one_of_the_same_name_elsewhere_is_left() {
    let project = ledger().await;
    let database = &project.database;
    database
        .execute(
            "CREATE SCHEMA \"pay roll\"; CREATE TABLE \"pay roll\".\"Run\"\"s\" (id int);
             INSERT INTO \"pay roll\".\"Run\"\"s\" VALUES (1), (1); INSERT INTO ledger VALUES ('twice'), ('twice')",
        )
        .await;
    let elsewhere = database.connect().await;
    elsewhere
        .batch_execute("CREATE UNIQUE INDEX CONCURRENTLY \"Id\"\"s\" ON ledger (entry)")
        .await
        .unwrap_err();
    project.write(
        "1.sql",
        &revision("CREATE UNIQUE INDEX CONCURRENTLY \"Id\"\"s\" ON \"pay roll\".\"Run\"\"s\" (id);"),
    );
    for _ in 0..2 {
        project.longhaul(&["upgrade"]).await.ended_with(1).says("could not create unique index \"Id\"s\"");
        assert_eq!(validity(&project, "\"pay roll\".\"Id\"\"s\"").await, Some(false));
    }
    database.execute("DELETE FROM \"pay roll\".\"Run\"\"s\" WHERE ctid = '(0,1)'").await;
    project
        .longhaul(&["upgrade"])
        .await
        .succeeded()
        .says("the index \"pay roll\".\"Id\"\"s\" is left from an attempt that failed; dropping it");
    assert_eq!(validity(&project, "\"pay roll\".\"Id\"\"s\"").await, Some(true));
    assert_eq!(validity(&project, "\"Id\"\"s\"").await, Some(false), "it is not ours");
    let indexes: i64 = database
        .value("SELECT count(*) FROM pg_index WHERE indrelid = '\"pay roll\".\"Run\"\"s\"'::regclass")
        .await;
    assert_eq!(indexes, 1);
}

/// Kills the process while its statement waits in the server for another transaction, and starts it again beside the
/// statement that goes on.
async fn killed_while_it_goes_on(statement: &str, waiting: &str) -> Project {
    let project = ledger().await;
    project.database.execute("CREATE INDEX old ON ledger (entry)").await;
    project.write("1.sql", &revision(&format!("{statement};\nINSERT INTO ledger VALUES ('behind');")));
    let writer = project.database.connect().await;
    writer.batch_execute("BEGIN; INSERT INTO ledger VALUES ('writer')").await.unwrap();
    let killed = project.spawn(&["upgrade"]);
    until(&project.database, waiting).await;
    killed.kill().await;
    let mut next = project.spawn(&["upgrade"]);
    next.hear("revision aaaa1111: the statement is still being run by session").await;
    writer.batch_execute("COMMIT").await.unwrap();
    next.outcome().await.succeeded();
    assert_eq!(entries(&project.database).await, "behind writer");
    project
}

#[tokio::test]
async fn an_index_that_the_server_goes_on_building_for_a_dead_process_is_waited_for() {
    let building = "EXISTS (SELECT FROM pg_stat_progress_create_index WHERE datname = current_database() AND phase LIKE 'waiting for %')";
    let project =
        killed_while_it_goes_on("CREATE INDEX CONCURRENTLY IF NOT EXISTS new ON ledger (entry)", building)
            .await;
    assert_eq!(validity(&project, "new").await, Some(true));
}

#[tokio::test]
async fn an_index_that_the_server_goes_on_dropping_for_a_dead_process_is_waited_for() {
    let dropping = "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%DROP INDEX CONCURRENTLY old%' AND wait_event_type = 'Lock')";
    let project = killed_while_it_goes_on("DROP INDEX CONCURRENTLY old", dropping).await;
    assert_eq!(validity(&project, "old").await, None);
}

/// A procedure that commits, waits at the gate, and goes on.
const PROCEDURE: &str = "CREATE PROCEDURE close_month() LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO ledger VALUES ('closed'); COMMIT; PERFORM pg_advisory_xact_lock_shared(1);
    IF NOT EXISTS (SELECT FROM ledger WHERE entry = 'open') THEN RAISE 'no month is open'; END IF; END $$;";

#[tokio::test]
async fn a_procedure_that_commits_and_is_cut_short_is_left_to_a_person() {
    for (answer, rows) in [("done", "closed open"), ("again", "closed closed open")] {
        let project = ledger().await;
        project.database.execute(&format!("INSERT INTO ledger VALUES ('open'); {PROCEDURE}")).await;
        project.write("1.sql", &revision("CALL close_month();"));
        let gate = Gate::close(&project.database).await;
        let killed = project.spawn(&["upgrade"]);
        until(&project.database, "count(*) = 2 FROM ledger").await;
        waiting_at_the_gate(&project.database, 1).await;
        killed.kill().await;
        let mut next = project.spawn(&["upgrade"]);
        next.hear("the statement is still being run by session").await;
        terminate(&project.database, "longhaul upgrade").await;
        // That was its own session too.
        next.outcome()
            .await
            .ended_with(1)
            .says("this was begun and didn't come to its end")
            .says("CALL close_month()")
            .says(
                "hint: look whether it is done, then run this again with --in-doubt done or --in-doubt again",
            );
        gate.open().await;
        project.write("1.sql", &revision("CALL close_year();"));
        project
            .longhaul(&["upgrade"])
            .await
            .ended_with(1)
            .says("statement 1 of revision aaaa1111 was begun, and says something else now");
        project.write("1.sql", &revision("CALL close_month();"));
        project.longhaul(&["upgrade", "--in-doubt", answer]).await.succeeded();
        assert_eq!(entries(&project.database).await, rows);
    }
}

#[tokio::test]
async fn a_procedure_that_fails_after_a_commit_of_its_own_is_not_repeated_unasked() {
    let project = ledger().await;
    project.database.execute(PROCEDURE).await;
    project.write("1.sql", &revision("CALL close_month();"));
    project
        .longhaul(&["upgrade"])
        .await
        .ended_with(1)
        .says("didn't come to its end")
        .says("no month is open");
    project.longhaul(&["upgrade"]).await.ended_with(1).says("didn't come to its end");
    assert_eq!(entries(&project.database).await, "closed");
    project.database.execute("INSERT INTO ledger VALUES ('open')").await;
    project.longhaul(&["upgrade", "--in-doubt", "again"]).await.succeeded();
    assert_eq!(entries(&project.database).await, "closed closed open");
}

#[tokio::test]
async fn statements_see_what_those_before_them_committed_and_set() {
    let project = ledger().await;
    project.database.execute("CREATE SCHEMA audit; CREATE TYPE kind AS ENUM ('a')").await;
    project.write(
        "1.sql",
        &revision(
            "SET search_path = audit, public;\nVACUUM ledger;\nCREATE TABLE entry (kind kind);\n\
             ALTER TYPE kind ADD VALUE 'b';\nINSERT INTO entry VALUES ('b');\n\
             CREATE INDEX CONCURRENTLY entry_kind ON entry (kind);\nINSERT INTO leger VALUES ('last');",
        ),
    );
    project.longhaul(&["upgrade"]).await.ended_with(1).says("relation \"leger\" does not exist");
    let text = std::fs::read_to_string(project.jobs().join("1.sql")).unwrap().replace("leger", "entry");
    project.write("1.sql", &text.replace("'last'", "'a'")).longhaul(&["upgrade"]).await.succeeded();
    assert_eq!(project.database.value::<i64>("SELECT count(*) FROM audit.entry").await, 2);
    assert_eq!(validity(&project, "audit.entry_kind").await, Some(true));
}

#[tokio::test]
async fn a_section_that_does_not_verify_is_verified_again_and_not_repeated() {
    let project = ledger().await;
    project.write(
        "1.sql",
        &revision("INSERT INTO ledger VALUES ('one');\n-- migrate:verify\nSELECT EXISTS (SELECT FROM ledger WHERE entry = 'two');"),
    );
    project
        .longhaul(&["upgrade"])
        .await
        .ended_with(3)
        .says("query 1 returned false, not true; its statements stay done");
    assert!(!is_recorded(&project).await);
    project.database.execute("INSERT INTO ledger VALUES ('two')").await;
    project.longhaul(&["upgrade"]).await.succeeded();
    assert_eq!(entries(&project.database).await, "one two");
}

#[tokio::test]
async fn what_is_half_done_statement_by_statement_is_not_done_again_in_one_transaction() {
    let project = Project::new(Database::empty().await);
    project.database.execute("CREATE TABLE pay (amount int); INSERT INTO pay VALUES (100)").await;
    let up = "UPDATE pay SET amount = amount * 2;\nSELECT 1/0;\n";
    let file = |mark: &str| {
        format!("-- revision: aaaa1111\n-- migrate:up{mark}\n{up}-- migrate:down\nSELECT 1;\n")
            .replace("1/0", "1")
    };
    project.write(
        "1_a.sql",
        &file(" transaction:false").replace("SELECT 1;\n-- migrate:down", "SELECT 1/0;\n-- migrate:down"),
    );
    project.longhaul(&["upgrade"]).await.ended_with(1).says("after one statement that stays done");
    project.write("1_a.sql", &file(""));
    project.longhaul(&["upgrade"]).await.ended_with(1).says("is done by itself");
    let script = project.longhaul(&["upgrade", "--sql"]).await.succeeded().stdout;
    let refused = project.database.client.batch_execute(&script).await.unwrap_err();
    assert_eq!(refused.as_db_error().unwrap().message(), "revision aaaa1111 is half done");
    project.database.execute("ROLLBACK").await;
    assert_eq!(project.database.value::<i32>("SELECT amount FROM pay").await, 200);
    // The rest is done by hand, and that is said.
    project.longhaul(&["stamp", "aaaa"]).await.succeeded().says("aaaa1111 is not half done any more");
    project.longhaul(&["check"]).await.succeeded();
    project.longhaul(&["downgrade", "-1"]).await.succeeded();
}
