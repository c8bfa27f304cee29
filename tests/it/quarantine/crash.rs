//! kill -9 while a batch is done set by set, and while rows are tried again.

use super::Amounts;

pub(crate) const MATRIX: &[&str] =
    &["isolated.quarantined", "isolated.settled", "isolated.committed", "quarantine.retried"];

#[tokio::test]
async fn a_crash_in_the_middle_of_it_leaves_rows_quarantine_and_position_together() {
    for point in ["isolated.quarantined", "isolated.settled", "isolated.committed"] {
        for hit in [1, 3] {
            let when = format!("{point}, hit {hit}");
            let mut amounts = Amounts::new(400, "50").await;
            amounts.project = amounts.project.dying_at(point, hit);
            amounts.project.longhaul(&["run", "fill"]).await.was_killed();
            amounts.project = amounts.project.surviving();
            amounts.project.database.sessions_are_gone().await;
            let books: i64 = amounts
                .project
                .database
                .value("SELECT coalesce(sum(rows_changed), 0)::int8 + (SELECT count(*) FROM longhaul.quarantine) FROM longhaul.range")
                .await;
            let seen: i64 = amounts
                .project
                .database
                .value("SELECT coalesce(sum(rows_seen), 0)::int8 FROM longhaul.range")
                .await;
            assert_eq!(books, seen, "{when}: rows changed or put aside, and rows passed");
            assert_eq!(
                amounts.count("FROM pay WHERE changes = 1").await
                    + amounts.count("FROM longhaul.quarantine").await,
                seen
            );
            amounts.project.longhaul(&["run", "fill"]).await.ended_with(5);
            amounts.assert_all_but_the_bad_are_done_once(&when).await;
        }
    }
}

#[tokio::test]
async fn a_crash_while_a_row_is_tried_again_does_it_once() {
    let mut amounts = Amounts::new(80, "50").await;
    amounts.project.longhaul(&["run", "fill"]).await.ended_with(5);
    amounts.project.database.execute("UPDATE pay SET written = id WHERE written = 'n/a'").await;
    amounts.project = amounts.project.dying_at("quarantine.retried", 2);
    amounts.project.longhaul(&["quarantine", "retry", "fill"]).await.was_killed();
    amounts.project = amounts.project.surviving();
    amounts.project.longhaul(&["quarantine", "retry", "fill"]).await.succeeded();
    assert_eq!(amounts.count("FROM pay WHERE changes = 1 AND amount = id").await, 80);
    amounts.project.longhaul(&["run", "fill"]).await.succeeded();
}

#[tokio::test]
async fn a_crash_anywhere_else_in_a_run_with_rows_in_quarantine_repeats_nothing() {
    for point in crate::crash::MATRIX {
        let mut amounts = Amounts::new(400, "50").await;
        // Some are in quarantine by then.
        for hit in [1, 4] {
            amounts.project = amounts.project.dying_at(point, hit);
            let outcome = amounts.project.longhaul(&["run", "fill"]).await;
            amounts.project = amounts.project.surviving();
            if outcome.status.code() == Some(5) {
                break;
            }
            outcome.was_killed();
        }
        amounts.project.longhaul(&["run", "fill"]).await.ended_with(5);
        amounts.assert_all_but_the_bad_are_done_once(point).await;
    }
}
