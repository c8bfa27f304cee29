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
}

/// One column of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyColumn {
    /// The column.
    pub name: Ident,
    /// Its type as `format_type` writes it, for the cast of a parameter.
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

impl std::fmt::Display for KeyValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.as_slice() {
            [only] => f.write_str(only),
            several => write!(f, "({})", several.join(", ")),
        }
    }
}
