//! `longhaul lint [FILES]`: what revisions would do to others, before they do it.

mod github;
mod json;
mod sarif;
mod text;

use std::path::{Path, PathBuf};

use clap::Args;

use super::check::Silent;
use super::context::Context;
use super::exit;
use super::failure::Failure;
use crate::engine::lint::{LintGround, LintSubject, Linted, lint as look};
use crate::engine::{History, Stopper};
use crate::manifest::Manifest;
use crate::model::{Direction, RevisionId};
use crate::pg::Connection;
use crate::plan::lint::facts::Facts;
use crate::plan::lint::finding::Level;
use crate::plan::lint::rules::RULES;
use crate::plan::lint::squawk::SQUAWK;

#[derive(Args, Debug)]
pub(crate) struct LintArgs {
    /// Revision files, or any SQL [default: the pending revisions; without a database all]
    files: Vec<PathBuf>,
    /// The sections `down` as well
    #[arg(long)]
    down: bool,
    /// Don't ask the database: sizes are unknown then, and the worst is assumed
    #[arg(long)]
    offline: bool,
    /// The major version that is assumed without a database
    #[arg(long, value_name = "N", default_value_t = 18, value_parser = clap::value_parser!(u32).range(14..))]
    server_version: u32,
    /// How findings are written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// List the rules instead
    #[arg(long)]
    rules: bool,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// For people; notes with --verbose
    Text,
    /// For programs; also each statement's locks (--json)
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Annotations of a GitHub workflow
    Github,
}

/// All that is told.
struct Told<'t> {
    linted: &'t [Linted],
    facts: &'t Facts,
}

pub(crate) async fn lint(args: &LintArgs, context: &Context<'_>) -> Result<u8, Failure> {
    if args.rules {
        rules(context);
        return Ok(exit::DONE);
    }
    let connection = if args.offline { None } else { connect(context).await };
    let subjects = match args.files.as_slice() {
        [] => of_the_history(context, connection.as_ref()).await?,
        files => of_these(context, files)?,
    };
    let ground = match &connection {
        Some(connection) => LintGround::Database(connection),
        None => LintGround::Version(args.server_version),
    };
    let directions: &[Direction] =
        if args.down { &[Direction::Up, Direction::Down] } else { &[Direction::Up] };
    let (linted, facts) = look(ground, subjects, directions)
        .await
        .map_err(|error| Failure::new(exit::FAILED, "can't look at the tables").because(&error))?;
    let told = Told { linted: &linted, facts: &facts };
    let format = if context.printer.json && args.format == Format::Text { Format::Json } else { args.format };
    match format {
        Format::Text => text::print(context, &told),
        Format::Json => context.printer.data(&format!("{:#}", json::document(&told))),
        Format::Sarif => context.printer.data(&format!("{:#}", sarif::document(&told))),
        Format::Github => github::print(context, &told),
    }
    let is_dangerous = linted.iter().flat_map(Linted::findings).any(|one| one.level == Level::Danger);
    Ok(if is_dangerous { exit::FOUND } else { exit::DONE })
}

/// A connection, where a database is named and answers; else it is said why not.
async fn connect(context: &Context<'_>) -> Option<Connection> {
    let connector = match context.connector() {
        Ok(connector) => connector,
        Err(failure) => {
            context.printer.say(&format!("{}: the tables' sizes are unknown", failure.message));
            return None;
        }
    };
    match connector.connect("lint").await {
        Ok(connection) => Some(connection),
        Err(error) => {
            let failure = Failure::from(error);
            let reason =
                std::iter::once(failure.message).chain(failure.causes).collect::<Vec<_>>().join(": ");
            context.printer.say(&format!("{reason}; the tables' sizes are unknown"));
            None
        }
    }
}

/// The pending revisions; where no database can be asked, all.
async fn of_the_history(
    context: &Context<'_>,
    connection: Option<&Connection>,
) -> Result<Vec<LintSubject>, Failure> {
    let manifest: Manifest = context.manifest()?;
    let connector = context.any_connector();
    let (_, stop) = Stopper::new();
    let engine = context.engine(&connector, &Silent, &stop);
    let history = History { engine: &engine, manifest: &manifest };
    let (ids, what): (Vec<&str>, &str) = match connection {
        Some(connection) => {
            let applied = history.applied(connection).await?.into_keys().collect();
            (manifest.graph.pending(&applied, &manifest.graph.heads()), "pending revisions")
        }
        None => (manifest.graph.order(), "all revisions, applied or not"),
    };
    let ids: Vec<RevisionId> = ids.into_iter().map(|id| RevisionId(id.to_owned())).collect();
    let (_, subjects) = history.subjects(&ids.iter().collect::<Vec<_>>());
    context.printer.say(&format!("looking at {what}: {} with SQL", subjects.len()));
    Ok(subjects)
}

fn of_these(context: &Context<'_>, files: &[PathBuf]) -> Result<Vec<LintSubject>, Failure> {
    let mut subjects = Vec::new();
    for file in files {
        if is_job(file) {
            context.printer.say(&format!("{} is a job: `longhaul plan` looks at those", file.display()));
            continue;
        }
        let text = std::fs::read_to_string(file).map_err(|error| {
            Failure::new(exit::USAGE, format!("can't read {}", file.display())).because(&error)
        })?;
        subjects.push(LintSubject { file: file.clone(), text });
    }
    Ok(subjects)
}

fn is_job(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "toml")
}

fn rules(context: &Context<'_>) {
    if context.printer.json {
        let ours = RULES.iter().map(|rule| serde_json::json!({ "rule": rule.name, "about": rule.about }));
        let theirs = SQUAWK.iter().map(|(name, _)| serde_json::json!({ "rule": name, "about": "by squawk" }));
        context.printer.data(&format!("{:#}", serde_json::Value::Array(ours.chain(theirs).collect())));
        return;
    }
    for rule in RULES {
        context.printer.data(&format!("{:<32} {}", rule.name, rule.about));
    }
    for (name, level) in SQUAWK {
        context.printer.data(&format!("{name:<32} by squawk, a {}", level.word()));
    }
}
