//! The key that a table is walked by.
//!
//! A key value crosses the program as the text PostgreSQL printed and goes back as a parameter that PostgreSQL reads
//! again: it is never compared here, so no collation, no time zone and no number format can come between.

use super::Ident;

/// A NOT NULL unique key: the columns in the order of the index that serves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The index's name, for messages.
    pub index: String,
    /// The columns, at least one.
    pub columns: Vec<KeyColumn>,
    /// The schemas that its operators are in, beside PostgreSQL's own: an extension's type brings them.
    pub schemas: Vec<String>,
}

/// One column of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyColumn {
    /// The column.
    pub name: Ident,
    /// Its type as `format_type` writes it, with the column's collation if that is another: for the cast of a parameter.
    pub type_name: String,
}

/// One value of a key: a text a column, as PostgreSQL prints it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyValue(pub Vec<String>);

impl Key {
    /// The columns' names, for people: `id` or `company_id, entry_no`.
    #[must_use]
    pub fn describe(&self) -> String {
        self.columns.iter().map(|column| column.name.0.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl KeyValue {
    /// A block number as a position in physical order.
    #[must_use]
    pub fn of_block(block: u64) -> Self {
        Self(vec![block.to_string()])
    }

    /// The block number that [`Self::of_block`] made; `None` for anything else.
    #[must_use]
    pub fn block(&self) -> Option<u64> {
        match self.0.as_slice() {
            [only] => only.parse().ok(),
            _ => None,
        }
    }
}

impl KeyValue {
    /// With the names of its columns: `company_id = 7, entry_no = 4711`.
    #[must_use]
    pub fn describe(&self, columns: &[Ident]) -> String {
        let one = |(column, part): (&Ident, &String)| format!("{column} = {}", printable(part));
        columns.iter().zip(&self.0).map(one).collect::<Vec<_>>().join(", ")
    }
}

/// Control characters are escaped: a key may hold line breaks and what a terminal obeys.
fn printable(part: &str) -> String {
    let one = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    part.chars().map(one).collect()
}

/// For people, without names: `4711` or `(7, 4711)`.
impl std::fmt::Display for KeyValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<_> = self.0.iter().map(|part| printable(part)).collect();
        match parts.as_slice() {
            [only] => f.write_str(only),
            several => write!(f, "({})", several.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_shown_on_one_line_and_commands_no_terminal() {
        assert_eq!(KeyValue(vec!["a\n\u{1b}[2Jé".into()]).to_string(), "a\\n\\u{1b}[2Jé");
        assert_eq!(KeyValue(vec!["a".into(), "1".into()]).to_string(), "(a, 1)");
    }
}
