//! `longhaul check`: is the history sound, are its files what was applied, does the database stand at its heads?

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::roundtrip;
use crate::engine::{ChangedFile, Engine, History, Notice, Observer, Stopper};
use crate::manifest::Manifest;
use crate::model::counted;
use crate::pg::Connection;

#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// Only what can be told without a database
    #[arg(long)]
    files_only: bool,
    /// Take each revision up, down and up again on a scratch database, and compare its catalogs
    #[arg(long, conflicts_with = "files_only")]
    roundtrip: bool,
    /// The scratch database of --roundtrip: an empty one [default: a private server, made and removed]
    #[arg(long, value_name = "URL", requires = "roundtrip")]
    scratch: Option<String>,
}

/// One thing that was looked at.
struct Section {
    name: &'static str,
    /// What is well, in words.
    well: String,
    findings: Vec<String>,
    hint: Option<&'static str>,
}

/// Nobody: a check tells what it finds at the end.
pub(super) struct Silent;

impl Observer for Silent {
    fn notice(&self, _: Notice) {}
}

pub(crate) async fn check(args: &CheckArgs, context: &Context<'_>) -> Result<u8, Failure> {
    if args.roundtrip {
        return Box::pin(roundtrip::roundtrip(args.scratch.as_deref(), context)).await;
    }
    let mut sections = Vec::new();
    let manifest = match context.manifest() {
        Ok(manifest) => Some(manifest),
        Err(failure) => {
            let finding = [vec![failure.message], failure.causes, failure.details].concat().join("\n  ");
            sections.push(Section {
                name: "graph",
                well: String::new(),
                findings: vec![finding],
                hint: Some("nothing else can be checked until the files make a history"),
            });
            None
        }
    };
    if let Some(manifest) = &manifest {
        sections.push(graph(manifest));
        if !args.files_only {
            let connector = context.connector()?;
            let connection = connector.connect("check").await?;
            let (_, stop) = Stopper::new();
            let engine = context.engine(&connector, &Silent, &stop);
            database(&engine, manifest, &connection, &mut sections).await?;
        }
    }
    Ok(report(context, &sections))
}

fn graph(manifest: &Manifest) -> Section {
    let heads = manifest.graph.heads();
    let count = counted(manifest.revisions.len(), "revision");
    let well = match heads.as_slice() {
        [] => "no revisions".to_owned(),
        [head] => format!("{count}, the head is {head}"),
        several => format!("{count}, {} heads: {}", several.len(), several.join(", ")),
    };
    Section { name: "graph", well, findings: Vec::new(), hint: None }
}

async fn database(
    engine: &Engine<'_>,
    manifest: &Manifest,
    connection: &Connection,
    sections: &mut Vec<Section>,
) -> Result<(), Failure> {
    let history = History { engine, manifest };
    let applied = history.applied(connection).await?;
    let changed = history.changed(&applied).iter().map(describe).collect();
    sections.push(Section {
        name: "files",
        well: format!("{}, each as its file says", counted(applied.len(), "applied revision")),
        findings: changed,
        hint: Some("take the change back, or `longhaul upgrade --accept REVISION --why TEXT`"),
    });
    let ids = applied.into_keys().collect();
    let pending = manifest.graph.pending(&ids, &manifest.graph.heads());
    let pending = pending.iter().map(|id| format!("{id} is pending"));
    let unknown = manifest.graph.unknown_applied(&ids);
    let unknown = unknown.iter().map(|id| format!("{id} is applied, and in no file"));
    let half = history.half_done(connection).await?;
    let half = half.iter().map(|(id, direction, done)| {
        format!("{id} is on its way {}, with {done} statements done", direction.as_str())
    });
    sections.push(Section {
        name: "database",
        well: "at every head".to_owned(),
        findings: pending.chain(unknown).chain(half).collect(),
        hint: Some("`longhaul upgrade heads` applies what is pending"),
    });
    sections.push(Section {
        name: "indexes",
        well: "all valid".to_owned(),
        findings: invalid_indexes(connection).await?,
        hint: Some("DROP INDEX CONCURRENTLY, and build it again; `upgrade` does so for those it builds"),
    });
    Ok(())
}

fn describe(changed: &ChangedFile) -> String {
    let diff = changed.diff.as_deref().map(|diff| format!("\n{}", diff.trim_end())).unwrap_or_default();
    format!("{} says something else than what was applied{diff}", changed.file.display())
}

/// What a failed CREATE INDEX CONCURRENTLY leaves: it costs every write, and no query uses it.
async fn invalid_indexes(connection: &Connection) -> Result<Vec<String>, Failure> {
    let rows = connection
        .query(
            "SELECT format('%I.%I on %s', n.nspname, c.relname, i.indrelid::regclass) \
             FROM pg_index AS i \
             JOIN pg_class AS c ON c.oid = i.indexrelid \
             JOIN pg_namespace AS n ON n.oid = c.relnamespace \
             WHERE NOT i.indisvalid AND c.relkind = 'i' \
             AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index AS p WHERE p.index_relid = c.oid) \
             ORDER BY 1",
            &[],
        )
        .await
        .map_err(|error| Failure::new(exit::FAILED, "can't look for invalid indexes").because(&error))?;
    Ok(rows.iter().map(|row| format!("{} is invalid", row.get::<_, String>(0))).collect())
}

fn report(context: &Context<'_>, sections: &[Section]) -> u8 {
    let well = sections.iter().all(|section| section.findings.is_empty());
    if context.printer.json {
        let one = |section: &Section| {
            let value = json!({ "ok": section.findings.is_empty(), "findings": section.findings });
            (section.name.to_owned(), value)
        };
        let mut all: serde_json::Map<String, Value> = sections.iter().map(one).collect();
        all.insert("ok".to_owned(), well.into());
        context.printer.data(&format!("{:#}", Value::Object(all)));
    } else {
        for Section { name, well, findings, hint } in sections {
            if findings.is_empty() {
                context.printer.data(&format!("{name:<9} ok       {well}"));
            }
            for finding in findings {
                context.printer.data(&format!("{name:<9} FOUND    {finding}"));
            }
            if let Some(hint) = hint.filter(|_| !findings.is_empty()) {
                context.printer.say(&format!("hint: {hint}"));
            }
        }
    }
    if well { exit::DONE } else { exit::FOUND }
}
