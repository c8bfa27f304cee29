//! `longhaul status [JOB]`

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::exit;
use super::failure::Failure;
use crate::model::{RunState, counted, human_count};
use crate::pg::Connection;
use crate::plan::eta::{EtaEstimator, EtaRange, format_range};
use crate::store::{PassTotals, RunRow, WorkerRow};

#[derive(Args, Debug)]
pub(crate) struct StatusArgs {
    /// A revision id or prefix, a job's name, or a file's path; all jobs without it
    job: Option<String>,
}

/// A run with what is known about it elsewhere.
struct Standing {
    run: RunRow,
    pass: PassTotals,
    all: PassTotals,
    checkpoint: Option<String>,
    workers: Vec<WorkerRow>,
    pace: EtaEstimator,
}

pub(crate) async fn status(args: &StatusArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let job = match &args.job {
        Some(wanted) => Some(context.manifest()?.job(wanted, &context.settings.dirs)?.id().to_owned()),
        None => None,
    };
    let mut standings = Vec::new();
    if let Some(connection) = context.reader("status").await? {
        for run in context.store.runs(&*connection, job.as_deref()).await? {
            standings.push(standing(context, &connection, run).await?);
        }
    }
    if context.printer.json {
        let runs: Vec<Value> = standings.iter().map(Standing::json).collect();
        context.printer.data(&format!("{:#}", json!({ "runs": runs })));
    } else if standings.is_empty() {
        context.printer.data("no job has been run on this database");
    } else {
        let texts: Vec<String> = standings.iter().map(Standing::text).collect();
        context.printer.data(&texts.join("\n\n"));
    }
    Ok(exit::DONE)
}

async fn standing(context: &Context<'_>, connection: &Connection, run: RunRow) -> Result<Standing, Failure> {
    let (store, client) = (&context.store, &**connection);
    let open = store.open_ranges(client, run.id, run.pass).await?;
    let mut pace = EtaEstimator::new();
    for (at, seen) in store.recent_batches(client, run.id, run.pass).await? {
        pace.record(at, seen);
    }
    Ok(Standing {
        pass: store.totals(client, run.id, Some(run.pass)).await?,
        all: store.totals(client, run.id, None).await?,
        checkpoint: open.first().and_then(|range| range.standing(&run.key_columns)),
        workers: store.workers(client, run.id).await?.into_iter().filter(|worker| worker.alive).collect(),
        pace,
        run,
    })
}

impl Standing {
    /// The state in words: `running` says whether anybody is.
    fn state(&self) -> String {
        let active = matches!(self.run.state, RunState::Running | RunState::Proving);
        match (active, self.workers.as_slice()) {
            (true, []) => {
                format!("interrupted while {}: no process is at work, run it again to go on", self.run.state)
            }
            _ => self.run.state.to_string(),
        }
    }

    fn percent(&self) -> Option<u64> {
        if self.run.state.is_final() {
            return None;
        }
        (self.pass.rows_seen * 100).checked_div(self.run.estimated_rows).map(|percent| percent.min(99))
    }

    /// How long still, while a process is at work on the backfill.
    fn left(&self) -> Option<EtaRange> {
        let remaining = self.run.estimated_rows.checked_sub(self.pass.rows_seen)?;
        if self.workers.is_empty() { None } else { self.pace.estimate(remaining) }
    }

    fn text(&self) -> String {
        let run = &self.run;
        let mut lines = vec![format!(
            "{}  run {} on {} by key {}",
            run.name,
            run.id,
            run.table,
            run.key_columns.join(", ")
        )];
        lines.push(format!("  state       {}", self.state()));
        if let Some(reason) = &run.reason {
            lines.push(format!("  last        it {reason}"));
        }
        let share = self.percent().map(|percent| format!(", {percent} %")).unwrap_or_default();
        let estimated = format!(" of about {}", human_count(run.estimated_rows));
        lines.push(format!(
            "  {:<11} {}{estimated} rows passed{share}",
            run.pass.to_string(),
            human_count(self.pass.rows_seen)
        ));
        lines.push(format!(
            "  changed     {} rows in {} batches",
            human_count(self.all.rows_changed),
            human_count(self.all.batches)
        ));
        if let (Some(rate), Some(left)) = (self.pace.rate_now(), self.left()) {
            lines.push(format!("  pace        {rate:.0} rows/s, {} left", format_range(left)));
        }
        if !run.walk.is_empty() {
            lines.push(format!("  walk        {}", run.walk));
        }
        if let Some(percent) = self.heap_only() {
            lines.push(format!("  heap-only   {percent} % of the updates: they wrote no index"));
        }
        if let Some(checkpoint) = &self.checkpoint {
            lines.push(format!("  checkpoint  {checkpoint}"));
        }
        lines.push(format!("  started     {} by {}", run.started_at, run.started_by));
        if let Some(finished) = &run.finished_at {
            lines.push(format!("  ended       {finished}"));
        }
        for (count, worker) in self.processes() {
            let WorkerRow { actor, host, process_id, started_at, .. } = worker;
            let workers = counted(count, "worker");
            lines.push(format!(
                "  at work     {actor} on {host} (process {process_id}, {workers}) since {started_at}"
            ));
        }
        lines.join("\n")
    }

    /// Each process with the number of its workers and the first of them.
    fn processes(&self) -> Vec<(usize, &WorkerRow)> {
        let mut processes: Vec<(usize, &WorkerRow)> = Vec::new();
        for worker in &self.workers {
            let same = |known: &&mut (usize, &WorkerRow)| {
                (&known.1.host, known.1.process_id) == (&worker.host, worker.process_id)
            };
            match processes.iter_mut().find(same) {
                Some((count, _)) => *count += 1,
                None => processes.push((1, worker)),
            }
        }
        processes
    }

    /// Of the rows changed, those that stayed on their pages, in percent.
    fn heap_only(&self) -> Option<u64> {
        (self.all.rows_hot * 100).checked_div(self.all.rows_changed)
    }

    fn json(&self) -> Value {
        let run = &self.run;
        let totals = |totals: &PassTotals| json!({ "batches": totals.batches, "rows_seen": totals.rows_seen, "rows_changed": totals.rows_changed });
        json!({
            "run": run.id.0,
            "job": run.job,
            "name": run.name,
            "table": run.table,
            "key": run.key_columns,
            "state": run.state.as_str(),
            "active": !self.workers.is_empty(),
            "reason": run.reason,
            "pass": run.pass.0,
            "pass_totals": totals(&self.pass),
            "totals": totals(&self.all),
            "estimated_rows": run.estimated_rows,
            "rows_per_second": self.pace.rate_now(),
            "seconds_left": self.left().map(|left| [left.low.as_secs(), left.high.as_secs()]),
            "walk": run.walk,
            "rows_heap_only": self.all.rows_hot,
            "checkpoint": self.checkpoint,
            "started_at": run.started_at,
            "started_by": run.started_by,
            "finished_at": run.finished_at,
            "workers": self.workers,
            "sign_off": run.sign_off,
        })
    }
}
