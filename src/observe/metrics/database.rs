//! How the runs and the history of a database stand, read anew at each scrape.

use jiff::Timestamp;

use super::text::{Families, Labels};
use crate::config::Settings;
use crate::manifest::Manifest;
use crate::model::{RevisionBody, RunState};
use crate::observe::{Source, Standing};
use crate::pg::{ConnectError, Connection, Connector};
use crate::plan::hours::Opening;
use crate::store::{Pulse, Store, StoreError};

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The control schema could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// All of them. Where there is no control schema there are none, but for what the files say.
pub(super) async fn read(
    connector: &Connector,
    store: &Store,
    settings: &Settings,
) -> Result<Families, Unread> {
    let connection = connector.connect("metrics").await?;
    // Files that make no history have no figures; `check` says why.
    let manifest = Manifest::load(&settings.dirs).ok();
    let mut families = Families::default();
    let is_there = store.is_readable(&connection).await?;
    if is_there {
        let source = Source { store, settings, manifest: manifest.as_ref() };
        for standing in source.standings(&connection, None).await? {
            if let Some(pulse) = store.pulse(&*connection, standing.run.id).await? {
                of_run(&mut families, &standing, &pulse);
            }
        }
        for (alert, state, messages) in store.count_alerts(&*connection).await? {
            let labels = vec![("alert", alert), ("state", state)];
            families.add("longhaul_alert_messages", ALERTS, labels, messages as f64);
        }
    }
    revisions(&mut families, (store, is_there), &connection, manifest.as_ref()).await?;
    Ok(families)
}

const ALERTS: &str = "Messages of alerts that are kept, by state: due, sent, dropped.";

fn of_run(families: &mut Families, standing: &Standing, pulse: &Pulse) {
    let run = &standing.run;
    let labels = || -> Labels {
        vec![
            ("job_name", run.name.clone()),
            ("job_id", run.job.clone()),
            ("direction", run.direction.as_str().to_owned()),
        ]
    };
    let with = |name: &'static str, value: &str| {
        let mut labels = labels();
        labels.push((name, value.to_owned()));
        labels
    };
    for state in RunState::ALL {
        let value = if state == run.state { 1.0 } else { 0.0 };
        families.add("longhaul_run_state", "1 for the state that the job's latest run is in.", with("state", state.as_str()), value);
    }
    let mut gauge = |name, help, value: Option<f64>| {
        if let Some(value) = value {
            families.add(name, help, labels(), value);
        }
    };
    let seconds = |at: Option<Timestamp>| at.map(|at| at.as_microsecond() as f64 / 1e6);
    let is_open = !run.state.is_final();
    gauge("longhaul_run_id", "The number of the job's latest run.", Some(run.id.0 as f64));
    gauge("longhaul_run_pass", "The pass that it is in: 0 the backfill, then the sweeps.", Some(f64::from(run.pass.0)));
    gauge("longhaul_run_rows_estimated", "Rows of the table, estimated when the run began.", Some(run.estimated_rows as f64));
    gauge("longhaul_run_rows_passed", "Keys passed in the pass that it is in.", Some(standing.pass.rows_seen as f64));
    gauge("longhaul_run_rows_changed", "Rows changed in all passes.", Some(standing.all.rows_changed as f64));
    gauge("longhaul_run_batches", "Batches committed in all passes.", Some(standing.all.batches as f64));
    gauge("longhaul_run_wal_bytes", "WAL that the server wrote while the batches ran.", Some(standing.all.wal_bytes as f64));
    gauge("longhaul_run_batches_given_way", "Batches cancelled because others waited for them.", Some(standing.all.gave_way as f64));
    gauge("longhaul_run_lock_wait_seconds", "How long batches were seen to wait for locks of others, in all.", Some(standing.all.lock_wait.as_secs_f64()));
    gauge("longhaul_run_longest_blocked_seconds", "The longest that a session was seen to wait for a batch.", Some(standing.all.longest_blocked.as_secs_f64()));
    let heap_only = standing.all.rows_hot as f64 / standing.all.rows_changed as f64;
    gauge("longhaul_run_heap_only_ratio", "Of the rows changed, those that stayed on their pages.", Some(heap_only).filter(|ratio| ratio.is_finite()));
    gauge("longhaul_run_progress_ratio", "Part of the run that is done, from 0 to 1; an estimate never says 1 before the end.", progress(standing));
    gauge("longhaul_run_rows_per_second", "The pace of the last minute, while a process is at work.", standing.pace.rate_now().filter(|_| !standing.workers.is_empty()));
    gauge("longhaul_run_workers", "Workers that are alive.", Some(standing.workers.len() as f64));
    gauge("longhaul_run_held", "1 while something holds it.", is_open.then(|| if pulse.hold.is_some() { 1.0 } else { 0.0 }));
    let opening = is_open.then(|| standing.schedule.at(standing.now));
    let open = opening.map(|opening| if matches!(opening, Opening::Open { .. }) { 1.0 } else { 0.0 });
    gauge("longhaul_run_hours_open", "1 while its hours are open.", open);
    gauge("longhaul_run_started_timestamp_seconds", "When it began.", seconds(Some(pulse.started)));
    gauge("longhaul_run_finished_timestamp_seconds", "When it ended or stopped last.", seconds(pulse.finished));
    gauge("longhaul_run_last_batch_timestamp_seconds", "When its last batch was committed.", seconds(pulse.last_batch));
    for (state, rows) in [("held", standing.quarantine.held), ("dropped", standing.quarantine.dropped)] {
        families.add("longhaul_run_quarantined_rows", "Rows in its quarantine: held, to be decided on; dropped, left as they are.", with("state", state), rows as f64);
    }
    let Some(left) = standing.left() else { return };
    for (bound, time) in [("low", left.low), ("high", left.high)] {
        families.add("longhaul_run_remaining_seconds", "Working time that is left, as a range.", with("bound", bound), time.as_secs_f64());
        if let Some(end) = seconds(standing.schedule.finish(standing.now, time)) {
            families.add("longhaul_run_eta_timestamp_seconds", "When it will be done by the clock, its hours counted, as a range.", with("bound", bound), end);
        }
    }
}

fn progress(standing: &Standing) -> Option<f64> {
    if standing.run.state == RunState::Done {
        return Some(1.0);
    }
    let ratio = standing.pass.rows_seen as f64 / standing.run.estimated_rows as f64;
    (!standing.run.state.is_final() && ratio.is_finite()).then(|| ratio.min(0.99))
}

/// Applied and pending, by kind.
async fn revisions(
    families: &mut Families,
    (store, is_there): (&Store, bool),
    connection: &Connection,
    manifest: Option<&Manifest>,
) -> Result<(), StoreError> {
    let applied = if is_there { store.applied(&**connection).await? } else { Default::default() };
    families.add("longhaul_revisions_applied", "Revisions that count as applied.", Vec::new(), applied.len() as f64);
    let Some(manifest) = manifest else { return Ok(()) };
    let changed = manifest.revisions.iter().filter(|revision| {
        applied.get(&revision.id.0).is_some_and(|found| found.checksum != revision.checksum)
    });
    families.add("longhaul_revisions_changed", "Applied revisions whose files say something else by now.", Vec::new(), changed.count() as f64);
    let ids = applied.into_keys().collect();
    let heads = manifest.graph.heads();
    let pending = manifest.graph.pending(&ids, &heads);
    for (kind, is_data) in [("schema", false), ("data", true)] {
        let of_kind = pending.iter().filter(|id| {
            let body = manifest.revision(id).map(|revision| &revision.body);
            matches!(body, Some(RevisionBody::Data(_))) == is_data
        });
        families.add("longhaul_revisions_pending", "Revisions of the files that are not applied, by kind.", vec![("kind", kind.to_owned())], of_kind.count() as f64);
    }
    let behind = heads.iter().filter(|head| !ids.contains(**head)).count();
    families.add("longhaul_heads_behind", "Heads of the files that the database has not reached.", Vec::new(), behind as f64);
    Ok(())
}
