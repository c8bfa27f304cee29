//! Names for what the kit makes: those that the table would have been born with, and others while the old ones stand.

use std::collections::HashSet;

use super::change::Change;

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

    /// The name, or where it is taken one with a number; cut where it is too long.
    pub(super) fn fresh(&mut self, wanted: &str) -> String {
        let numbered = |number: u32| match number {
            0 => cut(wanted, LONGEST).to_owned(),
            number => {
                let tail = format!("_{number}");
                format!("{}{tail}", cut(wanted, LONGEST - tail.len()))
            }
        };
        let free = (0..).map(numbered).find(|name| !self.taken.contains(name));
        let free = free.expect("numbers don't end before the taken names do");
        self.taken.insert(free.clone());
        free
    }

    /// What takes the place of `name`: the same, with the column's new name where it had the old one in it.
    pub(super) fn successor(&mut self, name: &str, change: &Change<'_>) -> Called {
        let finally = cut(&name.replace(&change.old, &change.new_after), LONGEST).to_owned();
        if finally != name && !self.taken.contains(&finally) {
            self.taken.insert(finally.clone());
            return Called { meanwhile: finally.clone(), finally };
        }
        let meanwhile = self.fresh(&format!("{}_new", cut(name, LONGEST - 4)));
        Called { meanwhile, finally }
    }
}

/// The beginning of the text, so many bytes at the most.
fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

#[cfg(test)]
mod tests {
    use super::*;

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
