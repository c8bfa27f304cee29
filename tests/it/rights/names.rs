//! A name is a name, whatever is in it.

use super::Staff;

/// The schema and the table, quoted.
const ODD: &str = r#""""; drop table x; --""#;

const JOB: &str = r#"
[job]
table = '"""; drop table x; --"."""; drop table x; --"'
[job.set]
"\"it's %I\"" = '"a, b"'
[verify]
totals = ["sum(\"it's %I\") = sum(\"a, b\")"]
"#;

#[tokio::test]
async fn a_name_that_looks_like_sql_is_only_a_name() {
    let staff = Staff::new([
        "\"; drop table x; --",
        "'; drop table x; --",
        "$$; drop table x; --",
        "\\'); drop table x; -- %I",
    ])
    .await;
    let Staff { migrator, runner, operator, reader, .. } = staff;
    staff
        .database()
        .execute(&format!(
            "CREATE TABLE x (); CREATE SCHEMA {ODD};
             CREATE TABLE {ODD}.{ODD} ({ODD} int PRIMARY KEY, \"a, b\" int, \"it's %I\" int);
             INSERT INTO {ODD}.{ODD} SELECT i, i FROM generate_series(1, 100) AS i;
             CREATE TABLE {ODD}.\"a,b\" (id int PRIMARY KEY)"
        ))
        .await;
    staff.project.write("fill.toml", JOB);
    staff.grant("").await;
    staff.longhaul(migrator, &["set", "--database", "workers=2"]).await.succeeded();
    staff.grant("").await;
    staff
        .longhaul(runner, &["run", "fill"])
        .await
        .ended_with(2)
        .says(&format!("hint: GRANT USAGE ON SCHEMA {ODD} TO \"'; drop table x; --\""));
    staff.grant(&format!("{ODD}.{ODD}, {ODD}.\"a,b\"")).await;
    staff.longhaul(runner, &["run", "fill"]).await.succeeded();
    staff.longhaul(runner, &["verify", "fill"]).await.succeeded();
    staff.longhaul(reader, &["status", "fill"]).await.succeeded();
    staff
        .longhaul(reader, &["pause", "fill"])
        .await
        .ended_with(1)
        .says("GRANT UPDATE ON longhaul.run TO \"\\'); drop table x; -- %I\"");
    staff.longhaul(operator, &["set", "--database", "workers="]).await.succeeded();
    let kept: bool = staff.database().value("SELECT to_regclass('x') IS NOT NULL").await;
    assert!(kept, "the table x was dropped");
    let left = format!("SELECT count(*) FROM {ODD}.{ODD} WHERE \"it's %I\" IS DISTINCT FROM \"a, b\"");
    assert_eq!(staff.database().value::<i64>(&left).await, 0);
}
