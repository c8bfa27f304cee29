//! The payroll example, carried in the program so that the demo needs no checkout.

use std::path::Path;

use tempfile::TempDir;

use crate::cli::example::FILES;
use crate::cli::exit;
use crate::cli::failure::Failure;

/// The generator of the data.
pub(super) const SEED: &str = include_str!("../../../jobs/seed/payroll.sql");

/// A directory with `jobs/` in it, removed when it is dropped.
pub(super) fn unpack() -> Result<TempDir, Failure> {
    let write = || -> std::io::Result<TempDir> {
        let directory = tempfile::Builder::new().prefix("longhaul-demo-").tempdir()?;
        let jobs = directory.path().join("jobs");
        std::fs::create_dir(&jobs)?;
        for (name, text) in FILES {
            std::fs::write(Path::new(&jobs).join(name), text)?;
        }
        Ok(directory)
    };
    write().map_err(|error| Failure::new(exit::FAILED, "can't write the example's files").because(&error))
}
