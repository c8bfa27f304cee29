//! How the runs and the history of a database stand, read anew at each scrape.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::text::{Families, Labels};
use crate::config::Settings;
use crate::manifest::Manifest;
use crate::model::{RevisionBody, RunState};
use crate::observe::{Source, Standing};
use crate::pg::{ConnectError, Connection, Connector};
use crate::plan::hours::Opening;
use crate::store::{Pulse, Store, StoreError};

/// Who gave up doesn't read what comes later, and the server needn't go on with it.
const LONGEST: &str = "SET statement_timeout = '7s'";

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The limit of its statements could not be set.
    #[error("can't set the limit of statements")]
    Bound(#[source] tokio_postgres::Error),
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
    connection.batch_execute(LONGEST).await.map_err(Unread::Bound)?;
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

/// The figures of one run, as they are added.
struct OfRun<'f> {
    families: &'f mut Families,
    standing: &'f Standing,
    pulse: &'f Pulse,
}

fn of_run(families: &mut Families, standing: &Standing, pulse: &Pulse) {
    let mut run = OfRun { families, standing, pulse };
    run.state();
    run.rows();
    run.cost();
    run.times();
    run.left();
}

impl OfRun<'_> {
    fn labels(&self) -> Labels {
        let run = &self.standing.run;
        vec![
            ("job_name", run.name.clone()),
            ("job_id", run.job.clone()),
            ("direction", run.direction.as_str().to_owned()),
        ]
    }

    fn add(&mut self, name: &'static str, help: &'static str, value: impl Into<Option<f64>>) {
        if let Some(value) = value.into() {
            let labels = self.labels();
            self.families.add(name, help, labels, value);
        }
    }

    fn add_with(&mut self, name: &'static str, help: &'static str, label: (&'static str, &str), value: f64) {
        let mut labels = self.labels();
        labels.push((label.0, label.1.to_owned()));
        self.families.add(name, help, labels, value);
    }

    fn state(&mut self) {
        let Standing { run, workers, schedule, now, .. } = self.standing;
        for state in RunState::ALL {
            let help = "1 for the state that the job's latest run is in.";
            self.add_with("longhaul_run_state", help, ("state", state.as_str()), truth(state == run.state));
        }
        let unfinished = !run.state.is_final();
        let is_held = unfinished.then(|| truth(self.pulse.hold.is_some()));
        let is_open = unfinished.then(|| truth(matches!(schedule.at(*now), Opening::Open { .. })));
        self.add("longhaul_run_id", "The number of the job's latest run.", run.id.0 as f64);
        let help = "The pass that it is in: 0 the backfill, then the sweeps.";
        self.add("longhaul_run_pass", help, f64::from(run.pass.0));
        self.add("longhaul_run_workers", "Workers that are alive.", workers.len() as f64);
        self.add("longhaul_run_held", "1 while something holds it.", is_held);
        self.add("longhaul_run_open", "1 while its hours are open.", is_open);
    }

    fn rows(&mut self) {
        let Standing { run, pass, all, quarantine, pace, workers, .. } = self.standing;
        let help = "Rows of the table, estimated when the run began.";
        self.add("longhaul_run_rows_estimated", help, run.estimated_rows as f64);
        self.add("longhaul_run_rows_passed", "Keys passed in the pass that it is in.", pass.rows_seen as f64);
        self.add("longhaul_run_rows_changed", "Rows changed in all passes.", all.rows_changed as f64);
        self.add("longhaul_run_batches", "Batches committed in all passes.", all.batches as f64);
        let heap_only = all.rows_hot as f64 / all.rows_changed as f64;
        let help = "Of the rows changed, those that stayed on their pages.";
        self.add("longhaul_run_heap_only_ratio", help, Some(heap_only).filter(|ratio| ratio.is_finite()));
        let help = "Part of the run that is done, from 0 to 1; an estimate never says 1 before the end.";
        self.add("longhaul_run_progress_ratio", help, progress(self.standing));
        let help = "The pace of the last minute, while a process is at work.";
        self.add("longhaul_run_rows_per_second", help, pace.rate_now().filter(|_| !workers.is_empty()));
        for (state, rows) in [("held", quarantine.held), ("dropped", quarantine.dropped)] {
            let help = "Rows in its quarantine: held, to be decided on; dropped, left as they are.";
            self.add_with("longhaul_run_quarantined_rows", help, ("state", state), rows as f64);
        }
    }

    fn cost(&mut self) {
        let all = &self.standing.all;
        let help = "WAL that the server wrote while the batches ran.";
        self.add("longhaul_run_wal_bytes", help, all.wal_bytes as f64);
        let help = "Batches cancelled because others waited for them.";
        self.add("longhaul_run_batches_given_way", help, all.gave_way as f64);
        let help = "How long batches were seen to wait for locks of others, in all.";
        self.add("longhaul_run_lock_wait_seconds", help, all.lock_wait.as_secs_f64());
        let help = "The longest that a session was seen to wait for a batch.";
        self.add("longhaul_run_longest_blocked_seconds", help, all.longest_blocked.as_secs_f64());
    }

    fn times(&mut self) {
        let Pulse { started, finished, last_batch, .. } = self.pulse;
        self.add("longhaul_run_started_timestamp_seconds", "When it began.", seconds(*started));
        let help = "When it ended or stopped last.";
        self.add("longhaul_run_finished_timestamp_seconds", help, finished.map(seconds));
        let help = "When its last batch was committed.";
        self.add("longhaul_run_last_batch_timestamp_seconds", help, last_batch.map(seconds));
    }

    fn left(&mut self) {
        let Some(left) = self.standing.left() else { return };
        for (bound, time) in [("low", left.low), ("high", left.high)] {
            let help = "Working time that is left, as a range.";
            self.add_with("longhaul_run_remaining_seconds", help, ("bound", bound), time.as_secs_f64());
            if let Some(end) = self.standing.schedule.finish(self.standing.now, time) {
                let help = "When it will be done by the clock, its hours counted, as a range.";
                self.add_with("longhaul_run_eta_timestamp_seconds", help, ("bound", bound), seconds(end));
            }
        }
    }
}

fn truth(is_so: bool) -> f64 {
    if is_so { 1.0 } else { 0.0 }
}

fn seconds(at: Timestamp) -> f64 {
    at.as_microsecond() as f64 / 1e6
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
    let applied = if is_there { store.applied(&**connection).await? } else { BTreeMap::new() };
    let help = "Revisions that count as applied.";
    families.add("longhaul_revisions_applied", help, Vec::new(), applied.len() as f64);
    let Some(manifest) = manifest else { return Ok(()) };
    let changed = manifest.revisions.iter().filter(|revision| {
        applied.get(&revision.id.0).is_some_and(|found| found.checksum != revision.checksum)
    });
    let help = "Applied revisions whose files say something else by now.";
    families.add("longhaul_revisions_changed", help, Vec::new(), changed.count() as f64);
    let ids = applied.into_keys().collect();
    let heads = manifest.graph.heads();
    let pending = manifest.graph.pending(&ids, &heads);
    for (kind, is_data) in [("schema", false), ("data", true)] {
        let of_kind = pending.iter().filter(|id| {
            let body = manifest.revision(id).map(|revision| &revision.body);
            matches!(body, Some(RevisionBody::Data(_))) == is_data
        });
        let help = "Revisions of the files that are not applied, by kind.";
        let labels = vec![("kind", kind.to_owned())];
        families.add("longhaul_revisions_pending", help, labels, of_kind.count() as f64);
    }
    let behind = heads.iter().filter(|head| !ids.contains(**head)).count();
    let help = "Heads of the files that the database has not reached.";
    families.add("longhaul_heads_behind", help, Vec::new(), behind as f64);
    Ok(())
}
