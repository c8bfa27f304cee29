//! Tables and columns that are not there, or are not what a batch can change.

use insta::assert_snapshot;

use super::{entries, job_refused, refused};
use crate::support::Project;

async fn on(project: &Project, table: &str) -> String {
    refused(project, &format!("[job]\ntable = '{table}'\nset = {{ gross_amount = \"gross_pay\" }}\n")).await
}

#[tokio::test]
async fn a_table_that_is_not_there_names_the_one_that_may_be_meant() {
    let project = entries().await;
    project
        .database
        .execute("CREATE SCHEMA \"HR\"; CREATE TABLE \"HR\".\"People\" (id int PRIMARY KEY)")
        .await;
    assert_snapshot!(on(&project, "payroll.entrys").await, @"
    error: jobs/fill.toml: [job] table: there is no table `payroll.entrys`
    hint: did you mean `payroll.entries`?
    ");
    assert_snapshot!(on(&project, "public.entries").await, @"
    error: jobs/fill.toml: [job] table: there is no table `public.entries`
    hint: there is one in another schema: `payroll.entries`
    ");
    assert_snapshot!(on(&project, "entries").await, @"
    error: jobs/fill.toml: [job] table: there is no table `entries`
    hint: there is one in another schema: `payroll.entries`
    ");
    assert_snapshot!(on(&project, "HR.People").await, @r#"
    error: jobs/fill.toml: [job] table: there is no table `hr.people`
    hint: did you mean "HR"."People"? Write it in two kinds of quotes: '"HR"."People"'
    "#);
    assert_snapshot!(on(&project, "payroll.absences").await, @"
    error: jobs/fill.toml: [job] table: there is no table `payroll.absences`
    hint: the tables beside it are payroll.entries
    ");
    assert_snapshot!(on(&project, "payrol.entries").await, @"
    error: jobs/fill.toml: [job] table: there is no table `payrol.entries`
    hint: there is one in another schema: `payroll.entries`
    ");
}

#[tokio::test]
async fn what_is_no_table_names_the_table_under_it() {
    let project = entries().await;
    project
        .database
        .execute(
            "CREATE VIEW payroll.paid AS SELECT * FROM payroll.entries WHERE paid_on IS NOT NULL; \
             CREATE VIEW payroll.constant AS SELECT 1 AS id; \
             CREATE MATERIALIZED VIEW payroll.monthly AS SELECT * FROM payroll.entries; \
             CREATE FOREIGN DATA WRAPPER dummy; CREATE SERVER far FOREIGN DATA WRAPPER dummy; \
             CREATE FOREIGN TABLE payroll.abroad (id bigint) SERVER far; \
             CREATE SEQUENCE payroll.numbers",
        )
        .await;
    assert_snapshot!(on(&project, "payroll.paid").await, @"
    error: jobs/fill.toml: [job] table: `payroll.paid` is a view, and batches need a table to walk by its key
    hint: name a table that it reads: payroll.entries
    ");
    assert_snapshot!(on(&project, "payroll.constant").await, @"
    error: jobs/fill.toml: [job] table: `payroll.constant` is a view, and batches need a table to walk by its key
    hint: name the table that the rows are stored in
    ");
    assert_snapshot!(on(&project, "payroll.monthly").await, @"
    error: jobs/fill.toml: [job] table: `payroll.monthly` is a materialized view, and batches need a table to walk by its key
    hint: name a table that it reads: payroll.entries
    ");
    assert_snapshot!(on(&project, "payroll.abroad").await, @"
    error: jobs/fill.toml: [job] table: `payroll.abroad` is a foreign table, and batches need a table of this server
    hint: name an ordinary or partitioned table
    ");
    assert_snapshot!(on(&project, "payroll.numbers").await, @"
    error: jobs/fill.toml: [job] table: `payroll.numbers` is no table, and batches need a table of this server
    hint: name an ordinary or partitioned table
    ");
}

#[tokio::test]
async fn a_column_that_is_not_there_names_the_one_that_may_be_meant() {
    let project = entries().await;
    assert_snapshot!(job_refused(&project, "set = { gross_amonut = \"gross_pay\" }").await, @"
    error: jobs/fill.toml: [job] set.gross_amonut: `payroll.entries` has no column `gross_amonut`
    hint: did you mean `gross_amount`?
    ");
    assert_snapshot!(job_refused(&project, "set = { Gross_Amount = \"gros_pay\" }").await, @r#"
    error: jobs/fill.toml: [job] set.gross_amount: column "gros_pay" does not exist
         | gros_pay
         | ^
    hint: Perhaps you meant to reference the column "entries.gross_pay".
    "#);
    assert_snapshot!(job_refused(&project, "set = { '\"Net pay\"' = \"gross_pay\" }").await, @r#"
    error: jobs/fill.toml: [job] set."Net pay": `payroll.entries` has no column `"Net pay"`
    hint: did you mean "Net Pay"? Write it in two kinds of quotes: '"Net Pay"'
    "#);
    assert_snapshot!(job_refused(&project, "set = { salary = \"gross_pay\" }").await, @r#"
    error: jobs/fill.toml: [job] set.salary: `payroll.entries` has no column `salary`
    hint: its columns are id, number, gross_pay, gross_amount, doubled, "Net Pay", currency, paid_on
    "#);
}

#[tokio::test]
async fn a_column_that_can_not_be_set_is_refused() {
    let project = entries().await;
    assert_snapshot!(job_refused(&project, "set = { id = \"id + 1\" }").await, @"
    error: jobs/fill.toml: [job] set.id: `id` is part of the key (id) that the table is walked by
    hint: name another key with `key`, or leave the column as it is
    ");
    assert_snapshot!(job_refused(&project, "set = { doubled = \"0\" }").await, @"
    error: jobs/fill.toml: [job] set.doubled: `doubled` is a generated column: PostgreSQL computes it
    hint: set the columns it is computed from
    ");
    assert_snapshot!(job_refused(&project, "set = { number = \"id\" }").await, @"
    error: jobs/fill.toml: [job] set.number: `number` is GENERATED ALWAYS AS IDENTITY and can't be set
    hint: make it GENERATED BY DEFAULT first
    ");
    assert_snapshot!(job_refused(&project, "set = { ctid = \"'(0,1)'\" }").await, @r#"
    error: jobs/fill.toml: [job] set.ctid: `payroll.entries` has no column `ctid`
    hint: its columns are id, number, gross_pay, gross_amount, doubled, "Net Pay", currency, paid_on
    "#);
    assert_snapshot!(job_refused(&project, "set = { gross_amount = \"1\", GROSS_AMOUNT = \"2\" }").await, @r#"
    error: jobs/fill.toml:3:29: `gross_amount` is set twice
       3 | set = { gross_amount = "1", GROSS_AMOUNT = "2" }
         |                             ^
    "#);
}
