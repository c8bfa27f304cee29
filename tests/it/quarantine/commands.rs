//! What a person does about them: list, export, retry, drop, and sign off.

use serde_json::Value;

use super::Amounts;

#[tokio::test]
async fn the_rest_is_done_and_the_run_is_signed_off_once_each_row_is_dealt_with() {
    let amounts = Amounts::new(200, "10").await;
    let project = &amounts.project;
    let outcome = project.longhaul(&["run", "fill"]).await.ended_with(5);
    outcome
        .says("1 row put into quarantine, id = 40: invalid input syntax for type numeric: \"n/a\"")
        .says("is through but for 5 rows in quarantine, and not signed off")
        .says("`longhaul quarantine list` shows them");
    amounts.assert_all_but_the_bad_are_done_once("run").await;
    assert_eq!(amounts.state().await, "quarantined");

    // Again and again: nothing is done twice, nothing is signed off, and nothing is proved while nobody has decided.
    let again = project.longhaul(&["run", "fill"]).await.ended_with(5).says("is through but for 5 rows");
    assert!(!again.stderr.contains("proof"), "{}", again.stderr);
    amounts.assert_all_but_the_bad_are_done_once("run again").await;
    project.longhaul(&["verify", "fill"]).await.ended_with(3);

    let list = project.longhaul(&["quarantine", "list"]).await.succeeded().stdout;
    assert!(list.contains("held     id = 40  22P02 invalid input syntax"), "{list}");
    let list = project.longhaul(&["quarantine", "list", "fill", "--json"]).await.succeeded().stdout;
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["runs"][0]["rows"].as_array().unwrap().len(), 5);
    assert_eq!(list["runs"][0]["rows"][0]["old_values"]["written"], "n/a");
    let status = project.longhaul(&["status", "fill"]).await.succeeded().stdout;
    assert!(status.contains("quarantine  5 rows held"), "{status}");

    project
        .database
        .execute("UPDATE pay SET written = '80' WHERE id = 80; DELETE FROM pay WHERE id = 120")
        .await;
    project.database.execute("UPDATE pay SET amount = 160 WHERE id = 160").await;
    let outcome = project.longhaul(&["quarantine", "retry", "fill"]).await.ended_with(5);
    outcome.says("id = 40: invalid input syntax").says("1 done, 2 needed nothing, 2 failed again");
    assert_eq!(amounts.count("FROM pay WHERE id = 80 AND amount = 80 AND changes = 1").await, 1);
    assert_eq!(amounts.count("FROM longhaul.quarantine WHERE state = 'held' AND tries = 2").await, 2);

    project.longhaul(&["quarantine", "drop", "fill"]).await.ended_with(2).says("--why");
    project
        .longhaul(&["quarantine", "drop", "fill", "--key", "40", "--why", "no amount, says payroll"])
        .await
        .succeeded()
        .says("1 row of fill left as they are");
    project.longhaul(&["run", "fill"]).await.ended_with(5).says("1 row in quarantine");
    project.longhaul(&["quarantine", "drop", "fill", "--why", "the other one too"]).await.succeeded();
    project.longhaul(&["run", "fill"]).await.succeeded().says("is done");
    assert_eq!(amounts.state().await, "done");
    let dropped = "SELECT (sign_off -> 'quarantined' ->> 'dropped')::int8 FROM longhaul.run";
    assert_eq!(project.database.value::<i64>(dropped).await, 2);
    assert_eq!(amounts.count("FROM pay WHERE changes > 1").await, 0);
    let log = project.longhaul(&["log", "fill"]).await.succeeded().stdout;
    assert!(log.contains("1 rows of run 1 were dropped from quarantine: no amount, says payroll"), "{log}");
}

#[tokio::test]
async fn they_are_exported_and_no_spreadsheet_takes_them_for_formulas() {
    let amounts = Amounts::new(80, "10").await;
    let project = &amounts.project;
    project.database.execute("UPDATE pay SET written = '=HYPERLINK(\"x\")' WHERE id = 40; ALTER TABLE pay ADD CHECK (written <> 'z')").await;
    project.longhaul(&["run", "fill"]).await.ended_with(5);
    let file = project.jobs().join("rows.csv");
    let path = file.to_str().unwrap();
    project
        .longhaul(&["quarantine", "export", "fill", "--csv", path])
        .await
        .succeeded()
        .says("2 rows written");
    let mut reader = csv::Reader::from_path(&file).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!((&rows[0][2], &rows[0][3]), ("id = 40", "22P02"));
    let old: Value = serde_json::from_str(&rows[0][9]).unwrap();
    assert_eq!(old["written"], "=HYPERLINK(\"x\")");
    // A file that is there is somebody's.
    project
        .longhaul(&["quarantine", "export", "fill", "--csv", path])
        .await
        .ended_with(1)
        .says("it is there already");
    let shown = project
        .longhaul(&["quarantine", "export", "fill", "--csv", "-", "--spreadsheet"])
        .await
        .succeeded()
        .stdout;
    let mut reader = csv::Reader::from_reader(shown.as_bytes());
    for row in reader.records() {
        assert!(row.unwrap().iter().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{shown}");
    }
}

#[tokio::test]
async fn a_run_that_is_over_leaves_its_quarantine_alone() {
    let amounts = Amounts::new(80, "10").await;
    let project = &amounts.project;
    project
        .longhaul(&["quarantine", "retry", "fill"])
        .await
        .ended_with(1)
        .says("has no run on this database");
    assert_eq!(
        project.longhaul(&["quarantine", "list"]).await.succeeded().stdout,
        "no row is in quarantine\n"
    );
    project.longhaul(&["run", "fill"]).await.ended_with(5);
    project.longhaul(&["cancel", "fill"]).await.succeeded();
    project.longhaul(&["quarantine", "retry", "fill"]).await.ended_with(1).says("is cancelled");
    // Another run finds them anew.
    project.longhaul(&["run", "fill"]).await.ended_with(5);
    assert_eq!(amounts.count("FROM longhaul.quarantine WHERE run_id = 2").await, 2);
}

#[tokio::test]
async fn a_revision_waits_for_a_decision_and_goes_on_by_itself_after_it() {
    let amounts = Amounts::new(80, "10").await;
    let project = &amounts.project;
    let job = format!("revision = \"aaaa1111\"\nmessage = \"fill\"\n{}", project.read("fill.toml"));
    project.write("fill.toml", &job);
    project.write(
        "2_b.sql",
        "-- revision: bbbb1111\n-- revises: aaaa1111\n-- message: b\n\n-- migrate:up\nCREATE TABLE b ();\n",
    );
    project.longhaul(&["upgrade"]).await.ended_with(5);
    project.longhaul(&["upgrade", "--detach"]).await.succeeded();
    let mut worker = project.spawn(&["worker"]);
    worker.hear("waiting for unfinished runs").await;
    project.longhaul(&["quarantine", "drop", "aaaa1111", "--why", "no amounts"]).await.succeeded();
    project.database.until("(SELECT count(*) = 2 FROM longhaul.revision)").await;
    worker.signal(rustix::process::Signal::INT);
    worker.outcome().await.ended_with(4);
    assert_eq!(amounts.state().await, "done");
}

#[tokio::test]
async fn an_expression_that_fails_is_not_asked_again_of_rows_in_quarantine() {
    let amounts = Amounts::new(200, "10").await;
    let project = &amounts.project;
    // Without `where` each row is compared with the expression: in the batches, the sweeps and the proof.
    let job = project.read("fill.toml").replace("where = \"amount IS NULL\"\n", "");
    project.write("fill.toml", &job);
    project.longhaul(&["run", "fill"]).await.ended_with(5);
    amounts.assert_all_but_the_bad_are_done_once("compared with the expression").await;
    project
        .longhaul(&["verify", "fill"])
        .await
        .ended_with(3)
        .says_on_stdout("FOUND 5 rows are held in quarantine");
    project.longhaul(&["quarantine", "drop", "fill", "--why", "no amounts"]).await.succeeded();
    project.longhaul(&["run", "fill"]).await.succeeded();
}
