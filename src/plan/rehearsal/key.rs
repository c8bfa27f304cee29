//! Whether a batch finds its rows by index or block, and not by reading the table.

use super::super::checkup::Finding;
use super::{Facts, Tried};
use crate::model::Order;

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    const SUBJECT: &str = "key";
    let Facts { table, key_index, .. } = facts;
    if let Tried::WouldReadAll(node) = &facts.tried {
        return vec![Finding::bad(
            SUBJECT,
            format!(
                "each batch would read more of {table} than its own rows: its plan has a {node} without bounds"
            ),
            format!(
                "ANALYZE {table}; where that doesn't help, name another `key`, or REINDEX INDEX CONCURRENTLY {key_index}"
            ),
        )];
    }
    let how = match facts.order {
        Order::Physical => "batches find their rows by block".to_owned(),
        Order::Key => format!("batches find their rows by the index {key_index}"),
    };
    let seen = match &facts.tried {
        Tried::Went => ", as the plans of those tried show",
        _ => "",
    };
    vec![Finding::fine(SUBJECT, format!("{how}{seen}"))]
}
