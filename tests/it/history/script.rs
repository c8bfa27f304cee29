//! `upgrade --sql` and `downgrade --sql`: a script does what the command does, and guards itself.

use longhaul::pg::Inventory;

use super::{INVOICE, revision};
use crate::support::{Database, Project};

/// Odd names, quotes of all kinds, a condition that holds and one that doesn't, a verify.
async fn odd() -> Project {
    let project = Project::new(Database::empty().await);
    project.write("1_a.sql", INVOICE);
    let odd = "CREATE TABLE \"Odd \"\"t\" (a text DEFAULT E'it''s \\\\ $longhaul$');\n\
               DO $$ BEGIN PERFORM 1; END $$; -- no ; end\nINSERT INTO \"Odd \"\"t\" VALUES ('é;--')";
    let text = revision("bbbb2222", "aaaa1111", odd, "DROP TABLE \"Odd \"\"t\";");
    let text = text.replace("about bbbb2222", "it's \\ \"quoted\" $longhaul$ é");
    project.write(
        "2_b.sql",
        &(text + "-- migrate:verify\nSELECT count(*) = 1 FROM \"Odd \"\"t\";\nSELECT true;\n"),
    );
    let when = |id: &str, revises: &str, condition: &str| {
        let text =
            revision(id, revises, &format!("CREATE TABLE {id} (x int);"), &format!("DROP TABLE {id};"));
        format!("{text}-- migrate:when\nSELECT {condition};\n")
    };
    project.write("3_c.sql", &when("cccc3333", "bbbb2222", "EXISTS (SELECT FROM invoice)"));
    project.write("4_d.sql", &when("dddd4444", "cccc3333", "to_regclass('cccc3333') IS NULL"));
    project
}

async fn print(project: &Project, arguments: &[&str]) -> String {
    project.longhaul(arguments).await.succeeded().stdout
}

/// What is recorded, without when and by whom.
const RECORDED: &str =
    "SELECT string_agg(concat_ws('|', id, kind, message, checksum, content, origin), E'\\n' ORDER BY id)
    FROM longhaul.revision";

#[tokio::test]
async fn a_script_leads_where_the_upgrade_leads() {
    let (mut by_script, mut by_upgrade) = (odd().await, odd().await);
    let script = print(&by_script, &["upgrade", "--sql", "--tag", "it's"]).await;
    assert!(
        by_script.database.value::<bool>("SELECT to_regclass('invoice') IS NULL").await,
        "it only prints"
    );
    by_script.database.execute(&script).await;
    by_upgrade.longhaul(&["upgrade", "--tag", "it's"]).await.succeeded();
    let records = by_script.database.value::<String>(RECORDED).await;
    assert_eq!(records, by_upgrade.database.value::<String>(RECORDED).await);
    assert!(records.contains("|skipped") && records.contains("|applied"), "{records}");
    let left = Inventory::take(&mut by_script.database.client, &[]).await.unwrap();
    let right = Inventory::take(&mut by_upgrade.database.client, &[]).await.unwrap();
    assert_eq!(left.difference(&right), []);
    by_script.longhaul(&["check"]).await.succeeded();

    // Once more it stops at its first guard.
    let again = by_script.database.client.batch_execute(&script[script.find("-- revision").unwrap()..]).await;
    assert_eq!(again.unwrap_err().as_db_error().unwrap().message(), "revision aaaa1111 is applied already");
    by_script.database.execute("ROLLBACK").await;
    let down = print(&by_script, &["downgrade", "base", "--sql"]).await;
    by_script.database.execute(&down).await;
    assert!(by_script.database.value::<bool>("SELECT to_regclass('invoice') IS NULL").await);
    assert_eq!(by_script.database.value::<i64>("SELECT count(*) FROM longhaul.revision").await, 0);
}

#[tokio::test]
async fn a_script_that_comes_too_early_or_does_not_verify_changes_nothing() {
    let project = Project::new(Database::empty().await);
    project.write("1_a.sql", INVOICE);
    let text = revision("bbbb2222", "aaaa1111", "CREATE TABLE b (id int);", "DROP TABLE b;");
    project.write("2_b.sql", &(text + "-- migrate:verify\nSELECT count(*) > 0 FROM b;\n"));
    let late = print(&project, &["upgrade", "aaaa:bbbb", "--sql"]).await;
    project.longhaul(&["upgrade", "--sql"]).await.succeeded();
    project.database.execute(&print(&project, &["upgrade", "base:aaaa", "--sql"]).await).await;
    project.database.execute("DELETE FROM longhaul.revision").await;
    let early = project.database.client.batch_execute(&late).await.unwrap_err();
    assert_eq!(
        early.as_db_error().unwrap().message(),
        "revision bbbb2222 follows aaaa1111, which is not applied"
    );
    project.database.execute("ROLLBACK; DROP TABLE invoice").await;
    project.longhaul(&["upgrade", "aaaa"]).await.succeeded();
    let unverified = project.database.client.batch_execute(&late).await.unwrap_err();
    assert_eq!(unverified.as_db_error().unwrap().message(), "revision bbbb2222 didn't verify: query 1");
    project.database.execute("ROLLBACK").await;
    assert!(project.database.value::<bool>("SELECT to_regclass('b') IS NULL").await);
}

#[tokio::test]
async fn a_data_revision_is_told_and_what_follows_it_waits() {
    let project = Project::example(Database::empty().await);
    let script = print(&project, &["upgrade", "--sql"]).await;
    assert!(script.contains("-- data revision 5c1d7e88a0f4: backfill gross_amount from gross_pay"));
    assert!(script.contains("--   set.gross_amount = gross_pay"));
    let stopped = project.database.client.batch_execute(&script).await.unwrap_err();
    assert_eq!(
        stopped.as_db_error().unwrap().message(),
        "revision c47be2d90a16 follows 5c1d7e88a0f4, which is not applied"
    );
    project.database.execute("ROLLBACK").await;
    project.longhaul(&["upgrade"]).await.succeeded();
}

#[tokio::test]
async fn nothing_is_printed_unless_all_of_it_can_be() {
    let project = Project::new(Database::empty().await);
    project.write("1_a.sql", INVOICE);
    project.write("2_b.sql", &revision("bbbb2222", "aaaa1111", "SELECT 1;", ""));
    project.write("3_c.sql", &revision("cccc3333", "aaaa1111", "SELECT 1;", ""));
    for arguments in [
        &["upgrade", "--sql"] as &[&str],
        &["upgrade", "nosuch1", "--sql"],
        &["downgrade", "bbbb:base", "--sql"],
        &["downgrade", "-1", "--sql"],
    ] {
        let outcome = project.longhaul(arguments).await.ended_with(2);
        assert_eq!(outcome.stdout, "", "{arguments:?}");
    }
}

#[tokio::test]
async fn what_one_revision_sets_is_not_for_the_next_one_of_a_script() {
    let project = Project::new(Database::empty().await);
    project.database.execute("CREATE SCHEMA aside").await;
    project.write(
        "1_a.sql",
        &revision("aaaa1111", "", "SET search_path = aside;\nCREATE TABLE a (id int);", "SELECT 1;"),
    );
    project.write("2_b.sql", &revision("bbbb2222", "aaaa1111", "CREATE TABLE b (id int);", "DROP TABLE b;"));
    project.database.execute(&print(&project, &["upgrade", "--sql"]).await).await;
    let places = "SELECT to_regclass('aside.a') IS NOT NULL AND to_regclass('public.b') IS NOT NULL";
    assert!(project.database.value::<bool>(places).await);
}

#[tokio::test]
async fn a_condition_outside_a_transaction_is_no_matter_for_a_script() {
    let project = Project::new(Database::empty().await);
    let text =
        "-- revision: aaaa1111\n-- migrate:when\nSELECT false;\n-- migrate:up transaction:false\nVACUUM;\n";
    project.write("1_a.sql", text);
    let refused = project.longhaul(&["upgrade", "--sql"]).await.ended_with(2);
    assert_eq!(refused.stdout, "");
    refused.says("revision aaaa1111 has a condition and runs outside a transaction: no script can do that");
    project.longhaul(&["upgrade"]).await.succeeded().says("passed over aaaa1111");
}
