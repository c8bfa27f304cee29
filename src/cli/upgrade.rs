//! `longhaul upgrade [TARGET]` and `longhaul downgrade TARGET`

use clap::Args;
use serde_json::{Value, json};

use super::args::Crew;
use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::{confirm, run, script, signals};
use crate::config::LintBefore;
use crate::engine::{ChangeOptions, DataRevisions, Done, History, HistoryStep, InDoubt};

#[derive(Args, Debug)]
pub(crate) struct UpgradeArgs {
    /// head, heads, ID (a unique prefix will do), +N, ID+N, BRANCH@head, BRANCH@+N; with --sql also FROM:TO
    #[arg(default_value = "head")]
    target: String,
    /// Leave data revisions, and what follows them, for `longhaul run` or another `upgrade`
    #[arg(long)]
    no_data: bool,
    /// The same, and leave the rest of the way to `longhaul worker`
    #[arg(long, conflicts_with = "no_data")]
    detach: bool,
    /// Take what the changed file of an applied revision says now for what was applied; needs --why
    #[arg(long, value_name = "REVISION", requires = "why")]
    accept: Vec<String>,
    /// Why; kept in the log
    #[arg(long, value_name = "TEXT", requires = "accept")]
    why: Option<String>,
    /// Don't look first whom it would keep waiting (`longhaul lint`)
    #[arg(long)]
    no_lint: bool,
    #[command(flatten)]
    pub(crate) crew: Crew,
    #[command(flatten)]
    change: ChangeArgs,
}

#[derive(Args, Debug)]
pub(crate) struct DowngradeArgs {
    /// -N, ID (what follows it is undone, itself stays), base, BRANCH@base, BRANCH@-N; with --sql also FROM:TO
    #[arg(allow_hyphen_values = true)]
    target: String,
    #[command(flatten)]
    pub(crate) crew: Crew,
    #[command(flatten)]
    change: ChangeArgs,
}

/// What `upgrade` and `downgrade` have in common.
#[derive(Args, Debug)]
pub(crate) struct ChangeArgs {
    /// Print the script that would do it, from where the database stands, and do nothing
    #[arg(long)]
    sql: bool,
    /// A word that is kept with each event of the log: a release, a ticket
    #[arg(long, value_name = "TEXT")]
    tag: Option<String>,
    /// What to think of a statement outside a transaction that a process had begun when it died
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Doubt::Ask)]
    in_doubt: Doubt,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Doubt {
    /// Find out whether it is done, and stop where that can't be told
    Ask,
    /// It is done
    Done,
    /// Run it again
    Again,
}

impl ChangeArgs {
    fn options(&self) -> ChangeOptions<'_> {
        let in_doubt = match self.in_doubt {
            Doubt::Ask => InDoubt::Ask,
            Doubt::Done => InDoubt::Done,
            Doubt::Again => InDoubt::Again,
        };
        ChangeOptions { tag: self.tag.as_deref(), in_doubt, ..ChangeOptions::default() }
    }
}

pub(crate) async fn upgrade(args: &UpgradeArgs, context: &Context<'_>) -> Result<u8, Failure> {
    if args.change.sql {
        return script::upgrade(&args.target, args.change.tag.as_deref(), context).await;
    }
    let data = match (args.no_data, args.detach) {
        (true, _) => DataRevisions::Leave,
        (_, true) => DataRevisions::Detach,
        _ => DataRevisions::Run,
    };
    let manifest = context.manifest()?;
    let connector = context.connector()?;
    let terminal = context.observer(context.printer.terminal(context.clock));
    let stop = signals::listen(terminal.clone())?;
    let engine = context.engine(&connector, &*terminal, &stop);
    let history = History { engine: &engine, manifest: &manifest };
    if let Some(why) = &args.why {
        let accepted = history.accept(&args.accept, why).await?;
        for id in &accepted {
            context.printer.say(&format!("revision {id}: what its file says now counts as applied"));
        }
        if accepted.is_empty() {
            context.printer.say("none of the revisions named has changed");
        }
    }
    let options = ChangeOptions { lint: args.no_lint.then_some(LintBefore::Off), ..args.change.options() };
    let alerts = context.alerts(&connector, terminal.clone());
    let changed = history.upgrade(&args.target, data, &options).await.map_err(Failure::from);
    let steps = context.finish(alerts, changed).await?;
    if steps.is_empty() {
        context.printer.say("nothing is pending: the database is there already");
    }
    Ok(report(context, &steps))
}

pub(crate) async fn downgrade(args: &DowngradeArgs, context: &Context<'_>) -> Result<u8, Failure> {
    if args.change.sql {
        return script::downgrade(&args.target, args.change.tag.as_deref(), context).await;
    }
    let manifest = context.manifest()?;
    let connector = context.connector()?;
    let terminal = context.observer(context.printer.terminal(context.clock));
    let stop = signals::listen(terminal.clone())?;
    let engine = context.engine(&connector, &*terminal, &stop);
    let history = History { engine: &engine, manifest: &manifest };
    let mut options = args.change.options();
    let agreed;
    if context.asks {
        let connection = history.look("downgrade").await?;
        agreed = history.way_down(&connection, &args.target).await?.0;
        drop(connection);
        let lines = agreed.iter().filter_map(|id| manifest.revision(&id.0));
        let lines: Vec<String> = lines.map(|one| format!("  {} {}", one.id, one.message)).collect();
        if !agreed.is_empty() {
            let question = format!("this undoes, in this order:\n{}\ngo on?", lines.join("\n"));
            if !confirm::agrees(&question) {
                return Err(Failure::new(exit::STOPPED, "not agreed to: nothing was undone"));
            }
        }
        options.agreed = Some(&agreed);
    }
    let alerts = context.alerts(&connector, terminal.clone());
    let changed = history.downgrade(&args.target, &options).await.map_err(Failure::from);
    let steps = context.finish(alerts, changed).await?;
    if steps.is_empty() {
        context.printer.say("nothing is to be undone: the database is there already");
    }
    Ok(report(context, &steps))
}

/// Says what became of it, and returns the exit code.
fn report(context: &Context<'_>, steps: &[HistoryStep]) -> u8 {
    let mut code = exit::DONE;
    for step in steps {
        match step {
            HistoryStep::Changed(..) => {}
            HistoryStep::Stopped { job, ended } => code = run::report(context, job, ended),
            HistoryStep::Left(left) => {
                context.printer.say(&format!("left: {}", left.join(", ")));
            }
        }
    }
    if context.printer.json {
        let steps: Vec<Value> = steps.iter().map(in_json).collect();
        context.printer.data(&format!("{:#}", json!({ "steps": steps })));
    }
    code
}

fn in_json(step: &HistoryStep) -> Value {
    match step {
        HistoryStep::Changed(id, direction, done) => json!({
            "revision": id.0,
            "direction": direction.as_str(),
            "outcome": match done { Done::Now => "done", Done::Before => "done before", Done::Skipped => "skipped" },
        }),
        HistoryStep::Stopped { job, .. } => json!({ "job": job, "outcome": "stopped" }),
        HistoryStep::Left(left) => json!({ "left": left }),
    }
}
