//! What `plan` expected of a run, beside what it came to.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio_postgres::GenericClient;

use crate::model::RunId;
use crate::plan::forecast::{Forecast, Truth};
use crate::plan::hours::Schedule;
use crate::store::{Store, StoreError};

/// A forecast and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// When the forecast was made.
    pub made_at: String,
    /// What was expected.
    pub forecast: Forecast,
    /// What came of it.
    pub truth: Truth,
}

impl Comparison {
    /// Of a run that is done and has changed so many rows; `None`: nobody made a forecast of it.
    pub async fn of(
        store: &Store,
        client: &impl GenericClient,
        (run, changed): (RunId, u64),
        schedule: &Schedule,
    ) -> Result<Option<Self>, StoreError> {
        let Some(row) = store.forecast_of(client, run).await? else { return Ok(None) };
        // What another version kept differently is told nowhere rather than wrongly.
        let Ok(forecast) = serde_json::from_value::<Forecast>(row.figures) else { return Ok(None) };
        let at = |microseconds| Timestamp::from_microsecond(microseconds).ok();
        let worked = match (at(row.began), row.ended.and_then(at)) {
            (Some(began), Some(ended)) => schedule.open_between(began, ended),
            _ => return Ok(None),
        };
        let truth = Truth {
            seconds: worked.unwrap_or(Duration::ZERO).as_secs_f64(),
            rows: changed,
            wal: row.wal.map(i64::unsigned_abs),
        };
        Ok(Some(Self { made_at: row.made_at, forecast, truth }))
    }

    /// In a line.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("forecast of {}: {}", self.made_at, self.truth.beside(&self.forecast))
    }
}
