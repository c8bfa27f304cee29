//! The one way for an identifier to become SQL. Values are parameters; only a script, which has none, takes them as
//! [`literal`].

use crate::model::{Ident, TableName};

/// The identifier in double quotes, always: no list of keywords to keep, and any name is only a name.
#[must_use]
pub fn ident(ident: &Ident) -> String {
    quoted(&ident.0)
}

/// Any text as an identifier.
#[must_use]
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `"schema"."table"`.
#[must_use]
pub fn table(name: &TableName) -> String {
    match &name.schema {
        Some(schema) => format!("{}.{}", ident(schema), ident(&name.table)),
        None => ident(&name.table),
    }
}

/// `"a", "b"`.
#[must_use]
pub fn list<'n>(names: impl IntoIterator<Item = &'n Ident>) -> String {
    names.into_iter().map(ident).collect::<Vec<_>>().join(", ")
}

/// Names in files that people read: quoted where SQL needs it, as `quote_ident` does.
#[derive(Clone, Copy, Debug)]
pub struct Quoting<'k> {
    keywords: &'k [String],
}

impl<'k> Quoting<'k> {
    /// With the server's words that can't be names.
    #[must_use]
    pub fn new(keywords: &'k [String]) -> Self {
        Self { keywords }
    }

    /// The name, in quotes where it needs them.
    #[must_use]
    pub fn name(&self, name: &str) -> String {
        let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
        let is_plain = starts_well
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            && !self.keywords.iter().any(|word| word == name);
        if is_plain { name.to_owned() } else { quoted(name) }
    }
}

/// A text as an SQL literal that means the same whatever `standard_conforming_strings` says.
#[must_use]
pub fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if text.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_means_its_text_and_nothing_else() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"a\b'"), r"E'a\\b'''");
    }
}
