//! `longhaul run JOB`

use std::time::Duration;

use clap::Args;

use super::args::Crew;
use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::signals;
use crate::engine::{Ended, History, JobOutcome, Leave, RunRequest, Stop, StopLevel};
use crate::model::{Job, RunState, human_count};

/// How often `--wait` looks whether a paused run was resumed.
const LOOK: Duration = Duration::from_secs(2);

#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// A revision id or prefix, a job's name, or a file's path
    job: String,
    /// Begin another run, giving up an unfinished one; rows that are done stay done
    #[arg(long)]
    anew: bool,
    /// Work beside another process that runs the job, on this host or another
    #[arg(long, conflicts_with = "anew")]
    join: bool,
    /// Wait for the hours to open, for a pause to end and for signals to let go, however long it takes
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    pub(crate) crew: Crew,
}

pub(crate) async fn run(args: &RunArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let manifest = context.manifest()?;
    let job = manifest.job(&args.job, &context.settings.dirs)?;
    let connector = context.connector()?;
    let terminal = context.observer(context.printer.terminal(context.clock));
    let stop = signals::listen(terminal.clone())?;
    let engine = context.engine(&connector, &*terminal, &stop);
    let history = History { engine: &engine, manifest: &manifest };
    let alerts = context.alerts(&connector, terminal.clone());
    context.finish(alerts, until_done(args, context, (&history, job), &stop).await).await
}

/// Runs the job; with `--wait` as often as it takes.
async fn until_done(
    args: &RunArgs,
    context: &Context<'_>,
    (history, job): (&History<'_>, &Job),
    stop: &Stop,
) -> Result<u8, Failure> {
    let mut request = RunRequest { anew: args.anew, join: args.join, patient: args.wait, only: None };
    let mut said: Option<Leave> = None;
    let terminal = context.printer.terminal(context.clock);
    loop {
        let ended = match history.run(job, request).await? {
            JobOutcome::Ended(ended) => ended,
            JobOutcome::Skipped => {
                context.printer.say(&format!("{} is passed over: its condition doesn't hold", job.name));
                return Ok(exit::DONE);
            }
        };
        let (run, leave) = match &*ended {
            Ended::Left { run, leave, .. } if args.wait && !stop.is_asked() => (run, leave),
            _ => return Ok(report(context, &job.name, &ended)),
        };
        request.only = request.only.or(*run);
        // What was begun anew is not begun anew a second time.
        request.anew = false;
        if said.as_ref() != Some(leave) {
            report(context, &job.name, &ended);
            said = Some(leave.clone());
        }
        terminal.leave(Some(&format!("{} {}", job.name, leave.describe())));
        if !wait_out(context, leave, stop).await {
            return Ok(report(context, &job.name, &ended));
        }
    }
}

/// Waits until it is worth another try. `false`: it never is, or the operator's signal has ended the waiting.
async fn wait_out(context: &Context<'_>, leave: &Leave, stop: &Stop) -> bool {
    let over = async {
        match leave {
            Leave::Closed { until: Some(until), .. } => {
                // Whoever changes the hours meanwhile is not to be missed.
                tokio::select! {
                    () = context.clock.sleep_until(*until) => {}
                    () = context.clock.sleep(LOOK) => {}
                }
                true
            }
            Leave::Paused(_) | Leave::HeldTooLong { .. } => {
                context.clock.sleep(LOOK).await;
                true
            }
            Leave::Elsewhere { state: RunState::Waiting | RunState::Paused } => true,
            Leave::Closed { until: None, .. }
            | Leave::Cancelled(_)
            | Leave::Signal { .. }
            | Leave::Quarantined { .. }
            | Leave::Elsewhere { .. } => false,
        }
    };
    tokio::select! {
        worth = over => worth,
        () = stop.reached(StopLevel::AfterBatch) => false,
    }
}

/// Says how it ended, and returns the exit code.
pub(crate) fn report(context: &Context<'_>, job: &str, ended: &Ended) -> u8 {
    context.printer.terminal(context.clock).leave(None);
    match ended {
        Ended::Done { run, totals, .. } => {
            let (changed, batches) = (human_count(totals.rows_changed), human_count(totals.batches));
            context.printer.say(&format!(
                "run {run} of {job} is done: {changed} rows changed in {batches} batches, signed off"
            ));
            exit::DONE
        }
        Ended::AlreadyDone(run) => {
            let when = run.finished_at.as_deref().unwrap_or("before");
            context.printer.say(&format!(
                "{job} is done: run {} was signed off at {when}; --anew runs it again",
                run.id
            ));
            exit::DONE
        }
        Ended::Left { run: None, leave, .. } => {
            context.printer.say(&format!("{job} {}; nothing was begun", leave.describe()));
            code(leave)
        }
        Ended::Left { run: Some(run), leave: leave @ Leave::Paused(wish), .. } if wish.is_own() => {
            let why = wish.why.as_deref().unwrap_or("an error came again and again");
            let failure =
                Failure::new(code(leave), format!("run {run} of {job} has paused by itself: {why}"));
            let hint = format!("mend the cause, then `longhaul resume {job}` and run it again");
            let failure = failure.hint(Some(hint)).logged_as("the run has paused by itself");
            context.printer.failure(&failure);
            code(leave)
        }
        Ended::Left { run: Some(run), totals, leave, others } => {
            let (seen, changed) = (human_count(totals.rows_seen), human_count(totals.rows_changed));
            let how = match leave {
                Leave::Signal { cancelled: true } => {
                    "is stopped: its batch was cancelled and nothing of it kept".to_owned()
                }
                Leave::Signal { cancelled: false } => "is stopped: its last batch was committed".to_owned(),
                leave => leave.describe(),
            };
            let next = match leave {
                Leave::Elsewhere { .. } => "`longhaul status` tells more",
                _ if *others => "other processes go on with it",
                Leave::Paused(_) => "`longhaul resume` lets it go on",
                Leave::Cancelled(_) => "what it changed stays",
                Leave::Quarantined { .. } => {
                    "`longhaul quarantine list` shows them; `quarantine retry` them, or `quarantine drop` them with a \
                     reason, and run it again"
                }
                _ => "run it again to go on",
            };
            context.printer.say(&format!(
                "run {run} of {job} {how}; {seen} rows passed, {changed} changed so far; {next}"
            ));
            code(leave)
        }
    }
}

fn code(leave: &Leave) -> u8 {
    match leave {
        Leave::Signal { cancelled: true } => exit::INTERRUPTED,
        Leave::Closed { .. } | Leave::HeldTooLong { .. } | Leave::Elsewhere { state: RunState::Waiting } => {
            exit::NOT_NOW
        }
        Leave::Elsewhere { state: RunState::Failed } => exit::FAILED,
        Leave::Quarantined { .. } | Leave::Elsewhere { state: RunState::Quarantined } => exit::QUARANTINED,
        Leave::Signal { cancelled: false }
        | Leave::Paused(_)
        | Leave::Cancelled(_)
        | Leave::Elsewhere { .. } => exit::STOPPED,
    }
}
