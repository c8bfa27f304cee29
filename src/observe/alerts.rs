//! Tells people what happens while nobody looks: the `[[alert]]`s of the configuration.
//!
//! ```text
//!  log, runs, files ─► facts ─► plan::alerts::look ─► rows of `alert`, each noticed once whoever looks
//!                                                      │ claimed, with an expiry, by one process
//!                                                      ▼
//!                                             delivery: webhook, Slack, command, log
//! ```
//!
//! Begun by every command that lives: `run`, `upgrade`, `downgrade`, `undo`, `worker`, `serve`. It has a connection and a task of
//! its own and never holds the work up: a receiver that doesn't answer keeps one blocking thread for `timeout`, and what waits
//! to be sent waits in the database, one message in flight for each alert.
//!
//! A crash loses nothing that was stored: a message that was claimed and not settled is sent by the next process once the
//! claim has run out. It may then come twice, if its sender died between sending it and storing that.

mod delivery;
mod facts;
mod failing;
mod noticing;
mod outbox;
mod source;
mod watcher;

pub use delivery::{Answer, Undelivered, deliver};
pub use source::AlertSource;
pub use watcher::Alerts;
