//! The live view's loop: keys, snapshots and commands, one at a time.

use std::collections::VecDeque;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};

use super::LOOK_EVERY;
use super::screen::{Input, Screen, keys};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::{exit, signals};
use crate::engine::{Commanded, Engine, Notice, Observer, RunError, StopLevel, Stopper, Subject};
use crate::observe::Source;
use crate::observe::watch::{Action, Effect, Link, Model, Order, Reader, Snapshot};

/// How long after a loss another connection is tried.
const AGAIN: Duration = Duration::from_secs(2);

/// How long what was asked for last may take once somebody leaves.
const PATIENCE: Duration = Duration::from_secs(10);

/// A command that is being carried out, and what is to be said of it.
type Doing<'d> = Option<Pin<Box<dyn Future<Output = String> + 'd>>>;

pub(super) async fn view(job: Option<&str>, context: &Context<'_>) -> Result<u8, Failure> {
    let cant = |error: std::io::Error| Failure::new(exit::FAILED, "can't take the terminal").because(&error);
    let connector = context.connector()?;
    let ended = signals::listen(Arc::new(Silent))?;
    let (_stopper, stop) = Stopper::new();
    let engine = context.engine(&connector, &Silent, &stop);
    let manifest = context.manifest().ok();
    let source = Source { store: &context.store, settings: &context.settings, manifest: manifest.as_ref() };
    let (look, (sender, mut snapshots)) = (Notify::new(), mpsc::unbounded_channel());
    let reader = Reader::new(source, &connector, job);
    let mut reading = std::pin::pin!(read(reader, &look, &sender, context));
    let mut view = View {
        model: Model::new(&connector.target().to_string()),
        screen: Screen::take(context.printer.color()).map_err(cant)?,
        lost: None,
    };
    let mut keys = keys();
    // One after the other, in the order in which they were asked for.
    let (mut orders, mut doing): (VecDeque<Action>, Doing<'_>) = (VecDeque::new(), None);
    loop {
        if doing.is_none()
            && let Some(action) = orders.pop_front()
        {
            view.model.said = Some(format!("{} …", action.describe()));
            doing = Some(Box::pin(carry_out(&engine, action)));
        }
        view.tell_age(context.clock.monotonic());
        view.screen.draw(&view.model).map_err(cant)?;
        tokio::select! {
            () = ended.reached(StopLevel::AfterBatch) => break,
            input = keys.recv() => match input {
                None | Some(Input::Gone) => break,
                Some(Input::Resized) => {}
                Some(Input::Key(key)) => match view.model.key(key) {
                    Effect::Draw => {}
                    Effect::Quit => break,
                    Effect::Suspend => view.screen.suspend().map_err(cant)?,
                    Effect::Redraw => view.screen.clear().map_err(cant)?,
                    Effect::Do(action) => orders.push_back(action),
                },
            },
            Some(snapshot) = snapshots.recv() => view.take(snapshot, context.clock.monotonic()),
            said = wait_for(&mut doing) => {
                view.model.said = Some(said);
                doing = None;
                look.notify_one();
            }
            () = &mut reading => {}
            () = context.clock.sleep(LOOK_EVERY) => {}
        }
    }
    drop(view);
    finish(context, &engine, doing, orders).await
}

/// What was asked for is carried out before the view is left, and said where the view was.
async fn finish(
    context: &Context<'_>,
    engine: &Engine<'_>,
    doing: Doing<'_>,
    orders: VecDeque<Action>,
) -> Result<u8, Failure> {
    let carried_out = async {
        if let Some(doing) = doing {
            context.printer.say(&doing.await);
        }
        for action in orders {
            context.printer.say(&carry_out(engine, action).await);
        }
    };
    tokio::select! {
        () = carried_out => Ok(exit::DONE),
        () = context.clock.sleep(PATIENCE) => {
            let message = "what was asked for last could not be carried out in time";
            Err(Failure::new(exit::FAILED, message)
                .hint(Some("`longhaul status` shows what is wanted of each run".to_owned())))
        }
    }
}

/// Nobody is to print across the view. Signals end it; the third one leaves at once, and gives the screen back first.
struct Silent;

impl Observer for Silent {
    fn notice(&self, notice: Notice) {
        if let Notice::Leaving = notice {
            let _ = ratatui::try_restore();
        }
    }
}

struct View {
    model: Model,
    screen: Screen,
    /// Since when it can't be read, and why.
    lost: Option<(Instant, String)>,
}

impl View {
    fn take(&mut self, snapshot: Result<Snapshot, String>, now: Instant) {
        match snapshot {
            Ok(snapshot) => {
                self.lost = None;
                self.model.update(snapshot);
            }
            Err(why) => {
                let since = self.lost.take().map_or(now, |(since, _)| since);
                self.lost = Some((since, why));
            }
        }
    }

    fn tell_age(&mut self, now: Instant) {
        if let Some((since, why)) = &self.lost {
            let time = now.saturating_duration_since(*since);
            self.model.link = Link::Lost { why: why.clone(), time };
        }
    }
}

/// Reads for ever: once a second, when something is notified, and when a command was carried out.
async fn read(
    mut reader: Reader<'_>,
    look: &Notify,
    sender: &mpsc::UnboundedSender<Result<Snapshot, String>>,
    context: &Context<'_>,
) {
    loop {
        let snapshot = reader.read().await;
        let pause = if snapshot.is_ok() { LOOK_EVERY } else { AGAIN };
        if sender.send(snapshot).is_err() {
            return;
        }
        tokio::select! {
            () = context.clock.sleep(pause) => {}
            () = reader.notified() => {}
            () = look.notified() => {}
        }
    }
}

async fn wait_for(doing: &mut Doing<'_>) -> String {
    match doing {
        Some(doing) => doing.await,
        None => pending().await,
    }
}

/// Carries a command out, and says what came of it.
async fn carry_out(engine: &Engine<'_>, action: Action) -> String {
    let subject = Subject { job: &action.job, name: &action.name, only: Some(action.run) };
    let why = action.why.as_deref();
    let done: Result<String, RunError> = match &action.order {
        Order::Command(command) => engine.command(subject, *command, why).await.map(|done| match done {
            Commanded::Asked(_) => action.done(true),
            Commanded::Done(_) => action.done(false),
            Commanded::Already(_) => format!("{}: it is so already, or about to be", action.describe()),
        }),
        Order::Set(setting) => {
            engine.set(subject, std::slice::from_ref(setting), why).await.map(|_| action.done(false))
        }
    };
    done.unwrap_or_else(|error| {
        let failure = Failure::from(error);
        let mut parts = vec![action.describe(), failure.message];
        parts.extend(failure.causes);
        let hint = failure.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{}{hint}", parts.join(": "))
    })
}
