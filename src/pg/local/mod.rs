//! A private PostgreSQL server for the demo, the tests and the benchmarks: a real one, of any supported version, in
//! a directory of its own.
//!
//! Called by `longhaul demo`, `longhaul postgres`, the tests and the benchmarks; never by a migration, whose database
//! is its user's. The programs are those found on the machine, else those of a package that `pip` brings
//! ([`Installation`]). As root, which PostgreSQL refuses, the server runs under another account.
//!
//! ```text
//!  this process ──────── holds the only write end of a pipe
//!        │                          ┆ closes when this process ends, however it ends
//!        └─ /bin/sh supervise.sh ◄──┘
//!              ├─ initdb, then postgres        data, log and socket in one private directory
//!              └─ at the end of the pipe: stops postgres, waits for it, removes the directory
//! ```
//!
//! A crash of this process, `kill -9` included, therefore leaves neither a process nor a file behind. A crash of the
//! machine can leave the directory in the temporary directory, and a crash during a download a `.partial-*` directory
//! in the cache; both may be deleted.

mod account;
mod cluster;
mod download;
mod error;
mod installation;
mod server;
mod supervisor;
#[cfg(test)]
mod tests;
mod version;

pub use error::LocalError;
pub use installation::Installation;
pub use server::{Durability, LocalServer, LocalServerOptions, SUPERUSER};
pub use version::{DEFAULT_MAJOR, SUPPORTED_MAJORS, ServerVersion};
