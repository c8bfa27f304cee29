//! Sections that run statement by statement, and how far each came; and the lock of the history.

use tokio_postgres::{Client, GenericClient};

use super::{Store, StoreError, doing};
use crate::model::{Direction, RevisionId};
use crate::pg::quote;

/// How far a section with `transaction:false` came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SectionProgress {
    /// SHA-256 of each statement that is done, in order.
    pub done: Vec<String>,
    /// SHA-256 of a statement that was begun, and may or may not be done.
    pub begun: Option<String>,
}

impl Store {
    /// Where the section stands; begins it when it isn't begun in this direction.
    pub async fn begin_section(
        &self,
        client: &impl GenericClient,
        revision: &RevisionId,
        direction: Direction,
    ) -> Result<SectionProgress, StoreError> {
        let failed = || doing("read how far the revision came");
        client
            .execute(&self.sql.begin_section, &[&revision.0, &direction.as_str()])
            .await
            .map_err(failed())?;
        let row = client.query_one(&self.sql.read_section, &[&revision.0]).await.map_err(failed())?;
        Ok(SectionProgress { done: row.get("done"), begun: row.get("begun") })
    }

    /// The statement with this digest is run next, outside a transaction: from now on it may be done or not. `None`: none is
    /// running any more. `done` and `before` are how many come before it, and what was begun; `false`: that is not so any more,
    /// another process was here.
    pub async fn begin_statement(
        &self,
        client: &impl GenericClient,
        revision: &RevisionId,
        digest: Option<&str>,
        (done, before): (usize, Option<&str>),
    ) -> Result<bool, StoreError> {
        let done = i32::try_from(done).unwrap_or(i32::MAX);
        let changed = client
            .execute(&self.sql.begin_statement, &[&revision.0, &digest, &done, &before])
            .await
            .map_err(doing("store that a statement begins"))?;
        Ok(changed == 1)
    }

    /// The statement with this digest, which follows `done` others, is done. `false`: another process was here.
    pub async fn finish_statement(
        &self,
        client: &impl GenericClient,
        revision: &RevisionId,
        digest: &str,
        done: usize,
    ) -> Result<bool, StoreError> {
        let done = i32::try_from(done).unwrap_or(i32::MAX);
        let changed = client
            .execute(&self.sql.finish_statement, &[&revision.0, &digest, &done])
            .await
            .map_err(doing("store that a statement is done"))?;
        Ok(changed == 1)
    }

    /// The section is over. `false`: it was already, or there was none.
    pub async fn end_section(
        &self,
        client: &impl GenericClient,
        revision: &RevisionId,
    ) -> Result<bool, StoreError> {
        let ended = client
            .execute(&self.sql.end_section, &[&revision.0])
            .await
            .map_err(doing("store that the revision is done"))?;
        Ok(ended == 1)
    }

    /// Whether the revision is being taken back.
    pub async fn is_being_undone(
        &self,
        client: &impl GenericClient,
        revision: &RevisionId,
    ) -> Result<bool, StoreError> {
        let failed = doing("read whether the revision is being undone");
        let row = client.query_opt(&self.sql.read_section, &[&revision.0]).await.map_err(failed)?;
        Ok(row.is_some_and(|row| Direction::stored(row.get("direction")) == Direction::Down))
    }

    /// Revisions of which a section is half done: id, direction, statements done.
    pub async fn unfinished_sections(
        &self,
        client: &impl GenericClient,
    ) -> Result<Vec<(String, Direction, i32)>, StoreError> {
        let failed = doing("read the half-done revisions");
        let rows = client.query(&self.sql.list_sections, &[]).await.map_err(failed)?;
        Ok(rows.iter().map(|row| (row.get(0), Direction::stored(row.get(1)), row.get(2))).collect())
    }

    /// Tries to lock the history for as long as the transaction lasts that this begins. `false`: another has it, and no
    /// transaction is open.
    pub async fn try_lock_history(&self, client: &Client) -> Result<bool, StoreError> {
        let Err(source) = client.batch_execute(&self.sql.lock_history).await else { return Ok(true) };
        let failed = doing("lock the history");
        client.batch_execute("ROLLBACK").await.map_err(doing("leave the history alone"))?;
        if source.code() == Some(&tokio_postgres::error::SqlState::LOCK_NOT_AVAILABLE) {
            return Ok(false);
        }
        Err(failed(source))
    }

    /// Who has the history locked, in words; `None`: nobody.
    pub async fn history_holder(&self, client: &Client) -> Result<Option<String>, StoreError> {
        let table = format!("{}.history_lock", quote::quoted(&self.schema));
        let row = client
            .query_opt(&self.sql.find_history_holder, &[&table])
            .await
            .map_err(doing("look who has the history locked"))?;
        Ok(row.map(|row| {
            let (pid, user): (i32, Option<String>) = (row.get(0), row.get(1));
            let address = row.get::<_, Option<String>>(3).unwrap_or_else(|| "a local socket".to_owned());
            format!(
                "`{}`, session {pid} of {} from {address}, since {}",
                row.get::<_, Option<String>>(2).unwrap_or_default(),
                user.unwrap_or_default(),
                row.get::<_, Option<String>>(4).unwrap_or_default(),
            )
        }))
    }
}
