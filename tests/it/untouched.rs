//! `[verify] untouched`: a batch that changes anything else of a row, by whatever trigger, is refused.

use crate::support::{Database, Project};

async fn project(job: &str) -> Project {
    let project = Project::new(Database::empty().await);
    project
        .database
        .execute(
            "CREATE TABLE t (id int PRIMARY KEY, old int, new int, note json, \"Changed At\" timestamptz DEFAULT '2020-01-01');
             INSERT INTO t SELECT i, i, NULL, '{\"a\": 1}' FROM generate_series(1, 100) AS i;
             CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN NEW.\"Changed At\" := ''2026-01-01''; RETURN NEW; END';
             CREATE TRIGGER stamp BEFORE UPDATE ON t FOR EACH ROW WHEN (OLD.id = 42) EXECUTE FUNCTION stamp()",
        )
        .await;
    project.write("fill.toml", &format!("[job]\ntable = \"t\"\nset = {{ new = \"old * 2\" }}\n{job}\n"));
    project
}

#[tokio::test]
async fn a_column_that_a_trigger_changes_is_named_with_its_row() {
    let project = project("[verify]\nuntouched = true").await;
    let outcome = project.longhaul(&["run", "fill"]).await.ended_with(1);
    outcome
        .says("row {42} changed in what was to stay untouched: Changed At from 2020-01-01")
        .says("[verify] untouched = [");
    assert_eq!(
        project.database.value::<i64>("SELECT count(*) FROM t WHERE \"Changed At\" > '2025-01-01'").await,
        0
    );
}

#[tokio::test]
async fn columns_that_matter_can_be_named() {
    let project = project("[verify]\nuntouched = [\"old\", \"note\"]").await;
    project.longhaul(&["run", "fill"]).await.succeeded();
    assert_eq!(project.database.value::<i64>("SELECT count(*) FROM t WHERE new = old * 2").await, 100);
}

#[tokio::test]
async fn a_column_that_is_not_there_or_is_set_is_refused() {
    let project = project("[verify]\nuntouched = [\"olt\"]").await;
    project
        .longhaul(&["run", "fill"])
        .await
        .ended_with(2)
        .says("has no column `olt`")
        .says("did you mean `old`?");
    project.write(
        "fill.toml",
        "[job]\ntable = \"t\"\nset = { new = \"old * 2\" }\n[verify]\nuntouched = [\"new\"]\n",
    );
    project.longhaul(&["run", "fill"]).await.ended_with(2).says("`new` is set by the job");
}
