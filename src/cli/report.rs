//! `longhaul report JOB`

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args;

use super::context::Context;
use super::exit;
use super::failure::Failure;
use crate::model::RunId;
use crate::observe::{Cells, Report, Source, batches_to_csv, events_to_csv};
use crate::pg::Connection;
use crate::web::report_html;

/// Batches are read and written so many at a time.
const BATCHES_AT_ONCE: i64 = 10_000;

#[derive(Args, Debug)]
pub(crate) struct ReportArgs {
    /// A revision id or prefix, a job's name, or a file's path
    job: String,
    /// Of this run, not of the job's latest
    #[arg(long, value_name = "N")]
    run: Option<i64>,
    /// Write it as one HTML file that needs nothing else, with charts
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the batches that are kept, and the events: FILE.csv becomes FILE.batches.csv and FILE.events.csv
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// With --csv: what a spreadsheet would take for a formula gets an apostrophe in front
    #[arg(long, requires = "csv")]
    spreadsheet: bool,
}

pub(crate) async fn report(args: &ReportArgs, context: &Context<'_>) -> Result<u8, Failure> {
    let manifest = context.manifest()?;
    let job = manifest.job(&args.job, &context.settings.dirs)?;
    let no_run = |which: String| {
        Failure::new(exit::FAILED, which).hint(Some("`longhaul status` shows the runs there are".to_owned()))
    };
    let never = || no_run(format!("{} has never been run on this database", job.name));
    let Some(connection) = context.reader("report").await? else { return Err(never()) };
    let run = match args.run {
        Some(run) => RunId(run),
        None => context.store.find_run(&*connection, job.id()).await?.ok_or_else(never)?.id,
    };
    let source = Source { store: &context.store, settings: &context.settings, manifest: Some(&manifest) };
    let report = source.report(&connection, run).await?;
    let report = report
        .filter(|report| report.standing.run.job == job.id())
        .ok_or_else(|| no_run(format!("{} has no run {run}", job.name)))?;
    if let Some(path) = &args.csv {
        let cells = if args.spreadsheet { Cells::Harmless } else { Cells::Plain };
        write_csv((path, cells), &report, &connection, context).await?;
    }
    if args.csv.is_none() && args.html.is_none() {
        let text = if context.printer.json { format!("{:#}", report.json()) } else { report.text() };
        context.printer.data(&text);
    }
    if let Some(path) = &args.html {
        let made = format!(
            "Made by {} at {}",
            context.identity,
            report.standing.now.strftime("%Y-%m-%d %H:%M:%S UTC")
        );
        let database = context.settings.target()?.to_string();
        let html = report_html((&context.store, &connection), report, (&database, &made)).await?;
        std::fs::write(path, html).map_err(|error| cant_write(path, &error))?;
        context.printer.say(&format!("written: {}", path.display()));
    }
    Ok(exit::DONE)
}

async fn write_csv(
    (path, cells): (&Path, Cells),
    report: &Report,
    connection: &Connection,
    context: &Context<'_>,
) -> Result<(), Failure> {
    let [batches, events] = ["batches", "events"].map(|what| path.with_extension(format!("{what}.csv")));
    let mut writer =
        batches_to_csv(create(&batches)?, cells).map_err(|error| cant_write(&batches, &error))?;
    let mut before = None;
    loop {
        let asked = (report.standing.run.id, before);
        let read = context.store.batches(&**connection, asked, BATCHES_AT_ONCE).await?;
        let Some(last) = read.last() else { break };
        before = Some(last.id);
        writer.write(&read).map_err(|error| cant_write(&batches, &error))?;
    }
    writer.finish().map_err(|error| cant_write(&batches, &error))?;
    events_to_csv(&report.events, create(&events)?, cells).map_err(|error| cant_write(&events, &error))?;
    for file in [&batches, &events] {
        context.printer.say(&format!("written: {}", file.display()));
    }
    Ok(())
}

fn create(path: &Path) -> Result<File, Failure> {
    File::create(path).map_err(|error| cant_write(path, &error))
}

fn cant_write(path: &Path, error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::new(exit::FAILED, format!("can't write {}", path.display())).because(error)
}
