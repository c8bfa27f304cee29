//! Whether it may be begun now, and ever.

use super::super::checkup::Finding;
use super::{Facts, Opening};

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    const SUBJECT: &str = "hours";
    let finding = match &facts.opening {
        Opening::Always => Finding::fine(SUBJECT, "none are kept: it may run at any time"),
        Opening::Open(until) => Finding::fine(SUBJECT, format!("open until {until}")),
        Opening::Closed(until, why) => Finding::note(
            SUBJECT,
            format!("closed until {until}: {why}"),
            "`longhaul run --wait` or a `longhaul worker` begins when they open",
        ),
        Opening::Never(why) => Finding::bad(
            SUBJECT,
            format!("closed for good: {why}"),
            "give [hours] an opening that is still to come, or take the blackout out",
        ),
    };
    vec![finding]
}
