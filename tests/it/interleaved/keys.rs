//! Every kind of key, in both orders, with strides and without: the rows end as one plain UPDATE leaves them.

use serde_json::Value;

use crate::support::{Database, Project};

/// A table's key.
struct Keyed {
    /// DDL before the table.
    before: &'static str,
    /// The key's columns with their types and its constraint, as in CREATE TABLE.
    columns: &'static str,
    /// What makes the rows: the key's columns from `i`.
    rows: &'static str,
    /// Its type can be hashed, so that strides can be told by it.
    has_hash: bool,
}

const KEYED: Keyed = Keyed { before: "", columns: "", rows: "", has_hash: true };

const ROWS: i64 = 1500;

const JOB: &str = "[job]\ntable = '\"Pay Roll\".\"Entries\"'\nset = { '\"New Pay\"' = '\"array\"' }\n";

/// A batch that a resumed run has not come to before.
const DIES_AT: u32 = 9;

async fn walk(keyed: &Keyed) {
    let mut project = Project::new(Database::empty().await);
    project.database.execute(keyed.before).await;
    for order in ["physical", "key"] {
        for strides in [1, 7] {
            project = round(project, keyed, order, strides).await;
        }
    }
}

/// One run, killed on its way when it has strides by key.
async fn round(mut project: Project, keyed: &Keyed, order: &str, strides: i32) -> Project {
    let when = format!("{}, {order}, {strides} strides", keyed.columns);
    fresh_table(&project.database, keyed).await;
    let batch =
        format!("[batch]\nmin = 25\nmax = 40\nwindow = \"64kB\"\norder = \"{order}\"\nstrides = {strides}\n");
    project.write("fill.toml", &format!("{JOB}{batch}"));
    // What the walk in physical order stores doesn't depend on the key.
    if strides > 1 && order == "key" {
        project = project.dying_at("batch.committed", DIES_AT);
        project.longhaul(&["run", "fill"]).await.was_killed();
        project = project.surviving();
    }
    project.longhaul(&["run", "fill"]).await.succeeded();

    let database = &project.database;
    let different = "SELECT count(*) FROM (
        (TABLE \"Pay Roll\".\"Entries\" EXCEPT TABLE plain) UNION ALL (TABLE plain EXCEPT TABLE \"Pay Roll\".\"Entries\")
    ) AS different";
    assert_eq!(database.value::<i64>(different).await, 0, "{when}: rows unlike those of a plain UPDATE");
    let needed: i64 = database.value("SELECT count(*) FROM plain_change").await;
    assert!(needed > ROWS / 2, "{when}: only {needed} rows needed a change");
    let missed = "SELECT count(*) FROM (TABLE plain_change EXCEPT ALL TABLE change) AS missed";
    assert_eq!(database.value::<i64>(missed).await, 0, "{when}: changes that were not made");
    assert_eq!(database.value::<i64>("SELECT count(*) FROM change").await, needed, "{when}: changes");
    let counted: i64 = database.value("SELECT sum(rows_changed)::int8 FROM longhaul.range").await;
    assert_eq!(counted, needed, "{when}: changes by the books");
    let shown: i64 = database.value("SELECT count(*) FROM \"Pay Roll\".shown").await;
    assert_eq!(shown, ROWS, "{when}: rows of the view");
    assert_walked_in(&project, keyed, order, strides, &when).await;
    project
}

/// Fails unless the backfill went in this order, and in so many strides as can be had.
async fn assert_walked_in(project: &Project, keyed: &Keyed, order: &str, strides: i32, when: &str) {
    let database = &project.database;
    let orders: Vec<String> =
        database.value("SELECT array_agg(DISTINCT walk_order) FROM longhaul.range WHERE pass = 0").await;
    assert_eq!(orders, [order], "{when}");
    let had = keyed.has_hash || order == "physical";
    let most: i32 = database
        .value(
            "SELECT max(b.stride) + 1 FROM longhaul.batch AS b JOIN longhaul.range AS r ON r.id = b.range_id
             WHERE r.pass = 0",
        )
        .await;
    assert_eq!(most, if had { strides } else { 1 }, "{when}: strides");
    let walk = if had {
        database.value("SELECT walk FROM longhaul.run").await
    } else {
        let status = project.longhaul(&["status", "fill", "--json"]).await.succeeded().stdout;
        let status: Value = serde_json::from_str(&status).unwrap();
        status["runs"][0]["walk"].as_str().unwrap().to_owned()
    };
    let reason = if had { "as the job says" } else { "the key's type has no hash to tell strides by" };
    assert!(walk.contains(reason), "{when}: {walk}");
    if order == "key" {
        let seen: i64 =
            database.value("SELECT sum(rows_seen)::int8 FROM longhaul.range WHERE pass = 0").await;
        // Each stride counts its share; one that was cut short by a kill is rounded anew.
        assert!((seen - ROWS).abs() < 7, "{when}: {seen} keys passed");
    }
}

/// The table, filled in no order of its key, with what one plain UPDATE makes of it beside.
async fn fresh_table(database: &Database, keyed: &Keyed) {
    let Keyed { columns, rows, .. } = keyed;
    database
        .execute(&format!(
            "DROP SCHEMA IF EXISTS longhaul, \"Pay Roll\" CASCADE; DROP TABLE IF EXISTS plain, plain_change, change;
             CREATE SCHEMA \"Pay Roll\";
             CREATE TABLE \"Pay Roll\".\"Entries\"
                 ({columns}, \"array\" numeric(10,2), \"New Pay\" numeric(10,1), \"is,odd\" text);
             CREATE VIEW \"Pay Roll\".shown AS TABLE \"Pay Roll\".\"Entries\";
             INSERT INTO \"Pay Roll\".\"Entries\"
             SELECT {rows}, CASE WHEN i % 7 <> 0 THEN i / 3.0 END, CASE WHEN i % 5 = 0 THEN i / 3.0 END,
                    repeat('n', 80)
             FROM generate_series(1, {ROWS}) AS i ORDER BY md5(i::text);
             CREATE TABLE change (row_key text);
             CREATE OR REPLACE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN INSERT INTO change VALUES ((to_jsonb(new) - ''New Pay'')::text); RETURN NULL; END';
             CREATE TRIGGER note_change AFTER UPDATE ON \"Pay Roll\".\"Entries\"
             FOR EACH ROW EXECUTE FUNCTION note_change();
             CREATE TABLE plain AS TABLE \"Pay Roll\".\"Entries\";
             CREATE TABLE plain_change AS SELECT (to_jsonb(p) - 'New Pay')::text AS row_key FROM plain AS p
             WHERE \"New Pay\" IS DISTINCT FROM \"array\"::numeric(10,1);
             UPDATE plain SET \"New Pay\" = \"array\""
        ))
        .await;
}

macro_rules! keys {
    ($($test:ident: { $($field:ident: $value:expr),* $(,)? };)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                walk(&Keyed { $($field: $value,)* ..KEYED }).await;
            }
        )*
    };
}

keys! {
    by_smallint_with_negatives: { columns: "id smallint PRIMARY KEY", rows: "i - 1000" };
    by_integer_in_a_column_with_a_name_of_ours: { columns: "\"checkpoint\" int PRIMARY KEY", rows: "i" };
    by_bigint_with_negatives_gaps_and_both_ends: {
        columns: "id bigint PRIMARY KEY",
        rows: "CASE i WHEN 1 THEN -9223372036854775808 WHEN 2 THEN 9223372036854775807
               ELSE (i - 900) * 1000000000000007 END",
    };
    by_uuid: { columns: "id uuid PRIMARY KEY", rows: "md5(i::text)::uuid" };
    by_text_in_a_collation_that_orders_words: {
        before: "DO $$ BEGIN
                     IF EXISTS (SELECT FROM pg_collation WHERE collname = 'en-x-icu') THEN
                         CREATE COLLATION words (provider = icu, locale = 'en');
                     ELSE
                         CREATE COLLATION words (locale = 'C');
                     END IF;
                 END $$",
        columns: "id text COLLATE words PRIMARY KEY",
        rows: r#"(ARRAY['', 'a', 'A', 'ä', 'NULL', '{a,b}', 'it''s', '"q"', 'back\slash', E'line\nbreak', '𝄞', '--'])
               [1 + i % 12] || CASE WHEN i < 12 THEN '' ELSE i::text END"#,
    };
    by_text_in_a_collation_that_takes_letters_for_the_same: {
        before: "DO $$ BEGIN
                     IF EXISTS (SELECT FROM pg_collation WHERE collname = 'en-x-icu') THEN
                         CREATE COLLATION same (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
                     ELSE
                         CREATE COLLATION same (locale = 'C');
                     END IF;
                 END $$",
        columns: "id text COLLATE same PRIMARY KEY",
        rows: "CASE i % 2 WHEN 0 THEN 'ab' ELSE 'AB' END || i",
    };
    by_a_composite_key_of_three_types: {
        columns: "a uuid, b timestamptz, c smallint, PRIMARY KEY (a, b, c)",
        rows: "md5((i % 3)::text)::uuid, '2026-01-01'::timestamptz + (i % 5) * interval '1 day', i - 1000",
    };
    by_timestamp_with_time_zone: {
        columns: "at timestamptz PRIMARY KEY",
        rows: "CASE i WHEN 1 THEN 'infinity' WHEN 2 THEN '-infinity' WHEN 3 THEN '0044-03-15 12:00:00+00 BC'
               ELSE '2026-03-29 00:59:59.999990+00'::timestamptz + i * interval '1 microsecond' END",
    };
    by_numeric_with_nan: {
        columns: "n numeric PRIMARY KEY",
        rows: "CASE i WHEN 1 THEN 'NaN' ELSE i / 3.0 - 12345678901234567890.123456789 END",
    };
    by_a_type_without_a_hash: { columns: "b bit varying(16) PRIMARY KEY", rows: "i::bit(16)::bit varying(16)", has_hash: false };
    by_a_composite_key_with_a_part_that_has_no_hash: {
        columns: "a int, b bit(16), PRIMARY KEY (a, b)",
        rows: "i % 9, i::bit(16)",
        has_hash: false,
    };
    by_a_domain_over_an_integer: {
        before: "CREATE DOMAIN payroll_no AS int CHECK (value < 1000000)",
        columns: "id payroll_no PRIMARY KEY",
        rows: "i - 500",
    };
    by_enum: {
        before: "DO $$ BEGIN EXECUTE (SELECT 'CREATE TYPE grade AS ENUM (' || string_agg(quote_literal('g' || i), ', '
                 ORDER BY md5(i::text)) || ')' FROM generate_series(1, 1500) AS i); END $$",
        columns: "g grade PRIMARY KEY",
        rows: "('g' || i)::grade",
    };
}
