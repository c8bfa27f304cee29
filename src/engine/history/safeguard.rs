//! Before something is done that loses data: the user's backup, and a named point in the WAL to recover to.
//!
//! What loses data is told by the words of the SQL: what drops, truncates or deletes. On the way down that is nearly
//! everything, and a data revision whose `[down]` sets its columns overwrites what they hold.

use serde_json::json;

use super::{History, HistoryError, callbacks};
use crate::engine::Notice;
use crate::manifest;
use crate::model::{Direction, Revision, RevisionBody, RevisionId, Section};
use crate::pg::Connection;
use crate::pg::sqlstate::Said;
use crate::store::Event;

/// The longest name that `pg_create_restore_point` takes, in bytes (`MAXFNAMELEN` less one).
const LONGEST_NAME: usize = 63;

impl History<'_> {
    /// Runs the backup and writes the restore point, if any of these revisions loses data. A backup that fails keeps all of
    /// them from being begun; a restore point that can't be written is told.
    pub(super) async fn safeguard(
        &self,
        connection: &Connection,
        path: &[RevisionId],
        direction: Direction,
    ) -> Result<(), HistoryError> {
        let losing: Vec<&Revision> = path
            .iter()
            .map(|id| self.revision(&id.0))
            .filter(|revision| loses_data(&revision.body, direction))
            .collect();
        let Some(first) = losing.first() else { return Ok(()) };
        let ids: Vec<RevisionId> = losing.iter().map(|revision| revision.id.clone()).collect();
        callbacks::back_up(self, direction, &ids).await?;
        let mut name = format!("longhaul {} {}", direction.as_str(), first.id);
        name.truncate(name.floor_char_boundary(LONGEST_NAME));
        let reason = match connection.query_one("SELECT pg_create_restore_point($1)::text", &[&name]).await {
            Ok(row) => {
                let lsn: String = row.get(0);
                let reason = format!("restore point \"{name}\" at {lsn}, before what may lose data");
                let detail = Some(json!({ "name": name, "lsn": lsn }));
                let event = Event {
                    kind: "restore_point.created",
                    run: None,
                    revision: Some(&first.id),
                    message: reason.clone(),
                    detail,
                };
                self.engine.store.record(&**connection, self.engine.identity, event).await?;
                reason
            }
            Err(error) if error.code().is_none() => {
                return Err(HistoryError::sql("write a restore point")(error));
            }
            Err(error) => {
                let words = Said::of(&error).whole();
                format!("no restore point is written before what may lose data: {words}")
            }
        };
        self.engine.observer.notice(Notice::Safeguard { reason });
        Ok(())
    }
}

/// Whether this may take away what no other revision brings back.
fn loses_data(body: &RevisionBody, direction: Direction) -> bool {
    match (body, direction) {
        (RevisionBody::Schema(schema), Direction::Up) => takes_away(&schema.up),
        (RevisionBody::Schema(schema), Direction::Down) => schema.down.as_ref().is_some_and(takes_away),
        (RevisionBody::Data(_), Direction::Up) => false,
        (RevisionBody::Data(job), Direction::Down) => job.taken_back().is_some_and(|down| !down.restores),
    }
}

fn takes_away(section: &Section) -> bool {
    const WORDS: [&str; 3] = ["DROP", "TRUNCATE", "DELETE"];
    // A dropped index, constraint, default or NOT NULL can be made again from what is there.
    const HARMLESS: [&str; 11] = [
        "INDEX",
        "CONSTRAINT",
        "DEFAULT",
        "NOT",
        "TRIGGER",
        "FUNCTION",
        "PROCEDURE",
        "POLICY",
        "VIEW",
        "EXPRESSION",
        "IDENTITY",
    ];
    let texts: Vec<&str> = match section {
        Section::Transaction(sql) => vec![sql],
        Section::Statements(statements) => statements.iter().map(String::as_str).collect(),
    };
    texts.into_iter().any(|sql| {
        let words: Vec<String> = manifest::words(sql).iter().map(|word| word.to_ascii_uppercase()).collect();
        let after = |at: usize| words.get(at + 1).map(String::as_str);
        words.iter().enumerate().any(|(at, word)| {
            WORDS.contains(&word.as_str())
                && !(word == "DROP" && after(at).is_some_and(|next| HARMLESS.contains(&next)))
                // ON DELETE CASCADE, BEFORE DELETE: a rule for later.
                && !(word == "DELETE" && after(at) != Some("FROM"))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_drops_truncates_or_deletes_may_lose_data_and_what_can_be_made_again_does_not() {
        let loses = |sql: &str| takes_away(&Section::Transaction(sql.to_owned()));
        for sql in [
            "ALTER TABLE pay DROP COLUMN old",
            "alter table pay drop old",
            "SELECT 1; drop table pay",
            "TRUNCATE pay",
            "DELETE FROM pay WHERE id = 1",
            "DROP SCHEMA old CASCADE",
        ] {
            assert!(loses(sql), "{sql}");
        }
        for sql in [
            "CREATE TABLE pay (id int REFERENCES other ON DELETE CASCADE)",
            "DROP INDEX CONCURRENTLY a_b",
            "ALTER TABLE pay ALTER old DROP NOT NULL, DROP CONSTRAINT pay_check",
            "SELECT 'DROP TABLE pay' -- DELETE FROM pay",
            "CREATE TRIGGER t BEFORE DELETE ON pay EXECUTE FUNCTION f()",
        ] {
            assert!(!loses(sql), "{sql}");
        }
    }
}
