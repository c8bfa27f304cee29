//! A notice as one object of JSON, for programs that follow a run.

use serde_json::{Map, Value, json};

use super::Talk;
use super::board::{Board, Now, State};
use crate::engine::{Done, Notice};
use crate::plan::pressure::Observed;

/// The object; `None` where the notice says nothing that a program would want.
///
/// Each has `at` (the wall clock, RFC 3339) and `event`; of a run also `run` and `job`, and while a pass is under way `pass`,
/// `seen`, `total`, `percent`, `rate` and `rate_overall` (keys a second), `eta` (seconds, at best and at worst), `state` and
/// `reason`.
pub(super) fn object(notice: &Notice, board: &Board, (now, talk): (Now, Talk)) -> Option<Value> {
    let (event, own) = told(notice, talk)?;
    let mut object = Map::new();
    object.insert("at".to_owned(), json!(now.wall.to_string()));
    object.insert("event".to_owned(), json!(event));
    if let Some(run) = board.run {
        object.insert("run".to_owned(), json!(run.0));
        object.insert("job".to_owned(), json!(board.job));
    }
    if let Some(progress) = &board.progress {
        let (rate, overall) = progress.rates();
        let left = progress.time_left();
        let (state, reason) = match &board.state {
            State::Running | State::Proving(_) => ("running", None),
            State::Held(reason, _) => ("held", Some(reason)),
            State::Waiting(reason, _) => ("waiting", Some(reason)),
            State::Stopping => ("stopping", None),
        };
        let known = json!({
            "pass": progress.pass().0,
            "seen": progress.seen(),
            "total": progress.total(),
            "percent": progress.percent(),
            "rate": rate.map(f64::round),
            "rate_overall": overall.map(f64::round),
            "eta": left.map(|left| [left.low.as_secs(), left.high.as_secs()]),
            "state": state,
            "reason": reason,
        });
        object.extend(known.as_object().cloned().unwrap_or_default());
    }
    object.extend(own.as_object().cloned().unwrap_or_default());
    Some(Value::Object(object))
}

/// The notice's word, and what it has of its own.
fn told(notice: &Notice, talk: Talk) -> Option<(&'static str, Value)> {
    let reason = |event, reason: &str| Some((event, json!({ "reason": reason })));
    match notice {
        Notice::Started { table, key, .. } => Some(("started", json!({ "table": table, "key": key }))),
        Notice::Resumed { left, checkpoint, done, .. } => Some((
            "resumed",
            json!({ "left": left, "checkpoint": checkpoint, "seen": done.rows_seen, "changed": done.rows_changed }),
        )),
        Notice::Joined { .. } => Some(("joined", json!({}))),
        Notice::Watching { who } => Some(("watching", json!({ "who": who }))),
        Notice::Pass { .. } => Some(("pass", json!({}))),
        Notice::Batch(done) => Some((
            "batch",
            json!({
                "worker": done.worker,
                "range": done.range.0,
                "rows_seen": done.seen,
                "rows_changed": done.changed,
                "wal_bytes": done.wal_bytes,
                "seconds": done.took.as_secs_f64(),
                "lock_wait": done.waits.lock_wait.as_secs_f64(),
            }),
        )),
        Notice::Walking { how } => reason("walking", how),
        Notice::Vacuuming => Some(("vacuuming", json!({}))),
        Notice::Resized { reason: why } if talk == Talk::Verbose => reason("resized", why),
        Notice::Rescaled { reason: why } => reason("rescaled", why),
        Notice::Held { signals, reasons } => {
            Some(("held", json!({ "signals": signals, "reason": reasons.join("; ") })))
        }
        Notice::GoesOn => Some(("goes_on", json!({}))),
        Notice::Waiting { reason: why } => reason("waiting", why),
        Notice::Trouble { class } => {
            Some(("trouble", json!({ "class": format!("{class:?}").to_lowercase() })))
        }
        Notice::Signals { readings } if talk == Talk::Verbose => Some(("signals", signals(readings))),
        Notice::Stopping { how } => reason("stopping", how),
        Notice::Leaving => Some(("leaving", json!({}))),
        Notice::PassDone { pass, totals } => Some((
            "pass_done",
            json!({ "pass": pass.0, "rows_seen": totals.rows_seen, "rows_changed": totals.rows_changed }),
        )),
        Notice::Proving => Some(("proving", json!({}))),
        Notice::Proved { proof } => Some(("proved", json!({ "rows": proof.rows, "totals": proof.totals }))),
        Notice::Compared { how } => reason("compared", how),
        Notice::Repairing { reason: why } => reason("repairing", why),
        Notice::Safeguard { reason: why } => reason("safeguard", why),
        Notice::Alerted { text, .. } => Some(("alerted", json!({ "text": text }))),
        Notice::Quarantined { rows, message } => {
            Some(("quarantined", json!({ "rows": rows, "reason": message })))
        }
        Notice::Warning { reason: why } => reason("warning", why),
        notice => of_revision(notice),
    }
}

fn of_revision(notice: &Notice) -> Option<(&'static str, Value)> {
    match notice {
        Notice::Applying { revision, direction } => {
            Some(("applying", json!({ "revision": revision, "direction": direction.as_str() })))
        }
        Notice::Applied { revision, direction, done, took } => {
            let outcome = match done {
                Done::Now => "done",
                Done::Before => "done before",
                Done::Skipped => "skipped",
            };
            let direction = direction.as_str();
            Some((
                "applied",
                json!({ "revision": revision, "direction": direction, "outcome": outcome, "seconds": took.as_secs_f64() }),
            ))
        }
        Notice::Statement { number, of, sql } => {
            Some(("statement", json!({ "number": number, "of": of, "sql": sql })))
        }
        Notice::StatementDoing { what } if !what.is_empty() => {
            Some(("statement_doing", json!({ "what": what })))
        }
        Notice::StatementDone { number, of, sql, took, lock_wait, waited_for } => Some((
            "statement_done",
            json!({
                "number": number,
                "of": of,
                "sql": sql,
                "seconds": took.as_secs_f64(),
                "lock_wait": lock_wait.as_secs_f64(),
                "waited_for": waited_for,
            }),
        )),
        _ => None,
    }
}

fn signals(readings: &[Observed]) -> Value {
    let one = |reading: &Observed| json!({ "signal": reading.signal, "value": reading.value, "limit": reading.bound.limit() });
    json!({ "signals": readings.iter().map(one).collect::<Vec<Value>>() })
}
