//! Why a page can't be shown or a change not be made: what, because of what, and what to do.

use std::error::Error;

use axum::http::StatusCode;

use super::access::Denied;
use crate::engine::RunError;
use crate::manifest::ManifestError;
use crate::model::human_duration;
use crate::pg::ConnectError;
use crate::store::StoreError;

/// A problem, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    pub(super) title: &'static str,
    pub(super) message: String,
    pub(super) causes: Vec<String>,
    pub(super) hint: Option<String>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, title: &'static str, message: impl Into<String>) -> Self {
        Self { status, title, message: message.into(), causes: Vec::new(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With the chain of its sources.
    fn of(status: StatusCode, title: &'static str, error: &dyn Error, hint: Option<String>) -> Self {
        let mut problem = Self::new(status, title, error.to_string());
        let mut source = error.source();
        while let Some(error) = source {
            let server = error.downcast_ref::<tokio_postgres::Error>();
            problem.causes.push(server.map_or_else(|| error.to_string(), crate::pg::describe));
            source = if server.is_some() { None } else { error.source() };
        }
        Self { hint, ..problem }
    }

    pub(super) fn not_found(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found", what).hint("the overview lists the runs there are")
    }

    /// Nothing has been stored there yet.
    pub(super) fn nothing_stored() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Nothing here yet", "nothing is stored in this database yet")
            .hint("`longhaul upgrade` and `longhaul run` make what they need")
    }

    /// A form that another site, or a page of another time, has sent.
    pub(super) fn foreign_form() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Not taken",
            "this form wasn't sent by the page as it is open now, and nothing was changed",
        )
        .hint("open the page anew and send the form again; behind a proxy, does it pass Host or X-Forwarded-Host on?")
    }
}

impl From<ConnectError> for Problem {
    fn from(error: ConnectError) -> Self {
        let hint = error.hint();
        Self::of(StatusCode::SERVICE_UNAVAILABLE, "The database can't be reached", &error, hint)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let (status, title) = match &error {
            StoreError::Rights { .. } => (StatusCode::FORBIDDEN, "The page's role lacks a right"),
            StoreError::TooNew { .. } | StoreError::TooOld { .. } => {
                (StatusCode::CONFLICT, "Another version of longhaul was here")
            }
            StoreError::Foreign { .. } | StoreError::ComesFirst { .. } => {
                (StatusCode::CONFLICT, "The control schema can't be used")
            }
            StoreError::Sql { .. } | StoreError::State(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "The database doesn't answer as it should")
            }
        };
        let hint = error.hint();
        Self::of(status, title, &error, hint)
    }
}

impl From<ManifestError> for Problem {
    fn from(error: ManifestError) -> Self {
        let hint = error.hint();
        Self::of(StatusCode::INTERNAL_SERVER_ERROR, "The files can't be read", &error, hint)
    }
}

impl From<RunError> for Problem {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Connect(error) => error.into(),
            RunError::Store(error) => error.into(),
            error => {
                let hint = error.hint();
                Self::of(StatusCode::CONFLICT, "It was not done", &error, hint)
            }
        }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        let forbidden = |message: &str| Self::new(StatusCode::FORBIDDEN, "Not allowed", message);
        match denied {
            Denied::Host(name) => {
                let message = format!("this page isn't known by the name `{name}`");
                Self::new(StatusCode::MISDIRECTED_REQUEST, "Another name", message).hint(
                    "if it is its name, say so: --host NAME, or hosts = [\"…\"] under [page]; by an address or as \
                     localhost it is always known",
                )
            }
            Denied::Login => {
                Self::new(StatusCode::UNAUTHORIZED, "Who are you?", "this page asks for a token")
            }
            Denied::WrongToken => {
                Self::new(StatusCode::UNAUTHORIZED, "Not the token", "that is not this page's token")
            }
            Denied::Slow(left) => {
                let seconds = std::time::Duration::from_secs(left.as_secs() + 1);
                let message =
                    format!("too many wrong tokens came from your address: wait {}", human_duration(seconds));
                Self::new(StatusCode::TOO_MANY_REQUESTS, "Not so fast", message)
            }
            Denied::Proxy => forbidden("no trusted proxy has said who you are").hint(
                "come by way of the proxy; --trust-proxy names its address, --trust-header what it says",
            ),
            Denied::OtherSite => Self::foreign_form(),
            Denied::ReadOnly => forbidden("this page only shows: nothing can be changed by it")
                .hint("`longhaul pause`, `resume`, `cancel` and `set` work from any host"),
        }
    }
}
