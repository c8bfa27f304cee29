//! Pages: read, drawn, sent.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{Html, IntoResponse, Response};

use super::access::Visitor;
use super::key::Key;
use super::problem::Problem;
use super::secret::Session;
use super::shared::Shared;
use super::view::{self, View, Viewer};

/// What came of a form, by the word in the address that follows it.
const NOTICES: [(&str, &str); 8] = [
    ("pausing", "It pauses after the batches in hand."),
    ("paused", "It is paused; nobody was at work on it."),
    ("goes-on", "It goes on: the pause is taken back."),
    ("may-go-on", "It may go on: a worker or `run --wait` takes it up, or the next `longhaul run`."),
    ("ending", "It ends after the batches in hand; what they changed stays."),
    ("cancelled", "It is cancelled; what it changed stays."),
    ("set", "The setting is stored; it holds from the next batch on."),
    ("already", "It is so already, or about to be."),
];

/// Shows the page of an address.
pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    uri: Uri,
) -> Response {
    let viewer = shared.viewer(&visitor, &session);
    let query = uri.query().unwrap_or_default();
    let Some(key) = Key::parse(uri.path(), query) else {
        let missing = Problem::not_found(format!("there is no page at {}", uri.path()));
        return answer(&shared, None, &viewer, Err(missing), None);
    };
    let word = query.split('&').find_map(|pair| pair.strip_prefix("said="));
    let notice =
        word.and_then(|word| NOTICES.iter().find(|(known, _)| *known == word)).map(|(_, text)| *text);
    let view = shared.reader.read(&key).await.map(|facts| view::view(&key, &facts, &viewer));
    answer(&shared, Some(&key), &viewer, view, notice)
}

/// Shows a run's page again, with why a form on it wasn't taken.
pub(super) async fn show_again(shared: &Shared, key: &Key, viewer: &Viewer, problem: &Problem) -> Response {
    let mut frame = shared.frame(Some(key), viewer, Some(problem));
    frame.problem = Some(problem);
    match shared.reader.read(key).await {
        Ok(facts) => {
            (problem.status, Html(view::document(&frame, &view::view(key, &facts, viewer)).into_string()))
                .into_response()
        }
        Err(_) => (problem.status, Html(view::problem(&frame).into_string())).into_response(),
    }
}

fn answer(
    shared: &Shared,
    key: Option<&Key>,
    viewer: &Viewer,
    view: Result<View, Problem>,
    notice: Option<&str>,
) -> Response {
    let mut frame = shared.frame(key, viewer, None);
    frame.notice = notice;
    match view {
        Ok(view) => Html(view::document(&frame, &view).into_string()).into_response(),
        Err(problem) => {
            frame.problem = Some(&problem);
            (problem.status, Html(view::problem(&frame).into_string())).into_response()
        }
    }
}
