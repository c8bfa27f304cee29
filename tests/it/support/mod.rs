//! What the tests stand on: one private server for all, a database for each, and the program run as a person would.

mod items;
mod pages;
mod pooler;
mod program;
mod project;
mod proxy;
mod receiver;
mod screen;
mod server;
mod standby;
mod tls;

use std::time::{Duration, Instant};

pub(crate) use items::{Items, JobKind};
pub(crate) use pages::{Pages, SMALL_WINDOWS};
pub(crate) use pooler::{Mode, Pooler, simple_value};
pub(crate) use program::signal;
pub(crate) use project::{Outcome, Process, Project};
pub(crate) use proxy::Proxy;
pub(crate) use receiver::{Answer, Received, Receiver};
pub(crate) use screen::Screen;
pub(crate) use server::Database;
pub(crate) use standby::Primary;
pub(crate) use tls::{Authority, Encrypted};

/// Waits until `condition` holds. Fails, with `what`, when it hasn't after a minute: long enough for any machine that
/// works at all.
#[expect(
    clippy::disallowed_methods,
    reason = "tests wait for other processes, whose time nobody here can move"
)]
pub(crate) async fn wait_for<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition().await {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
