//! How the batches went that were tried.

use super::super::checkup::Finding;
use super::{Facts, Tried};
use crate::model::human_duration;

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    const SUBJECT: &str = "batches";
    let finding = match &facts.tried {
        Tried::Not | Tried::WouldReadAll(_) => return Vec::new(),
        Tried::Went => Finding::fine(SUBJECT, "those that were tried went through, and were rolled back"),
        Tried::LeftOut(why) => Finding::note(
            SUBJECT,
            format!("none was tried: {why}"),
            "name a number with --batches to try them all the same",
        ),
        Tried::BadRow { error } if facts.has_quarantine => Finding::note(
            SUBJECT,
            format!("a row can't take its new value: {error}"),
            "it will be put in quarantine; `longhaul quarantine list` shows it then",
        ),
        Tried::BadRow { error } => Finding::bad(
            SUBJECT,
            format!("a row can't take its new value: {error}"),
            "mend the row or the job, or have such rows put aside: [quarantine] max = 100",
        ),
        Tried::Locked { by } => Finding::note(
            SUBJECT,
            format!("one waited {} for a lock in vain: {by}", human_duration(facts.lock_timeout)),
            "a run tries again for as long as `hold_limit` says; ask who keeps the lock, and plan again when it is gone",
        ),
        Tried::Failed { error } => Finding::bad(
            SUBJECT,
            format!("one failed, as the run's would: {error}"),
            "mend the cause and plan again",
        ),
    };
    vec![finding]
}
