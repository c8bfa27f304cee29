//! Reads what `doctor` judges.

use jiff::Timestamp;
use tokio_postgres::{Client, Error};

use crate::clock::Clock;
use crate::plan::checkup::Server;

const CHECKUP: &str = include_str!("catalog/checkup.sql");

/// What a run of this role would meet on the server; `control` is the control schema's name. Reads only.
pub async fn checkup(client: &Client, clock: &Clock, control: &str) -> Result<Server, Error> {
    let statement = client.prepare(CHECKUP).await?;
    let before = clock.wall();
    let row = client.query_one(&statement, &[&control]).await?;
    let after = clock.wall();
    // Half-way between is as good a guess as any of when the server looked at its clock.
    let middle = f64::midpoint(seconds(before), seconds(after));
    Ok(Server {
        version: row.get("version"),
        tls: row.get("tls"),
        is_here: row.get("is_here"),
        role: row.get("role"),
        database: row.get("database"),
        reads_activity: row.get("reads_activity"),
        may_create: row.get("may_create"),
        may_use_control: row.get("may_use_control"),
        free_connections: row.get("free_connections"),
        autovacuum: row.get("autovacuum"),
        track_activities: row.get("track_activities"),
        max_wal_size: row.get::<_, i64>("max_wal_size").unsigned_abs(),
        shared_buffers: row.get::<_, i64>("shared_buffers").unsigned_abs(),
        standbys: row.get("standbys"),
        waits_for_standbys: row.get("waits_for_standbys"),
        idle_slots: row.get("idle_slots"),
        prepared: row.get("prepared"),
        event_triggers: row.get("event_triggers"),
        extensions: row.get("extensions"),
        archives: row.get("archives"),
        archive_failed: row.get("archive_failed"),
        clock_ahead: row.get::<_, f64>("now") - middle,
    })
}

fn seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}
