//! SQL in a job that is no expression over its row, or none that could ever be done.

use insta::assert_snapshot;

use super::{entries, job_refused};
use crate::support::Project;

async fn setting(project: &Project, expression: &str) -> String {
    job_refused(project, &format!("set = {{ gross_amount = '''{expression}''' }}")).await
}

#[tokio::test]
async fn an_expression_that_does_not_parse_is_shown_at_the_place() {
    let project = entries().await;
    assert_snapshot!(setting(&project, "gross_pay + * 2").await, @r#"
    error: jobs/fill.toml: [job] set.gross_amount: syntax error at or near "*"
         | gross_pay + * 2
         |             ^
    "#);
    assert_snapshot!(setting(&project, "round(gross_pay").await, @"
    error: jobs/fill.toml:3:24: this is no SQL expression: a `(` is not closed
       3 | set = { gross_amount = '''round(gross_pay''' }
         |                        ^
    ");
    assert_snapshot!(setting(&project, "'EUR").await, @"
    error: jobs/fill.toml:3:24: this is no SQL expression: a quote is not closed
       3 | set = { gross_amount = ''''EUR''' }
         |                        ^
    ");
    assert_snapshot!(
        setting(&project, "\nCASE\n  WHEN currency = 'EUR' THEN gross_pay\n  ELSE gross_pay * rate\nEND").await,
        @r#"
    error: jobs/fill.toml: [job] set.gross_amount: column "rate" does not exist
       3 |   ELSE gross_pay * rate
         |                    ^
    hint: expressions are over the columns of payroll.entries; text stands in 'single quotes'
    "#
    );
}

#[tokio::test]
async fn an_expression_of_another_type_says_how_to_cast_it() {
    let project = entries().await;
    assert_snapshot!(setting(&project, "currency").await, @r#"
    error: jobs/fill.toml: [job] set.gross_amount: column "gross_amount" is of type numeric but expression is of type text
         | currency
         | ^
    hint: You will need to rewrite or cast the expression.
    "#);
    assert_snapshot!(setting(&project, "'a lot'").await, @r#"
    error: jobs/fill.toml: [job] set.gross_amount: invalid input syntax for type numeric: "a lot"
         | 'a lot'
         | ^
    "#);
    assert_snapshot!(job_refused(&project, "set = { gross_amount = \"1\" }\nwhere = \"gross_pay\"").await, @"
    error: jobs/fill.toml: [job] where: argument of WHERE must be type boolean, not type numeric
         | gross_pay
         | ^
    hint: `where` says of each row whether it is still to do: write a condition
    ");
}

#[tokio::test]
async fn what_is_not_over_one_row_is_refused() {
    let project = entries().await;
    assert_snapshot!(setting(&project, "sum(gross_pay)").await, @"
    error: jobs/fill.toml: [job] set.gross_amount: aggregate functions are not allowed in UPDATE
         | sum(gross_pay)
         | ^
    hint: an expression is over one row; aggregates belong in [verify] totals
    ");
    assert_snapshot!(setting(&project, "rank() OVER (ORDER BY id)").await, @"
    error: jobs/fill.toml: [job] set.gross_amount: window functions are not allowed in UPDATE
         | rank() OVER (ORDER BY id)
         | ^
    ");
    assert_snapshot!(setting(&project, "generate_series(1, 2)").await, @"
    error: jobs/fill.toml: [job] set.gross_amount: set-returning functions are not allowed in UPDATE
         | generate_series(1, 2)
         | ^
    ");
    assert_snapshot!(setting(&project, "gross_pya").await, @r#"
    error: jobs/fill.toml: [job] set.gross_amount: column "gross_pya" does not exist
         | gross_pya
         | ^
    hint: Perhaps you meant to reference the column "entries.gross_pay".
    "#);
    assert_snapshot!(setting(&project, "\"EUR\"").await, @r#"
    error: jobs/fill.toml: [job] set.gross_amount: column "EUR" does not exist
         | "EUR"
         | ^
    hint: expressions are over the columns of payroll.entries; text stands in 'single quotes'
    "#);
    assert_snapshot!(setting(&project, "people.salary").await, @r#"
    error: jobs/fill.toml: [job] set.gross_amount: missing FROM-clause entry for table "people"
         | people.salary
         | ^
    "#);
    assert_snapshot!(setting(&project, "runde(gross_pay, 2)").await, @"
    error: jobs/fill.toml: [job] set.gross_amount: function runde(numeric, integer) does not exist
         | runde(gross_pay, 2)
         | ^
    hint: No function matches the given name and argument types. You might need to add explicit type casts.
    ");
    assert_snapshot!(setting(&project, "$1").await, @"
    error: jobs/fill.toml: [job] set.gross_amount: an expression can't have parameters like $1
    hint: write the value itself
    ");
    assert_snapshot!(setting(&project, "gross_pay = $1").await, @r#"
    error: jobs/fill.toml: [job] set.gross_amount: column "gross_amount" is of type numeric but expression is of type boolean
         | gross_pay = $1
         | ^
    hint: You will need to rewrite or cast the expression.
    "#);
}

#[tokio::test]
async fn a_statement_smuggled_in_is_refused_and_does_nothing() {
    let project = entries().await;
    assert_snapshot!(setting(&project, "1); DROP TABLE payroll.entries; --").await, @"
    error: jobs/fill.toml:3:24: this is no SQL expression: a `)` closes nothing
       3 | set = { gross_amount = '''1); DROP TABLE payroll.entries; --''' }
         |                        ^
    ");
    assert_snapshot!(setting(&project, "1; DROP TABLE payroll.entries").await, @"
    error: jobs/fill.toml:3:24: this is no SQL expression: a `;` would end the statement
       3 | set = { gross_amount = '''1; DROP TABLE payroll.entries''' }
         |                        ^
    ");
    assert_snapshot!(setting(&project, "1) WHERE (id < 0").await, @"
    error: jobs/fill.toml:3:24: this is no SQL expression: a `)` closes nothing
       3 | set = { gross_amount = '''1) WHERE (id < 0''' }
         |                        ^
    ");
    assert_snapshot!(setting(&project, "1), currency = ('XXX'").await, @"
    error: jobs/fill.toml:3:24: this is no SQL expression: a `)` closes nothing
       3 | set = { gross_amount = '''1), currency = ('XXX'''' }
         |                        ^
    ");
    assert_snapshot!(setting(&project, "1) RETURNING (currency").await, @"
    error: jobs/fill.toml:3:24: this is no SQL expression: a `)` closes nothing
       3 | set = { gross_amount = '''1) RETURNING (currency''' }
         |                        ^
    ");
    let escaping = "set = { gross_amount = \"1\" }\nwhere = \"id < 0) OR (gross_amount IS NULL\"";
    assert_snapshot!(job_refused(&project, escaping).await, @r#"
    error: jobs/fill.toml:4:9: this is no SQL expression: a `)` closes nothing
       4 | where = "id < 0) OR (gross_amount IS NULL"
         |         ^
    "#);
    let escaping = "set = { gross_amount = \"gross_pay\" }\n[verify]\ntotals = \
                    [\"count(*) FILTER (WHERE true) = sum(gross_pay)) FROM pg_class; --\"]";
    assert_snapshot!(job_refused(&project, escaping).await, @r#"
    error: jobs/fill.toml:5:11: this is no SQL expression: a `)` closes nothing
       5 | totals = ["count(*) FILTER (WHERE true) = sum(gross_pay)) FROM pg_class; --"]
         |           ^
    "#);
    assert_eq!(project.database.value::<i64>("SELECT count(*) FROM payroll.entries").await, 50);
}

#[tokio::test]
async fn an_expression_with_parentheses_comments_and_quotes_of_its_own_is_taken() {
    let project = entries().await;
    let job = r#"
        [job]
        table = "payroll.entries"
        where = "gross_amount IS NULL -- ) not done yet"
        [job.set]
        gross_amount = '''
            (SELECT max(g) FROM (VALUES (gross_pay), (0)) AS v (g)) /* ) ( */
            + length(')') - length($tag$($tag$) -- (
        '''
        currency = "SELECT 'E)R'"
    "#;
    project.write("fill.toml", job);
    project.longhaul(&["run", "fill"]).await.succeeded();
    let left: i64 = project
        .database
        .value("SELECT count(*) FROM payroll.entries WHERE gross_amount IS DISTINCT FROM gross_pay")
        .await;
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_filter_that_stays_true_after_the_change_is_refused() {
    let project = entries().await;
    let job = |filter: &str| format!("set = {{ gross_amount = \"gross_pay\" }}\nwhere = \"{filter}\"");
    assert_snapshot!(job_refused(&project, &job("gross_pay > 0")).await, @"
    error: jobs/fill.toml: [job] where: 50 rows (of the first 1000 at most) would still match it after they were done
    hint: write `where` so that it is false for a row that has its new values
    ");
    assert_snapshot!(job_refused(&project, &job("gross_amuont IS NULL")).await, @r#"
    error: jobs/fill.toml: [job] where: column "gross_amuont" does not exist
         | gross_amuont IS NULL
         | ^
    hint: Perhaps you meant to reference the column "entries.gross_amount".
    "#);
    assert_snapshot!(job_refused(&project, &job("true) OR (true")).await, @r#"
    error: jobs/fill.toml:4:9: this is no SQL expression: a `)` closes nothing
       4 | where = "true) OR (true"
         |         ^
    "#);
}

#[tokio::test]
async fn an_expression_that_gives_another_value_each_time_needs_a_filter() {
    let project = entries().await;
    assert_snapshot!(setting(&project, "random() * 100").await, @r#"
    error: jobs/fill.toml: [job] where: the expressions give another value each time, or write, so no row would ever count as done
    hint: write a `where` that is false for a row that has its new values, like "gross_amount IS NULL"
    "#);
    assert_snapshot!(job_refused(&project, "set = { paid_on = \"clock_timestamp()\" }").await, @r#"
    error: jobs/fill.toml: [job] where: the expressions give another value each time, or write, so no row would ever count as done
    hint: write a `where` that is false for a row that has its new values, like "paid_on IS NULL"
    "#);
    assert_snapshot!(setting(&project, "extract(epoch FROM now())").await, @r#"
    error: jobs/fill.toml: [job] where: the expressions give another value each time, or write, so no row would ever count as done
    hint: write a `where` that is false for a row that has its new values, like "gross_amount IS NULL"
    "#);
}

#[tokio::test]
async fn trying_a_job_on_a_sample_takes_no_number_from_a_sequence_and_writes_nothing() {
    let project = entries().await;
    project
        .database
        .execute(
            "CREATE SEQUENCE payroll.numbers; CREATE TABLE payroll.calls (id bigint); \
             CREATE FUNCTION payroll.call(id bigint) RETURNS numeric LANGUAGE sql VOLATILE \
             AS 'INSERT INTO payroll.calls VALUES (id) RETURNING id'",
        )
        .await;
    assert_snapshot!(setting(&project, "nextval('payroll.numbers')").await, @r#"
    error: jobs/fill.toml: [job] where: the expressions give another value each time, or write, so no row would ever count as done
    hint: write a `where` that is false for a row that has its new values, like "gross_amount IS NULL"
    "#);
    assert_snapshot!(setting(&project, "payroll.call(id)").await, @r#"
    error: jobs/fill.toml: [job] where: the expressions give another value each time, or write, so no row would ever count as done
    hint: write a `where` that is false for a row that has its new values, like "gross_amount IS NULL"
    "#);
    assert!(!project.database.value::<bool>("SELECT is_called FROM payroll.numbers").await);

    project.write(
        "fill.toml",
        "[job]\ntable = \"payroll.entries\"\nset = { gross_amount = \"nextval('payroll.numbers')\" }\n\
         where = \"gross_amount IS NULL\"\n",
    );
    project.longhaul(&["run", "fill"]).await.succeeded();
    assert_eq!(project.database.value::<i64>("SELECT last_value FROM payroll.numbers").await, 50);
}
