//! What `status` says about the walk and why it is as it is, and what a job's file can't ask for.

use serde_json::Value;

use crate::support::{Database, JobKind, Pages, Project};

/// The run's `walk`, the same in both forms of `status`.
async fn shown_walk(project: &Project) -> String {
    let json = project.longhaul(&["status", "fill", "--json"]).await.succeeded().stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    let walk = json["runs"][0]["walk"].as_str().unwrap().to_owned();
    let text = project.longhaul(&["status", "fill"]).await.succeeded().stdout;
    assert!(text.contains(&format!("  walk        {walk}\n")), "`{walk}` is not in:\n{text}");
    walk
}

#[tokio::test]
async fn an_index_on_what_is_set_is_named_as_the_reason_for_no_strides() {
    // Elsewhere another test's transaction may keep the dead rows of one job on the pages of the next.
    let pages = Pages::on(Database::alone().await, 2000, 400, JobKind::Sweeping).await;
    pages.write_job("order = \"physical\"");
    let version: i32 = pages.database().value("SELECT current_setting('server_version_num')::int").await;
    pages
        .database()
        .execute(
            "ALTER TABLE pages ADD twice bigint GENERATED ALWAYS AS (new::bigint * 2) STORED; ANALYZE pages",
        )
        .await;
    for (index, forbids) in [
        ("(new)", true),
        ("(old, new)", true),
        ("((new + 1))", true),
        ("(old) WHERE new IS NULL", true),
        ("(old) INCLUDE (new)", true),
        ("(twice)", true),
        ("USING hash (new)", true),
        ("USING brin (new)", version < 160_000),
        ("USING brin ((new + 1))", version < 160_000),
        ("(old)", false),
        ("((old + visits)) WHERE pad IS NULL", false),
    ] {
        pages.database().execute(&format!("CREATE INDEX \"The Odd\" ON pages {index}")).await;
        pages.project.longhaul(&["run", "fill", "--workers", "1"]).await.succeeded();
        let walk = shown_walk(&pages.project).await;
        let reason =
            "no interleaving (the index The Odd is on what is set, so every update writes all indexes)";
        assert_eq!(walk.contains(reason), forbids, "{index}: {walk}");
        assert_eq!(walk.contains(" strides in windows of 64 MB (a page holds "), !forbids, "{index}: {walk}");
        assert!(walk.starts_with("in physical order (as the job says), "), "{walk}");
        assert!(walk.contains(", 1 worker"), "{walk}");
        let most: i32 = pages.database().value("SELECT max(stride) FROM longhaul.batch").await;
        assert_eq!(most == 0, forbids, "{index}: the last stride is {most}");
        pages.assert_each_row_done_once(index).await;
        pages.database().execute("DROP INDEX \"The Odd\"").await;
        pages.reset().await;
        // Else there would be room for all on their pages.
        pages.database().execute("VACUUM FULL pages").await;
    }
}

#[tokio::test]
async fn a_small_table_is_walked_by_key_at_once() {
    let pages = Pages::new(100, 10, JobKind::Sweeping).await;
    pages.write_job("");
    pages.project.longhaul(&["run", "fill"]).await.succeeded().says("walking by key (the table is small), ");
    let walk = shown_walk(&pages.project).await;
    assert_eq!(walk, "by key (the table is small), no interleaving (the table has only 1 page), 1 worker");
}

#[tokio::test]
async fn a_larger_table_is_walked_in_physical_order_with_strides() {
    let pages = Pages::on(Database::alone().await, 2000, 400, JobKind::Sweeping).await;
    pages.write_job("");
    pages.project.longhaul(&["run", "fill", "--workers", "2"]).await.succeeded();
    let walk = shown_walk(&pages.project).await;
    assert!(walk.starts_with("in physical order (each page is met once, whatever the key), "), "{walk}");
    assert!(walk.contains(" strides in windows of 32 MB (a page holds 18 rows and has "), "{walk}");
    assert!(walk.ends_with(", 2 workers"), "{walk}");
    let json = pages.project.longhaul(&["status", "--json"]).await.succeeded().stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    let hot: i64 = pages.database().value("SELECT sum(rows_hot)::int8 FROM longhaul.range").await;
    assert_eq!(json["runs"][0]["rows_heap_only"], hot);
    assert!(hot > 1000, "{hot} of 2000 updates were heap-only");
    let text = pages.project.longhaul(&["status"]).await.succeeded().stdout;
    assert!(text.contains("  heap-only   "), "{text}");
}

#[tokio::test]
async fn a_key_that_does_not_follow_the_rows_on_disk_gets_no_strides() {
    let pages = Pages::new(2000, 400, JobKind::Counting).await;
    pages.write_job("");
    pages
        .database()
        .execute("CREATE INDEX shuffle ON pages (md5(id::text)); CLUSTER pages USING shuffle; ANALYZE pages")
        .await;
    pages.project.longhaul(&["run", "fill"]).await.succeeded();
    let walk = shown_walk(&pages.project).await;
    assert!(
        walk.starts_with(
            "by key (the job's rows may be visited once only, and rows that move would be met twice), "
        ),
        "{walk}"
    );
    assert!(
        walk.contains("no interleaving (rows that are neighbours by key aren't on disk (correlation "),
        "{walk}"
    );
    pages.assert_each_row_done_once("shuffled").await;
}

#[tokio::test]
async fn physical_order_is_refused_for_a_job_that_reads_what_it_sets() {
    let pages = Pages::new(100, 10, JobKind::Counting).await;
    pages.write_job("order = \"physical\"");
    pages
        .project
        .longhaul(&["run", "fill"])
        .await
        .ended_with(2)
        .says(
            "error: jobs/fill.toml: [batch] order: `pages` can't be walked in physical order: the job's rows may be \
             visited once only, and rows that move would be met twice",
        )
        .says("hint: leave `order` out, or write \"key\"");
    assert!(pages.database().value::<bool>("SELECT to_regnamespace('longhaul') IS NULL").await);
}

#[tokio::test]
async fn physical_order_is_refused_for_a_partitioned_table() {
    let project = Project::new(Database::empty().await);
    project
        .database
        .execute(
            "CREATE TABLE pay (id int PRIMARY KEY, old int, new int) PARTITION BY RANGE (id);
             CREATE TABLE pay_1 PARTITION OF pay DEFAULT; INSERT INTO pay SELECT i, i FROM generate_series(1, 10) AS i",
        )
        .await;
    let job = "[job]\ntable = \"pay\"\nset = { new = \"old\" }\n";
    project.write("fill.toml", &format!("{job}[batch]\norder = \"physical\"\n"));
    project.longhaul(&["run", "fill"]).await.ended_with(2).says(
        "`pay` can't be walked in physical order: it has partitions or children, or is not in PostgreSQL's own format",
    );
    project.write("fill.toml", &format!("{job}[batch]\nstrides = 3\nwindow = \"64kB\"\n"));
    project.longhaul(&["run", "fill"]).await.succeeded();
    assert_eq!(project.database.value::<i64>("SELECT count(*) FROM pay WHERE new = old").await, 10);
}

#[tokio::test]
async fn a_table_with_children_is_done_to_the_last_of_their_rows() {
    for (rows_of_parent, rows_of_child) in [(3000, 100), (100, 6000), (3000, 9000)] {
        let project = Project::new(Database::empty().await);
        project
            .database
            .execute(&format!(
                "CREATE TABLE pay (id int PRIMARY KEY, old int, new int, changes int NOT NULL DEFAULT 0, pad text);
                 CREATE TABLE pay_child (PRIMARY KEY (id)) INHERITS (pay);
                 INSERT INTO pay SELECT i, i, NULL, 0, repeat('p', 400) FROM generate_series(1, {rows_of_parent}) AS i;
                 INSERT INTO pay_child SELECT 100000 + i, i, NULL, 0, repeat('p', 400)
                 FROM generate_series(1, {rows_of_child}) AS i;
                 CREATE FUNCTION count_changes() RETURNS trigger LANGUAGE plpgsql AS
                     'BEGIN NEW.changes := OLD.changes + 1; RETURN NEW; END';
                 CREATE TRIGGER a BEFORE UPDATE ON pay FOR EACH ROW EXECUTE FUNCTION count_changes();
                 CREATE TRIGGER a BEFORE UPDATE ON pay_child FOR EACH ROW EXECUTE FUNCTION count_changes();
                 ANALYZE pay, pay_child"
            ))
            .await;
        project.write("fill.toml", "[job]\ntable = \"pay\"\nset = { new = \"old\" }\n");
        project.longhaul(&["run", "fill"]).await.succeeded();
        let wrong: i64 = project
            .database
            .value("SELECT count(*) FROM pay WHERE new IS DISTINCT FROM old OR changes <> 1")
            .await;
        assert_eq!(wrong, 0, "{rows_of_parent} rows of the parent, {rows_of_child} of its child");
    }
}

#[tokio::test]
async fn what_batch_cant_ask_for_is_refused_at_its_place() {
    let pages = Pages::new(10, 10, JobKind::Sweeping).await;
    for (line, column, says) in [
        ("order = \"tid\"", 9, "there is no order `tid`"),
        ("order = \"Key\"", 9, "there is no order `Key`"),
        ("order = 1", 9, "order"),
        ("strides = 0", 11, "strides"),
        ("strides = -3", 11, "strides"),
        ("strides = 65", 11, "`strides` is 65, and can be 64 at the most"),
        ("strides = \"3\"", 11, "strides"),
        ("window = \"x\"", 10, "x"),
        ("window = \"0kB\"", 10, "0kB"),
        ("window = \"64\"", 10, "64"),
        ("window = 64", 10, "window"),
    ] {
        pages.write_job(line);
        let outcome = pages.project.longhaul(&["run", "fill"]).await.ended_with(2);
        let place = format!("error: jobs/fill.toml:6:{column}: ");
        let first = outcome.stderr.lines().next().unwrap();
        assert!(first.starts_with(&place) && first.contains(says), "{line}:\n{}", outcome.stderr);
        assert!(pages.database().value::<bool>("SELECT to_regnamespace('longhaul') IS NULL").await);
    }
}
