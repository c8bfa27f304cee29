//! What changes on an open page, as server-sent events: each part that is another than it was, as HTML.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::watch;

use super::access::Visitor;
use super::guard;
use super::key::Key;
use super::problem::Problem;
use super::reader::Watching;
use super::secret::Session;
use super::shared::Shared;
use super::view::{self, Viewer};

/// Pages that are open at the same time, at the most: each is drawn for itself.
const MOST: usize = 100;

/// Somebody's open page.
struct Open {
    shared: Arc<Shared>,
    key: Key,
    viewer: Viewer,
    pulses: watch::Receiver<u64>,
    /// Each part as it was sent last.
    shown: Vec<(&'static str, String)>,
    title: String,
    /// Drawn and not sent yet, the next one last.
    due: Vec<Event>,
    is_first: bool,
    _watching: Watching,
}

/// Follows a page.
pub(super) async fn follow(
    State(shared): State<Arc<Shared>>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    uri: Uri,
) -> Response {
    let Some(key) = Key::of_live(uri.query().unwrap_or_default()) else {
        return guard::show(&shared, &Problem::not_found("there is no such page"));
    };
    if shared.reader.watchers() >= MOST {
        let full = Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many pages are open",
            "no more can be followed",
        );
        return guard::show(&shared, &full);
    }
    let viewer = shared.viewer(&visitor, &session);
    let (pulses, watching) = (shared.reader.pulses(), shared.reader.watch());
    let open = Open {
        shared,
        key,
        viewer,
        pulses,
        shown: Vec::new(),
        title: String::new(),
        due: Vec::new(),
        is_first: true,
        _watching: watching,
    };
    let events = stream::unfold(open, async |mut open| {
        let event = open.next().await?;
        Some((Ok::<_, Infallible>(event), open))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}

impl Open {
    async fn next(&mut self) -> Option<Event> {
        if self.due.is_empty() {
            if !std::mem::take(&mut self.is_first) {
                self.pulses.changed().await.ok()?;
            }
            self.look().await;
        }
        self.due.pop()
    }

    /// Draws the page anew; what is another than it was is due.
    async fn look(&mut self) {
        self.pulses.mark_unchanged();
        // Something always comes: by that the browser knows that the line is alive.
        self.due.push(Event::default().event("beat").data(""));
        match self.shared.reader.read(&self.key).await {
            Ok(facts) => {
                let view = view::view(&self.key, &facts, &self.viewer);
                self.show("problem", String::new());
                for part in view.parts {
                    self.show(part.id, part.html.into_string());
                }
                if self.title != view.title {
                    self.title.clone_from(&view.title);
                    self.due.push(
                        Event::default().event("title").data(format!("{} · longhaul", one_line(&view.title))),
                    );
                }
            }
            // What was seen last stays, below the reason why it is old.
            Err(problem) => self.show("problem", view::problem_box(&problem).into_string()),
        }
        self.due.reverse();
    }

    fn show(&mut self, id: &'static str, html: String) {
        match self.shown.iter_mut().find(|(shown, _)| *shown == id) {
            Some((_, before)) if *before == html => return,
            Some((_, before)) => before.clone_from(&html),
            // Nothing went wrong: a form's complaint above the page is left alone.
            None if id == "problem" && html.is_empty() => return self.shown.push((id, html)),
            None => self.shown.push((id, html.clone())),
        }
        let data = serde_json::json!({ "id": id, "html": html }).to_string();
        self.due.push(Event::default().event("part").data(data));
    }
}

/// An event's data ends lines of its own.
fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}
