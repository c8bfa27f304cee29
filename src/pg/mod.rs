//! PostgreSQL: connections, error classes, quoting, the catalog, and a private server for the demo and the tests.

pub mod anatomy;
pub mod catalog;
pub mod checkup;
pub mod connect;
pub mod inventory;
pub(crate) mod lint_facts;
pub mod local;
mod pooler;
pub mod quote;
pub mod search_path;
pub mod sqlstate;
pub mod storage;
pub mod surroundings;
pub mod timed;
pub mod tls;
pub mod waiting;

pub use connect::{ConnectError, Connection, Connector};
pub use inventory::{Difference, Inventory};
pub use sqlstate::{ErrorClass, classify, describe};
pub use storage::{PageSample, Storage};
pub use waiting::{Waiting, waiting};
