//! A standing in words, and as JSON.

use std::time::Duration;

use serde_json::{Value, json};

use super::Standing;
use crate::model::{Wanted, counted, human_count, human_duration};
use crate::plan::eta::format_range;
use crate::store::{PassTotals, QuarantineCount, WorkerRow};

impl Standing {
    /// All of it, a fact a line: what `status` prints.
    #[must_use]
    pub fn text(&self) -> String {
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

    /// What others had to wait for, and the batches for them.
    #[must_use]
    pub fn cost_to_others(&self) -> Option<String> {
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

    /// All of it for programs: what `status --json` prints.
    #[must_use]
    pub fn json(&self) -> Value {
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
