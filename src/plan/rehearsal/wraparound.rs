//! How near the table is to what makes PostgreSQL vacuum it, wanted or not.

use super::super::checkup::Finding;
use super::Facts;
use crate::model::human_count;

/// From this share of the age on it will happen soon.
const SOON: f64 = 0.9;

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    const SUBJECT: &str = "wraparound";
    let around = &facts.surroundings;
    let age = |age: i32| human_count(u64::from(age.unsigned_abs()));
    if around.xid_age >= around.failsafe_age {
        return vec![Finding::bad(
            SUBJECT,
            format!(
                "its oldest transaction id is {} transactions old: the server is about to refuse writes",
                age(around.xid_age)
            ),
            format!("VACUUM (FREEZE) {} before anything else", facts.table),
        )];
    }
    let is_near = |age: i32, most: i32| f64::from(age) >= f64::from(most) * SOON;
    let is_soon = is_near(around.xid_age, around.freeze_max_age)
        || is_near(around.multixact_age, around.multixact_freeze_max_age);
    if is_soon {
        return vec![Finding::note(
            SUBJECT,
            format!(
                "it is {} transactions old: an autovacuum against wraparound reads all of it soon, and gives way to nobody",
                age(around.xid_age)
            ),
            format!("VACUUM (FREEZE) {} in a quiet hour before", facts.table),
        )];
    }
    vec![Finding::fine(
        SUBJECT,
        format!("{} of {} transactions; a batch uses one", age(around.xid_age), age(around.freeze_max_age)),
    )]
}
