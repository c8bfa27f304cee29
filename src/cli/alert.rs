//! `longhaul alert test NAME` and `longhaul alert list`

use clap::{Args, Subcommand};
use serde_json::json;

use super::context::Context;
use super::exit;
use super::failure::Failure;
use crate::config::{Alert, AlertTarget};
use crate::manifest::nearest;
use crate::model::AlertMessage;
use crate::observe::alerts::deliver;

/// Messages that `list` shows.
const SHOWN: u32 = 20;

#[derive(Subcommand, Debug)]
pub(crate) enum AlertCommand {
    /// The alerts of the configuration, and the latest messages
    List,
    /// Send a sample, and show what is answered
    Test(TestArgs),
}

#[derive(Args, Debug)]
pub(crate) struct TestArgs {
    /// The alert's name
    name: String,
}

pub(crate) async fn alert(what: &AlertCommand, context: &Context<'_>) -> Result<u8, Failure> {
    match what {
        AlertCommand::List => list(context).await,
        AlertCommand::Test(args) => test(&args.name, context).await,
    }
}

async fn test(name: &str, context: &Context<'_>) -> Result<u8, Failure> {
    let alerts = &context.settings.alerts;
    let alert = alerts.iter().find(|alert| alert.name == name).ok_or_else(|| unknown(name, alerts))?;
    if let Err(error) = &alert.target {
        return Err(Failure::new(exit::USAGE, error.to_string()).hint(error.hint.clone()));
    }
    let kind = alert.on.first().copied().unwrap_or(crate::model::AlertKind::Failed);
    let target = context.settings.target.as_ref();
    let database = target.map_or_else(|| "no database".to_owned(), ToString::to_string);
    let at = context.clock.wall().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let message = AlertMessage::sample(name, kind, &database, &context.identity.host, &at);
    let observer = context.observer(context.printer.lines(context.clock));
    let began = context.clock.monotonic();
    let result = deliver(alert, &message, &*observer).await;
    let took = context.clock.monotonic().saturating_duration_since(began).as_millis();
    match result {
        Ok(answer) => {
            context.printer.data(&format!("{name}: taken in {took} ms ({})", answer.text));
            Ok(exit::DONE)
        }
        Err(error) => {
            let failure =
                Failure::new(exit::FAILED, format!("the alert `{name}` was not taken, after {took} ms"));
            Err(failure.because(&error).hint(Some(hint(alert).to_owned())))
        }
    }
}

fn hint(alert: &Alert) -> &'static str {
    match &alert.target {
        Ok(AlertTarget::Command(_)) => "run the command by hand; it gets the JSON on its standard input",
        _ => "is the address right, and what does whoever answers there say to it?",
    }
}

fn unknown(name: &str, alerts: &[Alert]) -> Failure {
    let names = || alerts.iter().map(|alert| alert.name.as_str());
    let hint = match nearest(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if alerts.is_empty() => "write one: [[alert]]; config/reference.toml has its keys".to_owned(),
        None => format!("there are {}", names().collect::<Vec<_>>().join(", ")),
    };
    Failure::new(exit::USAGE, format!("the configuration has no alert `{name}`")).hint(Some(hint))
}

async fn list(context: &Context<'_>) -> Result<u8, Failure> {
    let kept = match context.reader("alerts").await? {
        Some(connection) => context.store.kept_alerts(&*connection, SHOWN).await?,
        None => Vec::new(),
    };
    let on = |alert: &Alert| alert.on.iter().map(|kind| kind.as_str()).collect::<Vec<_>>();
    if context.printer.json {
        let one = |alert: &Alert| json!({ "name": alert.name, "on": on(alert), "to": target(alert) });
        let alerts: Vec<_> = context.settings.alerts.iter().map(one).collect();
        context.printer.data(&format!("{:#}", json!({ "alerts": alerts, "messages": kept })));
        return Ok(exit::DONE);
    }
    if context.settings.alerts.is_empty() {
        context.printer.say("the configuration has no [[alert]]");
    }
    for alert in &context.settings.alerts {
        context.printer.data(&format!("{}  to {}, on {}", alert.name, target(alert), on(alert).join(", ")));
    }
    for message in kept {
        let said = message.message.unwrap_or_default();
        let tries =
            if message.attempts > 1 { format!(", {} tries", message.attempts) } else { String::new() };
        let error = message.last_error.map(|error| format!(": {error}")).unwrap_or_default();
        context.printer.data(&format!(
            "{}  {}  {} {}  {said}  [{}{tries}{error}]",
            message.at, message.alert, message.kind, message.status, message.state
        ));
    }
    Ok(exit::DONE)
}

/// What kind of target it is; the address itself is nobody's business.
fn target(alert: &Alert) -> &'static str {
    match &alert.target {
        Ok(AlertTarget::Webhook { .. }) => "a webhook",
        Ok(AlertTarget::Slack { .. }) => "Slack",
        Ok(AlertTarget::Command(_)) => "a command",
        Ok(AlertTarget::Log) => "the log",
        Err(_) => "nobody: a variable is not set",
    }
}
