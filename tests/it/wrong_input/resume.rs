//! A job's file that is edited while its run is unfinished.

use insta::assert_snapshot;

use super::{entries, said};
use crate::support::Project;

const JOB: &str = "[job]\ntable = \"payroll.entries\"\nset = { gross_amount = \"gross_pay\" }\n";

/// A run that died after some batches of ten rows.
async fn interrupted() -> Project {
    let project = entries().await;
    project.write("fill.toml", &format!("{JOB}\n[batch]\nmin = 10\nmax = 10\n"));
    let project = project.dying_at("batch.committed", 3);
    project.longhaul(&["run", "fill"]).await.was_killed();
    assert_eq!(done(&project).await, 30);
    project.surviving()
}

async fn done(project: &Project) -> i64 {
    project.database.value("SELECT count(gross_amount) FROM payroll.entries").await
}

#[tokio::test]
async fn resume_rejects_a_changed_job_with_its_difference() {
    let project = interrupted().await;
    project.write("fill.toml", &JOB.replace("\"gross_pay\"", "\"gross_pay * 100\""));
    let outcome = project.longhaul(&["run", "fill"]).await.ended_with(2);
    let text = said(&project, &outcome);
    let text = text.lines().filter(|line| !line.contains("seems to run this job")).collect::<Vec<_>>();
    assert_snapshot!(text.join("\n"), @"
    error: the job `fill` has changed since its run 1 began
    --- as it was stored
    +++ in the file now
    @@ -1,2 +1,2 @@
     table = payroll.entries
    -set.gross_amount = gross_pay
    +set.gross_amount = gross_pay * 100
    hint: undo the change to go on with the run, or begin another run with --anew; rows that are done stay done
    ");
    assert_eq!(done(&project).await, 30);

    project.write("fill.toml", JOB);
    project.longhaul(&["run", "fill"]).await.succeeded().says("30 rows were changed before");
    assert_eq!(done(&project).await, 50);
}

#[tokio::test]
async fn resume_takes_another_pace_for_no_change() {
    let project = interrupted().await;
    project
        .write("fill.toml", &format!("{JOB}\n[batch]\ntarget = \"2s\"\n[limits]\nrows_per_second = 1000\n"));
    project.longhaul(&["run", "fill"]).await.succeeded().says("30 rows were changed before");
    assert_eq!(done(&project).await, 50);
}

#[tokio::test]
async fn anew_gives_the_unfinished_run_up_and_begins_with_the_changed_job() {
    let project = interrupted().await;
    project.write("fill.toml", &JOB.replace("\"gross_pay\"", "\"gross_pay * 100\""));
    project.longhaul(&["run", "fill", "--anew"]).await.succeeded();
    let wrong: i64 = project
        .database
        .value("SELECT count(*) FROM payroll.entries WHERE gross_amount IS DISTINCT FROM gross_pay * 100")
        .await;
    assert_eq!(wrong, 0);
    let states: String =
        project.database.value("SELECT string_agg(state, ',' ORDER BY id) FROM longhaul.run").await;
    assert_eq!(states, "cancelled,done");
}

#[tokio::test]
async fn resume_rejects_another_key() {
    let project = interrupted().await;
    project
        .database
        .execute(
            "ALTER TABLE payroll.entries DROP CONSTRAINT entries_pkey; \
             ALTER TABLE payroll.entries ALTER number SET NOT NULL",
        )
        .await;
    let outcome = project.longhaul(&["run", "fill"]).await.ended_with(2);
    let text = said(&project, &outcome);
    let text = text.lines().filter(|line| !line.contains("seems to run this job")).collect::<Vec<_>>();
    assert_snapshot!(text.join("\n"), @"
    error: the job `fill` walked by the key (id) so far, and now it would walk by (number)
    hint: name the old key with `key = [...]`, or begin another run with --anew
    ");
    assert_eq!(done(&project).await, 30);
}
