//! What can be written on the command line. Its `--help` is the manual.

use std::path::PathBuf;

use clap::{Args, ColorChoice, Parser, Subcommand};

use crate::manifest::parse_worker_bounds;
use crate::plan::scale::Bounds;

/// Takes a PostgreSQL database through its history of change: short schema revisions, and long data jobs that can be
/// interrupted at any point and go on where they were.
#[derive(Parser, Debug)]
#[command(name = "longhaul", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes:
  0    done
  1    failed
  2    usage or configuration
  3    a check found something (rows left, totals that differ, what stops a job, changed files,
       pending revisions, lint)
  4    stopped by an operator (paused, cancelled, first signal)
  75   not now: another process has the job, its hours are closed, or something held it for too long; run again later
  130  second or third signal";

#[derive(Args, Debug)]
#[command(next_help_heading = "Options of every command")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Global {
    /// Configuration file [env: `LONGHAUL_CONFIG`] [default: config/<env>.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Environment, that is which file of config/ [env: `LONGHAUL_ENV`] [default: development]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) env: Option<String>,
    /// The database: a libpq URL or SQLAlchemy's form; PG* variables fill what it leaves open [env: `DATABASE_URL`,
    /// `SQLALCHEMY_DATABASE_URI`]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// Directory of revisions and jobs; can be repeated, all make one history [default: jobs]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) dir: Vec<PathBuf>,
    /// Print data as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say nothing but errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Say more: all about each revision, each change of the batch size
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
    /// No bars, only lines
    #[arg(long, global = true)]
    pub(crate) no_progress: bool,
    /// Log what happens to this file, at its end; `-` logs to standard error, in the place of what is said there otherwise
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) log: Option<String>,
    /// Don't ask before undoing anything
    #[arg(long, global = true)]
    pub(crate) yes: bool,
}

/// Who does a data job's batches.
#[derive(Args, Debug)]
pub(crate) struct Crew {
    /// Workers, each on a connection of its own: a number, or 1..8 to follow the load [default: one a core that nobody
    /// uses, and from 1 to 4 by the load]
    #[arg(long, value_name = "N", value_parser = parse_worker_bounds)]
    pub(crate) workers: Option<Bounds>,
    /// Hold while this file is there; its first line is shown as the reason
    #[arg(long, value_name = "FILE")]
    pub(crate) pause_file: Option<PathBuf>,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// The whole story in about a minute, on a private server: a column renamed under live writes, with a kill -9
    Demo(super::demo::DemoArgs),
    /// Begin a new project: its configuration and its directory of revisions
    Init(super::init::InitArgs),
    /// Apply what is pending, data revisions included
    Upgrade(super::upgrade::UpgradeArgs),
    /// Undo what is applied, data revisions included
    Downgrade(super::upgrade::DowngradeArgs),
    /// Go on with unfinished runs as their hours open, and with what `upgrade --detach` left, until stopped; several hosts
    /// may run one
    Worker(super::worker::WorkerArgs),
    /// Record where the database stands, without running anything
    Stamp(super::stamp::StampArgs),
    /// Whether the history is sound, its files unchanged since they were applied, and the database at its heads
    Check(super::check::CheckArgs),
    /// What pending revisions would do to others: locks, how long at the tables' size, and the safe way
    ///
    /// Exits with 3 when something is dangerous. `upgrade` looks by itself. A comment `-- longhaul:allow RULE: reason` above
    /// a statement, or in the file's header for all of it, allows what it names.
    Lint(super::lint::LintArgs),
    /// Start or resume a data job, until done, stopped, or its hours end
    ///
    /// The first Ctrl-C (or SIGTERM, SIGHUP) finishes the batch, the second cancels it in the server, the third leaves
    /// at once. Whatever happens, kill -9 included, `run` again goes on from the last committed batch.
    Run(super::run::RunArgs),
    /// What a run of a job would meet and come to: checks, real batches tried and rolled back, a forecast as ranges
    ///
    /// Touches no progress and keeps no change of any row. Exits with 3 when something would stop the job. Where the control
    /// schema is there already, the forecast is kept, and compared with the run once that is done.
    Plan(super::plan::PlanArgs),
    /// Take a job's proof once more: rows left to do, and its totals, in one snapshot; changes nothing
    ///
    /// Exits with 3 when a row is left or a total differs.
    Verify(super::verify::VerifyArgs),
    /// Put back the values that a job overwrote, in rows that still hold what it wrote: for jobs with undo = "preimage"
    Undo(super::undo::UndoArgs),
    /// Rows that can't take their new values
    Quarantine {
        #[command(subcommand)]
        what: super::quarantine::QuarantineCommand,
    },
    /// Stop a run after the batches in hand, until it is resumed
    Pause(super::control::CommandArgs),
    /// Let a run go on that was paused, stopped or has failed
    Resume(super::control::CommandArgs),
    /// End a run for good after the batches in hand; what it changed stays
    Cancel(super::control::CommandArgs),
    /// Change workers, limits, hours and batch time of a run at work, or of all
    Set(super::control::SetArgs),
    /// What a run would meet on this server: version, rights, settings, pooler, clocks, and what to do about it
    ///
    /// Reads only. Exits with 3 when something will not work.
    Doctor,
    /// The status page: runs with their progress, charts and map of ranges, the history, events; pause, resume, cancel, set
    ///
    /// On this machine only, unless a token or a proxy keeps others out. `longhaul worker --serve` has it beside its work.
    Serve(super::serve::ServeArgs),
    /// Where runs stand
    Status(super::status::StatusArgs),
    /// How a run came about: what, when, by whom, what held it, what it cost, what was proved
    ///
    /// Prints it; --html writes one file with charts that needs nothing else, --csv the batches and the events.
    Report(super::report::ReportArgs),
    /// Who did what when
    Log(super::log::LogArgs),
    /// Figures of the database's runs and history for Prometheus, once: for the text files of a node exporter
    ///
    /// `worker --serve` and `serve` answer scrapes.
    Metrics,
    /// Messages that tell people what happens while nobody looks: `[[alert]]` in the configuration
    Alert {
        #[command(subcommand)]
        what: super::alert::AlertCommand,
    },
    /// Where the database stands in the history
    Current(super::current::CurrentArgs),
    /// The revisions of the files, newest first; with --verbose everything about each
    History(super::history::HistoryArgs),
    /// The revisions that none revises
    Heads,
    /// Where the history branches
    Branches,
    /// What `upgrade heads` would apply, in order
    Pending,
    /// Everything about one revision
    Show(super::heads::ShowArgs),
    /// Write a new revision file
    Revision(super::revision::RevisionArgs),
    /// Write a revision that merges others
    Merge(super::revision::MergeArgs),
    /// Write the revisions that rename a column while clients go on with both names
    ///
    /// Reads the column and all that stands on it (indexes, constraints, foreign keys, views, triggers, functions,
    /// policies, publications, …); writes files, and nothing to the database.
    RenameColumn(super::kit::RenameArgs),
    /// Write the revisions that give a column another type while clients go on with it
    ///
    /// Where PostgreSQL changes the catalog alone, one revision; else by a second column, as `rename-column` does.
    ChangeType(super::kit::TypeArgs),
    /// Write the revisions that make a column NOT NULL while clients go on
    AddNotNull(super::kit::NotNullArgs),
    /// Write the revisions that split a column into several while clients go on with both
    SplitColumn(super::kit::SplitColumnArgs),
    /// Write the revisions that merge columns into one while clients go on with both
    MergeColumns(super::kit::MergeColumnsArgs),
    /// Open a revision's file in $VISUAL or $EDITOR
    Edit(super::edit::EditArgs),
    /// Take over the history of another tool
    Import {
        #[command(subcommand)]
        from: super::import::From,
    },
    /// A private PostgreSQL server, for trying things out; stopped and removed at the end
    Postgres(super::postgres::PostgresArgs),
}

impl Command {
    /// Who does a data job's batches, where the command has a say in it.
    pub(crate) fn crew(&self) -> Option<&Crew> {
        match self {
            Self::Run(args) => Some(&args.crew),
            Self::Upgrade(args) => Some(&args.crew),
            Self::Downgrade(args) => Some(&args.crew),
            Self::Worker(args) => Some(&args.crew),
            Self::Undo(args) => Some(&args.crew),
            Self::Plan(args) => Some(&args.crew),
            _ => None,
        }
    }
}
