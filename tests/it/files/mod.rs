//! The side of the history that is files: how it is drawn, where its files come from and where they stand.

mod drawing;

use crate::support::{Database, Project};

/// A project without files, on a database that nothing is written to.
async fn project() -> Project {
    Project::new(Database::empty().await)
}

/// A schema revision that does nothing.
fn schema(id: &str, revises: &str, message: &str) -> String {
    format!("-- revision: {id}\n-- revises: {revises}\n-- message: {message}\n\n-- migrate:up\nSELECT 1;\n")
}
