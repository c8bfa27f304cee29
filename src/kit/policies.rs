//! Policies that read the column, from the switch on the new one.

use super::book::Book;
use super::change::Change;

pub(super) fn carry(change: &Change<'_>, book: &mut Book) {
    for policy in &change.anatomy.policies {
        let clause = |word: &str, sql: &Option<String>| sql.as_ref().map(|sql| format!("{word} ({sql})"));
        let parts = [clause("USING", &policy.using), clause("WITH CHECK", &policy.check)];
        let before = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let alter = |clauses: &str| {
            format!("alter policy {} on {}\n    {clauses}", change.q(&policy.name), change.table())
        };
        match change.renamed.policies.get(&policy.oid) {
            Some(Ok(renamed)) => book.switch.pair(alter(change.after(&before, renamed)), alter(&before)),
            Some(Err(said)) => book.by_hand.push(format!("policy {}: {said}", policy.name)),
            None => {}
        }
    }
}
