//! A streaming standby whose replay is paused and resumed: the run holds, says why, and goes on.

use crate::support::{Items, JobKind, Primary};

#[tokio::test]
async fn a_run_holds_while_a_standby_does_not_replay() {
    let primary = Primary::start(&[]).await;
    let standby = primary.standby().await;
    let items = Items::on(primary.database().await, 600, JobKind::Counting).await;
    items.project.configure("[limits]\nrows_per_second = 50\nreplica_lag = \"1s\"\n");
    let mut process = items.project.spawn(&["run", "fill"]);
    items.passed(20).await;
    standby.pause_replay().await;
    process.hear("held: replica lag").await;
    items.until("(SELECT count(*) = 1 FROM longhaul.event WHERE kind = 'hold.began')").await;
    let status = items.project.longhaul(&["status", "fill"]).await.succeeded().stdout;
    assert!(status.contains("held: replica lag") && status.contains("> 1"), "{status}");
    let held_at = items.checkpoint().await;
    assert!(held_at < 600, "it never held");

    standby.resume_replay().await;
    items.until("(SELECT count(*) >= 1 FROM longhaul.event WHERE kind = 'hold.ended')").await;
    items.project.configure("");
    process.kill().await;
    items.sessions_are_gone().await;
    items.project.longhaul(&["run", "fill"]).await.succeeded();
    items.assert_each_row_done_once("a paused standby").await;
}
