//! Findings for people.

use super::super::context::Context;
use super::Told;
use crate::engine::lint::Linted;
use crate::model::counted;
use crate::plan::lint::finding::Level;

pub(super) fn print(context: &Context<'_>, told: &Told<'_>) {
    let at_least = if context.printer.is_verbose() { Level::Note } else { Level::Warning };
    for line in told.linted.iter().flat_map(|linted| linted.lines(at_least)) {
        context.printer.data(&line);
    }
    let count = |level| {
        let findings = told.linted.iter().flat_map(Linted::findings);
        findings.filter(|finding| finding.level == level).count()
    };
    let allowed =
        told.linted.iter().flat_map(|linted| &linted.sections).map(|(_, report)| report.allowed.len());
    let mut parts =
        vec![format!("{} dangerous", count(Level::Danger)), counted(count(Level::Warning), "warning")];
    let notes = count(Level::Note);
    if notes > 0 {
        let how = if context.printer.is_verbose() { "" } else { " (--verbose tells them)" };
        parts.push(format!("{}{how}", counted(notes, "note")));
    }
    let allowed: usize = allowed.sum();
    if allowed > 0 {
        parts.push(format!("{allowed} allowed"));
    }
    let ground = if told.facts.is_read {
        format!("PostgreSQL {}, tables as they are there now", told.facts.version)
    } else {
        format!("PostgreSQL {} assumed, tables of unknown size: the worst is told", told.facts.version)
    };
    context.printer.say(&format!("{}: {}; {ground}", counted(told.linted.len(), "file"), parts.join(", ")));
}
