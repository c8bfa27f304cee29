//! A role that may not see what it would have to.

use std::time::Duration;

use longhaul::model::{FreeDisk, Limit, Limits};

use super::{Watch, assert_contains};
use crate::support::Database;

/// The URL of a plain role with this name.
async fn plain_role(database: &Database, name: &str) -> String {
    database.execute(&format!("CREATE ROLE {name} LOGIN PASSWORD 'plain'")).await;
    let (scheme, rest) = database.url.split_once("://").unwrap();
    let (_, place) = rest.split_once('@').unwrap();
    format!("{scheme}://{name}:plain@{place}")
}

#[tokio::test]
async fn a_default_that_rights_do_not_allow_is_passed_over_and_warned_of_once() {
    let database = Database::alone().await;
    let url = plain_role(&database, "plain_default").await;
    let mut watch = Watch::new(&url, &Limits::default()).await;
    assert_eq!(watch.held(0).await, [""; 0]);
    // The verdict above has taken the warnings; another watch tells them.
    let mut again = Watch::new(&url, &Limits::default()).await;
    again.sample(0).await.unwrap();
    let warnings = again.verdict(0).warnings;
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert_contains(
        &warnings[0],
        "active sessions is not watched: this role doesn't see other roles' sessions; GRANT pg_monitor",
    );
    assert_contains(&warnings[1], "free disk is not watched: ");
    assert_eq!(again.verdict(1).warnings, [""; 0]);
    database.execute("DROP ROLE plain_default").await;
}

#[tokio::test]
async fn a_limit_that_was_given_holds_where_rights_do_not_allow_to_watch_it_until_they_do() {
    let database = Database::alone().await;
    let url = plain_role(&database, "plain_given").await;
    let limits = Limits {
        active_sessions: Some(Limit::At(100)),
        oldest_transaction: Some(Limit::At(Duration::from_secs(3600))),
        free_disk: Some(Limit::At(FreeDisk { share: Some(1e-9), bytes: None })),
        ..Limits::default()
    };
    let mut watch = Watch::new(&url, &limits).await;
    let held = watch.held(0).await;
    assert_eq!(held.len(), 3, "{held:?}");
    for reason in &held {
        assert_contains(reason, " can't be read, limit ");
        assert_contains(reason, "GRANT pg_monitor");
    }
    database.execute("GRANT pg_monitor TO plain_given").await;
    assert_eq!(watch.held(5).await, [""; 0]);
    database.execute("DROP ROLE plain_given").await;
}
