//! `longhaul check --roundtrip`: every revision up, down and up again, on a database that is made for it or named.

use serde_json::json;

use super::check::Silent;
use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::postgres;
use crate::config::Target;
use crate::engine::{History, RoundtripFinding, RoundtripProblem, Stopper};
use crate::model::counted;
use crate::pg::Connector;
use crate::pg::Difference;
use crate::pg::local::{Durability, LocalServerOptions};

pub(crate) async fn roundtrip(scratch: Option<&str>, context: &Context<'_>) -> Result<u8, Failure> {
    let manifest = context.manifest()?;
    let server;
    let url = if let Some(url) = scratch {
        url.to_owned()
    } else {
        let from_environment = LocalServerOptions::from_environment()?;
        let options = LocalServerOptions { durability: Durability::Volatile, ..from_environment };
        server = postgres::start(&options, context.clock, context.printer).await?;
        server.url(postgres::DATABASE)
    };
    let target =
        Target::resolve(Some(&url), &context.environment).map_err(crate::config::ConfigError::from)?;
    let connector = Connector::new(target, context.settings.connect_timeout);
    refuse_used(&connector).await?;
    let (_stopper, stop) = Stopper::new();
    let engine = context.engine(&connector, &Silent, &stop);
    let findings = History { engine: &engine, manifest: &manifest }.roundtrip().await?;
    report(context, manifest.revisions.len(), &findings);
    Ok(if findings.is_empty() { exit::DONE } else { exit::FOUND })
}

/// Everything is undone once: that must not happen to a database somebody uses.
async fn refuse_used(connector: &Connector) -> Result<(), Failure> {
    let connection = connector.connect("roundtrip").await?;
    let tables: i64 = connection
        .query_one(
            "SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
             WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')",
            &[],
        )
        .await?
        .get(0);
    if tables == 0 {
        return Ok(());
    }
    let failure = Failure::new(
        exit::USAGE,
        format!("{} is not empty, and all revisions would be undone in it", connector.target()),
    );
    Err(failure.hint(Some("name an empty database, or leave --scratch out for a private server".to_owned())))
}

fn report(context: &Context<'_>, revisions: usize, findings: &[RoundtripFinding]) {
    let lines = |differences: &[Difference]| differences.iter().map(ToString::to_string).collect::<Vec<_>>();
    let describe = |finding: &RoundtripFinding| match &finding.problem {
        RoundtripProblem::Irreversible => (format!("{} can't be undone", finding.revision), Vec::new()),
        RoundtripProblem::Down(differences) => (
            format!("{} undone leaves the database other than it was before", finding.revision),
            lines(differences),
        ),
        RoundtripProblem::UpAgain(differences) => (
            format!("{} applied again makes another database than the first time", finding.revision),
            lines(differences),
        ),
        RoundtripProblem::Stuck(differences, error) => (
            format!(
                "{} undone leaves behind what keeps it from being applied again: {error}",
                finding.revision
            ),
            lines(differences),
        ),
    };
    if context.printer.json {
        let items: Vec<_> = findings
            .iter()
            .map(|finding| {
                let (problem, differences) = describe(finding);
                json!({ "revision": finding.revision.0, "problem": problem, "differences": differences })
            })
            .collect();
        context
            .printer
            .data(&format!("{:#}", json!({ "roundtrip": { "ok": items.is_empty(), "findings": items } })));
        return;
    }
    for finding in findings {
        let (problem, differences) = describe(finding);
        context.printer.data(&format!("roundtrip FOUND    {problem}"));
        for difference in differences {
            context
                .printer
                .data(&difference.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n"));
        }
    }
    if findings.is_empty() {
        context.printer.data(&format!(
            "roundtrip ok       {}, each up, down and up again",
            counted(revisions, "revision")
        ));
    }
}
