//! Pause, resume, cancel and set, from a form: as the commands of these names, with a reason, and by whom.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use serde::Deserialize;

use super::access::Visitor;
use super::key::Key;
use super::pages;
use super::problem::Problem;
use super::secret::Session;
use super::shared::Shared;
use super::view::{Entered, LONGEST_WHY};
use crate::engine::{Commanded, Engine, Notice, Observer, RunError, Stopper, Subject};
use crate::model::RunId;
use crate::plan::control::Command;
use crate::store::Identity;

/// The fields of all forms; each has some of them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    mark: String,
    why: String,
    sure: String,
    key: String,
    value: String,
}

/// What happens meanwhile is told by the log.
struct Silent;

impl Observer for Silent {
    fn notice(&self, _: Notice) {}
}

/// Carries out what a form asks for.
pub(super) async fn act(
    State(shared): State<Arc<Shared>>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    Path((run, action)): Path<(i64, String)>,
    uri: Uri,
    Form(fields): Form<Fields>,
) -> Response {
    let command = Command::ALL.into_iter().find(|command| command.as_str() == action);
    let key = if command == Some(Command::Cancel) { Key::Cancel(run) } else { Key::Run(run) };
    let mut viewer = shared.viewer(&visitor, &session);
    let done = match command {
        None => Err(Problem::not_found(format!("nothing can be done at {}", uri.path()))),
        Some(_) if !visitor.is_bearer && !shared.secret.is_form_mark(&session, &fields.mark) => {
            Err(Problem::foreign_form())
        }
        Some(command) => carry_out(&shared, &visitor, (run, command), &fields).await,
    };
    shared.reader.forget();
    match done {
        Ok(word) => Redirect::to(&format!("{}?said={word}", Key::Run(run).path())).into_response(),
        Err(problem) => {
            viewer.entered = Some(Entered { action, why: fields.why, key: fields.key, value: fields.value });
            pages::show_again(&shared, &key, &viewer, &problem).await
        }
    }
}

async fn carry_out(
    shared: &Shared,
    visitor: &Visitor,
    (run, command): (i64, Command),
    fields: &Fields,
) -> Result<&'static str, Problem> {
    let why = reason(&fields.why)?;
    if command == Command::Cancel && fields.sure != "yes" {
        return Err(unfinished("a run is cancelled for good only when the box is checked"));
    }
    let (job, name) = shared.reader.job_of(run).await?;
    let _turn = shared.commands.lock().await;
    let identity = Identity { actor: visitor.actor.clone(), ..shared.identity.clone() };
    let (_stopper, stop) = Stopper::new();
    let reader = &shared.reader;
    let engine = Engine {
        clock: &shared.clock,
        settings: &reader.settings,
        connector: &reader.connector,
        store: &reader.store,
        identity: &identity,
        observer: &Silent,
        stop: &stop,
    };
    let subject = Subject { job: &job, name: &name, only: Some(RunId(run)) };
    let done = match command {
        Command::Set => set(&engine, subject, fields, &why).await,
        command => engine.command(subject, command, Some(&why)).await.map(|done| word(command, &done)),
    };
    Ok(done?)
}

async fn set(
    engine: &Engine<'_>,
    subject: Subject<'_>,
    fields: &Fields,
    why: &str,
) -> Result<&'static str, RunError> {
    let assignment = format!("{}={}", fields.key.trim(), fields.value.trim());
    engine.set(subject, &[assignment], Some(why)).await.map(|_| "set")
}

/// What came of a command, as the address that follows says it.
fn word(command: Command, done: &Commanded) -> &'static str {
    match (command, done) {
        (_, Commanded::Already(_)) => "already",
        (Command::Pause, Commanded::Asked(_)) => "pausing",
        (Command::Pause, Commanded::Done(_)) => "paused",
        (Command::Resume, Commanded::Asked(_)) => "goes-on",
        (Command::Resume, Commanded::Done(_)) => "may-go-on",
        (_, Commanded::Asked(_)) => "ending",
        (_, Commanded::Done(_)) => "cancelled",
    }
}

/// A reason on one line; without one nothing is done.
fn reason(written: &str) -> Result<String, Problem> {
    let why = written.split_whitespace().collect::<Vec<_>>().join(" ");
    if why.is_empty() {
        return Err(
            unfinished("a reason is missing").hint("say why: it is kept in the log, and shown to everybody")
        );
    }
    if why.chars().count() > LONGEST_WHY {
        return Err(
            unfinished("the reason is too long").hint(format!("{LONGEST_WHY} characters are the most"))
        );
    }
    Ok(why)
}

fn unfinished(message: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "Not done yet", message)
}
