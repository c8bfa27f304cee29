//! Jobs that would change a row again at each visit are found out, and no row is visited twice.

use crate::support::{Database, Project};

const COUNT: &str = "CREATE TABLE change (id int);
    CREATE FUNCTION count_change() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO change VALUES (new.id); RETURN NULL; END';
    CREATE TRIGGER count_change AFTER UPDATE ON pay FOR EACH ROW EXECUTE FUNCTION count_change()";

async fn run(table: &str, job: &str, rows: i64, code: i32, says: &str) {
    let project = Project::new(Database::empty().await);
    project.database.execute(&format!("{table}; {COUNT}")).await;
    project.write("fill.toml", &format!("[job]\ntable = \"pay\"\n{job}\n"));
    project.longhaul(&["run", "fill"]).await.ended_with(code).says(says);
    assert_eq!(project.database.value::<i64>("SELECT count(*) FROM change").await, rows);
    assert_eq!(project.database.value::<i64>("SELECT count(DISTINCT id) FROM change").await, rows);
    // Not by a second start either.
    project.longhaul(&["run", "fill"]).await.ended_with(code);
    assert_eq!(project.database.value::<i64>("SELECT count(*) FROM change").await, rows);
}

#[tokio::test]
async fn a_value_that_varies_only_beyond_the_sample_is_written_once() {
    run(
        "CREATE TABLE pay (id int PRIMARY KEY, kind text, token uuid);
         INSERT INTO pay SELECT i, CASE WHEN i > 1500 THEN 'bonus' ELSE 'regular' END FROM generate_series(1, 1600) AS i",
        "set = { token = \"CASE WHEN kind = 'bonus' THEN gen_random_uuid() END\" }",
        100,
        3,
        "100 rows are still to do after every row was visited once",
    )
    .await;
}

#[tokio::test]
async fn a_target_read_through_a_generated_column_is_raised_once() {
    run(
        "CREATE TABLE pay (id int PRIMARY KEY, salary numeric, next numeric GENERATED ALWAYS AS (salary * 1.03) STORED);
         INSERT INTO pay (id, salary) SELECT i, 1000 FROM generate_series(1, 30) AS i",
        "set = { salary = \"next\" }",
        30,
        3,
        "30 rows are still to do after every row was visited once",
    )
    .await;
}

#[tokio::test]
async fn a_trigger_that_undoes_the_change_is_not_fought() {
    run(
        "CREATE TABLE pay (id int PRIMARY KEY, old int, new int);
         INSERT INTO pay SELECT i, i FROM generate_series(1, 30) AS i;
         CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.new := NULL; RETURN new; END';
         CREATE TRIGGER undo BEFORE UPDATE ON pay FOR EACH ROW EXECUTE FUNCTION undo()",
        "set = { new = \"old\" }",
        30,
        3,
        "30 rows are still to do after every row was visited once",
    )
    .await;
}

#[tokio::test]
async fn a_value_that_was_cut_off_before_is_no_value_that_is_done() {
    let project = Project::new(Database::empty().await);
    let table = "CREATE TABLE pay (id int PRIMARY KEY, old text, new varchar(3));
        INSERT INTO pay VALUES (1, 'abc', 'abc'), (2, 'abcd', 'abc')";
    project.database.execute(table).await;
    project.write("fill.toml", "[job]\ntable = \"pay\"\nset = { new = \"old\" }\n");
    // 'abcd'::varchar(3) = 'abc', and by that the row would count as done.
    project
        .longhaul(&["run", "fill"])
        .await
        .ended_with(1)
        .says("value too long for type character varying(3)");
    project.database.execute("ALTER TABLE pay ALTER new TYPE varchar(4)").await;
    project.longhaul(&["run", "fill"]).await.succeeded();
    assert_eq!(project.database.value::<String>("SELECT new FROM pay WHERE id = 2").await, "abcd");
}
