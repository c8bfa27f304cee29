//! WAL that waits for the archive, where there is one: it fills the primary's disk, and a base backup ends with it.

use tokio_postgres::{Error, Row};

use super::source::{in_force, not_applicable, value};
use crate::model::Limits;
use crate::pg::Connection;
use crate::plan::pressure::{Reading, Rule, Unit};

/// Hexadecimal digits of a WAL file's name: its timeline, and its number in two halves.
const NAME: usize = 24;

/// What is kept of the archive between readings.
#[derive(Default)]
pub(super) struct Archive {
    /// The segment that was written when it was first read, for a server whose archive says nothing of how far it is.
    first: Option<i64>,
    /// The first segment that is not known to be archived.
    next: Option<i64>,
}

pub(super) fn rule(limits: &Limits) -> Option<Rule> {
    let (most, explicit) = in_force(limits.unarchived_wal, Limits::DEFAULTS.unarchived_wal)?;
    Some(Rule { explicit, ..Rule::above("WAL not archived", Unit::Bytes, most as f64) })
}

impl Archive {
    pub(super) async fn read(&mut self, connection: &Connection) -> Result<Reading, Error> {
        let statement = connection.prepared(include_str!("archive.sql")).await?;
        let row = connection.query_one(&statement, &[]).await?;
        if row.get::<_, &str>("archive_mode") == "off" {
            return Ok(not_applicable("archive_mode is off"));
        }
        let segment_bytes: i64 = row.get("segment_bytes");
        // The one that is being written can't be archived yet.
        let writing = row.get::<_, i64>("current") / segment_bytes;
        let first = *self.first.get_or_insert(writing);
        let name = |column: &str| row.get::<_, Option<&str>>(column);
        let number = |column: &str| name(column).and_then(|name| segment_number(name, segment_bytes));
        let failure = failure(&row);
        let next = match (number("last_archived_wal"), number("last_failed_wal")) {
            // A backup's mark has the name of the segment that the backup began in, and is archived after its last.
            (Some(begun), _) if name("last_archived_wal").is_some_and(is_mark) => {
                if failure.is_none() {
                    first.max(begun + 1)
                } else {
                    begun + 1
                }
            }
            (Some(archived), _) => archived + 1,
            // They are archived in order: nothing after the one that failed is.
            (None, Some(failed)) => failed,
            (None, None) => first,
        };
        let next = *self.next.insert(self.next.unwrap_or(next).max(next));
        let backlog = (writing - next).max(0) * segment_bytes;
        Ok(value(backlog as f64, failure.unwrap_or_default()))
    }
}

/// What fails, when the last attempt did.
fn failure(row: &Row) -> Option<String> {
    let since: String = row.get::<_, Option<String>>("failing_since")?;
    let library = row.get::<_, Option<&str>>("archive_library").filter(|library| !library.is_empty());
    let how = match (library, row.get("archive_command_is_empty")) {
        (Some(library), _) => format!("archive_library {library}"),
        (None, Some(true)) => "the archive_command, which is empty,".to_owned(),
        (None, _) => "archive_command".to_owned(),
    };
    Some(format!("{how} failed at {since}"))
}

fn is_mark(name: &str) -> bool {
    name.ends_with(".backup")
}

/// The number of the segment with this file name, which may have `.partial` or a backup's mark behind it; `None`: the file
/// is none of WAL but a timeline's history.
fn segment_number(name: &str, segment_bytes: i64) -> Option<i64> {
    let digits = name.get(..NAME).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    let half = |text: &str| i64::from_str_radix(text, 16).ok();
    let segments_a_half = (1_i64 << 32) / segment_bytes;
    Some(half(&digits[8..16])? * segments_a_half + half(&digits[16..])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: i64 = 16 << 20;

    #[test]
    fn a_backups_mark_is_no_segment_of_its_own() {
        assert!(is_mark("000000010000000000000028.00000028.backup"));
        assert!(!is_mark("000000010000000000000028"));
    }

    #[test]
    fn a_segment_is_known_by_its_name() {
        assert_eq!(segment_number("000000010000000000000001", SIZE), Some(1));
        assert_eq!(segment_number("0000000200000001000000FF", SIZE), Some(511));
        assert_eq!(segment_number("000000010000000100000001", 1 << 30), Some(5));
        assert_eq!(segment_number("000000010000000000000028.00000028.backup", SIZE), Some(40));
        assert_eq!(segment_number("00000002.history", SIZE), None);
        assert_eq!(segment_number("", SIZE), None);
    }
}
