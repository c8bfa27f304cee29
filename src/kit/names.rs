//! Names for what the kit makes: those that the table would have been born with, and others while the old ones stand.

use std::collections::HashSet;

use super::change::Change;
use crate::pg::anatomy::TableFacts;

/// PostgreSQL cuts longer ones off.
const LONGEST: usize = 63;

/// Names that are taken, and those given out here.
pub(super) struct Names {
    taken: HashSet<String>,
}

/// What something is called while the old thing stands, and afterwards.
pub(super) struct Called {
    /// While both stand.
    pub(super) meanwhile: String,
    /// In the end.
    pub(super) finally: String,
}

impl Names {
    pub(super) fn new(taken: impl IntoIterator<Item = String>) -> Self {
        Self { taken: taken.into_iter().collect() }
    }

    /// Those of relations and functions in the table's schema, and of its constraints.
    pub(super) fn of(table: &TableFacts) -> Self {
        let taken = [&table.relations, &table.constraints, &table.functions];
        Self::new(taken.into_iter().flatten().cloned())
    }

    /// The name, or where it is taken one with a number; cut where it is too long.
    pub(super) fn fresh(&mut self, wanted: &str) -> String {
        let numbered = |number: u32| match number {
            0 => cut(wanted, LONGEST).to_owned(),
            number => {
                let tail = format!("_{number}");
                format!("{}{tail}", cut(wanted, LONGEST - tail.len()))
            }
        };
        let most = u32::try_from(self.taken.len()).unwrap_or(u32::MAX);
        let free = (0..=most).map(numbered).find(|name| !self.taken.contains(name));
        let free = free.expect("one of as many names and one more isn't taken");
        self.taken.insert(free.clone());
        free
    }

    /// What takes the place of `name`: the same, with the column's new name where it had the old one in it.
    pub(super) fn successor(&mut self, name: &str, change: &Change<'_>) -> Called {
        let finally = cut(&renamed(name, &change.old, &change.new_after), LONGEST).to_owned();
        if finally != name && !self.taken.contains(&finally) {
            self.taken.insert(finally.clone());
            return Called { meanwhile: finally.clone(), finally };
        }
        let meanwhile = self.fresh(&format!("{}_new", cut(name, LONGEST - 4)));
        Called { meanwhile, finally }
    }
}

/// The name with `new` wherever `old` stands in it by itself, as in `entries_gross_pay_idx`.
fn renamed(name: &str, old: &str, new: &str) -> String {
    let mut text = String::new();
    let mut rest = name;
    while let Some(at) = rest.find(old).filter(|_| !old.is_empty()) {
        let (before, after) = (&rest[..at], &rest[at + old.len()..]);
        let last = before.chars().last().or_else(|| text.chars().last());
        let is_part = |c: char| c.is_alphanumeric();
        let stands_alone = !last.is_some_and(is_part) && !after.starts_with(is_part);
        text.push_str(before);
        text.push_str(if stands_alone { new } else { old });
        rest = after;
    }
    text + rest
}

/// The beginning of the text, so many bytes at the most.
fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_found_in_a_name_where_it_stands_by_itself() {
        assert_eq!(renamed("t_pay_pay_day_idx", "pay", "amount"), "t_amount_amount_day_idx");
        assert_eq!(renamed("payments_pay", "pay", "amount"), "payments_amount");
        assert_eq!(renamed("paid_id_idx", "id", "no"), "paid_no_idx");
        assert_eq!(renamed("repay", "pay", "amount"), "repay");
    }

    #[test]
    fn a_name_is_free_and_no_longer_than_postgresql_keeps() {
        let long = "n".repeat(80);
        let mut names = Names::new([long[..63].to_owned(), "a".to_owned()]);
        assert_eq!(names.fresh("a"), "a_1");
        assert_eq!(names.fresh("a"), "a_2");
        let fresh = names.fresh(&long);
        assert_eq!((fresh.len(), fresh.ends_with("n_1")), (63, true));
        assert_eq!(names.fresh(&"é".repeat(40)).len(), 62);
    }
}
