//! Who else is sent the changes.

use super::super::checkup::Finding;
use super::{Facts, list};

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    const SUBJECT: &str = "publications";
    let around = &facts.surroundings;
    let published = list(&around.publications);
    let finding = if around.publications.is_empty() {
        Finding::fine(SUBJECT, "none sends the updates on")
    } else if around.identity_missing {
        Finding::bad(
            SUBJECT,
            format!(
                "{published} publishes updates of {}, whose rows have no replica identity: PostgreSQL refuses them",
                facts.table
            ),
            format!("ALTER TABLE {} REPLICA IDENTITY USING INDEX {}", facts.table, facts.key_index),
        )
    } else if around.identity_full {
        Finding::note(
            SUBJECT,
            format!(
                "{published} sends each row that is changed on, as it was and as it is (REPLICA IDENTITY FULL)"
            ),
            "subscribers apply row by row, and may scan for each: set replica_lag, and watch them",
        )
    } else {
        Finding::note(
            SUBJECT,
            format!("{published} sends each row that is changed on"),
            "subscribers apply row by row, slower than batches change them: replica_lag holds the run for them",
        )
    };
    vec![finding]
}
