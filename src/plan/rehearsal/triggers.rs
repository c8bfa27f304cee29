//! Triggers that will fire, and what they cost.

use super::super::checkup::Finding;
use super::{Facts, Trigger};

/// From this share of the batches' time on a trigger is worth a word.
const WORTH: f64 = 0.1;

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    const SUBJECT: &str = "triggers";
    let triggers = &facts.surroundings.triggers;
    if triggers.is_empty() {
        return vec![Finding::fine(SUBJECT, "none fires")];
    }
    let mut findings: Vec<Finding> = triggers.iter().map(|trigger| one(facts, trigger)).collect();
    for trigger in triggers {
        if trigger.takes_numbers {
            findings.push(Finding::note(
                SUBJECT,
                format!(
                    "{} takes numbers from a sequence, which a rollback doesn't give back",
                    trigger.written()
                ),
                "the batches tried here, and those that fail in a run, leave gaps",
            ));
        }
        if trigger.reaches_out {
            findings.push(Finding::note(
                SUBJECT,
                format!(
                    "{} may reach beyond its transaction ({}), which a rollback doesn't undo",
                    trigger.written(),
                    trigger.function
                ),
                "a batch that fails is done again, and so is what the trigger does out there",
            ));
        }
    }
    findings
}

fn one(facts: &Facts, trigger: &Trigger) -> Finding {
    const SUBJECT: &str = "triggers";
    let Trigger { name, function, for_each_row, .. } = trigger;
    let when = if *for_each_row { "for each row" } else { "once a batch" };
    let cost =
        facts.forecast.as_ref().and_then(|forecast| forecast.triggers.iter().find(|cost| cost.name == *name));
    let name = trigger.written();
    match cost {
        Some(cost) if cost.share >= WORTH => Finding::note(
            SUBJECT,
            format!(
                "{name} ({function}) fires {when} and takes {:.0} % of the batches' time, {:.1} µs a row",
                cost.share * 100.0,
                cost.per_row * 1e6
            ),
            format!(
                "if the job needs none of it, give it a WHEN that spares the job's columns: \
                 ALTER TABLE {} DISABLE TRIGGER stops it for everybody",
                facts.table
            ),
        ),
        Some(cost) => Finding::fine(
            SUBJECT,
            format!("{name} ({function}) fires {when}, {:.1} µs a row", cost.per_row * 1e6),
        ),
        None => Finding::fine(SUBJECT, format!("{name} ({function}) fires {when}")),
    }
}
