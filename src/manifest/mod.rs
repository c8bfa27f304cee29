//! Files in `jobs/` become the model: revisions from `.sql` and `.toml`, jobs from `.toml`.
//!
//! Everything is read and judged before the database is touched, and each complaint names the file, the line and
//! the mend. Called by `cli`; does no I/O but reading the files.

mod alembic;
mod directory;
mod document;
mod draft;
mod file_name;
mod hours_section;
mod job_file;
mod limits_section;
mod lint;
mod live_settings;
mod revision_file;
mod sql;
mod statement;
#[cfg(test)]
mod tests;

pub use alembic::{AlembicDirection, AlembicPrints, AlembicScript, AlembicSql, TakenOver, TakenSection};
pub use alembic::{read_alembic_script, read_alembic_sql, take_over};
pub use directory::{Manifest, ManifestError, list_dirs};
pub use document::{Document, DocumentError, Placed, PlacedPair, Section, nearest};
pub use draft::{Draft, DraftError, DraftKind, Making, TEMPLATE_NAMES, TemplateError, message_slug, render};
pub use file_name::{FileNameParts, file_name_parts, slug};
pub use hours_section::hours;
pub use job_file::parse_job;
pub use limits_section::{LIMITS_KEYS, PROBE_KEYS, limits, query};
pub(crate) use lint::read_for_lint;
pub use live_settings::{
    BadSetting, LiveSettings, MOST_WORKERS, parse_worker_bounds, setting_keys, worker_bounds,
};
pub use revision_file::parse_revision;
pub use statement::{follow_tables, locked_tables, statements, words};
