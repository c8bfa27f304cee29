//! The report of a run as one HTML file: what pages show of it, and what an auditor asks besides. It needs nothing else: no
//! server, no script, nothing from elsewhere, which its own policy makes sure of.

use super::facts::OneRun;
use super::view;
use crate::observe::{HeldBy, Report};
use crate::pg::{Connection, ErrorClass};
use crate::store::{LoggedEvent, QuarantinedKey, Stay, Store, StoreError};

/// Rows in quarantine that are listed at the most; all of them are counted.
const MOST_ROWS: i64 = 10_000;

/// What a report file shows.
pub(super) struct ReportFacts<'r> {
    pub(super) run: OneRun,
    pub(super) stays: Vec<Stay>,
    /// What held it, by signal.
    pub(super) held: Vec<HeldBy>,
    /// All that happened, oldest first.
    pub(super) events: Vec<LoggedEvent>,
    /// `None`: the role may only count them.
    pub(super) quarantine: Option<Vec<QuarantinedKey>>,
    /// The database: name, host and port.
    pub(super) database: &'r str,
    /// By whom and when it was made.
    pub(super) made: &'r str,
}

/// Draws the report of a run. `database` is where it was read; `made` says by whom and when it was made.
pub async fn report_html(
    (store, connection): (&Store, &Connection),
    report: Report,
    (database, made): (&str, &str),
) -> Result<String, StoreError> {
    let client = &**connection;
    let quarantine = match store.quarantine_keys(client, (report.standing.run.id, 0), MOST_ROWS).await {
        Err(error) if error.class() == ErrorClass::Rights => None,
        rows => Some(rows?),
    };
    let held = report.held_by();
    let Report { standing, stays, events, .. } = report;
    let run = OneRun::read(store, connection, standing).await?;
    let facts = ReportFacts { run, stays, held, events, quarantine, database, made };
    Ok(view::report(&facts).into_string())
}
