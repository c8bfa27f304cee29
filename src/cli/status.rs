//! `longhaul status [JOB]`

use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::context::Context;
use super::exit;
use super::failure::Failure;
use crate::engine::{Comparison, hours_in_force};
use crate::model::{RunState, Wanted, counted, human_count, human_duration};
use crate::pg::Connection;
use crate::plan::eta::{EtaEstimator, EtaRange, format_range};
use crate::plan::hours::{Opening, Schedule, describe_time};
use crate::store::{PassTotals, QuarantineCount, RunRow, WorkerRow};

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
    quarantine: QuarantineCount,
    workers: Vec<WorkerRow>,
    pace: EtaEstimator,
    schedule: Schedule,
    now: Timestamp,
    /// Of a run that is done, what was expected of it.
    compared: Option<Comparison>,
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
    let database = store.database_settings(client).await?;
    let manifest = context.manifest().ok();
    let job = manifest.as_ref().and_then(|manifest| manifest.job(&run.job, &context.settings.dirs).ok());
    let schedule = hours_in_force(job, &context.settings, (&run.settings, &database));
    let mut pace = EtaEstimator::new();
    for (at, seen) in store.recent_batches(client, run.id, run.pass).await? {
        pace.record(at, seen);
    }
    let all = store.totals(client, run.id, None).await?;
    let compared = match run.state {
        RunState::Done => Comparison::of(store, client, (run.id, all.rows_changed), &schedule).await?,
        _ => None,
    };
    Ok(Standing {
        compared,
        pass: store.totals(client, run.id, Some(run.pass)).await?,
        all,
        checkpoint: open.first().and_then(|range| range.standing(&run.key_columns)),
        quarantine: store.count_quarantine(client, run.id).await?,
        workers: store.workers(client, run.id).await?.into_iter().filter(|worker| worker.alive).collect(),
        pace,
        schedule,
        now: store.now(client).await?,
        run,
    })
}

impl Standing {
    /// The state in words: `running` says whether anybody is.
    fn state(&self) -> String {
        let active = self.run.state.is_active();
        match (active, self.workers.as_slice(), self.run.wish.wanted) {
            (true, [], _) => {
                format!("interrupted while {}: no process is at work, run it again to go on", self.run.state)
            }
            (true, _, Wanted::Pause) => format!("{}, and about to be paused", self.run.state),
            (true, _, Wanted::Cancel) => format!("{}, and about to be cancelled", self.run.state),
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
        if run.wish.wanted != Wanted::Work && !run.state.is_final() {
            let at = run.wanted_at.as_deref().unwrap_or("before");
            lines.push(format!(
                "  wanted      {} by {}, {at}",
                run.wish.wanted.as_str(),
                run.wish.describe()
            ));
        }
        if !run.settings.is_empty() && !run.state.is_final() {
            let settings = run.settings.split('\n').map(str::trim).filter(|line| !line.is_empty());
            lines.push(format!("  set         {}", settings.collect::<Vec<_>>().join(" ")));
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
        if self.quarantine != QuarantineCount::default() {
            let QuarantineCount { held, dropped } = self.quarantine;
            let dropped = if dropped > 0 { format!(", {dropped} dropped") } else { String::new() };
            lines.push(format!(
                "  quarantine  {} held{dropped}; `longhaul quarantine list {}` shows them",
                counted(usize::try_from(held).unwrap_or(usize::MAX), "row"),
                run.name
            ));
        }
        if let (Some(rate), Some(left)) = (self.pace.rate_now(), self.left()) {
            let end = self.end(left).map(|end| format!(", done {end}")).unwrap_or_default();
            lines.push(format!("  pace        {rate:.0} rows/s, {} left{end}", format_range(left)));
        }
        if let Some(hours) = self.hours() {
            lines.push(format!("  hours       {hours}"));
        }
        if let Some(cost) = self.cost_to_others() {
            lines.push(format!("  others      {cost}"));
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
        if let Some(compared) = &self.compared {
            lines.push(format!("  plan        {}", compared.describe()));
        }
        for (count, worker) in self.processes() {
            let WorkerRow { actor, host, process_id, started_at, .. } = worker;
            let workers = counted(count, "worker");
            lines.push(format!(
                "  at work     {actor} on {host} (process {process_id}, {workers}) since {started_at}"
            ));
            if worker.doing != "working" {
                lines.push(format!("              {}, since {}", worker.doing, worker.doing_since));
            }
        }
        lines.join("\n")
    }

    /// When it will be done by the clock, where the hours make that another question than how long it takes.
    fn end(&self, left: EtaRange) -> Option<String> {
        if self.schedule.is_empty() { None } else { self.schedule.describe_finish(self.now, left) }
    }

    /// Whether the hours are open, while the run isn't over.
    fn hours(&self) -> Option<String> {
        if self.schedule.is_empty() || self.run.state.is_final() {
            return None;
        }
        let when = |until: Option<Timestamp>| match until {
            Some(until) => format!("until {}", describe_time(until, self.now, &self.schedule.zone())),
            None => "for good".to_owned(),
        };
        Some(match self.schedule.at(self.now) {
            Opening::Open { until } => format!("open {}", when(until)),
            Opening::Closed { until, reason } => format!("closed {}: {reason}", when(until)),
        })
    }

    /// What others had to wait for, and the batches for them.
    fn cost_to_others(&self) -> Option<String> {
        let PassTotals { gave_way, longest_blocked, lock_wait, .. } = self.all;
        let mut told = Vec::new();
        if longest_blocked > Duration::ZERO {
            told.push(format!("waited for a batch {} at the longest", human_duration(longest_blocked)));
        }
        if gave_way > 0 {
            told.push(format!(
                "{} gave way to them",
                counted(usize::try_from(gave_way).unwrap_or(usize::MAX), "batch")
            ));
        }
        if lock_wait > Duration::ZERO {
            told.push(format!("kept batches waiting for {} in all", human_duration(lock_wait)));
        }
        (!told.is_empty()).then(|| told.join(", "))
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
            "wanted": run.wish.wanted.as_str(),
            "wanted_by": run.wish.by,
            "wanted_why": run.wish.why,
            "wanted_at": run.wanted_at,
            "settings": run.settings,
            "hours": self.hours(),
            "wal_bytes": self.all.wal_bytes,
            "gave_way": self.all.gave_way,
            "longest_blocked_ms": u64::try_from(self.all.longest_blocked.as_millis()).unwrap_or(u64::MAX),
            "lock_wait_ms": u64::try_from(self.all.lock_wait.as_millis()).unwrap_or(u64::MAX),
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
            "quarantine": self.quarantine,
            "sign_off": run.sign_off,
            "compared": self.compared,
        })
    }
}
