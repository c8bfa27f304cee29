//! Figures for Prometheus: what this process does, and how the runs of a database stand.
//!
//! ```text
//!  notices ─► ProcessMetrics (counters, histograms; this process only) ─┐
//!  database ─► figures, read anew at each scrape ───────────────────────┴─► exposition()
//! ```
//!
//! The process's figures are kept by the `metrics` crate in a recorder of their own, not in a global one: two engines in one
//! process, as in tests, keep apart. Those of the database are the same from whichever host they are read; a database that
//! can't be read is a figure too (`longhaul_database_up 0`), not an error. Nothing here is stored.
//!
//! The label of a job is `job_name`, since `job` is Prometheus's own.

mod database;
mod exporter;
mod process;
mod text;

pub use exporter::Exporter;
pub use process::ProcessMetrics;
