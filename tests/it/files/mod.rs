//! The side of the history that is files: how it is drawn, where its files come from and where they stand.

mod directories;
mod drawing;
mod environment;
mod init;
mod templates;

use crate::support::{Database, Project};

/// A project without files, on a database that nothing is written to.
async fn project() -> Project {
    Project::new(Database::empty().await)
}

/// A schema revision that does nothing.
fn schema(id: &str, revises: &str, message: &str) -> String {
    format!("-- revision: {id}\n-- revises: {revises}\n-- message: {message}\n\n-- migrate:up\nSELECT 1;\n")
}

/// Writes a file beside `jobs/`.
fn write_above(project: &Project, name: &str, text: &str) {
    std::fs::write(project.jobs().join("..").join(name), text).unwrap();
}
