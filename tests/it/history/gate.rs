//! A gate that statements of a revision can be made to wait at, and looks at who waits.

use tokio_postgres::Client;

use crate::support::{Database, Project, wait_for};

/// What a revision says to wait until the gate is open. Shared, so that nobody waits for another who waits.
pub(crate) const AT_THE_GATE: &str = "SELECT pg_advisory_xact_lock_shared(1)";

/// Closed until it is opened or dropped.
pub(crate) struct Gate(Client);

impl Gate {
    pub(crate) async fn close(database: &Database) -> Self {
        let client = database.connect().await;
        client.batch_execute("SELECT pg_advisory_lock(1)").await.unwrap();
        Self(client)
    }

    pub(crate) async fn open(self) {
        self.0.batch_execute("SELECT pg_advisory_unlock(1)").await.unwrap();
    }
}

/// Waits until this many sessions wait at the gate.
pub(crate) async fn waiting_at_the_gate(database: &Database, sessions: i64) {
    let waiting =
        format!("count(*) = {sessions} FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND {HERE}");
    until(database, &waiting).await;
}

/// Rows of `pg_locks` that are about this database.
pub(crate) const HERE: &str = "database = (SELECT oid FROM pg_database WHERE datname = current_database())";

/// Waits until the condition, in SQL, holds; one that can't be asked yet doesn't.
pub(crate) async fn until(database: &Database, condition: &str) {
    let query = format!("SELECT {condition}");
    wait_for(condition, || async {
        matches!(database.client.query_one(&query, &[]).await, Ok(row) if row.get(0))
    })
    .await;
}

/// Ends the sessions with an application name like this, as an administrator would, and waits until they are gone.
pub(crate) async fn terminate(database: &Database, application: &str) {
    let theirs = format!(
        "FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE '{application}'"
    );
    let ended: i64 = database.value(&format!("SELECT count(pg_terminate_backend(pid)) {theirs}")).await;
    assert!(ended > 0, "no session is called {application}");
    until(database, &format!("NOT EXISTS (SELECT {theirs})")).await;
}

/// A table `ledger` of what was done, without a key: done twice, it is there twice.
pub(crate) async fn ledger() -> Project {
    let database = Database::empty().await;
    database.execute("CREATE TABLE ledger (entry text)").await;
    Project::new(database)
}

/// What the ledger has in it, in order.
pub(crate) async fn entries(database: &Database) -> String {
    database.value("SELECT coalesce(string_agg(entry, ' ' ORDER BY entry), '') FROM ledger").await
}
