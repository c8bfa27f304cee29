//! The files that a page brings along. Their addresses change with their content, so browsers may keep them.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

pub(super) const STYLES: &str = include_str!("layout.css");
const SCRIPT: &str = include_str!("live.js");
const ICON: &str = include_str!("icon.svg");

/// A part of the digest of all of them.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let digest = Sha256::new().chain_update(STYLES).chain_update(SCRIPT).chain_update(ICON).finalize();
    format!("{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3])
});

/// The address of an asset as it is now.
pub(super) fn address(name: &str) -> String {
    format!("/{name}?v={}", *VERSION)
}

pub(super) async fn styles() -> Response {
    of("text/css; charset=utf-8", STYLES)
}

pub(super) async fn script() -> Response {
    of("text/javascript; charset=utf-8", SCRIPT)
}

pub(super) async fn icon() -> Response {
    of("image/svg+xml", ICON)
}

fn of(kind: &'static str, text: &'static str) -> Response {
    let kept = "public, max-age=31536000, immutable";
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, kept)], text).into_response()
}
