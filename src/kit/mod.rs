//! Changes of columns without downtime, as revision files that a person reads, edits and applies one by one.
//!
//! A column is renamed, or gets another type, by a second column beside it that a trigger keeps equal:
//!
//! ```text
//!   expand     new column, sync trigger                both names work; the old one is the truth
//!   backfill   a data job: new = old
//!   build      indexes, constraints, foreign keys of the new column, none of them under a lock that others feel
//!   switch     views, policies, triggers, functions name the new column; from here on it is the truth
//!   strip      what the old column's indexes and constraints were is dropped
//!   prove      a data job: not one row differs (on the way down: old = new)
//!   contract   sync trigger and old column are dropped
//! ```
//!
//! Each of them is undone by its own `down`, so that one can turn round anywhere, at the end too. Everything here is text
//! made from facts (`pg::anatomy`); nothing is written to the database. What a part contributes to which chapter is told
//! beside the part, one file each.

mod backfill;
mod book;
mod change;
mod change_type;
mod checks;
mod column;
mod defaults;
mod foreign_keys;
mod functions;
mod indexes;
mod mapping;
mod names;
mod not_null;
mod partitioned;
mod policies;
mod publications;
mod rename;
mod statistics;
mod story;
mod successor;
mod sync;
mod triggers;
mod views;

pub use book::{Book, Page};
pub use change::{BothWritten, KitError, SyncOptions};
pub use change_type::{Retyping, change_type, change_type_at_once};
pub use mapping::{NewColumn, OldColumn, map_columns};
pub use not_null::add_not_null;
pub use rename::rename;
pub use successor::fits;
