//! Timings of the application's queries, beside the changes that they were taken for.

use std::time::Duration;

use tokio_postgres::GenericClient;

use super::{Store, StoreError, doing};
use crate::model::{RevisionId, RunId};
use crate::plan::timings::Phase;

/// What a query is timed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'s> {
    /// A run.
    Run(RunId),
    /// A schema revision, applied or undone.
    Revision(&'s RevisionId),
}

/// What came of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It took so long.
    Took(Duration),
    /// It was cut off after so long.
    GaveUp(Duration),
    /// It can't be run: the SQLSTATE.
    Failed(String),
}

/// A query that was timed once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// When.
    pub phase: Phase,
    /// The name that the configuration gives it.
    pub query: String,
    /// What came of it.
    pub answer: Answer,
    /// How the server did it, where that was looked at.
    pub plan: Option<String>,
}

impl<'s> Subject<'s> {
    fn ids(self) -> (Option<i64>, Option<&'s str>) {
        match self {
            Self::Run(run) => (Some(run.0), None),
            Self::Revision(revision) => (None, Some(&revision.0)),
        }
    }
}

impl Answer {
    /// How long it took, at the least.
    #[must_use]
    pub fn took(&self) -> Option<Duration> {
        match self {
            Self::Took(took) | Self::GaveUp(took) => Some(*took),
            Self::Failed(_) => None,
        }
    }
}

impl Store {
    /// Keeps a timing.
    pub async fn record_timing(
        &self,
        client: &impl GenericClient,
        subject: Subject<'_>,
        timing: &Timing,
    ) -> Result<(), StoreError> {
        let (run, revision) = subject.ids();
        let seconds = timing.answer.took().map(|took| took.as_secs_f64());
        let gave_up = matches!(timing.answer, Answer::GaveUp(_));
        let error = match &timing.answer {
            Answer::Failed(code) => Some(code),
            _ => None,
        };
        let Timing { phase, query, plan, .. } = timing;
        client
            .execute(
                &self.sql.record_timing,
                &[&run, &revision, &phase.as_str(), query, &seconds, &gave_up, &error, plan],
            )
            .await
            .map_err(doing("keep a timing"))?;
        Ok(())
    }

    /// The timings of a run, or of the latest time that a revision was applied or undone, in order.
    pub async fn timings(
        &self,
        client: &impl GenericClient,
        subject: Subject<'_>,
    ) -> Result<Vec<Timing>, StoreError> {
        let (run, revision) = subject.ids();
        let rows = client
            .query(&self.sql.list_timings, &[&run, &revision])
            .await
            .map_err(doing("read the timings"))?;
        Ok(rows
            .iter()
            .map(|row| {
                let phase: &str = row.get("phase");
                let took = row
                    .get::<_, Option<f64>>("seconds")
                    .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                let answer = match took {
                    Some(took) if row.get("gave_up") => Answer::GaveUp(took),
                    Some(took) => Answer::Took(took),
                    None => Answer::Failed(row.get::<_, Option<String>>("error").unwrap_or_default()),
                };
                Timing {
                    // The column's CHECK constraint lets nothing else be stored.
                    phase: Phase::ALL
                        .into_iter()
                        .find(|known| known.as_str() == phase)
                        .unwrap_or(Phase::During),
                    query: row.get("query"),
                    answer,
                    plan: row.get("plan"),
                }
            })
            .collect())
    }
}
