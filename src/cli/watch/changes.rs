//! Without a terminal: the status anew each time that something has changed.

use serde_json::json;

use super::LOOK_EVERY;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::{exit, signals};
use crate::observe::{Source, Standing};
use crate::pg::Connection;
use crate::store::CHANNEL;

/// Prints until a signal ends it, or nobody reads any more.
pub(super) async fn changes(job: Option<&str>, context: &Context<'_>) -> Result<u8, Failure> {
    let stop = signals::listen(context.printer.terminal(context.clock))?;
    let manifest = context.manifest().ok();
    let source = Source { store: &context.store, settings: &context.settings, manifest: manifest.as_ref() };
    let (mut shown, mut connection, mut lost): (_, Option<Connection>, Option<String>) = (None, None, None);
    while !stop.is_asked() {
        match look(&source, &mut connection, job, context).await {
            Ok(text) => {
                if shown.as_ref() != Some(&text) {
                    if context.printer.try_data(&text).is_err() {
                        return Ok(exit::DONE);
                    }
                    shown = Some(text);
                }
                lost = None;
            }
            // The first look says what is wrong; what comes later may pass.
            Err(failure) if shown.is_none() => return Err(failure),
            Err(failure) => {
                connection = None;
                if lost.as_ref() != Some(&failure.message) {
                    context.printer.say(&format!("{}; trying again", failure.message));
                    lost = Some(failure.message);
                }
            }
        }
        let notified = async {
            match &connection {
                Some(connection) => connection.notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = stop.asked_within(context.clock, LOOK_EVERY) => {}
            () = notified => {}
        }
    }
    Ok(exit::DONE)
}

async fn look(
    source: &Source<'_>,
    connection: &mut Option<Connection>,
    job: Option<&str>,
    context: &Context<'_>,
) -> Result<String, Failure> {
    let open = if let Some(open) = connection.take() {
        open
    } else {
        let open = context.connector()?.connect("watch").await?;
        let begin = format!("SET statement_timeout = '5s'; LISTEN {CHANNEL}");
        open.batch_execute(&begin)
            .await
            .map_err(|error| Failure::new(exit::FAILED, "can't listen for changes").because(&error))?;
        open
    };
    let readable = context.store.is_readable(&open).await?;
    let standings = if readable { source.standings(&open, job).await? } else { Vec::new() };
    *connection = Some(open);
    Ok(if context.printer.json {
        let runs: Vec<_> = standings.iter().map(Standing::json).collect();
        json!({ "runs": runs }).to_string()
    } else if standings.is_empty() {
        "no job has been run on this database".to_owned()
    } else {
        let texts: Vec<String> = standings.iter().map(Standing::text).collect();
        format!("{}\n", texts.join("\n\n"))
    })
}
