//! kill -9 at every point, of a run that keeps old values and of the one that puts them back.

use crate::support::{Database, Project};

/// Six batches of ten, and a count of every change of a row.
async fn counted() -> Project {
    let project = Project::new(Database::empty().await);
    project
        .database
        .execute(
            "CREATE TABLE t (id int PRIMARY KEY, old int, new int, changes int NOT NULL DEFAULT 0);
             INSERT INTO t (id, old, new) SELECT i, i, CASE WHEN i % 2 = 0 THEN -i END FROM generate_series(1, 60) AS i;
             CREATE FUNCTION count_changes() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN NEW.changes := OLD.changes + 1; RETURN NEW; END';
             CREATE TRIGGER count_changes BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION count_changes();
             ANALYZE t",
        )
        .await;
    let job = "[job]\ntable = \"t\"\nundo = \"preimage\"\nset = { new = \"old * 2\" }\n[batch]\nmin = 10\nmax = 10\n";
    project.write("fill.toml", job);
    project
}

async fn count(project: &Project, what: &str) -> i64 {
    project.database.value(&format!("SELECT count(*) FROM {what}")).await
}

/// Dies at these hits of the point, one after another, and then comes to its end.
async fn comes_to_its_end(mut project: Project, command: &str, point: &str) -> Project {
    for hit in [1, 3] {
        project = project.dying_at(point, hit);
        let outcome = project.longhaul(&[command, "fill"]).await;
        project = project.surviving();
        project.database.sessions_are_gone().await;
        // Where the ending was stored before it died there is nothing left to do.
        if outcome.status.code() == Some(0) || outcome.stderr.contains("no old values") {
            return project;
        }
        outcome.was_killed();
    }
    let outcome = project.longhaul(&[command, "fill"]).await;
    assert!(
        outcome.status.success() || outcome.stderr.contains("no old values"),
        "{point}: {}",
        outcome.stderr
    );
    project
}

#[tokio::test]
async fn each_old_value_is_kept_once_and_put_back_once() {
    for point in crate::crash::MATRIX {
        let project = comes_to_its_end(counted().await, "run", point).await;
        let kept = "SELECT coalesce(sum(rows), 0)::int8 FROM longhaul.preimage";
        assert_eq!(count(&project, "t WHERE new = old * 2 AND changes = 1").await, 60, "{point}: done");
        assert_eq!(project.database.value::<i64>(kept).await, 60, "{point}: kept");

        let project = comes_to_its_end(project, "undo", point).await;
        let back = "t WHERE new IS NOT DISTINCT FROM CASE WHEN id % 2 = 0 THEN -id END AND changes = 2";
        assert_eq!(count(&project, back).await, 60, "{point}: put back");
        assert_eq!(project.database.value::<i64>(kept).await, 0, "{point}: kept still");
        assert_eq!(count(&project, "longhaul.run WHERE state NOT IN ('undone', 'done')").await, 0, "{point}");
    }
}
