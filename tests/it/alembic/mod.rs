//! Taking over from Alembic. `versions/` and the two prints are as Alembic 1.20.1 made them, with the statements in
//! `upgrade` and `downgrade` filled in; nothing here runs it.

use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{Database, Project};

/// A project with Alembic's files beside an empty `jobs/`.
async fn project() -> (Project, PathBuf) {
    let project = Project::new(Database::empty().await);
    let root = project.jobs().parent().unwrap().to_owned();
    let versions = root.join("versions");
    copy(Path::new("tests/it/alembic/versions"), &versions);
    copy(Path::new("tests/it/alembic"), &root);
    (project, versions)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in
        std::fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
    {
        std::fs::copy(&entry, to.join(entry.file_name().unwrap())).unwrap();
    }
}

const IMPORT: &[&str] =
    &["import", "alembic", "versions", "--upgrade-sql", "upgrade.sql", "--downgrade-sql", "downgrade.sql"];

fn read(project: &Project, file: &str) -> String {
    std::fs::read_to_string(project.jobs().join(file)).unwrap()
}

fn files(project: &Project) -> usize {
    std::fs::read_dir(project.jobs()).unwrap().count()
}

#[tokio::test]
async fn each_of_alembics_revisions_becomes_a_file_with_its_statements() {
    let (project, _) = project().await;
    let imported = project.longhaul(IMPORT).await.succeeded().says("6 revisions in jobs now").stdout;
    assert_snapshot!(imported, @r"
    jobs/20261121_100000000001_net_one.sql
    jobs/20261121_1975ea83b712_create_account.sql
    jobs/20261121_27c6a30d7c24_it_s_invoices.sql
    jobs/20261121_3cd0a1b2e5f6_index_invoices_concurrently.sql
    jobs/20261121_9f0e1d2c3b4a_merge_billing.sql
    jobs/20261121_ae1027a6acf0_add_email.sql
    ");
    assert_snapshot!(read(&project, "20261121_ae1027a6acf0_add_email.sql"), @r"
    -- revision: ae1027a6acf0
    -- revises: 1975ea83b712
    -- message: add email
    -- from Alembic's ae1027a6acf0_add_email.py

    -- migrate:up
    ALTER TABLE account ADD COLUMN email TEXT;

    UPDATE account SET email = name || '@example.com; -- Running upgrade  -> ffff';

    -- migrate:down
    ALTER TABLE account DROP COLUMN email;
    ");
    assert_snapshot!(read(&project, "20261121_3cd0a1b2e5f6_index_invoices_concurrently.sql"), @r"
    -- revision: 3cd0a1b2e5f6
    -- revises: 27c6a30d7c24
    -- message: index invoices concurrently
    -- from Alembic's 3cd0a1b2e5f6_index_invoices_concurrently.py

    -- migrate:up transaction:false
    -- Alembic left its transaction here: each statement is one of its own
    CREATE INDEX CONCURRENTLY ix_invoice_account ON invoice (account_id);

    -- migrate:down transaction:false
    -- Alembic left its transaction here: each statement is one of its own
    DROP INDEX CONCURRENTLY ix_invoice_account;
    ");
    assert_snapshot!(read(&project, "20261121_9f0e1d2c3b4a_merge_billing.sql"), @r"
    -- revision: 9f0e1d2c3b4a
    -- revises: 3cd0a1b2e5f6, ae1027a6acf0
    -- message: merge billing
    -- from Alembic's 9f0e1d2c3b4a_merge_billing.py

    -- migrate:up
    -- Alembic's does nothing

    -- migrate:down
    -- Alembic's does nothing
    ");
}

#[tokio::test]
async fn the_imported_history_has_alembics_graph_and_makes_its_tables() {
    let (project, _) = project().await;
    project.longhaul(IMPORT).await.succeeded();
    // What can't run in a transaction has tests of its own; here it may.
    let index = "20261121_3cd0a1b2e5f6_index_invoices_concurrently.sql";
    let plain = read(&project, index).replace(" transaction:false", "").replace(" CONCURRENTLY", "");
    project.write(index, &plain);
    assert_snapshot!(project.longhaul(&["history"]).await.succeeded().stdout, @r#"
    <base> (9f0e1d2c3b4a) -> 100000000001 (net) (head), net one
    3cd0a1b2e5f6, ae1027a6acf0 -> 9f0e1d2c3b4a (billing) (head) (mergepoint), merge billing
    1975ea83b712 -> ae1027a6acf0, add email
    27c6a30d7c24 -> 3cd0a1b2e5f6 (billing), index invoices concurrently
    1975ea83b712 -> 27c6a30d7c24 (billing), it's "invoices"
    <base> -> 1975ea83b712 (branchpoint), create account
    "#);
    project.longhaul(&["upgrade", "heads"]).await.succeeded();
    let made = "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class \
                WHERE relname IN ('account', 'invoice', 'net', 'ix_invoice_account')";
    assert_eq!(project.database.value::<String>(made).await, "account invoice ix_invoice_account net");
}

#[tokio::test]
async fn a_revision_without_its_sql_fails_on_a_new_database_and_a_merge_does_not() {
    let (project, _) = project().await;
    let arguments = ["import", "alembic", "versions", "--json"];
    let outcome = project.longhaul(&arguments).await.succeeded().says("5 of them have no SQL");
    let json: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let ups: Vec<&str> =
        json["imported"].as_array().unwrap().iter().map(|item| item["up"].as_str().unwrap()).collect();
    assert_eq!(ups, ["missing", "missing", "missing", "missing", "empty", "missing"]);
    assert!(!json["without_sql"].as_array().unwrap().contains(&"9f0e1d2c3b4a".into()), "it merges only");
    project
        .longhaul(&["upgrade", "heads"])
        .await
        .ended_with(1)
        .says("revision 1975ea83b712 was imported from Alembic without its SQL");
}

#[tokio::test]
async fn nothing_is_written_unless_everything_is_sound() {
    let (project, versions) = project().await;
    let root = versions.parent().unwrap();
    let import = async |expected: &str| {
        project.longhaul(IMPORT).await.ended_with(2).says(expected);
        assert_eq!(files(&project), 0, "{expected}");
    };
    let email = versions.join("ae1027a6acf0_add_email.py");
    let sound = std::fs::read_to_string(&email).unwrap();

    std::fs::write(&email, sound.replace("= '1975ea83b712'", "= f'{PARENT}'")).unwrap();
    import("versions/ae1027a6acf0_add_email.py:16:50: `down_revision` is computed").await;
    std::fs::write(&email, sound.replace("= '1975ea83b712'", "= '1975ea83b713'")).unwrap();
    import("the most similar id is `1975ea83b712`").await;
    std::fs::write(&email, &sound).unwrap();

    let print = root.join("upgrade.sql");
    let text = std::fs::read_to_string(&print).unwrap();
    std::fs::write(&print, text.replace("-> ae1027a6acf0", "-> ae1027a6acf1")).unwrap();
    import("upgrade.sql:18: no revision file has the id ae1027a6acf1").await;
    std::fs::copy(root.join("downgrade.sql"), &print).unwrap();
    import("hint: it must be what `alembic upgrade base:heads --sql` prints").await;
}

#[tokio::test]
async fn no_file_is_written_over() {
    let (project, _) = project().await;
    let own = "-- revision: aaaa1111\n\n-- migrate:up\nSELECT 1;\n";
    project.write("20261121_9f0e1d2c3b4a_merge_billing.sql", own);
    let said = "jobs/20261121_9f0e1d2c3b4a_merge_billing.sql is there already";
    project.longhaul(IMPORT).await.ended_with(2).says(said);
    assert_eq!(files(&project), 1);
    assert_eq!(read(&project, "20261121_9f0e1d2c3b4a_merge_billing.sql"), own);

    let elsewhere = ["import", "alembic", "versions", "--into", "elsewhere"];
    project.longhaul(&elsewhere).await.succeeded();
    project.longhaul(&elsewhere).await.ended_with(2).says("revision `100000000001` is defined twice");
}
