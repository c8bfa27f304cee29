//! `longhaul import alembic`: the history of a project that used Alembic. Everything is read and checked before the
//! first file is written.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::context::Context;
use super::exit;
use super::failure::Failure;
use crate::manifest::{
    AlembicDirection, AlembicPrints, AlembicScript, AlembicSql, Draft as NewFile, Manifest, ManifestError,
    TakenOver, TakenSection, message_slug, parse_revision, read_alembic_script, read_alembic_sql, take_over,
};
use crate::model::counted;
use crate::plan::graph::{Graph, Node};

/// Whose history it is.
#[derive(Subcommand, Debug)]
pub(crate) enum From {
    /// Alembic's revision files, with the same ids; no Python is run
    ///
    /// The statements come from what `alembic upgrade base:heads --sql` and `alembic downgrade heads:base --sql` print.
    /// A revision without them is taken over as well, and refuses to run on a database that doesn't have it yet.
    Alembic(AlembicArgs),
}

#[derive(Args, Debug)]
pub(crate) struct AlembicArgs {
    /// The directories of Alembic's revision files, such as alembic/versions
    #[arg(required = true, value_name = "VERSIONS_DIR")]
    directories: Vec<PathBuf>,
    /// What `alembic upgrade base:heads --sql` printed
    #[arg(long, value_name = "FILE")]
    upgrade_sql: Option<PathBuf>,
    /// What `alembic downgrade heads:base --sql` printed
    #[arg(long, value_name = "FILE")]
    downgrade_sql: Option<PathBuf>,
    /// Where to write the revisions [default: --dir]
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
}

/// A revision and the file it goes to.
struct Draft {
    file: PathBuf,
    revision: TakenOver,
}

pub(crate) fn import(from: &From, context: &Context<'_>) -> Result<u8, Failure> {
    let From::Alembic(args) = from;
    let into = args.into.as_ref().unwrap_or(&context.settings.dirs[0]);
    let scripts = scripts(&args.directories)?;
    let prints = AlembicPrints {
        up: print(args.upgrade_sql.as_deref(), AlembicDirection::Upgrade, &scripts)?,
        down: print(args.downgrade_sql.as_deref(), AlembicDirection::Downgrade, &scripts)?,
    };
    let drafts: Vec<Draft> = take_over(&scripts, &prints)
        .into_iter()
        .zip(&scripts)
        .map(|(revision, script)| Draft { file: into.join(name(script)), revision })
        .collect();
    sound(&drafts, args, into)?;
    writable(&drafts, &scripts)?;
    write(&drafts, into)?;
    report(context, &drafts, into);
    Ok(exit::DONE)
}

/// The revision files that Alembic would take, by their names.
fn scripts(directories: &[PathBuf]) -> Result<Vec<AlembicScript>, Failure> {
    let mut scripts = Vec::new();
    for directory in directories {
        let read = |path: &Path, source| unreadable(path, &source);
        let mut files = Vec::new();
        for entry in std::fs::read_dir(directory).map_err(|error| read(directory, error))? {
            files.push(entry.map_err(|error| read(directory, error))?.path());
        }
        files.sort();
        for file in files {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            if !file.is_file()
                || !name.ends_with(".py")
                || name.starts_with("__init__")
                || name.starts_with(".#")
            {
                continue;
            }
            let text = std::fs::read_to_string(&file).map_err(|error| read(&file, error))?;
            scripts.push(read_alembic_script(&file, &text).map_err(ManifestError::from)?);
        }
    }
    if scripts.is_empty() {
        let failure = Failure::new(exit::USAGE, "there are no revision files (.py) there");
        return Err(failure.hint(Some("name Alembic's directory `versions`".to_owned())));
    }
    Ok(scripts)
}

fn print(
    file: Option<&Path>,
    direction: AlembicDirection,
    scripts: &[AlembicScript],
) -> Result<BTreeMap<String, AlembicSql>, Failure> {
    let Some(file) = file else { return Ok(BTreeMap::new()) };
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
    let print = read_alembic_sql(file, &text, direction).map_err(ManifestError::from)?;
    match print.iter().find(|(id, _)| !scripts.iter().any(|script| script.id.0 == **id)) {
        None => Ok(print),
        Some((id, sql)) => {
            let message = format!("{}:{}: no revision file has the id {id}", file.display(), sql.line);
            let hint = "print the SQL from the same directories that are imported";
            Err(Failure::new(exit::USAGE, message).hint(Some(hint.to_owned())))
        }
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(exit::USAGE, format!("can't read {}", path.display())).because(error)
}

/// `20261121_1975ea83b712_create_account.sql`
fn name(script: &AlembicScript) -> String {
    let parts = [
        script.created.clone().unwrap_or_default(),
        script.id.0.clone(),
        message_slug(&script.message, NewFile::SLUG_LENGTH),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{}.sql", parts.join("_"))
}

/// The history must be sound together with what is there already.
fn sound(drafts: &[Draft], args: &AlembicArgs, into: &Path) -> Result<(), Failure> {
    let mut nodes: Vec<Node> = drafts.iter().map(|draft| draft.revision.node.clone()).collect();
    if into.is_dir() {
        let graph = Manifest::load(&[into])?.graph;
        nodes.extend(graph.order().into_iter().filter_map(|id| graph.node(id)).cloned());
    }
    let dirs = args.directories.clone();
    Graph::build(nodes).map_err(|source| ManifestError::Graph { dirs, source: Box::new(source) })?;
    Ok(())
}

/// No file is there yet, and each reads back as what it was made from.
fn writable(drafts: &[Draft], scripts: &[AlembicScript]) -> Result<(), Failure> {
    for (draft, script) in drafts.iter().zip(scripts) {
        if draft.file.exists() {
            let failure = Failure::new(exit::USAGE, format!("{} is there already", draft.file.display()));
            return Err(
                failure.hint(Some("nothing is written over: --into names another directory".to_owned()))
            );
        }
        // The header alone: the sections were checked where they were read, with their places.
        let header = draft.revision.text.split("\n-- migrate:").next().unwrap_or_default();
        let (read, _) = parse_revision(&draft.file, &format!("{header}\n-- migrate:up\n"))
            .map_err(ManifestError::from)?;
        if (&read.id, &read.labels, &read.message) != (&script.id, &script.labels, &script.message) {
            let message =
                format!("{}: its labels or its message don't fit into one line", script.file.display());
            return Err(
                Failure::new(exit::USAGE, message).hint(Some("a label has no comma in it".to_owned()))
            );
        }
    }
    Ok(())
}

/// All files, or none.
fn write(drafts: &[Draft], into: &Path) -> Result<(), Failure> {
    let failed = |path: &Path, error: std::io::Error| {
        Failure::new(exit::FAILED, format!("can't write {}", path.display())).because(&error)
    };
    std::fs::create_dir_all(into).map_err(|error| failed(into, error))?;
    for (written, Draft { file, revision }) in drafts.iter().enumerate() {
        let outcome = std::fs::File::create_new(file)
            .and_then(|mut opened| opened.write_all(revision.text.as_bytes()).inspect_err(|_| remove(file)));
        if let Err(error) = outcome {
            drafts[..written].iter().for_each(|draft| remove(&draft.file));
            return Err(failed(file, error));
        }
    }
    Ok(())
}

/// Best effort: the failure that led here is what is told.
fn remove(file: &Path) {
    let _ = std::fs::remove_file(file);
}

fn report(context: &Context<'_>, drafts: &[Draft], into: &Path) {
    let missing: Vec<&str> = drafts
        .iter()
        .filter(|draft| draft.revision.up == TakenSection::Missing)
        .map(|draft| draft.revision.node.id.as_str())
        .collect();
    if context.printer.json {
        let items: Vec<Value> = drafts.iter().map(json_of).collect();
        context.printer.data(&format!("{:#}", json!({ "imported": items, "without_sql": missing })));
    } else {
        for draft in drafts {
            context.printer.data(&draft.file.display().to_string());
        }
    }
    context.printer.say(&format!("{} in {} now", counted(drafts.len(), "revision"), into.display()));
    if !missing.is_empty() {
        context.printer.say(&format!(
            "{} of them have no SQL, and fail on a database that doesn't have them yet: {}",
            missing.len(),
            missing.join(", ")
        ));
    }
    context.printer.say("`longhaul stamp --from-alembic` takes over what a database has of them");
}

fn json_of(draft: &Draft) -> Value {
    let word = |section| match section {
        TakenSection::Transaction => "transaction",
        TakenSection::Statements => "statements",
        TakenSection::Empty => "empty",
        TakenSection::Missing => "missing",
    };
    let Draft { file, revision } = draft;
    json!({
        "id": revision.node.id,
        "file": file,
        "from": revision.node.place,
        "up": word(revision.up),
        "down": word(revision.down),
    })
}
