//! Who waits for whose locks.

use std::time::Duration;

use tokio_postgres::Client;

const WAITING: &str = include_str!("catalog/waiting.sql");

/// A session that waits for a lock: one of ours for somebody, or somebody for one of ours.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Our backend, be it the one that waits or the one that is waited for.
    pub ours: i32,
    /// Ours waits, and not the other.
    pub ours_waits: bool,
    /// Since when.
    pub since: Duration,
    /// The other session, in words.
    pub who: String,
}

/// Looks who waits for the locks of these backends, and whom they wait for. Takes the lock tables' own locks for a moment:
/// not for every batch.
pub async fn waiting(client: &Client, backends: &[i32]) -> Result<Vec<Waiting>, tokio_postgres::Error> {
    let rows = client.query(WAITING, &[&backends]).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let ours_waits = row.get("ours");
            let ours = if ours_waits { row.get("pid") } else { row.get("blocker") };
            // Not yet noted when the wait has only just begun.
            let seconds: Option<f64> = row.get("seconds");
            let since = Duration::try_from_secs_f64(seconds.unwrap_or(0.0)).unwrap_or_default();
            let who: Option<String> = row.get("who");
            Waiting {
                ours,
                ours_waits,
                since,
                who: who.unwrap_or_else(|| "a session that is gone".to_owned()),
            }
        })
        .collect())
}
