//! The same statement on tables of different sizes.

use std::time::Instant;

use super::{revision, rules, told};
use crate::support::{Database, Project};

const UP: &str = "ALTER TABLE pay ADD COLUMN token uuid DEFAULT gen_random_uuid();";

async fn with_rows(rows: u32) -> Project {
    let database = Database::empty().await;
    database
        .execute(&format!(
            "CREATE TABLE pay (id int PRIMARY KEY, amount numeric, note text);
             INSERT INTO pay SELECT n, n, repeat('x', 60) FROM generate_series(1, {rows}) AS n;
             CREATE INDEX ON pay (amount); ANALYZE pay"
        ))
        .await;
    Project::new(database)
}

#[tokio::test]
async fn a_rewrite_of_fifty_rows_is_no_danger() {
    let project = with_rows(50).await;
    project.write("1_a.sql", &revision("aaaa1111", "", UP));
    assert_eq!(rules(&told(&project, &[]).await), ["add-column-rewrite note"]);
    let outcome = project.longhaul(&["lint"]).await.succeeded();
    assert_eq!(outcome.stdout, "", "notes are told with --verbose only");
    project.longhaul(&["lint", "-v"]).await.succeeded().says_on_stdout("add-column-rewrite");
    project.longhaul(&["upgrade"]).await.succeeded();
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "what is told is compared with what a server really takes")]
async fn the_same_of_two_hundred_thousand_is_and_is_said_to_last_no_less_than_it_does() {
    let project = with_rows(200_000).await;
    project.write("1_a.sql", &revision("aaaa1111", "", UP));
    let told = told(&project, &[]).await;
    assert_eq!(rules(&told), ["add-column-rewrite danger"]);
    let blocked = &told["findings"][0]["blocked"][0];
    assert_eq!(
        (blocked["table"].as_str(), blocked["what"].as_str()),
        (Some("pay"), Some("reads and writes"))
    );
    let seconds = blocked["seconds"].as_f64().unwrap();
    assert!((0.3..60.0).contains(&seconds), "{seconds}");
    let began = Instant::now();
    project.database.execute(UP).await;
    let really = began.elapsed().as_secs_f64();
    // Twice: the machine of the tests is busy.
    assert!(really < seconds * 4.0, "told {seconds} s, and it took {really} s");
}

#[tokio::test]
async fn without_a_database_the_worst_is_assumed_and_that_is_said() {
    let project = with_rows(50).await;
    project.write("1_a.sql", &revision("aaaa1111", "", UP));
    let outcome = project.longhaul(&["lint", "--offline"]).await.ended_with(3);
    let says = "jobs/1_a.sql:5:1: danger: pay.token gets another default for each row";
    assert!(outcome.stdout.contains(says), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("its size isn't known here"), "{}", outcome.stdout);
    outcome.says("looking at all revisions, applied or not: 1 with SQL").says("the worst is told");
    let nowhere = ["lint", "--database-url", "postgres://nobody@127.0.0.1:1/none"];
    project.longhaul(&nowhere).await.ended_with(3).says("the tables' sizes are unknown");
}

#[tokio::test]
async fn a_table_that_the_revisions_make_themselves_is_nobodys_yet() {
    let project = with_rows(50).await;
    let makes = "CREATE TABLE fresh (id int);\nALTER TABLE fresh ADD COLUMN t uuid DEFAULT gen_random_uuid();\n\
                 CREATE INDEX ON fresh (t);";
    project.write("1_a.sql", &revision("aaaa1111", "", makes));
    project.write(
        "2_b.sql",
        &revision(
            "bbbb2222",
            "aaaa1111",
            "ALTER TABLE fresh ALTER id SET NOT NULL; UPDATE fresh SET id = 1;",
        ),
    );
    let all = told(&project, &[]).await;
    assert!(rules(&all).is_empty(), "{all:#}");
    let offline = told(&project, &["--offline", "jobs/1_a.sql"]).await;
    assert!(rules(&offline).is_empty(), "{offline:#}");
}
