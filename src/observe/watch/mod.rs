//! The live view of all runs of a database: `status --watch`.
//!
//! ```text
//! Reader ─► Snapshot ─► Model ─► lines ─► the screen          whoever owns the terminal does what is an Effect:
//! (database)            ▲  └── key(…) ─► Effect              a command, the end, another drawing
//!                       └── answer, lost connection
//! ```
//!
//! Model and drawing are pure: what is shown follows from the snapshot, the keys and the size alone. The terminal and the
//! commands are `cli::watch`'s. A crash loses nothing: all of it is in the database.

mod draw;
mod keys;
mod lines;
mod model;
mod pace;
mod reader;
mod snapshot;
#[cfg(test)]
mod tests;

pub use draw::draw;
pub use keys::{Action, Effect, Key, Order};
pub use model::{Link, Model};
pub use reader::Reader;
pub use snapshot::{EventView, RunView, Snapshot};
