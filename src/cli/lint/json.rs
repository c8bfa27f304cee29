//! Findings for programs.

use serde_json::{Value, json};

use super::Told;
use crate::engine::lint::Linted;
use crate::model::Direction;
use crate::plan::lint::cost::Estimate;
use crate::plan::lint::effects::Effect;
use crate::plan::lint::finding::{Blocked, Finding, Level};
use crate::plan::lint::lock::Blocks;
use crate::plan::lint::observed::{Taken, in_json};
use crate::plan::lint::operation::Statement;

/// All of it in one document.
pub(super) fn document(told: &Told<'_>) -> Value {
    let all = || told.linted.iter().flat_map(Linted::findings);
    let findings: Vec<Value> =
        told.linted.iter().flat_map(|linted| linted.findings().map(|finding| one(linted, finding))).collect();
    let sections =
        || told.linted.iter().flat_map(|linted| linted.sections.iter().map(move |section| (linted, section)));
    let allowed: Vec<Value> = sections()
        .flat_map(|(linted, (_, report))| {
            report.allowed.iter().map(move |(finding, reason)| {
                let mut value = one(linted, finding);
                value["reason"] = reason.as_str().into();
                value
            })
        })
        .collect();
    let statements: Vec<Value> = sections()
        .flat_map(|(linted, (direction, report))| {
            report.told.iter().map(move |(statement, effects)| felt(linted, *direction, statement, effects))
        })
        .collect();
    json!({
        "ok": all().all(|finding| finding.level < Level::Danger),
        "database": told.facts.is_read,
        "version": told.facts.version,
        "findings": findings,
        "allowed": allowed,
        "statements": statements,
        "promises": told.linted.iter().map(promised).collect::<Vec<_>>(),
    })
}

fn one(linted: &Linted, finding: &Finding) -> Value {
    let blocked = |blocked: &Blocked| {
        let what = match blocked.what {
            Blocks::Ddl => "ddl",
            Blocks::Writes => "writes",
            Blocks::All => "reads and writes",
        };
        let seconds = match blocked.time {
            Estimate::About(time) => Some(time.as_secs_f64()),
            Estimate::Unknown => None,
        };
        json!({ "table": blocked.table, "what": what, "seconds": seconds })
    };
    json!({
        "file": linted.file.display().to_string(),
        "line": finding.line,
        "column": finding.column,
        "rule": finding.rule,
        "level": finding.level.word(),
        "says": finding.says,
        "blocked": finding.blocked.iter().map(blocked).collect::<Vec<_>>(),
        "why": finding.why,
        "safe": finding.safe,
    })
}

/// What the section `up` is to take, as it is compared with what it takes.
fn promised(linted: &Linted) -> Value {
    let tables: Vec<Taken> = linted.promise.tables().collect();
    json!({ "file": linted.file.display().to_string(), "tables": in_json(&tables) })
}

fn felt(linted: &Linted, direction: Direction, statement: &Statement, effects: &[Effect]) -> Value {
    let one = |effect: &Effect| json!({ "table": effect.table, "lock": effect.lock.words(), "work": effect.work.word() });
    json!({
        "file": linted.file.display().to_string(),
        "line": statement.line,
        "direction": direction.as_str(),
        "sql": statement.sql,
        "locks": effects.iter().map(one).collect::<Vec<_>>(),
    })
}
