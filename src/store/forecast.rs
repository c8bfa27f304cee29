//! Forecasts: what `plan` said of a job, for the comparison after its run.

use serde_json::Value;
use tokio_postgres::GenericClient;

use super::{Store, StoreError, doing};
use crate::model::{Direction, RunId};

/// A forecast to be kept.
#[derive(Clone, Copy, Debug)]
pub struct NewForecast<'f> {
    /// The revision's id, or the job's name.
    pub job: &'f str,
    /// Whether it is of doing the job or of taking it back.
    pub direction: Direction,
    /// What the job does.
    pub definition: &'f str,
    /// By whom.
    pub made_by: &'f str,
    /// What is to be expected.
    pub figures: &'f Value,
}

/// The latest forecast before a run, of the same job, beside what the books say of the run.
#[derive(Clone, Debug)]
pub struct ForecastRow {
    /// When it was made, in the session's time zone.
    pub made_at: String,
    /// What was expected.
    pub figures: Value,
    /// When the run began, in microseconds since 1970.
    pub began: i64,
    /// When it ended; `None`: not yet.
    pub ended: Option<i64>,
    /// WAL bytes that the server wrote from its beginning to its proof; `None`: not known.
    pub wal: Option<i64>,
}

impl Store {
    /// Keeps a forecast, and no more than the latest few of the job.
    pub async fn keep_forecast(
        &self,
        client: &impl GenericClient,
        forecast: NewForecast<'_>,
    ) -> Result<(), StoreError> {
        let NewForecast { job, direction, definition, made_by, figures } = forecast;
        client
            .execute(&self.sql.keep_forecast, &[&job, &direction.as_str(), &definition, &made_by, figures])
            .await
            .map_err(doing("keep the forecast"))?;
        Ok(())
    }

    /// The forecast that the run is to be compared with; `None`: nobody made one before it began, of the job as it was then.
    pub async fn forecast_of(
        &self,
        client: &impl GenericClient,
        run: RunId,
    ) -> Result<Option<ForecastRow>, StoreError> {
        let row = client
            .query_opt(&self.sql.find_forecast, &[&run.0])
            .await
            .map_err(doing("look for the run's forecast"))?;
        Ok(row.map(|row| ForecastRow {
            made_at: row.get("made_at"),
            figures: row.get("figures"),
            began: row.get("began"),
            ended: row.get("ended"),
            wal: row.get("wal"),
        }))
    }
}
