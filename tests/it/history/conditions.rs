//! Revisions that are done only where a query says so, and what is run before and after.

use super::revision;
use crate::support::{Database, Project};

#[tokio::test]
async fn a_revision_whose_condition_does_not_hold_is_recorded_and_does_nothing_either_way() {
    let project = Project::new(Database::empty().await);
    let when = |condition: &str| {
        let text = revision("aaaa1111", "", "CREATE TABLE a (id int);", "DROP TABLE a;");
        format!("{text}-- migrate:when\nSELECT {condition};\n")
    };
    project.write("1_a.sql", &when("current_setting('server_version_num')::int < 0"));
    project.write("2_b.sql", &revision("bbbb2222", "aaaa1111", "CREATE TABLE b (id int);", "DROP TABLE b;"));
    project.longhaul(&["upgrade"]).await.succeeded().says("passed over aaaa1111 about aaaa1111");
    let database = &project.database;
    assert!(database.value::<bool>("SELECT to_regclass('a') IS NULL AND to_regclass('b') IS NOT NULL").await);
    let origin: String = database.value("SELECT origin FROM longhaul.revision WHERE id = 'aaaa1111'").await;
    assert_eq!(origin, "skipped");
    project.longhaul(&["show", "aaaa"]).await.succeeded().stdout.contains("(skipped)").then_some(()).unwrap();
    // DROP TABLE a would fail.
    project.longhaul(&["downgrade", "base"]).await.succeeded();

    project.write("1_a.sql", &when("current_setting('server_version_num')::int > 0"));
    project.longhaul(&["upgrade"]).await.succeeded();
    assert!(database.value::<bool>("SELECT to_regclass('a') IS NOT NULL").await);
}

#[tokio::test]
async fn a_job_whose_condition_does_not_hold_is_passed_over() {
    let project = Project::new(Database::empty().await);
    project.write(
        "1_a.sql",
        &revision("aaaa1111", "", "CREATE TABLE t (id int PRIMARY KEY, b int);", "DROP TABLE t;"),
    );
    project.write(
        "2_fill.toml",
        "revision = \"bbbb2222\"\nrevises = [\"aaaa1111\"]\nwhen = \"SELECT EXISTS (SELECT FROM t)\"\n\
         [job]\ntable = \"t\"\nset = { b = \"id\" }\n",
    );
    project.longhaul(&["upgrade"]).await.succeeded();
    let runs: i64 = project.database.value("SELECT count(*) FROM longhaul.run").await;
    assert_eq!(runs, 0);
    project.longhaul(&["current", "--check-heads"]).await.succeeded();
    project.longhaul(&["downgrade", "base"]).await.succeeded();
}

#[tokio::test]
async fn commands_and_sql_are_run_before_and_after() {
    let project = Project::new(Database::empty().await);
    let role = format!("owner_{}", std::process::id());
    project.database.execute(&format!("CREATE ROLE {role}; GRANT CREATE ON SCHEMA public TO {role}")).await;
    project.write(
        "1_a.sql",
        &revision("aaaa1111", "", "CREATE TABLE public.a (id int);", "DROP TABLE public.a;"),
    );
    let told = project.jobs().join("told");
    let tell =
        |what: &str| format!("echo {what} $LONGHAUL_DIRECTION $LONGHAUL_REVISIONS >> {}", told.display());
    project.configure(&format!(
        "[callbacks]\nbefore = '{}'\nafter = '{}'\nfailed = '{}'\nbefore_revision = 'SET ROLE {role}'\n",
        tell("before"),
        tell("after"),
        tell("failed")
    ));
    project.longhaul(&["upgrade"]).await.succeeded();
    project.longhaul(&["upgrade"]).await.succeeded();
    let owner: String =
        project.database.value("SELECT tableowner::text FROM pg_tables WHERE tablename = 'a'").await;
    assert_eq!(owner, role);
    project.write("2_b.sql", &revision("bbbb2222", "aaaa1111", "SELECT 1/0;", "SELECT 1;"));
    project.longhaul(&["upgrade"]).await.ended_with(1);
    project.longhaul(&["downgrade", "base"]).await.succeeded();
    let lines = std::fs::read_to_string(&told).unwrap();
    let expected = [
        "before up aaaa1111",
        "after up aaaa1111",
        "before up bbbb2222",
        "failed up bbbb2222",
        "before down aaaa1111",
        "after down aaaa1111",
    ];
    assert_eq!(lines.lines().collect::<Vec<_>>(), expected, "nothing is run where there is nothing to do");

    project.configure("[callbacks]\nbefore = 'exit 3'\n");
    project
        .longhaul(&["upgrade", "aaaa"])
        .await
        .ended_with(1)
        .says("the callback `exit 3` failed: exit status: 3");
    assert!(project.database.value::<bool>("SELECT to_regclass('public.a') IS NULL").await);
    project.database.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test]
async fn a_job_that_was_begun_is_brought_to_its_end_whatever_its_condition_says_by_then() {
    let project = Project::new(Database::empty().await);
    let table =
        "CREATE TABLE t (id int PRIMARY KEY, b int); INSERT INTO t (id) SELECT generate_series(1, 50);";
    project.write("1_a.sql", &revision("aaaa1111", "", table, "DROP TABLE t;"));
    project.write(
        "2_fill.toml",
        "revision = \"bbbb2222\"\nrevises = [\"aaaa1111\"]\nwhen = \"SELECT EXISTS (SELECT FROM t WHERE b IS NULL)\"\n\
         [job]\ntable = \"t\"\nset = { b = \"id\" }\n[batch]\nmin = 10\nmax = 10\n[down]\nset = { b = \"NULL\" }\n",
    );
    let project = project.dying_at("batch.committed", 2);
    project.longhaul(&["upgrade"]).await.was_killed();
    let project = project.surviving();
    project.database.execute("UPDATE t SET b = id").await;
    project.longhaul(&["upgrade"]).await.succeeded();
    let recorded: String =
        project.database.value("SELECT origin FROM longhaul.revision WHERE id = 'bbbb2222'").await;
    assert_eq!(recorded, "applied");
    let runs: String = project.database.value("SELECT string_agg(state, ', ') FROM longhaul.run").await;
    assert_eq!(runs, "done");
    project.longhaul(&["downgrade", "-1"]).await.succeeded();
    assert_eq!(project.database.value::<i64>("SELECT count(b) FROM t").await, 0);
}
