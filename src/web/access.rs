//! Who may see the page, and who may change anything by it. Decided from a request's headers and address alone.
//!
//! | started with | who gets in | recorded as |
//! |---|---|---|
//! | nothing (loopback only) | whoever reaches the address | the user that the page runs as |
//! | a token | who knows it, by a cookie or as `Authorization: Bearer` | `token`, with the address |
//! | a proxy's header | whom a trusted proxy names | the name |
//!
//! With a token and a proxy either suffices.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::{HeaderMap, Method, header};

use super::secret::{Session, Token};
use crate::config::Network;

/// The rules.
#[derive(Clone)]
pub(super) struct Access {
    pub(super) token: Option<Token>,
    pub(super) proxy: Option<Proxy>,
    /// Names under which the page is reached.
    pub(super) hosts: Vec<String>,
    pub(super) read_only: bool,
    /// Who the page runs as.
    pub(super) user: String,
}

/// A proxy that lets people in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proxy {
    pub(super) header: String,
    pub(super) trusted: Vec<Network>,
}

/// Somebody who was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Visitor {
    /// As what they do is recorded.
    pub(super) actor: String,
    /// The request carries its own proof, as no browser does by itself: another site can't have sent it.
    pub(super) is_bearer: bool,
    /// By a cookie that can be given up.
    pub(super) can_leave: bool,
}

/// Why a request gets no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// It names a host that isn't ours.
    Host(String),
    /// The token is asked for.
    Login,
    /// The token that came along is wrong.
    WrongToken,
    /// It is wrong, and too many wrong ones came from there.
    Slow(Duration),
    /// The proxy hasn't named anybody, or it isn't one that is trusted.
    Proxy,
    /// It may come from another site.
    OtherSite,
    /// Nothing can be changed here.
    ReadOnly,
}

/// What of a request is looked at.
pub(super) struct Request<'r> {
    pub(super) method: &'r Method,
    pub(super) headers: &'r HeaderMap,
    pub(super) from: IpAddr,
    /// What its cookie says.
    pub(super) session: Option<&'r Session>,
    /// How long its address still waits for its wrong tokens.
    pub(super) wait: Option<Duration>,
}

impl Request<'_> {
    fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The token that it carries.
    fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header(header::AUTHORIZATION)?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }
}

impl Access {
    /// Lets a request in, or not.
    pub(super) fn judge(&self, request: &Request<'_>) -> Result<Visitor, Denied> {
        // A name of somebody else's that leads here brings no cookie along, but whatever header it likes.
        if self.token.is_none() || self.proxy.is_some() {
            self.judge_host(request)?;
        }
        let visitor = self.visitor(request)?;
        if request.method == Method::GET || request.method == Method::HEAD {
            return Ok(visitor);
        }
        if self.read_only {
            return Err(Denied::ReadOnly);
        }
        if visitor.is_bearer || self.is_same_site(request) { Ok(visitor) } else { Err(Denied::OtherSite) }
    }

    fn visitor(&self, request: &Request<'_>) -> Result<Visitor, Denied> {
        if let Some(name) = self.proxy.as_ref().and_then(|proxy| proxy.names(request)) {
            return Ok(Visitor { actor: format!("{name} (page)"), is_bearer: false, can_leave: false });
        }
        let Some(token) = &self.token else {
            let local =
                || Visitor { actor: format!("{} (page)", self.user), is_bearer: false, can_leave: false };
            return if self.proxy.is_some() { Err(Denied::Proxy) } else { Ok(local()) };
        };
        let actor = format!("token from {} (page)", request.from.to_canonical());
        if let Some(given) = request.bearer() {
            return match request.wait {
                _ if token.is(given) => Ok(Visitor { actor, is_bearer: true, can_leave: false }),
                Some(left) => Err(Denied::Slow(left)),
                None => Err(Denied::WrongToken),
            };
        }
        if request.session.is_some_and(|session| session.knows_token) {
            Ok(Visitor { actor, is_bearer: false, can_leave: true })
        } else {
            Err(Denied::Login)
        }
    }

    /// An address can't be made to point elsewhere; a name can, by whoever it belongs to (DNS rebinding).
    fn judge_host(&self, request: &Request<'_>) -> Result<(), Denied> {
        let host = request.header(header::HOST).unwrap_or_default();
        let name = host_name(host);
        let is_known = name.parse::<IpAddr>().is_ok()
            || name.eq_ignore_ascii_case("localhost")
            || self.hosts.iter().any(|known| known.eq_ignore_ascii_case(name));
        if is_known { Ok(()) } else { Err(Denied::Host(name.to_owned())) }
    }

    /// By what a browser says of where a form was. `Sec-Fetch-Site` is not sent over plain HTTP to another machine.
    pub(super) fn is_same_site(&self, request: &Request<'_>) -> bool {
        if let Some(site) = request.header("sec-fetch-site") {
            return site == "same-origin";
        }
        let forwarded = request
            .header("x-forwarded-host")
            .filter(|_| self.proxy.as_ref().is_some_and(|proxy| proxy.is_trusted(request.from)));
        let host = forwarded.or_else(|| request.header(header::HOST));
        let origin = request.header(header::ORIGIN).and_then(|origin| origin.split_once("://"));
        matches!((origin, host), (Some((_, origin)), Some(host)) if origin.eq_ignore_ascii_case(host))
    }
}

impl Proxy {
    fn is_trusted(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }

    /// Whom it names, in UTF-8; `None`: nobody, or it isn't a proxy that is trusted. With two such headers the one may be
    /// the visitor's own: then nobody is named.
    fn names(&self, request: &Request<'_>) -> Option<String> {
        let mut sent = request.headers.get_all(self.header.as_str()).iter();
        let (Some(sent), None) = (sent.next(), sent.next()) else { return None };
        let name = str::from_utf8(sent.as_bytes()).ok()?.trim();
        if name.is_empty() || name.chars().any(char::is_control) {
            return None;
        }
        self.is_trusted(request.from).then(|| name.chars().take(100).collect())
    }
}

/// The name of `name:port`, or the address of `[::1]:port`.
fn host_name(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    }
}

#[cfg(test)]
mod tests;
