//! What settings do to a run, and what would make it faster.

use serde::Serialize;

use super::{Forecast, Ground, Span};

/// What would be without a setting.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// The setting as written.
    pub setting: String,
    /// Seconds with it.
    pub with: Span,
    /// Seconds without.
    pub without: Span,
}

/// What would make it faster, or smaller.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Advice {
    /// What to change.
    pub change: String,
    /// Why.
    pub why: String,
}

/// A limit that takes more than this times the work itself is what bounds the run.
const BINDS: f64 = 1.05;

/// From this share of the time on a trigger is worth a word.
const WORTH: f64 = 0.15;

impl Effect {
    /// Of the limits that bind, and of more than one worker.
    #[must_use]
    pub fn all(forecast: &Forecast, ground: &Ground) -> Vec<Self> {
        let (with, without) = (forecast.time, forecast.unlimited);
        let binds = |seconds: f64| seconds > (forecast.unlimited.middle()) * BINDS;
        let mut effects = Vec::new();
        if let Some(limit) =
            ground.rows_per_second.filter(|limit| binds(ground.rows.middle() / limit.max(1e-9)))
        {
            effects.push(Self { setting: format!("rows_per_second = {limit:.0}"), with, without });
        }
        if let Some(limit) =
            ground.wal_per_second.filter(|limit| binds(forecast.wal.middle() / limit.max(1e-9)))
        {
            let size = crate::model::human_size(bytes(limit));
            effects.push(Self { setting: format!("wal_per_second = \"{size}\""), with, without });
        }
        if forecast.workers > 1 && effects.is_empty() {
            effects.push(Self {
                setting: format!("{} workers", forecast.workers),
                with,
                without: forecast.alone,
            });
        }
        effects
    }
}

impl Advice {
    /// The most useful first.
    #[must_use]
    pub fn all(forecast: &Forecast, ground: &Ground, forbidding: &[String]) -> Vec<Self> {
        let mut advice = Vec::new();
        let mut add = |change: String, why: String| advice.push(Self { change, why });
        for effect in Effect::all(forecast, ground)
            .iter()
            .filter(|effect| effect.with.middle() > effect.without.middle() * BINDS)
        {
            add(format!("raise {}", effect.setting), "it is what bounds the run".to_owned());
        }
        for index in forbidding {
            add(
                format!("drop the index {index} before, and build it CONCURRENTLY behind"),
                format!("it is on what is set: every update writes all {:.0} indexes", ground.indexes),
            );
        }
        for trigger in forecast.triggers.iter().filter(|trigger| trigger.share >= WORTH) {
            add(
                format!("spare the job's rows the trigger {}", trigger.name),
                format!("it takes {:.0} % of the time", trigger.share * 100.0),
            );
        }
        if forecast.checkpoints > 2.0 {
            add(
                "raise max_wal_size".to_owned(),
                format!(
                    "the run's WAL asks for about {:.0} checkpoints, and behind each every page is written whole again",
                    forecast.checkpoints
                ),
            );
        }
        if forecast.proof.middle() > forecast.backfill.middle() && ground.readings > 2.0 {
            add(
                "take fewer groupings in [verify] totals".to_owned(),
                format!("the proof reads the table {:.0} times", ground.readings),
            );
        }
        advice
    }
}

fn bytes(number: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is positive")]
    let bytes = number as u64;
    bytes
}
