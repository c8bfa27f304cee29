//! `longhaul doctor`: what a run would meet on this server, before there is one.

use serde_json::{Value, json};

use super::context::Context;
use super::exit;
use super::failure::Failure;
use crate::config::TlsMode;
use crate::pg::checkup;
use crate::pg::{ConnectError, Connection};
use crate::plan::checkup::{Finding, Level, Wanted, judge};

/// As many as are wanted where nothing else is said.
const WORKERS: u32 = 4;

pub(crate) async fn doctor(context: &Context<'_>) -> Result<u8, Failure> {
    let connector = context.connector()?;
    let target = connector.target().to_string();
    let findings = match connector.connect("doctor").await {
        Ok(connection) => {
            let mut findings = vec![
                Finding::fine("connection", target),
                Finding::fine("pooler", "none that hands sessions around between transactions was found"),
            ];
            let is_verified = connector.target().tls().mode >= TlsMode::VerifyCa;
            findings.extend(server(context, &connection, is_verified).await?);
            findings
        }
        Err(error) => vec![refusal(&error)],
    };
    Ok(report(context, &findings))
}

async fn server(
    context: &Context<'_>,
    connection: &Connection,
    is_verified: bool,
) -> Result<Vec<Finding>, Failure> {
    let schema = &context.store.schema;
    let read = checkup::checkup(connection, context.clock, schema).await;
    let server =
        read.map_err(|error| Failure::new(exit::FAILED, "can't look at the server").because(&error))?;
    let workers = context.settings.workers.map_or(WORKERS, |bounds| bounds.most);
    let mut findings = judge(&server, Wanted { workers, control: schema, is_verified });
    findings.push(match context.store.is_readable(connection).await {
        Ok(false) => {
            Finding::fine("control", format!("there is no schema {schema} yet; the first run makes it"))
        }
        Ok(true) => Finding::fine("control", format!("the schema {schema} is of this version")),
        Err(error) => {
            let failure = Failure::from(error);
            let mend = failure.hint.unwrap_or_else(|| "take the version of longhaul that made it".to_owned());
            Finding::bad("control", failure.message, mend)
        }
    });
    Ok(findings)
}

/// Why there is no connection that is any good.
fn refusal(error: &ConnectError) -> Finding {
    let subject = match error {
        ConnectError::Pooled { .. } => "pooler",
        ConnectError::TooOld { .. } => "version",
        _ => "connection",
    };
    let Failure { message, causes, hint, .. } = Failure::from_error(exit::FAILED, error);
    let says = std::iter::once(message).chain(causes).collect::<Vec<_>>().join(": ");
    let mend = error.hint().or(hint).unwrap_or_else(|| "see the server's log".to_owned());
    Finding::bad(subject, says, mend)
}

fn report(context: &Context<'_>, findings: &[Finding]) -> u8 {
    let word = |level: Level| match level {
        Level::Fine => "ok",
        Level::Note => "note",
        Level::Bad => "BAD",
    };
    let well = findings.iter().all(|finding| finding.level < Level::Bad);
    if context.printer.json {
        let one = |Finding { subject, level, says, mend }: &Finding| json!({ "subject": subject, "level": word(*level).to_lowercase(), "says": says, "mend": mend });
        let all: Vec<Value> = findings.iter().map(one).collect();
        context.printer.data(&format!("{:#}", json!({ "ok": well, "findings": all })));
    } else {
        for Finding { subject, level, says, mend } in findings {
            context.printer.data(&format!("{subject:<14} {:<5} {says}", word(*level)));
            if let Some(mend) = mend {
                context.printer.data(&format!("{:<14} {:<5} -> {mend}", "", ""));
            }
        }
    }
    if well { exit::DONE } else { exit::FOUND }
}
