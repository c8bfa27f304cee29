//! Connections that are lost in the middle of a revision: it is applied once, and the command comes to its end.

use super::gate::{AT_THE_GATE, Gate, entries, ledger, terminate, until, waiting_at_the_gate};
use crate::support::{Project, Proxy};

async fn gated() -> Project {
    let project = ledger().await;
    let first = format!(
        "-- revision: aaaa1111\n-- migrate:up\nINSERT INTO ledger VALUES ('first');\n{AT_THE_GATE};\n"
    );
    project.write("1.sql", &first);
    project.write(
        "2.sql",
        "-- revision: bbbb2222\n-- revises: aaaa1111\n-- migrate:up transaction:false\n\
         INSERT INTO ledger VALUES ('second');\nVACUUM ledger;\nINSERT INTO ledger VALUES ('third');\n",
    );
    project.configure("lock_timeout = \"60s\"");
    project
}

/// What both revisions leave, once.
async fn done_once(project: &Project) {
    assert_eq!(entries(&project.database).await, "first second third");
    let recorded = "SELECT count(*) = 2 AND count(DISTINCT revision) = 2 FROM longhaul.event WHERE kind = 'revision.applied'";
    assert!(project.database.value::<bool>(recorded).await);
}

#[tokio::test]
async fn a_session_that_an_administrator_ends_is_made_again() {
    let project = gated().await;
    let gate = Gate::close(&project.database).await;
    let mut upgrade = project.spawn(&["upgrade"]);
    waiting_at_the_gate(&project.database, 1).await;
    terminate(&project.database, "longhaul upgrade").await;
    upgrade.hear("revision aaaa1111 lost its connection; connecting again").await;
    waiting_at_the_gate(&project.database, 1).await;
    // All of them at once, as when a server is restarted.
    terminate(&project.database, "longhaul upgrade%").await;
    waiting_at_the_gate(&project.database, 1).await;
    gate.open().await;
    upgrade.outcome().await.succeeded();
    done_once(&project).await;
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_not_repeated() {
    // The first is the control schema's.
    for commit in 2..=6 {
        let project = gated().await;
        let proxy = Proxy::losing_the_answer(&project.database, "COMMIT", commit).await;
        project
            .longhaul_with(&[("DATABASE_URL", &proxy.url)], &["upgrade"])
            .await
            .succeeded()
            .says("lost its connection");
        assert!(proxy.has_cut(), "commit {commit} never came");
        done_once(&project).await;
    }
}

#[tokio::test]
async fn a_network_that_is_cut_while_the_server_goes_on_costs_nothing() {
    let project = gated().await;
    let gate = Gate::close(&project.database).await;
    let proxy = Proxy::before(&project.database).await;
    let mut upgrade = project.spawn_with(&[("DATABASE_URL", &proxy.url)], &["upgrade"]);
    waiting_at_the_gate(&project.database, 1).await;
    proxy.cut();
    upgrade.hear("lost its connection").await;
    // Its own lock is held by what it lost, until the server ends that, after a minute at the most.
    upgrade.hear("another process is changing the history").await;
    terminate(&project.database, "longhaul upgrade by %").await;
    waiting_at_the_gate(&project.database, 2).await;
    gate.open().await;
    upgrade.outcome().await.succeeded();
    drop(proxy);
    until(&project.database, "NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'longhaul%')").await;
    done_once(&project).await;
}
