//! What alerts are told from, read from the database and from files.

use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::source::AlertSource;
use crate::engine::hours_in_force;
use crate::manifest::Manifest;
use crate::model::RunId;
use crate::pg::{Connection, sqlstate};
use crate::plan::alerts::{DriftFacts, Happened, HoldFacts, RunFacts, Subject};
use crate::plan::forecast::Forecast;
use crate::store::{EventSince, StoreError};

/// Findings that are named in a message.
const NAMED: usize = 5;

/// Every run that is not over, with what may be wrong with it.
pub(super) async fn runs(source: &AlertSource, connection: &Connection) -> Result<Vec<RunFacts>, StoreError> {
    // Files that can't be read now tell nothing of anybody's hours.
    let manifest = Manifest::load(&source.settings.dirs).ok();
    let mut runs = Vec::new();
    for id in source.store.unfinished_run_ids(&**connection).await? {
        runs.extend(run(source, connection, manifest.as_ref(), id).await?);
    }
    Ok(runs)
}

async fn run(
    source: &AlertSource,
    connection: &Connection,
    manifest: Option<&Manifest>,
    id: RunId,
) -> Result<Option<RunFacts>, StoreError> {
    let (store, client, settings) = (&source.store, &**connection, &source.settings);
    let (Some(run), Some(pulse)) = (store.run(client, id).await?, store.pulse(client, id).await?) else {
        return Ok(None);
    };
    let job = manifest.and_then(|manifest| manifest.job(&run.job, &settings.dirs).ok());
    let database = store.database_settings(client).await?;
    let schedule = job.map(|job| hours_in_force(Some(job), settings, (&run.settings, &database)));
    let workers = store.workers(client, id).await?.into_iter().filter(|worker| worker.alive).count();
    let forecast = store.forecast_of(client, id).await?;
    let forecast = forecast.and_then(|row| serde_json::from_value::<Forecast>(row.figures).ok());
    let expected = forecast.and_then(|forecast| Duration::try_from_secs_f64(forecast.time.high).ok());
    Ok(Some(RunFacts {
        subject: Subject { run: Some(id.0), job: Some(run.name), table: Some(run.table), revision: None },
        id: id.0,
        state: run.state,
        wanted: run.wish.wanted,
        started: pulse.started,
        taken_up: pulse.taken_up.unwrap_or(pulse.started),
        last_batch: pulse.last_batch,
        workers: u32::try_from(workers).unwrap_or(u32::MAX),
        hold: pulse.hold.map(|hold| HoldFacts {
            event: hold.event,
            since: hold.at,
            reason: hold.message.strip_prefix("held by ").unwrap_or(&hold.message).to_owned(),
        }),
        let_go: pulse.let_go,
        quarantined: store.count_quarantine(client, id).await?.held,
        expected,
        schedule,
    }))
}

/// An event of the log.
pub(super) fn happened(event: EventSince) -> Happened {
    let instead = match event.sqlstate.as_deref().filter(|code| sqlstate::may_tell_values(code)) {
        Some(code) => Some(format!("a row can't take its new value (SQLSTATE {code})")),
        None if event.totals_differ => Some("the totals differ".to_owned()),
        None => event.public,
    };
    Happened {
        id: event.id,
        kind: event.kind,
        at: event.at,
        subject: Subject {
            run: event.run.map(|run| run.0),
            job: event.job,
            table: event.table,
            revision: event.revision,
        },
        direction: event.direction,
        message: event.message,
        instead,
    }
}

/// Applied revisions whose files say something else now, or that no file has. `Err(None)`: the files can't be read.
pub(super) async fn drift(
    source: &AlertSource,
    connection: &Connection,
) -> Result<Option<DriftFacts>, Option<StoreError>> {
    let manifest = Manifest::load(&source.settings.dirs).map_err(|_| None)?;
    let applied = source.store.applied(&**connection).await.map_err(Some)?;
    let mut found: Vec<(String, String)> = Vec::new();
    for revision in &manifest.revisions {
        let Some(before) = applied.get(&revision.id.0) else { continue };
        if before.checksum != revision.checksum {
            let file = revision.file.display();
            let says =
                format!("{file} says something else than what was applied as revision {}", revision.id);
            found.push((revision.checksum.clone(), says));
        }
    }
    let ids = applied.into_keys().collect();
    for id in manifest.graph.unknown_applied(&ids) {
        found.push((id.to_string(), format!("revision {id} is applied, and in no file")));
    }
    if found.is_empty() {
        return Ok(None);
    }
    let mut hash = Sha256::new();
    for (what, says) in &found {
        hash.update(format!("{what}\n{says}\n"));
    }
    let hex = |text: String, byte: &u8| text + &format!("{byte:02x}");
    let fingerprint = hash.finalize().iter().take(8).fold(String::new(), hex);
    let more = found.len().saturating_sub(NAMED);
    let mut findings: Vec<String> = found.into_iter().take(NAMED).map(|(_, says)| says).collect();
    if more > 0 {
        findings.push(format!("and {more} more"));
    }
    Ok(Some(DriftFacts { fingerprint, findings }))
}

/// For how long this process has been there, by its own clock.
pub(super) fn uptime(source: &AlertSource) -> Duration {
    source.clock.monotonic().saturating_duration_since(source.began)
}

/// As RFC 3339 has it, to the second.
pub(super) fn written(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
