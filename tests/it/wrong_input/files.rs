//! Files that are wrong in themselves. No database is asked.

use insta::assert_snapshot;

use super::{entries, job_refused, refused};

const JOB: &str = "[job]\ntable = \"payroll.entries\"\nset = { gross_amount = \"gross_pay\" }\n";

#[tokio::test]
async fn a_file_that_is_no_toml_is_shown_at_the_place() {
    let project = entries().await;
    assert_snapshot!(refused(&project, "[job]\ntable = \"payroll.entries\nset = {}\n").await, @r#"
    error: jobs/fill.toml:2:25: invalid basic string, expected `"`
       2 | table = "payroll.entries
         |                         ^
    "#);
    assert_snapshot!(refused(&project, "[job]\ntable = payroll.entries\n").await, @"
    error: jobs/fill.toml:2:9: string values must be quoted, expected literal string
       2 | table = payroll.entries
         |         ^
    ");
    assert_snapshot!(refused(&project, "[job]\ntable = \"a\"\ntable = \"b\"\n").await, @r#"
    error: jobs/fill.toml:3:1: duplicate key
       3 | table = "b"
         | ^
    "#);
    assert_snapshot!(refused(&project, "").await, @"
    error: jobs/fill.toml:1:1: `job` is missing at the top of the file
    hint: a job needs a [job] table with `table` and `set`
    ");
}

#[tokio::test]
async fn an_unknown_key_names_the_nearest() {
    let project = entries().await;
    assert_snapshot!(job_refused(&project, "sett = { gross_amount = \"gross_pay\" }").await, @r#"
    error: jobs/fill.toml:3:1: unknown key `sett` in [job]
       3 | sett = { gross_amount = "gross_pay" }
         | ^
    hint: did you mean `set`?
    "#);
    assert_snapshot!(refused(&project, &format!("{JOB}\n[batch]\ntraget = \"1s\"\n")).await, @r#"
    error: jobs/fill.toml:6:1: unknown key `traget` in [batch]
       6 | traget = "1s"
         | ^
    hint: did you mean `target`?
    "#);
    assert_snapshot!(refused(&project, &format!("{JOB}\n[batch]\nthreads = 4\n")).await, @"
    error: jobs/fill.toml:6:1: unknown key `threads` in [batch]
       6 | threads = 4
         | ^
    hint: the keys in [batch] are target, min, max, order, strides, window
    ");
    assert_snapshot!(refused(&project, &format!("mesage = \"fill\"\n{JOB}")).await, @r#"
    error: jobs/fill.toml:1:1: unknown key `mesage` at the top of the file
       1 | mesage = "fill"
         | ^
    hint: did you mean `message`?
    "#);
    assert_snapshot!(refused(&project, &JOB.replace("[job]", "[Job]")).await, @"
    error: jobs/fill.toml:1:2: unknown key `Job` at the top of the file
       1 | [Job]
         |  ^
    hint: did you mean `job`?
    ");
}

#[tokio::test]
async fn what_is_missing_is_named_with_an_example() {
    let project = entries().await;
    assert_snapshot!(refused(&project, "[batch]\ntarget = \"1s\"\n").await, @"
    error: jobs/fill.toml:1:1: `job` is missing at the top of the file
       1 | [batch]
         | ^
    hint: a job needs a [job] table with `table` and `set`
    ");
    assert_snapshot!(refused(&project, "[batch]\n\n[job]\nset = { a = \"b\" }\n").await, @r#"
    error: jobs/fill.toml:3:2: `table` is missing in [job]
       3 | [job]
         |  ^
    hint: name the table as in SQL: table = "payroll.entries"
    "#);
    assert_snapshot!(refused(&project, "[batch]\n\n[job]\ntable = \"payroll.entries\"\n").await, @r#"
    error: jobs/fill.toml:3:2: `set` is missing in [job]
       3 | [job]
         |  ^
    hint: say what to change: set = { column = "SQL expression over the row" }
    "#);
    assert_snapshot!(job_refused(&project, "set = {}").await, @r#"
    error: jobs/fill.toml:3:1: `set` is empty
       3 | set = {}
         | ^
    hint: say what to change: set = { column = "SQL expression over the row" }
    "#);
    assert_snapshot!(job_refused(&project, "set = { gross_amount = \" \" }").await, @r#"
    error: jobs/fill.toml:3:24: the expression for `gross_amount` is empty
       3 | set = { gross_amount = " " }
         |                        ^
    "#);
    assert_snapshot!(job_refused(&project, "set = \"gross_amount = gross_pay\"").await, @r#"
    error: jobs/fill.toml:3:7: `set` must be a table like { column = "expression" }, and this is a string
       3 | set = "gross_amount = gross_pay"
         |       ^
    "#);
    assert_snapshot!(job_refused(&project, "set = { gross_amount = 0 }").await, @"
    error: jobs/fill.toml:3:24: `gross_amount` must be text in quotes, and this is an integer
       3 | set = { gross_amount = 0 }
         |                        ^
    ");
    assert_snapshot!(job_refused(&project, "set = { gross_amount = \"1\" }\nwhere = \"\"").await, @r#"
    error: jobs/fill.toml:4:9: `where` is empty
       4 | where = ""
         |         ^
    hint: leave it out for the default
    "#);
    assert_snapshot!(job_refused(&project, "set = { gross_amount = \"1\" }\nkey = []").await, @"
    error: jobs/fill.toml:4:1: `key` is empty
       4 | key = []
         | ^
    hint: name the key's columns, or leave `key` out for the primary key
    ");
}

#[tokio::test]
async fn what_this_version_does_not_honour_is_refused_and_not_passed_over() {
    let project = entries().await;
    assert_snapshot!(refused(&project, &format!("{JOB}\n[hours]\nopen = [\"Mo-Fri 22:00-05:00\"]\nzone = \"UTC\"\n")).await, @r#"
    error: jobs/fill.toml:6:9: `Mo-Fri 22:00-05:00` is no rule of hours: `Mo` is no day of the week
       6 | open = ["Mo-Fri 22:00-05:00"]
         |         ^
    hint: write "Mon-Fri 22:00-05:00", "Sat,Sun", "2026-12-23..2026-12-27", "monthly 25..last", "yearly 12-24..01-02" or "cron 0 22 * * 5L for 7h"
    "#);
    assert_snapshot!(refused(&project, &format!("{JOB}\n[quarantine]\nmax = -1\n")).await, @"
    error: jobs/fill.toml:6:7: `-1` is neither a number of rows nor a share: write 100 or \"0.1%\"
       6 | max = -1
         |       ^
    ");
    assert_snapshot!(refused(&project, &format!("{JOB}\n[limits]\nrows_per_secnd = 20\n")).await, @"
    error: jobs/fill.toml:6:1: unknown key `rows_per_secnd` in [limits]
       6 | rows_per_secnd = 20
         | ^
    hint: did you mean `rows_per_second`?
    ");
    assert_snapshot!(job_refused(&project, "kind = \"copy\"\nset = { a = \"b\" }").await, @r#"
    error: jobs/fill.toml:3:8: this version has no jobs of kind `copy`
       3 | kind = "copy"
         |        ^
    hint: the kind it has is "update", the default
    "#);
    assert_snapshot!(job_refused(&project, "undo = \"always\"\nset = { a = \"b\" }").await, @r#"
    error: jobs/fill.toml:3:8: `undo` is "preimage" or "none", and not "always"
       3 | undo = "always"
         |        ^
    "#);
    assert_snapshot!(refused(&project, &format!("{JOB}\n[down]\nrestore = true\n")).await, @r#"
    error: jobs/fill.toml:6:11: `restore` puts back the old values, and this job keeps none
       6 | restore = true
         |           ^
    hint: write undo = "preimage" under [job], or set = { … } here
    "#);
}

#[tokio::test]
async fn a_value_that_can_not_be_meant_is_refused_at_its_place() {
    let project = entries().await;
    assert_snapshot!(refused(&project, &format!("{JOB}\n[batch]\ntarget = \"500\"\n")).await, @r#"
    error: jobs/fill.toml:6:10: `500` is not a duration: write a number and ms, s, min, h or d, like "500ms"
       6 | target = "500"
         |          ^
    "#);
    assert_snapshot!(refused(&project, &format!("{JOB}\n[batch]\ntarget = 500\n")).await, @"
    error: jobs/fill.toml:6:10: `target` must be text in quotes, and this is an integer
       6 | target = 500
         |          ^
    ");
    assert_snapshot!(refused(&project, &format!("{JOB}\n[batch]\nmin = 1000\nmax = 10\n")).await, @"
    error: jobs/fill.toml:7:7: `max` (10) is less than `min` (1000)
       7 | max = 10
         |       ^
    ");
    assert_snapshot!(refused(&project, &format!("{JOB}\n[batch]\nmax = 0\n")).await, @"
    error: jobs/fill.toml:6:7: `max` must be a whole number from 1 to 4294967295
       6 | max = 0
         |       ^
    ");
    assert_snapshot!(refused(&project, &format!("{JOB}\n[limits]\nrows_per_second = \"fast\"\n")).await, @r#"
    error: jobs/fill.toml:6:19: `rows_per_second` must be a whole number, and this is a string
       6 | rows_per_second = "fast"
         |                   ^
    "#);
    assert_snapshot!(job_refused(&project, "set = { 'Net Pay' = \"gross_pay\" }").await, @r#"
    error: jobs/fill.toml:3:9: `Net Pay` is not a name: ` ` must stand in double quotes
       3 | set = { 'Net Pay' = "gross_pay" }
         |         ^
    hint: a column that SQL would quote is written '"Gross Pay"' here
    "#);
    assert_snapshot!(refused(&project, "[job]\ntable = \"hrms.payroll.entries\"\nset = { a = \"b\" }\n").await, @r#"
    error: jobs/fill.toml:2:9: `hrms.payroll.entries` has 3 parts, and a name here has at most 2
       2 | table = "hrms.payroll.entries"
         |         ^
    hint: write "schema.table"; the database is the one that DATABASE_URL names
    "#);
    assert_snapshot!(refused(&project, "[job]\ntable = \"pay roll.entries\"\nset = { a = \"b\" }\n").await, @r#"
    error: jobs/fill.toml:2:9: `pay roll.entries` is not a name: ` ` must stand in double quotes
       2 | table = "pay roll.entries"
         |         ^
    hint: a name that SQL would quote is written '"Pay Roll"."Entries"' here
    "#);
}

#[tokio::test]
async fn a_place_in_the_history_without_an_id_is_refused() {
    let project = entries().await;
    assert_snapshot!(refused(&project, &format!("message = \"fill\"\nrevises = [\"90be\"]\n\n{JOB}")).await, @r#"
    error: jobs/fill.toml:2:1: this places the job in the history, and `revision` is missing
       2 | revises = ["90be"]
         | ^
    hint: give the job an id with revision = "…", or take the line out
    "#);
}

#[tokio::test]
async fn a_total_that_is_no_equation_is_refused() {
    let project = entries().await;
    let with = |totals: &str| format!("{JOB}\n[verify]\ntotals = [{totals}]\n");
    assert_snapshot!(refused(&project, &with("\"sum(gross_amount)\"")).await, @r#"
    error: jobs/fill.toml:6:11: `sum(gross_amount)` is neither a total nor a grouping
       6 | totals = ["sum(gross_amount)"]
         |           ^
    hint: write "sum(new) = sum(old)", or "by column"
    "#);
    assert_snapshot!(refused(&project, &with("\"sum(gross_amount) >= sum(gross_pay)\"")).await, @r#"
    error: jobs/fill.toml:6:11: `sum(gross_amount) >= sum(gross_pay)` is neither a total nor a grouping
       6 | totals = ["sum(gross_amount) >= sum(gross_pay)"]
         |           ^
    hint: write "sum(new) = sum(old)", or "by column"
    "#);
    assert_snapshot!(refused(&project, &with("\"by currency\"")).await, @r#"
    error: jobs/fill.toml:5:2: `totals` is missing in [verify]
       5 | [verify]
         |  ^
    hint: a grouping needs a total, like "sum(new) = sum(old)"
    "#);
    assert_snapshot!(refused(&project, &with("\"sum(gross_amount) = sum(gros_pay)\"")).await, @r#"
    error: jobs/fill.toml: [verify] totals: column "gros_pay" does not exist
         | sum(gros_pay)
         |     ^
    hint: Perhaps you meant to reference the column "entries.gross_pay".
    "#);
    assert_snapshot!(refused(&project, &with("\"sum(gross_amount) = gross_pay\"")).await, @r#"
    error: jobs/fill.toml: [verify] totals: column "entries.gross_pay" must appear in the GROUP BY clause or be used in an aggregate function
         | gross_pay
         | ^
    hint: a total is an aggregate over all rows, like sum(column)
    "#);
    assert_snapshot!(refused(&project, &with("\"sum(gross_amount) = max(currency)\"")).await, @"
    error: jobs/fill.toml: [verify] totals: `sum(gross_amount) = max(currency)`: operator does not exist: numeric = text
    hint: No operator matches the given name and argument types. You might need to add explicit type casts.
    ");
    assert_snapshot!(refused(&project, &with("\"sum(gross_amount) = sum(gross_pay)\", \"by curency\"")).await, @r#"
    error: jobs/fill.toml: [verify] totals: column "curency" does not exist
         | curency
         | ^
    hint: Perhaps you meant to reference the column "entries.currency".
    "#);
}

#[tokio::test]
async fn text_that_is_not_utf_8_is_refused_with_the_file() {
    let project = entries().await;
    std::fs::write(project.jobs().join("fill.toml"), b"[job]\ntable = \"L\xf6hne\"\n").unwrap();
    let outcome = project.longhaul(&["run", "fill"]).await.ended_with(2);
    assert_snapshot!(super::said(&project, &outcome), @"
    error: can't read jobs/fill.toml
      because: stream did not contain valid UTF-8
    hint: save the file as UTF-8
    ");
}
