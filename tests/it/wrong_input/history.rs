//! Jobs and revisions that are not there, are there twice, or follow each other wrongly; revisions that fail.

use insta::assert_snapshot;
use serde_json::Value;

use super::{entries, said, untouched};
use crate::support::{Database, Project};

/// What the program says about these arguments; it must refuse them and write nothing.
async fn refused(project: &Project, arguments: &[&str]) -> String {
    let outcome = project.longhaul(arguments).await.ended_with(2);
    assert!(untouched(&project.database).await, "the control schema was made:\n{}", outcome.stderr);
    said(project, &outcome)
}

fn revision(id: &str, revises: &str, up: &str) -> String {
    format!("-- revision: {id}\n-- revises: {revises}\n\n-- migrate:up\n{up}\n")
}

async fn upgrade_refused(files: &[(&str, &str)]) -> String {
    let project = Project::new(Database::empty().await);
    for (name, text) in files {
        project.write(name, text);
    }
    refused(&project, &["upgrade"]).await
}

#[tokio::test]
async fn a_job_that_is_not_there_names_the_nearest() {
    let project = entries().await;
    assert_snapshot!(refused(&project, &["run", "backfill"]).await, @"
    error: there is no job `backfill` in jobs
    hint: the directory holds no jobs (.toml files); --dir names another
    ");
    let job = "[job]\ntable = \"payroll.entries\"\nset = { gross_amount = \"gross_pay\" }\n";
    project.write("fill_gross_amount.toml", job);
    project.write("20260301_5c1d7e88a0f4_fill_currency.toml", &format!("revision = \"5c1d7e88a0f4\"\n{job}"));
    assert_snapshot!(refused(&project, &["run", "fill_gross_amonut"]).await, @"
    error: there is no job `fill_gross_amonut` in jobs
    hint: did you mean `fill_gross_amount`?
    ");
    assert_snapshot!(refused(&project, &["run", "backfill"]).await, @"
    error: there is no job `backfill` in jobs
    hint: the jobs are fill_currency, fill_gross_amount
    ");
    assert_snapshot!(refused(&project, &["run", "5c1f"]).await, @"
    error: there is no job `5c1f` in jobs
    hint: the jobs are fill_currency, fill_gross_amount
    ");
    let of_a_revision = format!("revision = \"77aa77aa77aa\"\nrevises = \"5c1d7e88a0f4\"\n{job}");
    project.write("20260302_77aa77aa77aa_fill_gross_amount.toml", &of_a_revision);
    assert_snapshot!(refused(&project, &["run", "fill_gross_amount"]).await, @"
    error: `fill_gross_amount` could be any of several jobs: jobs/20260302_77aa77aa77aa_fill_gross_amount.toml, jobs/fill_gross_amount.toml
    hint: give the file's path, or more of the revision id
    ");
    project.write("20260303_fill_gross_amount.toml", job);
    assert_snapshot!(refused(&project, &["run", "fill_gross_amount"]).await, @"
    error: the job `fill_gross_amount` is there twice: jobs/20260303_fill_gross_amount.toml and jobs/fill_gross_amount.toml
    hint: a job outside the history is known by its name: rename one
    ");
    std::fs::remove_file(project.jobs().join("20260303_fill_gross_amount.toml")).unwrap();
    assert_snapshot!(refused(&project, &["run", "fill_currency", "--dir", "job"]).await, @"
    error: can't read job
      because: No such file or directory (os error 2)
    hint: --dir names the directory of revisions and jobs
    ");
}

#[tokio::test]
async fn files_that_make_no_history_are_named() {
    let up = "SELECT 1;";
    let (a, b) = (revision("aaaa1111", "", up), revision("bbbb2222", "aaaa1111", up));
    assert_snapshot!(upgrade_refused(&[("1_a.sql", &a), ("2_b.sql", &b), ("3_copy_of_a.sql", &a)]).await, @"
    error: the revisions in jobs don't make a history
      because: revision `aaaa1111` is defined twice: in jobs/1_a.sql and in jobs/3_copy_of_a.sql
    hint: take one of the files away, or give it an id of its own
    ");
    let orphan = revision("cccc3333", "aaaa1112", up);
    assert_snapshot!(upgrade_refused(&[("1_a.sql", &a), ("3_c.sql", &orphan)]).await, @"
    error: the revisions in jobs don't make a history
      because: jobs/3_c.sql: revision `cccc3333` revises `aaaa1112`, which no file defines; the most similar id is `aaaa1111`
    hint: mend the id, or bring the missing file back: is the checkout complete?
    ");
    let (a, own) = (revision("aaaa1111", "bbbb2222", up), revision("cccc3333", "cccc3333", up));
    assert_snapshot!(upgrade_refused(&[("1_a.sql", &a), ("2_b.sql", &b)]).await, @"
    error: the revisions in jobs don't make a history
      because: revisions follow each other in a circle: `aaaa1111` (jobs/1_a.sql) follows `bbbb2222` (jobs/2_b.sql) follows `aaaa1111`
    hint: one of them must name another revision as the one before it
    ");
    assert_snapshot!(upgrade_refused(&[("3_c.sql", &own)]).await, @"
    error: the revisions in jobs don't make a history
      because: jobs/3_c.sql: revision `cccc3333` revises itself
    hint: name the revision that comes before it
    ");
    let odd = revision("aa aa/1", "", up);
    assert_snapshot!(upgrade_refused(&[("1_a.sql", &odd)]).await, @"
    error: the revisions in jobs don't make a history
      because: jobs/1_a.sql: the revision id `aa aa/1` holds ' '; allowed are letters, digits, `_`, `.` and `-`
    ");
}

#[tokio::test]
async fn a_target_that_is_no_revision_names_the_nearest() {
    let project = Project::new(Database::empty().await);
    project.write("1_a.sql", &revision("aaaa1111", "", "SELECT 1;"));
    project.write("2_b.sql", &revision("bbbb2222", "aaaa1111", "SELECT 1;"));
    project.write("3_c.sql", &revision("bbbb3333", "aaaa1111", "SELECT 1;"));
    assert_snapshot!(refused(&project, &["upgrade"]).await, @"
    error: `head` is ambiguous: the heads are bbbb2222, bbbb3333
    hint: write `heads` for all of them, BRANCH@head or an id for one
    ");
    assert_snapshot!(refused(&project, &["upgrade", "bbbb"]).await, @"
    error: `bbbb` is the beginning of several revisions' ids: bbbb2222, bbbb3333
    hint: give more of the id
    ");
    assert_snapshot!(refused(&project, &["upgrade", "aaab1111"]).await, @"
    error: `aaab1111` is no revision; the most similar id is `aaaa1111`
    hint: `longhaul history` lists the revisions
    ");
    assert_snapshot!(refused(&project, &["upgrade", "a"]).await, @"
    error: `a` is no revision's id, and too short for the beginning of one: give 4 characters or more
    hint: `longhaul history` lists the revisions
    ");
}

#[tokio::test]
async fn a_revision_file_with_something_wrong_in_it_is_shown_at_the_line() {
    let up = "ALTER TABLE t ADD COLUMN c int;\n";
    assert_snapshot!(upgrade_refused(&[("1_a.sql", &format!("-- revision: aaaa\n{up}"))]).await, @"
    error: jobs/1_a.sql:2:1: SQL stands before the first section
       2 | ALTER TABLE t ADD COLUMN c int;
         | ^
    hint: put the statements below a line `-- migrate:up`
    ");
    assert_snapshot!(upgrade_refused(&[("1_a.sql", &format!("-- revision: aaaa\n-- migrate:upp\n{up}"))]).await, @"
    error: jobs/1_a.sql:2:1: unknown section `upp`
       2 | -- migrate:upp
         | ^
    hint: the sections are up, down, verify, when
    ");
    assert_snapshot!(upgrade_refused(&[("1_a.sql", &format!("-- revision: aaaa\n-- migrate:up\n{up}-- migrate:up\n"))]).await, @"
    error: jobs/1_a.sql:4:1: the section `up` is there twice
       4 | -- migrate:up
         | ^
    ");
    assert_snapshot!(upgrade_refused(&[("1_a.sql", &format!("-- revision: aaaa\n-- migrate:up\n{up}-- migrate:verify transaction:false\n"))]).await, @"
    error: jobs/1_a.sql:4:1: `verify` holds queries, which have no need of `transaction:false`
       4 | -- migrate:verify transaction:false
         | ^
    hint: take the option out
    ");
    assert_snapshot!(upgrade_refused(&[("1_a.sql", &format!("-- revision: aaaa\n-- revise: bbbb\n-- migrate:up\n{up}"))]).await, @"
    error: jobs/1_a.sql:2:1: unknown header `revise`
       2 | -- revise: bbbb
         | ^
    hint: did you mean `revises`?
    ");
    assert_snapshot!(upgrade_refused(&[("1_a.sql", "-- revision: aaaa\n-- migrate:down\nSELECT 1;\n")]).await, @"
    error: jobs/1_a.sql:1:1: the file has no section `up`
    hint: put a line `-- migrate:up` above its statements
    ");
    assert_snapshot!(upgrade_refused(&[("a.sql", &format!("-- migrate:up\n{up}"))]).await, @"
    error: jobs/a.sql:1:1: the file has no revision id
    hint: begin it with a line `-- revision: <id>`
    ");
    assert_snapshot!(upgrade_refused(&[("a.sql", &format!("-- revision:\n-- migrate:up\n{up}"))]).await, @"
    error: jobs/a.sql:1:1: the file has no revision id
    hint: begin it with a line `-- revision: <id>`
    ");
}

#[tokio::test]
async fn marks_without_a_blank_and_a_byte_order_mark_are_no_error() {
    let project = Project::new(Database::empty().await);
    project.write("a.sql", "\u{feff}--revision: aaaa\r\n--migrate:up\r\nCREATE TABLE pay (id int);\r\n");
    project.longhaul(&["upgrade"]).await.succeeded();
    assert!(project.database.value::<bool>("SELECT to_regclass('pay') IS NOT NULL").await);
}

#[tokio::test]
async fn a_data_revision_before_its_time_is_refused_and_leaves_nothing() {
    let project = Project::example(Database::empty().await);
    assert_snapshot!(refused(&project, &["run", "backfill_gross_amount"]).await, @"
    error: backfill_gross_amount (5c1d7e88a0f4) follows 90be11d4a6c3, 3f9a0c1b7d52, which must be applied first
    hint: longhaul upgrade 3f9a0c1b7d52
    ");
}

#[tokio::test]
async fn a_revision_that_fails_shows_the_line_and_keeps_nothing() {
    let project = Project::new(Database::empty().await);
    project.write("1_a.sql", &revision("aaaa1111", "", "CREATE TABLE pay (id int);"));
    let up = "CREATE TABLE half (id int);\n\nALTER TABLE pay\n  ADD COLUMN gross numerc(12,2);";
    project.write("2_b.sql", &revision("bbbb2222", "aaaa1111", up));
    let outcome = project.longhaul(&["upgrade", "-q"]).await.ended_with(1);
    assert_snapshot!(said(&project, &outcome), @r#"
    error: jobs/2_b.sql: revision bbbb2222 failed, and nothing of it was kept
      because: type "numerc" does not exist [SQLSTATE 42704]
       8 |   ADD COLUMN gross numerc(12,2);
         |                    ^
    "#);
    let database = &project.database;
    assert!(database.value::<bool>("SELECT to_regclass('half') IS NULL").await);
    let applied: String = database.value("SELECT string_agg(id, ',') FROM longhaul.revision").await;
    assert_eq!(applied, "aaaa1111");
    let (kind, message) = last_event(database).await;
    assert_eq!(
        (kind.as_str(), message.as_str()),
        ("revision.failed", "revision bbbb2222 failed: type \"numerc\" does not exist")
    );
    let log: Value =
        serde_json::from_str(&project.longhaul(&["log", "--json"]).await.succeeded().stdout).unwrap();
    assert_eq!(log[1]["kind"], "revision.failed");

    project.write("2_b.sql", &revision("bbbb2222", "aaaa1111", &up.replace("numerc", "numeric")));
    project.longhaul(&["upgrade"]).await.succeeded();
}

#[tokio::test]
async fn a_revision_that_can_not_run_in_a_transaction_says_so() {
    let project = Project::new(Database::empty().await);
    project.write("1_a.sql", &revision("aaaa1111", "", "CREATE TABLE pay (id int);\nVACUUM pay;"));
    let outcome = project.longhaul(&["upgrade", "-q"]).await.ended_with(1);
    assert_snapshot!(said(&project, &outcome), @"
    error: jobs/1_a.sql: revision aaaa1111 failed, and nothing of it was kept
      because: VACUUM cannot run inside a transaction block [SQLSTATE 25001]
    hint: put it into a revision of its own, under `-- migrate:up transaction:false`
    ");
    assert!(project.database.value::<bool>("SELECT to_regclass('pay') IS NULL").await);
}

#[tokio::test]
async fn a_revision_that_would_end_its_own_transaction_is_refused() {
    let ending = revision("aaaa1111", "", "CREATE TABLE pay (id int);\nCOMMIT;\nBEGIN;");
    assert_snapshot!(upgrade_refused(&[("1_a.sql", &ending)]).await, @"
    error: jobs/1_a.sql:6:1: a revision can't begin or end a transaction (`COMMIT`): it runs in one, all or nothing
       6 | COMMIT;
         | ^
    hint: take the statement out; what must be committed first goes into a revision before, and what can't run in a transaction under `-- migrate:up transaction:false`
    ");
    let body = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;\n-- ; COMMIT;\nSAVEPOINT a;\nROLLBACK TO a;";
    let project = Project::new(Database::empty().await);
    project.write("1_a.sql", &revision("aaaa1111", "", body));
    project.longhaul(&["upgrade"]).await.succeeded();
}

#[tokio::test]
async fn a_header_that_is_there_twice_is_refused() {
    let twice = "-- revision: bbbb2222\n-- revises: aaaa1111\n-- revises: aaaa2222\n-- migrate:up\n";
    assert_snapshot!(upgrade_refused(&[("2_b.sql", twice)]).await, @"
    error: jobs/2_b.sql:3:1: the header `revises` is there twice
       3 | -- revises: aaaa2222
         | ^
    hint: several ids stand in one line, with commas between them
    ");
}

#[tokio::test]
async fn a_revision_that_does_not_verify_keeps_nothing() {
    let project = Project::new(Database::empty().await);
    let verified = |verify: &str| {
        let up = revision("aaaa1111", "", "CREATE TABLE pay (id int);");
        project.write("1_a.sql", &format!("{up}\n-- migrate:verify\n{verify}\n"));
    };
    for (verify, code) in [
        ("SELECT true;\nSELECT count(*) = 1 FROM pay;", 3),
        ("SELECT id = 1 FROM pay;", 3),
        ("SELECT count(*) FROM pay;", 3),
        ("SELECT true\nFROM payy;", 1),
    ] {
        verified(verify);
        let outcome = project.longhaul(&["upgrade", "-q"]).await.ended_with(code);
        assert!(project.database.value::<bool>("SELECT to_regclass('pay') IS NULL").await);
        let (kind, _) = last_event(&project.database).await;
        assert_eq!(kind, "revision.failed", "{}", outcome.stderr);
    }
    verified("SELECT true;\nSELECT count(*) = 1 FROM pay;");
    assert_snapshot!(said(&project, &project.longhaul(&["upgrade", "-q"]).await), @"
    error: jobs/1_a.sql: revision aaaa1111 didn't verify: query 2 returned false, not true; nothing of it was kept
    hint: mend the revision, or its -- migrate:verify section
    ");
    verified("SELECT id = 1 FROM pay;");
    assert_snapshot!(said(&project, &project.longhaul(&["upgrade", "-q"]).await), @"
    error: jobs/1_a.sql: revision aaaa1111 didn't verify: query 1 returned no row, not true; nothing of it was kept
    hint: mend the revision, or its -- migrate:verify section
    ");
    verified("SELECT true\nFROM payy;");
    assert_snapshot!(said(&project, &project.longhaul(&["upgrade", "-q"]).await), @r#"
    error: jobs/1_a.sql: revision aaaa1111 failed, and nothing of it was kept
      because: relation "payy" does not exist [SQLSTATE 42P01]
       9 | FROM payy;
         |      ^
    "#);
}

async fn last_event(database: &Database) -> (String, String) {
    let row = database.row("SELECT kind, message FROM longhaul.event ORDER BY id DESC LIMIT 1", &[]).await;
    (row.get(0), row.get(1))
}

#[tokio::test]
async fn a_copy_through_the_client_is_refused_where_the_file_is_read() {
    let copy = revision("aaaa1111", "", "CREATE TABLE pay (id int);\nCOPY pay FROM STDIN;");
    assert_snapshot!(upgrade_refused(&[("1_a.sql", &copy)]).await, @"
    error: jobs/1_a.sql:6:1: a revision can't COPY from or to the client: there is none that sends or takes rows
       6 | COPY pay FROM STDIN;
         | ^
    hint: write INSERT statements, or COPY from a file of the server's
    ");
}
