//! What stands before every request: who it is from, and the headers of every answer.

use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use maud::{DOCTYPE, html};

use super::access::{self, Denied};
use super::listener::Peer;
use super::login::own_address;
use super::problem::Problem;
use super::secret::Session;
use super::shared::Shared;
use super::view::{self, Viewer};

/// Nothing from elsewhere, no style or script in the markup, no frame around it, no form that leads away.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Headers of every answer. A header that is there already stays.
pub(super) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Lets a request through with its visitor and session, or answers why not.
pub(super) async fn access(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(Peer(from)): ConnectInfo<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let session = session(&shared, request.headers());
    let wait = shared.wait(from.ip());
    if request.headers().contains_key(header::AUTHORIZATION) {
        shared.take_turn(wait).await;
    }
    let judged = shared.access.judge(&access::Request {
        method: request.method(),
        headers: request.headers(),
        from: from.ip(),
        session: session.as_ref(),
        wait,
    });
    let is_strange = is_from_elsewhere(&request) && session.is_none();
    let visitor = match judged {
        Ok(_) | Err(Denied::Login) if is_strange => return come_in_again(&request),
        Ok(visitor) => visitor,
        Err(denied) => {
            if denied == Denied::WrongToken {
                shared.count_attempt(from.ip(), false);
            }
            return refuse(&shared, &request, denied);
        }
    };
    let is_new = session.is_none();
    let session = session.unwrap_or_else(|| Session::new(false));
    // A scraper needs none.
    let cookie = (is_new && !visitor.is_bearer).then(|| set_cookie(&shared, request.headers(), &session));
    request.extensions_mut().insert(visitor);
    request.extensions_mut().insert(session);
    let mut response = next.run(request).await;
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// What the request's cookie says, if it is one of ours.
pub(super) fn session(shared: &Shared, headers: &HeaderMap) -> Option<Session> {
    let mut cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.find_map(|cookies| {
        cookies.split("; ").find_map(|cookie| {
            let value = cookie.strip_prefix(shared.cookie.as_str())?.strip_prefix('=')?;
            shared.secret.session(value, shared.now().as_secs())
        })
    })
}

/// The header that gives a browser its session.
pub(super) fn set_cookie(shared: &Shared, headers: &HeaderMap, session: &Session) -> HeaderValue {
    let encrypted = headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
    let secure = if encrypted { "; Secure" } else { "" };
    let value = shared.secret.cookie(session, shared.now().as_secs());
    let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Strict{secure}", shared.cookie);
    HeaderValue::try_from(text).expect("names and digits make a header")
}

/// A link on another site leads here. The browser keeps a strict cookie back on that way.
fn is_from_elsewhere(request: &Request) -> bool {
    let sent = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    request.method() == Method::GET
        && sent("sec-fetch-mode") == Some("navigate")
        && matches!(sent("sec-fetch-site"), Some("cross-site" | "same-site"))
}

/// Has the browser come once more, now from this site itself and with its cookie.
fn come_in_again(request: &Request) -> Response {
    let to = own_address(request.uri().path_and_query().map_or("/", |to| to.as_str()));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { "longhaul" }
                meta http-equiv="refresh" content=(format!("0; url={to}"));
            }
            body { p { a href=(to) { "Open the page" } } }
        }
    };
    Html(page.into_string()).into_response()
}

fn refuse(shared: &Shared, request: &Request, denied: Denied) -> Response {
    let asks_for_page = request.method() == Method::GET && !is_for_programs(request.uri().path());
    if denied == Denied::Login && asks_for_page {
        let to = request.uri().path_and_query().map_or("/", |to| to.as_str());
        let to = percent_encoding::utf8_percent_encode(to, percent_encoding::NON_ALPHANUMERIC);
        return Redirect::to(&format!("/login?to={to}")).into_response();
    }
    let retry = if let Denied::Slow(left) = &denied { Some(left.as_secs() + 1) } else { None };
    let mut response = show(shared, &denied.into());
    if let Some(seconds) = retry {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn is_for_programs(path: &str) -> bool {
    matches!(path, "/live" | "/metrics")
}

/// A problem to somebody who isn't let in: nothing of the database is told.
pub(super) fn show(shared: &Shared, problem: &Problem) -> Response {
    let viewer = Viewer::default();
    let page = view::problem(&shared.frame(None, &viewer, Some(problem)));
    (problem.status, Html(page.into_string())).into_response()
}
