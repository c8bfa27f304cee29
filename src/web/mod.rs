//! The status page: `longhaul serve`, and `longhaul worker --serve`. No build step, nothing from elsewhere, no script needed.
//!
//! ```text
//! request ──► guard ──► pages, live, actions ──► reader ──► facts ──► view ──► HTML
//!            access,     (handlers)              one          plain     pure
//!            headers                             connection   data
//! ```
//!
//! A page in a browser costs the database one reading each two seconds, however many look (`reader`); what changed in it is
//! rendered and sent as server-sent events. Changes go the way of the commands `pause`, `resume`, `cancel` and `set`
//! ([`crate::engine::Engine::command`]), with a reason, and are recorded with who asked. At the most two connections are open:
//! the reader's, and that of a command. A crash of the page leaves nothing: it keeps nothing.

mod access;
mod actions;
mod assets;
mod attempts;
mod chart;
mod error;
mod facts;
mod guard;
mod key;
mod listener;
mod live;
mod login;
mod pages;
mod problem;
mod reader;
mod report;
mod routes;
mod secret;
mod server;
mod shared;
mod view;

pub use error::PageError;
pub use report::report_html;
pub use server::{DEFAULT_ADDRESS, Page, PageOptions};

use reader::Reader;
