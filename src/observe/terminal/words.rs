//! What is said of a notice: lines that stay.

use std::time::Duration;

use crate::engine::{Done, Notice, Proof, ProvedGroups};
use crate::model::{Direction, Pass, human_count, human_duration, shortened};
use crate::observe::fit::{clean, width};

/// Characters of a statement that are shown.
pub(super) const STATEMENT: usize = 100;

/// Cells of a statement that are left however narrow the terminal is.
const LEAST: usize = 20;

/// The lines that a notice is worth by itself, whatever else is shown. `cells`: the terminal's width, where there is one.
pub(super) fn lines(notice: &Notice, cells: Option<usize>) -> Vec<String> {
    let one = |text: String| vec![text];
    match notice {
        Notice::Started { run, job, table, key } => {
            one(format!("run {run} of {job} begins on {table}, by key {key}"))
        }
        Notice::Resumed { run, job, left, pass, checkpoint, done } => {
            let from = match checkpoint {
                Some(checkpoint) => format!("after {checkpoint}"),
                // In the middle of its first window.
                None if done.rows_seen > 0 => "where it was".to_owned(),
                None => "from the beginning".to_owned(),
            };
            let changed = human_count(done.rows_changed);
            vec![
                format!("run {run} of {job}: {left}; {changed} rows were changed before"),
                format!("the {pass} goes on {from}"),
            ]
        }
        Notice::Joined { run, job } => one(format!("run {run} of {job}: working beside those who have it")),
        Notice::Watching { who } => one(format!("{who} seems to run this job; looking whether it is alive")),
        Notice::Walking { how } => one(format!("walking {how}")),
        Notice::Vacuuming => {
            one("many rows had to move: a VACUUM of the table runs beside the batches".to_owned())
        }
        Notice::Stopping { how } => one((*how).to_owned()),
        Notice::Leaving => {
            one("leaving at once; what the server has in hand it ends or takes back".to_owned())
        }
        Notice::PassDone { pass, totals } => {
            let (seen, changed) = (human_count(totals.rows_seen), human_count(totals.rows_changed));
            let found = if *pass == Pass::BACKFILL { "changed" } else { "found and done" };
            one(format!("{pass} is through: {seen} rows passed, {changed} {found}"))
        }
        Notice::Proving => one("taking the proof: rows left and totals, in one snapshot".to_owned()),
        Notice::Proved { proof } => proved(proof),
        Notice::Applying { revision, direction: Direction::Up } => one(format!("applying {revision}")),
        Notice::Applying { revision, direction: Direction::Down } => one(format!("undoing {revision}")),
        Notice::Applied { revision, direction, done, took } => {
            one(applied(revision, *direction, *done, *took))
        }
        Notice::StatementDone { number, of, sql, took, lock_wait, waited_for } => {
            let waited = waited(*lock_wait, waited_for.as_deref());
            one(statement((*number, *of), sql, &format!("{}{waited}", human_duration(*took)), cells))
        }
        Notice::Compared { how } => one(how.clone()),
        Notice::Repairing { reason } | Notice::Rescaled { reason } | Notice::Safeguard { reason } => {
            one(reason.clone())
        }
        Notice::Alerted { text, .. } => one(format!("alert: {text}")),
        Notice::Quarantined { message: reason, .. } | Notice::Warning { reason } => {
            one(format!("warning: {reason}"))
        }
        _ => Vec::new(),
    }
}

fn applied(revision: &str, direction: Direction, done: Done, took: Duration) -> String {
    match (done, direction) {
        (Done::Now, Direction::Up) => format!("applied  {revision} in {}", human_duration(took)),
        (Done::Now, Direction::Down) => format!("undone  {revision} in {}", human_duration(took)),
        (Done::Before, Direction::Up) => format!("{revision} was applied already"),
        (Done::Before, Direction::Down) => format!("{revision} was undone already"),
        (Done::Skipped, _) => format!("passed over {revision}: its condition doesn't hold"),
    }
}

fn waited(lock_wait: Duration, waited_for: Option<&str>) -> String {
    if lock_wait.is_zero() {
        return String::new();
    }
    let of = waited_for.map(|who| format!(" of {who}")).unwrap_or_default();
    format!(", waited {} for a lock{of}", human_duration(lock_wait))
}

/// `  2 of 5  CREATE INDEX … 1.2 s, waited 300 ms for a lock of psql (pid 4711)`.
fn statement((number, of): (usize, usize), sql: &str, figures: &str, cells: Option<usize>) -> String {
    let place = format!("  {number} of {of}  ");
    let room = cells.map_or(STATEMENT, |cells| {
        cells.saturating_sub(width(&place) + 2 + width(figures) + 1).clamp(LEAST, STATEMENT)
    });
    format!("{place}{}  {figures}", shortened(&clean(sql), room))
}

/// What was proved, a line each.
fn proved(proof: &Proof) -> Vec<String> {
    let rows = human_count(proof.rows.unsigned_abs());
    let mut lines = vec![format!("proved: of {rows} rows none is left")];
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "NULL".to_owned());
    lines.extend(
        proof
            .totals
            .iter()
            .map(|total| format!("proved: {} = {} = {}", total.left, total.right, value(&total.left_value))),
    );
    lines.extend(proof.before.iter().flat_map(|before| &before.totals).map(|total| {
        let (left, right) = (value(&total.left_value), value(&total.right_value));
        format!("before the run {} was {left}, {} was {right}", total.left, total.right)
    }));
    let by =
        |groups: &ProvedGroups| format!("proved: the same by {}, in {} groups", groups.by, groups.groups);
    lines.extend(proof.groups.iter().map(by));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_shown_with_its_time_and_whom_it_waited_for() {
        let done = |cells| {
            let notice = Notice::StatementDone {
                number: 2,
                of: 5,
                sql: "CREATE INDEX entries_gross_amount\n    ON payroll.entries (gross_amount)".to_owned(),
                took: Duration::from_millis(1234),
                lock_wait: Duration::from_millis(300),
                waited_for: Some("psql (pid 4711)".to_owned()),
            };
            lines(&notice, cells).join("\n")
        };
        assert_eq!(
            done(None),
            "  2 of 5  CREATE INDEX entries_gross_amount ON payroll.entries (gross_amount)  1.2 s, waited 300 ms for a \
             lock of psql (pid 4711)"
        );
        assert_eq!(
            done(Some(80)),
            "  2 of 5  CREATE INDEX entries_gr…  1.2 s, waited 300 ms for a lock of psql (pid 4711)"
                .to_owned()
        );
    }
}
