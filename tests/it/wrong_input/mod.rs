//! What a person gets wrong, and what they read then: the whole of stderr, the exit code, and that nothing was written.

#![expect(clippy::unwrap_used, reason = "a helper that can't help fails its test")]

mod disk_full;
mod expressions;
mod files;
mod history;
mod keys;
mod resume;
mod rights;
mod servers;
mod tables;

use crate::support::{Database, Outcome, Project};

/// Most tests' table.
const ENTRIES: &str = r#"
    CREATE SCHEMA payroll;
    CREATE TABLE payroll.entries (
        id           bigint PRIMARY KEY,
        number       bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
        gross_pay    numeric(12,2) NOT NULL,
        gross_amount numeric(12,2),
        doubled      numeric GENERATED ALWAYS AS (gross_pay * 2) STORED,
        "Net Pay"    numeric(12,2),
        currency     text NOT NULL DEFAULT 'EUR',
        paid_on      date
    );
    INSERT INTO payroll.entries (id, gross_pay) SELECT i, i FROM generate_series(1, 50) AS i
"#;

async fn entries() -> Project {
    let database = Database::empty().await;
    database.execute(ENTRIES).await;
    Project::new(database)
}

/// Runs a job of this text, which must be refused before anything is written. Returns what was said.
async fn refused(project: &Project, job: &str) -> String {
    project.write("fill.toml", job);
    let outcome = project.longhaul(&["run", "fill"]).await.ended_with(2);
    assert!(untouched(&project.database).await, "the control schema was made:\n{}", outcome.stderr);
    said(project, &outcome)
}

/// As [`refused`], with these lines below `[job]` and the table of [`entries`].
async fn job_refused(project: &Project, lines: &str) -> String {
    refused(project, &format!("[job]\ntable = \"payroll.entries\"\n{lines}\n")).await
}

/// Whether nothing of ours is in the database.
async fn untouched(database: &Database) -> bool {
    database.value("SELECT to_regnamespace('longhaul') IS NULL").await
}

/// All that a process said to people, without what differs from one test run to the next.
fn said(project: &Project, outcome: &Outcome) -> String {
    assert_eq!(outcome.stdout, "", "talk and errors go to stderr");
    let (account, place) = parts(&project.database.url);
    let (host, database) = place.split_once('/').unwrap();
    let password = account.split_once(':').unwrap().1;
    let text = &outcome.stderr;
    assert!(!text.contains(password), "a password is in:\n{text}");
    text.replace(host, "HOST:PORT").replace(database, "DATABASE").trim_end().to_owned()
}

/// `user:password` and `host:port/database` of a URL.
fn parts(url: &str) -> (&str, &str) {
    url.split_once("://").unwrap().1.rsplit_once('@').unwrap()
}
