//! The heart of a process: a connection of its own that tells the database every second that its workers live.
//!
//! It holds no lock and no transaction. When it can't beat, the work goes on: whoever takes the run over meanwhile
//! changes the lease, and the fence keeps this worker from committing.

use std::time::Duration;

use tokio_util::task::AbortOnDropHandle;

use crate::clock::Clock;
use crate::model::WorkerId;
use crate::pg::Connector;
use crate::store::Store;

/// How often the heart beats; [`crate::store::LEASE_TTL`] is ten beats.
const BEAT: Duration = Duration::from_secs(1);

/// Starts the heart. It stops when the handle is dropped.
pub(super) fn start(
    clock: &Clock,
    connector: &Connector,
    store: &Store,
    workers: Vec<WorkerId>,
) -> AbortOnDropHandle<()> {
    let (clock, connector, store) = (clock.clone(), connector.clone(), store.clone());
    AbortOnDropHandle::new(tokio::spawn(async move {
        loop {
            if let Ok(connection) = connector.connect("heartbeat").await {
                while matches!(store.beat(&*connection, &workers).await, Ok(true)) {
                    clock.sleep(BEAT).await;
                }
            }
            clock.sleep(BEAT).await;
        }
    }))
}
