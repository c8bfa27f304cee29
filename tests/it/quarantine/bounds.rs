//! How many rows may be left behind, and what happens with one more.

use super::Amounts;

#[tokio::test]
async fn without_quarantine_the_first_such_row_stops_the_run_and_is_named() {
    let amounts = Amounts::new(200, "").await;
    let outcome = amounts.project.longhaul(&["run", "fill"]).await.ended_with(1);
    outcome
        .says("the row id = 40 can't take its new value, and nothing of its batch was kept")
        .says("invalid input syntax for type numeric: \"n/a\" [SQLSTATE 22P02]")
        .says("[quarantine] max = 100");
    assert_eq!(amounts.count("FROM pay WHERE changes > 0").await, 0);
    amounts.project.database.execute("UPDATE pay SET written = id WHERE written = 'n/a'").await;
    amounts.project.longhaul(&["run", "fill"]).await.succeeded();
    assert_eq!(amounts.count("FROM pay WHERE changes = 1").await, 200);
}

#[tokio::test]
async fn with_one_row_too_many_the_run_pauses_until_it_is_resumed() {
    let amounts = Amounts::new(400, "4").await;
    let project = &amounts.project;
    let outcome = project.longhaul(&["run", "fill"]).await.ended_with(4);
    outcome.says(
        "5 rows can't take their new values, and max = 4 is tolerated; the last is id = 200: invalid input",
    );
    assert_eq!(amounts.count("FROM longhaul.quarantine").await, 3, "the batch with the fourth was given up");
    assert_eq!(amounts.count("FROM pay WHERE amount = id AND changes = 1").await, 147);
    // Whoever comes by leaves it paused.
    project.longhaul(&["run", "fill"]).await.ended_with(4).says("has paused by itself: 5 rows");
    amounts.write_job("\"3%\"");
    project.longhaul(&["resume", "fill"]).await.succeeded();
    project.longhaul(&["run", "fill"]).await.ended_with(5);
    amounts.assert_all_but_the_bad_are_done_once("resumed").await;
}

#[tokio::test]
async fn workers_that_find_them_at_once_keep_to_the_bound() {
    let amounts = Amounts::new(8_000, "30").await;
    amounts.project.longhaul(&["run", "fill", "--workers", "4"]).await.ended_with(4);
    assert!(amounts.count("FROM longhaul.quarantine").await <= 30);
    amounts.write_job("1000");
    amounts.project.longhaul(&["resume", "fill"]).await.succeeded();
    amounts.project.longhaul(&["run", "fill", "--workers", "4"]).await.ended_with(5);
    amounts.assert_all_but_the_bad_are_done_once("with four workers").await;
}

#[tokio::test]
async fn a_tolerance_that_is_none_is_refused() {
    let amounts = Amounts::new(40, "\"some\"").await;
    amounts
        .project
        .longhaul(&["run", "fill"])
        .await
        .ended_with(2)
        .says("`some` is neither a number of rows nor a share: write 100 or \"0.1%\"");
}

#[tokio::test]
async fn what_is_in_a_row_is_told_to_whoever_may_see_the_quarantine_and_to_nobody_else() {
    let amounts = Amounts::new(200, "100").await;
    let project = &amounts.project;
    // The server adds the whole row to this error.
    let trap = "UPDATE pay SET written = id; ALTER TABLE pay ADD CONSTRAINT small CHECK (amount < 190)";
    project.database.execute(trap).await;
    let outcome = project.longhaul(&["run", "fill", "--workers", "1"]).await.ended_with(5);
    assert!(!outcome.stderr.contains("Failing row"), "{}", outcome.stderr);
    let row = "Failing row contains (195, 195, 195";
    project.longhaul(&["quarantine", "list", "fill"]).await.says_on_stdout(row);
    let everywhere = "SELECT (SELECT string_agg(e::text, '') FROM longhaul.event AS e) ||
                             (SELECT string_agg(r::text, '') FROM longhaul.run AS r)";
    let told: String = project.database.value(everywhere).await;
    assert!(told.contains("11 rows put into quarantine") && !told.contains("Failing row"), "{told}");
    for arguments in [["report", "fill", "--json"], ["log", "fill", "--json"], ["status", "fill", "--json"]] {
        let outcome = project.longhaul(&arguments).await;
        assert!(!outcome.stdout.contains("Failing row"), "{}", outcome.stdout);
    }
    project.longhaul(&["report", "fill", "--html", "fill.html"]).await.succeeded();
    let html = project.read("../fill.html");
    assert!(html.contains("violates check constraint") && !html.contains("Failing row"), "{html}");
}
