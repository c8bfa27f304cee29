//! `longhaul plan JOB`: what a run would meet and come to, before there is one.

mod text;

use clap::Args;
use serde_json::{Value, json};

use super::args::Crew;
use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::signals;
use crate::engine::{Kept, PreflightError, Rehearsal, RunError};
use crate::plan::checkup::{Finding, Level};

#[derive(Args, Debug)]
pub(crate) struct PlanArgs {
    /// A revision id or prefix, a job's name, or a file's path
    job: String,
    /// Batches to try and roll back, each twice, at places spread over the table; 0: none [default: 8, or none where a
    /// trigger may reach beyond its transaction]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=100))]
    batches: Option<u32>,
    #[command(flatten)]
    pub(crate) crew: Crew,
}

pub(crate) async fn plan(args: &PlanArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let manifest = context.manifest()?;
    let job = manifest.job(&args.job, &context.settings.dirs)?;
    let connector = context.connector()?;
    let terminal = context.observer(context.printer.terminal(context.clock));
    let stop = signals::listen(terminal.clone())?;
    let engine = context.engine(&connector, &*terminal, &stop);
    let rehearsal = match Box::pin(engine.rehearse(job, args.batches)).await {
        Ok(Some(rehearsal)) => rehearsal,
        Ok(None) => {
            context.printer.say(&format!("{} was not planned to the end: stopped by a signal", job.name));
            return Ok(exit::INTERRUPTED);
        }
        // That the job doesn't fit the database is what was asked for.
        Err(error @ RunError::Preflight(PreflightError::Finding(_))) => {
            return Ok(unfit(context, &job.name, error));
        }
        Err(error) => return Err(error.into()),
    };
    if context.printer.json {
        context.printer.data(&format!("{:#}", as_json(&job.name, &rehearsal)));
    } else {
        context.printer.data(text::lines(&job.name, &rehearsal).join("\n").as_str());
    }
    Ok(if rehearsal.is_stopped() { exit::FOUND } else { exit::DONE })
}

/// The job and the database don't fit: nothing else can be looked at.
fn unfit(context: &Context<'_>, job: &str, error: RunError) -> u8 {
    let hint = error.hint().unwrap_or_default();
    let finding = Finding::bad("job", error.to_string(), hint);
    if context.printer.json {
        let told = json!({ "ok": false, "job": job, "findings": [as_finding(&finding)], "trials": [], "forecast": null });
        context.printer.data(&format!("{told:#}"));
    } else {
        context.printer.data(text::stops(&[&finding]).join("\n").as_str());
        let Failure { details, .. } = Failure::from(error);
        for detail in &details {
            context.printer.data(detail);
        }
    }
    exit::FOUND
}

fn as_finding(Finding { subject, level, says, mend }: &Finding) -> Value {
    let level = match level {
        Level::Fine => "fine",
        Level::Note => "note",
        Level::Bad => "bad",
    };
    json!({ "subject": subject, "level": level, "says": says, "mend": mend })
}

fn as_json(job: &str, rehearsal: &Rehearsal) -> Value {
    let findings: Vec<Value> = rehearsal.findings.iter().map(as_finding).collect();
    let ends_at = rehearsal.ends_at.map(|(first, last)| [first.to_string(), last.to_string()]);
    json!({
        "ok": !rehearsal.is_stopped(),
        "job": job,
        "table": rehearsal.table,
        "walk": rehearsal.walk,
        "findings": findings,
        "trials": rehearsal.trials,
        "forecast": rehearsal.forecast,
        "ends_at": ends_at,
        "effects": rehearsal.effects,
        "advice": rehearsal.advice,
        "kept": rehearsal.kept == Kept::Yes,
    })
}
