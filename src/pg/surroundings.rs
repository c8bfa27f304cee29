//! Reads what surrounds a table that a job is to change: triggers, foreign keys, publications, settings, locks.

use tokio_postgres::{Client, Error};

use super::storage;
use crate::plan::rehearsal::{ForeignKey, Surroundings, Trigger};

/// Of the table, and of these columns of it. Reads the catalog and the server's views only.
pub async fn surroundings(client: &Client, table: u32, targets: &[&str]) -> Result<Surroundings, Error> {
    let row = client.query_one(include_str!("surroundings/table.sql"), &[&table, &targets]).await?;
    let triggers = client.query(include_str!("surroundings/triggers.sql"), &[&table, &targets]).await?;
    let foreign_keys =
        client.query(include_str!("surroundings/foreign_keys.sql"), &[&table, &targets]).await?;
    let size = |name: &str| row.get::<_, i64>(name).unsigned_abs();
    Ok(Surroundings {
        rules: row.get("rules"),
        triggers: triggers
            .iter()
            .map(|row| Trigger {
                name: row.get("name"),
                for_each_row: row.get("for_each_row"),
                function: row.get("function"),
                takes_numbers: row.get("takes_numbers"),
                reaches_out: row.get("reaches_out"),
            })
            .collect(),
        foreign_keys: foreign_keys
            .iter()
            .map(|row| ForeignKey {
                name: row.get("name"),
                incoming: row.get("incoming"),
                other: row.get("other"),
                writes: row.get("writes"),
                has_index: row.get("has_index"),
            })
            .collect(),
        generated: row.get("generated"),
        unproved: row.get("unproved"),
        unique_on_targets: row.get("unique_on_targets"),
        publications: row.get("publications"),
        identity_full: row.get("identity_full"),
        identity_missing: row.get("identity_missing"),
        unlogged: row.get("unlogged"),
        fillfactor: row.get("fillfactor"),
        autovacuum: row.get("autovacuum"),
        rows: row.get("rows"),
        dead_rows: row.get("dead_rows"),
        indexes: row.get("indexes"),
        index_bytes: size("index_bytes"),
        xid_age: row.get("xid_age"),
        multixact_age: row.get("multixact_age"),
        freeze_max_age: row.get("freeze_max_age"),
        multixact_freeze_max_age: row.get("multixact_freeze_max_age"),
        failsafe_age: row.get("failsafe_age"),
        max_wal_size: size("max_wal_size"),
        checkpoint_timeout: row.get("checkpoint_timeout"),
        writes_full_pages: row.get("writes_full_pages"),
        is_vacuumed: row.get("is_vacuumed"),
        oldest_transaction: row.get("oldest_transaction"),
        locks: locks(client, table).await?,
        keeps_dead_rows: storage::horizon_holder(client).await?.map(|(who, _)| who),
    })
}

/// Who holds, or waits for, a lock of the table that a batch would wait for.
pub async fn locks(client: &Client, table: u32) -> Result<Vec<String>, Error> {
    let rows = client.query(include_str!("surroundings/locks.sql"), &[&table]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
