//! Every address of the page.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Router, middleware};

use super::shared::Shared;
use super::{actions, assets, guard, live, login, pages};
use crate::observe::metrics::Exporter;

/// Forms are short.
const LONGEST_FORM: usize = 16 * 1024;

/// The routes, in order: first those for whom the visitor matters, then those that are open to all.
pub(super) fn routes(shared: Arc<Shared>) -> Router {
    let guarded = Router::new()
        .route("/live", get(live::follow))
        .route("/metrics", get(metrics))
        .route("/runs/{run}/{action}", post(actions::act).get(pages::show))
        .route("/logout", post(login::leave))
        .fallback(get(pages::show))
        .layer(middleware::from_fn_with_state(shared.clone(), guard::access));
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/login", get(login::ask).post(login::take))
        .route("/layout.css", get(assets::styles))
        .route("/live.js", get(assets::script))
        .route("/icon.svg", get(assets::icon))
        .merge(guarded)
        .layer(middleware::from_fn(guard::headers))
        .layer(DefaultBodyLimit::max(LONGEST_FORM))
        .with_state(shared)
}

/// Figures for Prometheus, to whoever may see the page.
async fn metrics(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, Exporter::CONTENT_TYPE)], shared.exporter.exposition().await)
}
