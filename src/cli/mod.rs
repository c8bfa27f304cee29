//! The command line: one file a command, what they share here.

mod alert;
mod args;
mod check;
mod confirm;
mod context;
mod control;
mod current;
mod demo;
mod doctor;
mod edit;
mod example;
mod failure;
mod heads;
mod history;
mod import;
mod init;
mod kit;
mod lint;
mod log;
mod metrics;
mod new_file;
mod plan;
mod postgres;
mod printer;
mod quarantine;
mod report;
mod revision;
mod revisions;
mod roundtrip;
mod run;
mod script;
mod serve;
mod signals;
mod stamp;
mod status;
mod undo;
mod upgrade;
mod verify;
mod watch;
mod worker;

use clap::Parser;

use args::{Arguments, Command};
use context::Context;
use failure::Failure;
use printer::Printer;

use crate::clock::Clock;
use crate::plan::control::Command as Order;

/// Exit codes, as `interface.md` fixes them.
pub(crate) mod exit {
    /// Done.
    pub(crate) const DONE: u8 = 0;
    /// Failed.
    pub(crate) const FAILED: u8 = 1;
    /// Usage or configuration.
    pub(crate) const USAGE: u8 = 2;
    /// A check found something: unverified.
    pub(crate) const FOUND: u8 = 3;
    /// Stopped by an operator, resumable.
    pub(crate) const STOPPED: u8 = 4;
    /// Finished with rows in quarantine.
    pub(crate) const QUARANTINED: u8 = 5;
    /// Not now: another process has it, its hours are closed, or something held it for too long.
    pub(crate) const NOT_NOW: u8 = 75;
    /// Second or third signal.
    pub(crate) const INTERRUPTED: u8 = 130;
}

/// Runs the program and returns its exit code. Everything it prints goes through here.
#[must_use]
pub fn main() -> u8 {
    let arguments = Arguments::parse();
    let printer = Printer::new(&arguments.global);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            printer.failure(&Failure::new(exit::FAILED, "can't start the runtime").because(&error));
            return exit::FAILED;
        }
    };
    let done = runtime.block_on(dispatch(&arguments, &printer));
    printer.end();
    let code = match done {
        Ok(code) => code,
        Err(failure) => {
            printer.failure(&failure);
            failure.code
        }
    };
    // Whatever is still running in the background (a heartbeat, a driver) has nothing left to do.
    runtime.shutdown_background();
    code
}

async fn dispatch(arguments: &Arguments, printer: &Printer) -> Result<u8, Failure> {
    let clock = clock();
    // These need no settings: two bring a server of their own, one writes the settings.
    match &arguments.command {
        Command::Demo(args) => return demo::demo(args, &clock, printer).await,
        Command::Postgres(args) => return postgres::postgres(args, &clock, printer).await,
        Command::Init(args) => return init::init(args, printer),
        _ => {}
    }
    let mut context = Context::new(&arguments.global, &clock, printer)?;
    if let Some(crew) = arguments.command.crew() {
        context.settings.workers = crew.workers.or(context.settings.workers);
        context.settings.pause_file = crew.pause_file.clone().or(context.settings.pause_file);
    }
    match &arguments.command {
        Command::Demo(_) | Command::Postgres(_) | Command::Init(_) => unreachable!("they returned above"),
        Command::Upgrade(args) => upgrade::upgrade(args, &context).await,
        Command::Downgrade(args) => upgrade::downgrade(args, &context).await,
        Command::Worker(args) => worker::worker(args, &context).await,
        Command::Stamp(args) => stamp::stamp(args, &context).await,
        Command::Check(args) => check::check(args, &context).await,
        Command::Lint(args) => lint::lint(args, &context).await,
        Command::Doctor => doctor::doctor(&context).await,
        Command::Run(args) => run::run(args, &context).await,
        Command::Undo(args) => undo::undo(args, &context).await,
        Command::Plan(args) => plan::plan(args, &context).await,
        Command::Verify(args) => verify::verify(args, &context).await,
        Command::Quarantine { what } => quarantine::quarantine(what, &context).await,
        Command::Pause(args) => control::command(args, Order::Pause, &context).await,
        Command::Resume(args) => control::command(args, Order::Resume, &context).await,
        Command::Cancel(args) => control::command(args, Order::Cancel, &context).await,
        Command::Set(args) => control::set(args, &context).await,
        Command::Report(args) => report::report(args, &context).await,
        Command::Serve(args) => serve::serve(args, &context).await,
        Command::Status(args) => status::status(args, &context).await,
        Command::Log(args) => log::log(args, &context).await,
        Command::Metrics => metrics::metrics(&context).await,
        Command::Alert { what } => alert::alert(what, &context).await,
        Command::Current(args) => current::current(args, &context).await,
        Command::History(args) => history::history(args, &context).await,
        Command::Heads => heads::heads(&context),
        Command::Branches => heads::branches(&context),
        Command::Pending => heads::pending(&context).await,
        Command::Show(args) => heads::show(args, &context).await,
        Command::Revision(args) => revision::revision(args, &context).await,
        Command::RenameColumn(args) => kit::rename_column(args, &context).await,
        Command::AddNotNull(args) => kit::add_not_null(args, &context).await,
        Command::SplitColumn(args) => kit::split_column(args, &context).await,
        Command::MergeColumns(args) => kit::merge_columns(args, &context).await,
        Command::ChangeType(args) => kit::change_type(args, &context).await,
        Command::Import { from } => import::import(from, &context),
        Command::Merge(args) => revision::merge(args, &context).await,
        Command::Edit(args) => edit::edit(args, &context).await,
    }
}

/// The machine's clock; for tests one whose nights are short: `LONGHAUL_CLOCK=2026-11-26T21:59:00Z*600` begins there and
/// goes 600 times as fast.
fn clock() -> Clock {
    #[cfg(feature = "failpoints")]
    if let Ok(text) = std::env::var("LONGHAUL_CLOCK")
        && let Some((epoch, factor)) = text.split_once('*')
        && let (Ok(epoch), Ok(factor)) = (epoch.parse(), factor.parse())
    {
        return Clock::fast(epoch, factor);
    }
    Clock::system()
}
