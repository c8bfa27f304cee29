//! The log tells that something is being undone before it is: whoever must know of it hears in time.

use serde_json::json;

use super::{History, HistoryError};
use crate::model::{Job, RevisionId, counted};
use crate::pg::Connection;
use crate::store::Event;

/// Revisions that are named in the sentence.
const NAMED: usize = 5;

/// `downgrade` is about to undo these, in this order.
pub(super) async fn record_downgrade(
    history: &History<'_>,
    connection: &Connection,
    target: &str,
    path: &[RevisionId],
) -> Result<(), HistoryError> {
    let ids: Vec<&str> = path.iter().map(|id| id.0.as_str()).collect();
    let named = ids[..ids.len().min(NAMED)].join(", ");
    let more = if ids.len() > NAMED { ", …" } else { "" };
    let message =
        format!("`downgrade {target}` begins to undo {}: {named}{more}", counted(ids.len(), "revision"));
    let detail = Some(json!({ "target": target, "revisions": ids }));
    record(history, connection, Event { kind: KIND, run: None, revision: path.first(), message, detail })
        .await
}

/// `undo` is about to put back what a job overwrote.
pub(super) async fn record_undo(
    history: &History<'_>,
    connection: &Connection,
    job: &Job,
) -> Result<(), HistoryError> {
    let message = format!("`undo {}` begins to put back what it overwrote in {}", job.name, job.table);
    let detail = Some(json!({ "job": job.name }));
    let event = Event { kind: KIND, run: None, revision: job.revision.as_ref(), message, detail };
    record(history, connection, event).await
}

const KIND: &str = "history.undoing";

async fn record(
    history: &History<'_>,
    connection: &Connection,
    event: Event<'_>,
) -> Result<(), HistoryError> {
    let engine = history.engine;
    Ok(engine.store.record(&**connection, engine.identity, event).await?)
}
