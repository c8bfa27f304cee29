//! Whatever the table is like: its names, its key, its kind.

use super::{Project, told};
use crate::support::Database;

/// Makes a table, plans a job on it, and fails unless batches were tried and rows foretold.
async fn plans(name: &str, make: &str, job: &str, rows: f64) {
    let project = Project::new(Database::empty().await);
    project.database.execute(make).await;
    project.write("fill.toml", job);
    let told = told(&project.longhaul(&["plan", "fill", "--json"]).await.succeeded());
    let tried: f64 =
        told["trials"].as_array().unwrap().iter().map(|trial| trial["rows"].as_f64().unwrap()).sum();
    assert!(tried > 0.0, "{name}: {told:#}");
    assert_eq!(told["forecast"]["rows"]["high"].as_f64(), Some(rows), "{name}: {told:#}");
    // What is foretold is what a run does.
    project.longhaul(&["run", "fill"]).await.succeeded();
    let changed: i64 =
        project.database.value("SELECT rows_changed FROM longhaul.status ORDER BY run_id DESC LIMIT 1").await;
    assert!((changed as f64 - rows).abs() < 0.5, "{name}: {changed}");
}

#[tokio::test]
async fn odd_names_and_a_composite_key_with_nulls_around() {
    plans(
        "odd",
        "CREATE SCHEMA \"Pay Roll\";
         CREATE TABLE \"Pay Roll\".\"It's \"\"mine\"\"\" (\"a b\" text, \"select\" int, \"Old\" int, \"new%s\" int,
             PRIMARY KEY (\"a b\", \"select\"));
         INSERT INTO \"Pay Roll\".\"It's \"\"mine\"\"\"
             SELECT chr(65 + i % 20) || '''\"', i, CASE WHEN i % 3 > 0 THEN i END FROM generate_series(1, 3000) AS i;
         ANALYZE \"Pay Roll\".\"It's \"\"mine\"\"\"",
        "[job]\ntable = '''\"Pay Roll\".\"It's \"\"mine\"\"\"'''\nset = { '\"new%s\"' = '\"Old\" + 1' }\n",
        2000.0,
    )
    .await;
}

#[tokio::test]
async fn a_uuid_key_a_partitioned_table_and_one_that_is_walked_by_key() {
    plans(
        "uuid",
        "CREATE TABLE items (id uuid PRIMARY KEY, old int, new int);
         INSERT INTO items SELECT gen_random_uuid(), i FROM generate_series(1, 5000) AS i; ANALYZE items",
        "[job]\ntable = \"items\"\nset = { new = \"old\" }\n",
        5000.0,
    )
    .await;
    plans(
        "partitioned",
        "CREATE TABLE items (id int, old int, new int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
         CREATE TABLE low PARTITION OF items FOR VALUES FROM (0) TO (2000);
         CREATE TABLE high PARTITION OF items FOR VALUES FROM (2000) TO (9000);
         INSERT INTO items SELECT i, i FROM generate_series(1, 5000) AS i; ANALYZE items",
        "[job]\ntable = \"items\"\nset = { new = \"old\" }\n",
        5000.0,
    )
    .await;
    plans(
        "counting",
        "CREATE TABLE items (id int PRIMARY KEY, old int, new int NOT NULL DEFAULT 0, done bool);
         INSERT INTO items SELECT i, i FROM generate_series(1, 5000) AS i; ANALYZE items",
        "[job]\ntable = \"items\"\nset = { new = \"new + 1\", done = \"true\" }\nwhere = \"done IS NULL\"\nundo = \"preimage\"\n",
        5000.0,
    )
    .await;
}

#[tokio::test]
async fn an_empty_table_has_nothing_to_try_and_a_view_is_refused() {
    let project = Project::new(Database::empty().await);
    project
        .database
        .execute(
            "CREATE TABLE items (id int PRIMARY KEY, old int, new int); CREATE VIEW v AS SELECT * FROM items",
        )
        .await;
    super::job(&project, super::SET);
    let json = told(&project.longhaul(&["plan", "fill", "--json"]).await.succeeded());
    assert!(json["forecast"].is_null() && json["trials"].as_array().unwrap().is_empty(), "{json:#}");
    project.write("view.toml", "[job]\ntable = \"v\"\nset = { new = \"old\" }\n");
    let text = project.longhaul(&["plan", "view"]).await.ended_with(3).stdout;
    assert!(text.contains("`public.v` is a view"), "{text}");
}

#[tokio::test]
async fn a_job_with_a_role_of_its_own_is_tried_with_that_roles_rights() {
    let project = super::items(1000).await;
    let role = format!("job_{}", project.database.value::<String>("SELECT current_database()::text").await);
    project
        .database
        .execute(&format!(
            "CREATE ROLE {role}; GRANT SELECT, UPDATE ON items TO {role}; CREATE TABLE secret (id int);
             CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN PERFORM FROM secret; RETURN NEW; END $$;
             CREATE TRIGGER look BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION look()"
        ))
        .await;
    super::job(&project, &format!("{}\nrole = \"{role}\"", super::SET));
    super::says(&project, 3, &[("batches", "bad", "permission denied for table secret")]).await;
    project.database.execute(&format!("GRANT SELECT ON secret TO {role}")).await;
    super::says(&project, 0, &[("batches", "fine", "went through")]).await;
    project.database.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}
