//! Every kind of key: walked in small batches, killed in the middle and resumed, each row is changed exactly once.

use crate::support::{Database, Project};

/// A table to walk: how it is made, and what its job needs to say.
struct Keyed {
    /// The key's columns with their types and its constraint, as in CREATE TABLE.
    columns: &'static str,
    /// What makes the rows: the key's columns from `i`.
    rows: &'static str,
    /// DDL before the table.
    before: &'static str,
    /// What stands behind the columns.
    suffix: &'static str,
    /// DDL after the table, before the rows come.
    after: &'static str,
    /// The table, as SQL writes it.
    table: &'static str,
    /// Lines for [job].
    job: &'static str,
}

const KEYED: Keyed =
    Keyed { columns: "", rows: "", before: "", suffix: "", after: "", table: "pay", job: "" };

/// Batches of 7 over the rows: killed when the third is sent, then resumed; at the end each row that needed it was
/// changed once, and no other.
async fn walk(keyed: Keyed) {
    let Keyed { columns, rows, before, suffix, after, table, job } = keyed;
    let project = Project::new(Database::empty().await);
    let database = &project.database;
    database.execute(before).await;
    database
        .execute(&format!(
            "CREATE TABLE {table} ({columns}, \"Old pay\" int NOT NULL, \"New pay\" int) {suffix};
             {after};
             CREATE TABLE change (row_key text);
             CREATE FUNCTION count_change() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN INSERT INTO change VALUES ((to_jsonb(new) - ''New pay'')::text); RETURN NULL; END';
             CREATE TRIGGER count_change AFTER UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION count_change();
             INSERT INTO {table} SELECT {rows}, i, CASE WHEN i % 5 = 0 THEN i END FROM generate_series(1, 103) AS i
             ORDER BY md5(i::text)"
        ))
        .await;
    let text = format!(
        "[job]\ntable = '{table}'\nset = {{ '\"New pay\"' = '\"Old pay\"' }}\n{job}\n[batch]\nmin = 7\nmax = 7\n\
         [verify]\ntotals = ['sum(\"New pay\") = sum(\"Old pay\")']\n"
    );
    project.write("fill.toml", &text);
    let project = project.dying_at("batch.sent", 3);
    project.longhaul(&["run", "fill"]).await.was_killed();
    let project = project.surviving();
    project.longhaul(&["run", "fill"]).await.succeeded().says("goes on after");

    let database = &project.database;
    let wrong = format!("SELECT count(*) FROM {table} WHERE \"New pay\" IS DISTINCT FROM \"Old pay\"");
    assert_eq!(database.value::<i64>(&wrong).await, 0);
    let needed = format!("SELECT count(*) FROM {table} WHERE \"Old pay\" % 5 <> 0");
    let needed: i64 = database.value(&needed).await;
    assert_eq!(database.value::<i64>("SELECT count(*) FROM change").await, needed);
    assert_eq!(database.value::<i64>("SELECT count(DISTINCT row_key) FROM change").await, needed);
    let all = format!("SELECT count(*) FROM {table}");
    let all: i64 = database.value(&all).await;
    for pass in [0, 1] {
        let seen = format!("SELECT rows_seen FROM longhaul.range WHERE pass = {pass}");
        assert_eq!(database.value::<i64>(&seen).await, all, "keys passed in pass {pass}");
    }
    let counted: i64 = database.value("SELECT sum(rows_changed)::int8 FROM longhaul.range").await;
    assert_eq!(counted, needed);
    assert_eq!(database.value::<String>("SELECT state FROM longhaul.run").await, "done");
}

macro_rules! keys {
    ($($test:ident: { $($field:ident: $value:expr),* $(,)? };)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                walk(Keyed { $($field: $value,)* ..KEYED }).await;
            }
        )*
    };
}

keys! {
    by_integer: { columns: "id int PRIMARY KEY", rows: "i" };
    by_bigint_with_negatives_gaps_and_both_ends: {
        columns: "id bigint PRIMARY KEY",
        rows: "CASE i WHEN 1 THEN -9223372036854775808 WHEN 2 THEN 9223372036854775807
               ELSE (i - 50) * 100000000000000 END",
    };
    by_uuid: { columns: "id uuid PRIMARY KEY", rows: "md5(i::text)::uuid" };
    by_text: { columns: "id text PRIMARY KEY", rows: "md5(i::text)" };
    by_text_with_values_that_must_be_quoted_everywhere: {
        columns: "id text PRIMARY KEY",
        rows: r#"CASE i % 12 WHEN 0 THEN '' WHEN 1 THEN 'NULL' WHEN 2 THEN '{a,b}' WHEN 3 THEN 'it''s' WHEN 4 THEN '"q"'
               WHEN 5 THEN 'back\slash' WHEN 6 THEN E'line\nbreak' WHEN 7 THEN 'ä€𝄞' WHEN 8 THEN '$1' WHEN 9 THEN ' '
               WHEN 10 THEN '(x,y)' ELSE '--' END || CASE WHEN i < 12 THEN '' ELSE i::text END"#,
    };
    by_text_in_the_collation_c: { columns: "id text COLLATE \"C\" PRIMARY KEY", rows: "chr(33 + i % 90) || i" };
    by_text_in_a_collation_of_its_own: {
        before: "CREATE COLLATION odd (locale = 'C')",
        columns: "id text COLLATE odd PRIMARY KEY",
        rows: "chr(33 + i % 90) || i",
    };
    by_varchar: { columns: "id varchar(12) PRIMARY KEY", rows: "'v' || i" };
    by_char_which_is_padded: { columns: "id char(8) PRIMARY KEY", rows: "'c' || i" };
    by_timestamp_with_time_zone_from_infinity_to_infinity: {
        columns: "at timestamptz PRIMARY KEY",
        rows: "CASE i WHEN 1 THEN 'infinity' WHEN 2 THEN '-infinity' WHEN 3 THEN '0044-03-15 12:00:00+00 BC'
               ELSE '2026-03-29 00:59:59.999990+00'::timestamptz + i * interval '1 microsecond' END",
    };
    by_date: { columns: "on_day date PRIMARY KEY", rows: "'2024-02-01'::date + i" };
    by_numeric_with_nan: {
        columns: "n numeric PRIMARY KEY",
        rows: "CASE i WHEN 1 THEN 'NaN' ELSE i / 3.0 - 12345678901234567890.123456789 END",
    };
    by_float: { columns: "f float8 PRIMARY KEY", rows: "CASE i WHEN 1 THEN '-Infinity'::float8 ELSE i / 7.0::float8 END" };
    by_bytea: { columns: "b bytea PRIMARY KEY", rows: "decode(md5(i::text), 'hex')" };
    by_enum: {
        before: "DO $$ BEGIN EXECUTE (SELECT 'CREATE TYPE grade AS ENUM (' || string_agg(quote_literal('g' || i), ', '
                 ORDER BY md5(i::text)) || ')' FROM generate_series(1, 103) AS i); END $$",
        columns: "g grade PRIMARY KEY",
        rows: "('g' || i)::grade",
    };
    by_domain: {
        before: "CREATE DOMAIN payroll_no AS text CHECK (value ~ '^P')",
        columns: "id payroll_no PRIMARY KEY",
        rows: "'P' || i",
    };
    by_a_composite_key: {
        columns: "company int, entry text, PRIMARY KEY (company, entry)",
        rows: "i % 4, 'e' || i",
    };
    by_a_composite_key_of_three_types: {
        columns: "a uuid, b timestamptz, c int, PRIMARY KEY (a, b, c)",
        rows: "md5((i % 3)::text)::uuid, '2026-01-01'::timestamptz + (i % 5) * interval '1 day', i",
    };
    by_a_key_that_runs_downwards: {
        columns: "id int NOT NULL",
        after: "CREATE UNIQUE INDEX pay_down ON pay (id DESC)",
        rows: "i",
    };
    by_a_unique_key_of_a_table_without_a_primary_key: { columns: "code text NOT NULL UNIQUE", rows: "'x' || i" };
    by_the_key_that_the_job_names_in_another_order: {
        columns: "id int PRIMARY KEY, b int NOT NULL, a text NOT NULL, UNIQUE (a, b)",
        rows: "i, i % 7, 'k' || i",
        job: "key = ['b', 'a']",
    };
    by_the_key_of_a_partitioned_table: {
        columns: "id int, year int, PRIMARY KEY (id, year)",
        suffix: "PARTITION BY LIST (year)",
        after: "CREATE TABLE pay_0 PARTITION OF pay FOR VALUES IN (0); CREATE TABLE pay_1 PARTITION OF pay DEFAULT",
        rows: "i, i % 3",
    };
    by_a_column_named_like_our_own_output: { columns: "\"array\" int PRIMARY KEY", rows: "i" };
    by_a_domain_in_a_collation_of_its_own: {
        before: "CREATE DOMAIN code AS text COLLATE \"C\"",
        columns: "id code COLLATE \"POSIX\" PRIMARY KEY",
        rows: "'d' || i",
    };
    by_names_that_need_quotes: {
        before: "CREATE SCHEMA \"Pay.Roll\"",
        table: "\"Pay.Roll\".\"Entry; DROP\"",
        columns: "\"The \"\"Key\"\"\" int PRIMARY KEY",
        rows: "i",
    };
}
