//! When something last happened to a run: for metrics and alerts.

use jiff::Timestamp;
use tokio_postgres::GenericClient;

use super::{Store, StoreError, doing};
use crate::model::RunId;

/// When something last happened to a run, by the database's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulse {
    /// When it began.
    pub started: Timestamp,
    /// When it ended or stopped last.
    pub finished: Option<Timestamp>,
    /// When its last batch was committed; `None`: none, or it was long ago.
    pub last_batch: Option<Timestamp>,
    /// When a process took it up last.
    pub taken_up: Option<Timestamp>,
    /// When it was let go last.
    pub let_go: Option<Timestamp>,
    /// What holds it.
    pub hold: Option<HoldBegan>,
}

/// The beginning of a hold, as the log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldBegan {
    /// The event's number.
    pub event: i64,
    /// When.
    pub at: Timestamp,
    /// What holds it: `held by replica lag 7.2 s > 5 s`.
    pub message: String,
}

impl Store {
    /// When something last happened to the run; `None`: it isn't there any more.
    pub async fn pulse(&self, client: &impl GenericClient, run: RunId) -> Result<Option<Pulse>, StoreError> {
        let failed = doing("look when something last happened to the run");
        let row = client.query_opt(&self.sql.read_pulse, &[&run.0]).await.map_err(failed)?;
        let at = |microseconds: Option<i64>| microseconds.and_then(|at| Timestamp::from_microsecond(at).ok());
        Ok(row.map(|row| Pulse {
            started: at(row.get("started")).unwrap_or_default(),
            finished: at(row.get("finished")),
            last_batch: at(row.get("last_batch")),
            taken_up: at(row.get("taken_up")),
            let_go: at(row.get("let_go")),
            hold: row.get::<_, Option<i64>>("hold").map(|event| HoldBegan {
                event,
                at: at(row.get("held_since")).unwrap_or_default(),
                message: row.get::<_, Option<String>>("hold_message").unwrap_or_default(),
            }),
        }))
    }
}
