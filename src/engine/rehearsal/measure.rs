//! What the batches show that are tried: each place twice, first as it comes and then with its pages at hand and in the WAL.

use std::time::Duration;

use tokio_postgres::Error;

use super::places::{Place, Places};
use super::trial::{Broken, Depth, Seen, Stage};
use super::{Scene, Trial};
use crate::engine::{Engine, RunError};
use crate::pg::{Connection, ErrorClass, classify};
use crate::plan::batch_size::FIRST_SIZE;
use crate::plan::forecast::Measured;
use crate::plan::rehearsal::{Explained, Tried};

/// What a batch that is tried should take, in seconds: nobody is to notice.
const QUICK: f64 = 0.1;

/// Between two places: what else goes on is met at more than one moment, and whoever waited for a batch comes first.
const REST: Duration = Duration::from_millis(150);

/// Rows of a batch that is tried, at the least and at the most.
const ROWS: (u32, u32) = (10, 2000);

/// What is rolled back leaves dead rows: all that is tried changes no more than this part of the table's rows.
const PART: f64 = 0.02;

/// So many full pages tell what one costs.
const ENOUGH_IMAGES: f64 = 20.0;

/// A full page costs no more seconds than this: what is above is a disk that was cold, or somebody else.
const MOST_OF_IMAGE: f64 = 0.0005;

/// What was seen so far.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) trials: Vec<Trial>,
    pub(super) measured: Measured,
    pairs: Vec<(Seen, Seen)>,
}

impl Engine<'_> {
    /// Tries up to so many batches, and says how they went.
    pub(super) async fn measure(
        &self,
        (connection, witness): (&Connection, &Connection),
        scene: &Scene<'_>,
        batches: u32,
    ) -> Result<(Tally, Tried), RunError> {
        let Scene { plan, walk, pace } = scene;
        let failed = RunError::sql("look at the table's partitions");
        let row = connection
            .query_one(
                "WITH RECURSIVE part (oid) AS (VALUES ($1::oid) UNION ALL \
                 SELECT i.inhrelid FROM part JOIN pg_inherits AS i ON i.inhparent = part.oid) \
                 SELECT array_agg(c.relname::text), pg_backend_pid() FROM part JOIN pg_class AS c ON c.oid = part.oid",
                &[&plan.table.oid],
            )
            .await
            .map_err(failed)?;
        let stage = Stage {
            clock: self.clock,
            connection,
            witness,
            plan,
            tables: row.get(0),
            process_id: row.get(1),
            lock_timeout: self.settings.lock_timeout,
            statement_timeout: (pace.target * 10).max(Duration::from_secs(10)),
        };
        let places = Places::spread(connection, plan, walk, batches).await?;
        let mut tally = Tally::default();
        let most = most_rows(walk.keys_before(plan.storage.pages), batches);
        let mut rows = FIRST_SIZE.min(most);
        for number in 0..places.len() {
            let Some(place) = places.place((connection, plan, walk), number, rows).await? else { break };
            match tally.attempt(&stage, &place, number == 0).await {
                Ok(None) => {
                    self.clock.sleep(REST).await;
                    rows = tally.next_size(rows).min(most);
                }
                Ok(Some(tried)) => return Ok((tally, tried)),
                Err(broken) => {
                    let tried = tried_in_vain(broken)?;
                    return Ok((tally, tried));
                }
            }
        }
        tally.sum();
        Ok((tally, Tried::Went))
    }
}

/// Rows of a batch at the most, of so many batches on a table of so many rows.
fn most_rows(all: u64, batches: u32) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is positive")]
    let rows = (all as f64 * PART / f64::from(batches.max(1)) / 2.0) as u32;
    rows.clamp(ROWS.0, ROWS.1)
}

/// What an error means for the job; one of the connection is an error of `plan` itself.
fn tried_in_vain(Broken { error, waited_for }: Broken) -> Result<Tried, RunError> {
    let words = |error: &Error| {
        error.as_db_error().map_or_else(|| error.to_string(), |said| said.message().to_owned())
    };
    match classify(&error) {
        ErrorClass::Connection => Err(RunError::Sql { doing: "try a batch", source: error }),
        ErrorClass::Data => Ok(Tried::BadRow { error: words(&error) }),
        ErrorClass::Lock => Ok(Tried::Locked { by: waited_for.unwrap_or_else(|| words(&error)) }),
        _ => Ok(Tried::Failed { error: words(&error) }),
    }
}

impl Tally {
    /// Tries the batch at that place, twice; says what speaks against trying more.
    async fn attempt(
        &mut self,
        stage: &Stage<'_>,
        place: &Place,
        is_first: bool,
    ) -> Result<Option<Tried>, Broken> {
        if is_first {
            let planned = stage.attempt(place, Depth::Plan).await?.explained;
            if let Some(node) = planned.unbounded {
                return Ok(Some(Tried::WouldReadAll(node)));
            }
        }
        let first = stage.attempt(place, Depth::Run).await?;
        let second = stage.attempt(place, Depth::Run).await?;
        self.trials.push(Trial {
            place: place.describe(),
            visited: first.explained.visited,
            rows: first.explained.changed,
            first: first.explained.total,
            second: second.explained.total,
            wal: first.explained.wal,
            images: first.explained.images,
            heap_only: first.hot,
        });
        self.pairs.push((first, second));
        Ok(None)
    }

    /// Rows of the next one: as many as take [`QUICK`].
    fn next_size(&self, rows: u32) -> u32 {
        let Some((first, _)) = self.pairs.last() else { return rows };
        if first.explained.changed < 1.0 {
            return rows;
        }
        let factor = (QUICK / first.explained.total.max(1e-6)).clamp(0.1, 3.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "both are small and positive"
        )]
        let next = (f64::from(rows) * factor) as u32;
        next.clamp(ROWS.0, ROWS.1)
    }

    /// Puts together what was seen.
    fn sum(&mut self) {
        let of = |part: &dyn Fn(&Explained) -> f64| {
            self.pairs.iter().map(|(_, second)| part(&second.explained)).sum::<f64>()
        };
        let triggers_of = |seen: &Explained| seen.triggers.iter().map(|trigger| trigger.seconds).sum::<f64>();
        let changed = of(&|seen| seen.changed);
        if changed < 1.0 {
            return;
        }
        let changing = |seen: &Explained| (seen.total - seen.finding - triggers_of(seen)).max(0.0);
        let difference = |part: &dyn Fn(&Explained) -> f64| {
            self.pairs
                .iter()
                .map(|(first, second)| part(&first.explained) - part(&second.explained))
                .sum::<f64>()
        };
        let images = difference(&|seen| seen.images);
        let (image, image_wal) = if images >= ENOUGH_IMAGES {
            let seconds = difference(&|seen| seen.total - triggers_of(seen)) / images;
            (seconds.clamp(0.0, MOST_OF_IMAGE), (difference(&|seen| seen.wal) / images).max(0.0))
        } else {
            (0.0, 0.0)
        };
        let hot: f64 = self.pairs.iter().map(|(_, second)| second.hot).sum();
        let a_row: Vec<f64> = self
            .pairs
            .iter()
            .filter(|(_, second)| second.explained.changed >= 1.0)
            .map(|(_, second)| second.explained.total / second.explained.changed)
            .collect();
        self.measured = Measured {
            batches: u32::try_from(self.pairs.len()).unwrap_or(u32::MAX),
            rows: changed,
            looking: of(&|seen| seen.finding) / of(&|seen| seen.visited).max(changed),
            moving: of(&changing) / changed,
            image,
            image_wal,
            moving_wal: (of(&|seen| seen.wal) - of(&|seen| seen.images) * image_wal).max(0.0) / changed,
            trigger_wal: self.trigger_wal(),
            heap_only: hot / changed,
            triggers: self.triggers(changed),
            spread: spread(&a_row),
        };
    }

    /// WAL of triggers for a row: what the server wrote beyond the plan's, where that was least, since others write as well.
    fn trigger_wal(&self) -> f64 {
        let beyond =
            |seen: &Seen| (seen.server_wal - seen.explained.wal).max(0.0) / seen.explained.changed.max(1.0);
        let fired = self.pairs.iter().filter(|(_, second)| !second.explained.triggers.is_empty());
        fired.map(|(_, second)| beyond(second)).reduce(f64::min).unwrap_or(0.0)
    }

    /// Each trigger's seconds a row.
    fn triggers(&self, changed: f64) -> Vec<(String, f64)> {
        let mut sums: Vec<(String, f64)> = Vec::new();
        for trigger in self.pairs.iter().flat_map(|(_, second)| &second.explained.triggers) {
            match sums.iter_mut().find(|(name, _)| *name == trigger.name) {
                Some((_, seconds)) => *seconds += trigger.seconds,
                None => sums.push((trigger.name.clone(), trigger.seconds)),
            }
        }
        sums.into_iter().map(|(name, seconds)| (name, seconds / changed)).collect()
    }
}

/// The standard deviation as a share of the mean.
fn spread(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count.max(1.0);
    if count < 2.0 || mean <= 0.0 {
        return 0.0;
    }
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (count - 1.0)).sqrt() / mean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_table_is_not_filled_with_what_is_rolled_back() {
        assert_eq!(most_rows(1000, 5), ROWS.0);
        assert_eq!(most_rows(200_000, 5), 400);
        assert_eq!(most_rows(u64::MAX, 1), ROWS.1);
    }

    #[test]
    fn the_spread_is_a_share_of_the_mean() {
        assert!(spread(&[]).abs() < 1e-9 && spread(&[3.0]).abs() < 1e-9 && spread(&[2.0, 2.0]).abs() < 1e-9);
        assert!((spread(&[1.0, 3.0]) - std::f64::consts::FRAC_1_SQRT_2).abs() < 1e-9);
    }
}
