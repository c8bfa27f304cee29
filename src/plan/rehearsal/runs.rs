//! Whether there is a run of the job already.

use super::super::checkup::Finding;
use super::Facts;

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    const SUBJECT: &str = "run";
    let finding = match &facts.unfinished {
        Some(unfinished) => {
            let who = unfinished.who.as_ref().map(|who| format!(", by {who}")).unwrap_or_default();
            Finding::note(
                SUBJECT,
                format!(
                    "run {} of the job is {}{who}: what follows is about the rows that are left",
                    unfinished.run, unfinished.state
                ),
                "`longhaul status` shows where it stands; `longhaul run` goes on with it",
            )
        }
        None if facts.was_done => Finding::note(
            SUBJECT,
            "the job was done and signed off before: `run` will do nothing",
            "`longhaul run --anew` runs it again, `longhaul verify` proves it again",
        ),
        None => Finding::fine(SUBJECT, "none is unfinished"),
    };
    vec![finding]
}
