//! Keys that a table can't be walked by.

use insta::assert_snapshot;

use super::{entries, job_refused, refused};
use crate::support::{Database, Project};

/// A table without a primary key, with this index.
async fn without_key(index: &str) -> String {
    let database = Database::empty().await;
    database.execute("CREATE TABLE notes (id int, code text NOT NULL, body text)").await;
    database.execute(index).await;
    let project = Project::new(database);
    refused(&project, "[job]\ntable = \"notes\"\nset = { body = \"upper(body)\" }\n").await
}

#[tokio::test]
async fn a_table_without_any_key_says_what_to_give_it() {
    assert_snapshot!(without_key("SELECT").await, @"
    error: jobs/fill.toml: [job] key: `public.notes` has no key to walk by
    hint: give it a primary key, or a unique index (built CONCURRENTLY) on NOT NULL columns
    ");
}

#[tokio::test]
async fn a_unique_index_that_can_not_serve_says_why() {
    assert_snapshot!(without_key("CREATE UNIQUE INDEX notes_id ON notes (id)").await, @"
    error: jobs/fill.toml: [job] key: `public.notes` has no key to walk by
    hint: give it a primary key, or a unique index (built CONCURRENTLY) on NOT NULL columns; so far notes_id has the column id, which may be NULL
    ");
    assert_snapshot!(without_key("CREATE UNIQUE INDEX notes_code ON notes (code) WHERE id > 0").await, @"
    error: jobs/fill.toml: [job] key: `public.notes` has no key to walk by
    hint: give it a primary key, or a unique index (built CONCURRENTLY) on NOT NULL columns; so far notes_code can't serve: it covers only a part of the rows
    ");
    assert_snapshot!(without_key("CREATE UNIQUE INDEX notes_lower ON notes (lower(code))").await, @"
    error: jobs/fill.toml: [job] key: `public.notes` has no key to walk by
    hint: give it a primary key, or a unique index (built CONCURRENTLY) on NOT NULL columns; so far notes_lower can't serve: it is on an expression
    ");
    assert_snapshot!(
        without_key("CREATE UNIQUE INDEX a ON notes (id, body); CREATE UNIQUE INDEX b ON notes (code text_pattern_ops)")
            .await,
        @"
    error: jobs/fill.toml: [job] key: `public.notes` has no key to walk by
    hint: give it a primary key, or a unique index (built CONCURRENTLY) on NOT NULL columns; so far b can't serve: it orders by an operator class of its own; a has the columns id, body, which may be NULL
    "
    );
}

#[tokio::test]
async fn a_key_that_was_named_and_does_not_serve_says_why() {
    let project = entries().await;
    project
        .database
        .execute(
            "CREATE UNIQUE INDEX entries_paid_on ON payroll.entries (paid_on); \
             CREATE UNIQUE INDEX entries_eur ON payroll.entries (gross_pay) WHERE currency = 'EUR'",
        )
        .await;
    let by = |key: &str| format!("set = {{ gross_amount = \"gross_pay\" }}\nkey = [{key}]");
    assert_snapshot!(job_refused(&project, &by("\"idd\"")).await, @"
    error: jobs/fill.toml: [job] key: `payroll.entries` has no column `idd`
    hint: did you mean `id`?
    ");
    assert_snapshot!(job_refused(&project, &by("\"paid_on\"")).await, @"
    error: jobs/fill.toml: [job] key: the key (paid_on) may be NULL, and such rows would be left out
    hint: entries_paid_on has the column paid_on, which may be NULL; add NOT NULL, or choose another key
    ");
    assert_snapshot!(job_refused(&project, &by("\"gross_pay\"")).await, @"
    error: jobs/fill.toml: [job] key: the key (gross_pay) can't be walked by
    hint: entries_eur can't serve: it covers only a part of the rows; choose another key, or build another index
    ");
    assert_snapshot!(job_refused(&project, &by("\"currency\"")).await, @"
    error: jobs/fill.toml: [job] key: no unique index of `payroll.entries` is on (currency)
    hint: the keys that could serve are: (id), (number)
    ");
    assert_snapshot!(job_refused(&project, &by("\"id\", \"id\"")).await, @r#"
    error: jobs/fill.toml:4:14: `id` is named twice
       4 | key = ["id", "id"]
         |              ^
    "#);
}
