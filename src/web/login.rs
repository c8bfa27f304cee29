//! The token is entered once; a cookie remembers that for a night.

use std::sync::Arc;

use axum::Form;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::access::{Denied, Request};
use super::guard::{session, set_cookie, show};
use super::listener::Peer;
use super::problem::Problem;
use super::secret::Session;
use super::shared::Shared;
use super::view::{self, Viewer};

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    to: String,
}

#[derive(Deserialize)]
pub(super) struct Given {
    #[serde(default)]
    token: String,
    #[serde(default)]
    to: String,
}

/// The question.
pub(super) async fn ask(State(shared): State<Arc<Shared>>, Query(asked): Query<Asked>) -> Response {
    if shared.access.token.is_none() {
        return Redirect::to("/").into_response();
    }
    form(&shared, &asked.to, None)
}

/// The answer.
pub(super) async fn take(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(Peer(from)): ConnectInfo<Peer>,
    headers: HeaderMap,
    Form(given): Form<Given>,
) -> Response {
    let Some(token) = &shared.access.token else { return Redirect::to("/").into_response() };
    let wait = shared.wait(from.ip());
    let known = session(&shared, &headers);
    let request =
        Request { method: &Method::POST, headers: &headers, from: from.ip(), session: known.as_ref(), wait };
    if !shared.access.is_same_site(&request) {
        return show(&shared, &Denied::OtherSite.into());
    }
    shared.take_turn(wait).await;
    let is_right = token.is(given.token.trim());
    if let Some(left) = wait.filter(|_| !is_right) {
        return form(&shared, &given.to, Some(&Denied::Slow(left).into()));
    }
    shared.count_attempt(from.ip(), is_right);
    if !is_right {
        return form(&shared, &given.to, Some(&Denied::WrongToken.into()));
    }
    // A session of its own: what somebody planted before is worth nothing.
    let cookie = set_cookie(&shared, &headers, &Session::new(true));
    let mut response = Redirect::to(own_address(&given.to)).into_response();
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

/// Gives the session up.
pub(super) async fn leave(State(shared): State<Arc<Shared>>) -> Response {
    let mut response = Redirect::to("/").into_response();
    let gone = format!("{}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0", shared.cookie);
    if let Ok(gone) = HeaderValue::try_from(gone) {
        response.headers_mut().append(header::SET_COOKIE, gone);
    }
    response
}

fn form(shared: &Shared, to: &str, problem: Option<&Problem>) -> Response {
    let viewer = Viewer::default();
    let status = problem.map_or(axum::http::StatusCode::OK, |problem| problem.status);
    let page = view::login(&shared.frame(None, &viewer, problem), own_address(to));
    (status, Html(page.into_string())).into_response()
}

/// An address of this page, whatever was asked for: nobody is led elsewhere.
pub(super) fn own_address(to: &str) -> &str {
    let is_own = to.starts_with('/')
        && !to.starts_with("//")
        && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_own { to } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::own_address;

    #[test]
    fn nobody_is_led_elsewhere() {
        assert_eq!(own_address("/runs/5?x=1"), "/runs/5?x=1");
        for other in
            ["", "https://evil.example", "//evil.example", "/\\evil.example", "/a\r\nSet-Cookie: x", "runs"]
        {
            assert_eq!(own_address(other), "/", "{other:?}");
        }
    }
}
