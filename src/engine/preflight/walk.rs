//! How the table is stored, and whether it can be walked as the job says.

use super::{Preflight, PreflightError, Repair};
use crate::engine::statements::JobSql;
use crate::model::{Direction, Key};
use crate::pg::Storage;
use crate::pg::catalog::Table;
use crate::plan::walk::{self, ChosenOrder, Route};

const PLACE: &str = "[batch] order";

impl Preflight<'_> {
    pub(super) async fn storage(&self, table: &Table, key: &Key) -> Result<Storage, PreflightError> {
        let failed = PreflightError::sql("look how the table is stored");
        Storage::read(self.client, table, key, &self.job.set).await.map_err(failed)
    }

    pub(super) fn order(&self, storage: &Storage, repair: &Repair) -> Result<ChosenOrder, PreflightError> {
        let route = Route {
            is_heap: storage.is_heap,
            converges: matches!(repair, Repair::Where(_)),
            is_down: self.job.direction == Direction::Down,
            pages: storage.pages,
        };
        walk::order(route, self.job.walk.order).map_err(|reason| {
            let message = format!("`{}` can't be walked in physical order: {reason}", self.job.table);
            self.finding(PLACE, message).hint("leave `order` out, or write \"key\"").into()
        })
    }

    /// Whether the server has a hash for each of the key's types. It only says so when it is asked for one.
    pub(super) async fn key_has_hash(&self, sql: &JobSql) -> Result<bool, PreflightError> {
        match self.client.query_opt(&sql.key_hash, &[]).await {
            Ok(_) => Ok(true),
            Err(error) if error.code().is_some() => Ok(false),
            Err(source) => Err(PreflightError::Sql { doing: "look whether the key has a hash", source }),
        }
    }
}
