//! Every revision up, down and up again on a scratch database: what is undone must be gone, and come again as it was.

use super::{ChangeOptions, History, HistoryError, Session};
use crate::model::{Revision, RevisionId};
use crate::pg::Connection;
use crate::pg::{Difference, Inventory};

/// What a revision does to a scratch database that it shouldn't.
#[derive(Debug)]
pub struct RoundtripFinding {
    /// The revision.
    pub revision: RevisionId,
    /// What is wrong.
    pub problem: RoundtripProblem,
}

/// What is wrong.
#[derive(Debug)]
pub enum RoundtripProblem {
    /// It can't be undone.
    Irreversible,
    /// After it was undone the database is not as it was before.
    Down(Vec<Difference>),
    /// After it was applied again the database is not as it was the first time.
    UpAgain(Vec<Difference>),
    /// What it left behind keeps it from being applied again. Nothing after it was looked at.
    Stuck(Vec<Difference>, Box<HistoryError>),
}

impl History<'_> {
    /// Takes a database that has nothing of the history through all of it, each revision up, down and up again. Revisions
    /// that can't be undone are only applied. The error is that of a revision that fails.
    pub async fn roundtrip(&self) -> Result<Vec<RoundtripFinding>, HistoryError> {
        let mut connection = self.engine.connector.connect("roundtrip").await?;
        let mut findings = Vec::new();
        for id in self.manifest.graph.order() {
            let revision = self.revision(id);
            let problem = self.turn(&mut connection, revision).await?;
            let stuck = matches!(problem, Some(RoundtripProblem::Stuck(..)));
            findings
                .extend(problem.map(|problem| RoundtripFinding { revision: revision.id.clone(), problem }));
            if stuck {
                break;
            }
        }
        Ok(findings)
    }

    async fn turn(
        &self,
        connection: &mut Connection,
        revision: &Revision,
    ) -> Result<Option<RoundtripProblem>, HistoryError> {
        let path = std::slice::from_ref(&revision.id);
        let before = self.inventory(connection).await?;
        self.up_along(path).await?;
        if !revision.is_reversible() {
            return Ok(Some(RoundtripProblem::Irreversible));
        }
        let first = self.inventory(connection).await?;
        self.down_along(path).await?;
        let down = before.difference(&self.inventory(connection).await?);
        match self.up_along(path).await {
            Err(error) if !down.is_empty() => {
                return Ok(Some(RoundtripProblem::Stuck(down, Box::new(error))));
            }
            again => again?,
        }
        let up = first.difference(&self.inventory(connection).await?);
        Ok(match (down.is_empty(), up.is_empty()) {
            (false, _) => Some(RoundtripProblem::Down(down)),
            (true, false) => Some(RoundtripProblem::UpAgain(up)),
            (true, true) => None,
        })
    }

    async fn inventory(&self, connection: &mut Connection) -> Result<Inventory, HistoryError> {
        let leave_out = [self.engine.store.schema.as_str()];
        Inventory::take(connection, &leave_out).await.map_err(HistoryError::sql("describe the database"))
    }

    async fn up_along(&self, path: &[RevisionId]) -> Result<(), HistoryError> {
        let options = ChangeOptions::default();
        let session = Session::begin(self, &options, "roundtrip").await?;
        Box::pin(self.go_up(session, path, &mut Vec::new())).await
    }

    async fn down_along(&self, path: &[RevisionId]) -> Result<(), HistoryError> {
        let options = ChangeOptions::default();
        let session = Session::begin(self, &options, "roundtrip").await?;
        let applied = self.applied(&session.connection).await?;
        Box::pin(self.go_down(session, path, &applied, &mut Vec::new())).await
    }
}
