//! Faster and slower by one key: what is to be set.

use super::RunView;
use crate::engine::RowLimits;

/// By how much at a time.
const STEP: f64 = 1.5;

/// The setting that makes the run slower; or why there is none.
pub(super) fn slower(run: &RunView) -> Result<String, String> {
    let RowLimits { own, outer } = run.limits;
    let limit = [own, outer].into_iter().flatten().min().map(f64::from);
    match limit.or(run.rate) {
        Some(rate) if rate >= 2.0 => Ok(rows(rate / STEP)),
        Some(_) => Err("it can't be slower than a row a second; p pauses it".to_owned()),
        None => Err("its rate is not known yet; s sets rows_per_second, p pauses it".to_owned()),
    }
}

/// The setting that makes it faster; or why there is none.
pub(super) fn faster(run: &RunView) -> Result<String, String> {
    match run.limits {
        RowLimits { outer: Some(outer), own } if own.is_none_or(|own| own >= outer) => {
            Err(format!("the configuration or the whole database allows no more than {outer} rows a second"))
        }
        RowLimits { own: Some(own), outer } => {
            let wanted = f64::from(own) * STEP;
            Ok(rows(outer.map_or(wanted, |outer| wanted.min(f64::from(outer)))))
        }
        RowLimits { .. } if run.workers > 0 => Ok(format!("workers={}", run.workers + 1)),
        RowLimits { .. } => Err("no rate is limited, and no process is at work on it".to_owned()),
    }
}

fn rows(rate: f64) -> String {
    format!("rows_per_second={:.0}", rate.max(1.0))
}
