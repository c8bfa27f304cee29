//! What can't be taken back.

use super::super::checkup::Finding;
use super::{Facts, list};
use crate::model::Undo;

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    const SUBJECT: &str = "undo";
    let columns = list(&facts.targets);
    let held = match facts.overwritten {
        Some(share) if share > 0.0 => {
            format!("about {:.0} % of the rows hold other values in {columns} now", (share * 100.0).max(1.0))
        }
        Some(_) => format!("no row of a sample held a value in {columns} before"),
        None => format!("what {columns} held before"),
    };
    let loses = facts.overwritten.is_none_or(|share| share > 0.0);
    let finding = match (facts.undo, facts.has_down) {
        (Undo::Preimage, _) => {
            Finding::fine(SUBJECT, "old values are kept, and `longhaul undo` puts them back")
        }
        (Undo::None, true) if loses => Finding::note(
            SUBJECT,
            format!("[down] takes the job back, but not its loss: {held}, and they are overwritten for good"),
            "undo = \"preimage\" under [job] keeps them",
        ),
        (Undo::None, true) => Finding::fine(SUBJECT, format!("[down] takes the job back; {held}")),
        (Undo::None, false) if loses => Finding::note(
            SUBJECT,
            format!("nothing takes the job back: {held}, and they are overwritten for good"),
            "undo = \"preimage\" under [job] keeps them; [down] says how else",
        ),
        (Undo::None, false) => Finding::note(
            SUBJECT,
            format!("no `downgrade` goes past the job: it has no [down]; {held}"),
            "say how with [down], like set = { … = \"NULL\" }, or undo = \"preimage\"",
        ),
    };
    let mut findings = vec![finding];
    if !facts.repairs {
        findings.push(Finding::note(
            "sweeps",
            "each row is visited once only: doing one again might give it another value, or it can't be shown that not",
            "rows that arrive behind the walk are reported at the end, and done by the next run",
        ));
    }
    findings
}
