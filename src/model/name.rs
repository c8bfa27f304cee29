//! Names of tables and columns, written as in SQL: `payroll.entries`, `"Pay Roll"."Entry"`.
//!
//! Reading happens here, quoting in `pg::quote`: a name is data until that one function makes it SQL.

use std::fmt;

/// One identifier, as the catalog holds it: folded to lower case unless it was quoted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ident(pub String);

/// A table's name, with its schema where one was given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableName {
    /// The schema; `None` leaves it to the connection's `search_path`.
    pub schema: Option<Ident>,
    /// The table.
    pub table: Ident,
}

/// Why a text is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing, or nothing between two dots.
    #[error("`{text}` is not a name: a part of it is empty")]
    Empty {
        /// The text as given.
        text: String,
    },
    /// A quoted part without its closing quote.
    #[error("`{text}` is not a name: a quote is not closed")]
    OpenQuote {
        /// The text as given.
        text: String,
    },
    /// A character that SQL allows in quoted names only.
    #[error("`{text}` is not a name: `{character}` must stand in double quotes")]
    Character {
        /// The text as given.
        text: String,
        /// The first such character.
        character: char,
    },
    /// A table where a column of one is wanted.
    #[error("`{text}` names no column: write table.column or schema.table.column")]
    NoColumn {
        /// The text as given.
        text: String,
    },
    /// More dots than a name of this kind has.
    #[error("`{text}` has {found} parts, and a name here has at most {most}")]
    Parts {
        /// The text as given.
        text: String,
        /// Parts found.
        found: usize,
        /// Parts allowed.
        most: usize,
    },
}

impl Ident {
    /// Reads a column's name as SQL would.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let mut parts = split(text)?;
        match (parts.pop(), parts.len()) {
            (Some(only), 0) => Ok(only),
            (_, more) => Err(BadName::Parts { text: text.to_owned(), found: more + 1, most: 1 }),
        }
    }
}

impl TableName {
    /// Reads `table.column` or `schema.table.column` as SQL would.
    pub fn parse_with_column(text: &str) -> Result<(Self, Ident), BadName> {
        let parts = split(text)?;
        let found = parts.len();
        let mut parts = parts.into_iter();
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(table), Some(column), None, _) => Ok((Self { schema: None, table }, column)),
            (Some(schema), Some(table), Some(column), None) => {
                Ok((Self { schema: Some(schema), table }, column))
            }
            (_, None, ..) => Err(BadName::NoColumn { text: text.to_owned() }),
            _ => Err(BadName::Parts { text: text.to_owned(), found, most: 3 }),
        }
    }

    /// Reads `table` or `schema.table` as SQL would.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let parts = split(text)?;
        let found = parts.len();
        let mut parts = parts.into_iter();
        match (parts.next(), parts.next(), parts.next()) {
            (Some(table), None, _) => Ok(Self { schema: None, table }),
            (Some(schema), Some(table), None) => Ok(Self { schema: Some(schema), table }),
            _ => Err(BadName::Parts { text: text.to_owned(), found, most: 2 }),
        }
    }
}

/// As a person would write it: in quotes where SQL needs them. (Not for SQL: keywords stay bare; see `pg::quote`.)
impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::parse(&self.0) {
            Ok(read) if read == *self => f.write_str(&self.0),
            _ => write!(f, "\"{}\"", self.0.replace('"', "\"\"")),
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        write!(f, "{}", self.table)
    }
}

/// Splits at the dots outside quotes. PostgreSQL folds unquoted ASCII letters only; others stay as they are.
fn split(text: &str) -> Result<Vec<Ident>, BadName> {
    let owned = || text.to_owned();
    let mut parts = Vec::new();
    let mut rest = text.trim();
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(quoted) => take_quoted(quoted).ok_or_else(|| BadName::OpenQuote { text: owned() })?,
            None => take_plain(rest).map_err(|character| BadName::Character { text: owned(), character })?,
        };
        if part.is_empty() {
            return Err(BadName::Empty { text: owned() });
        }
        parts.push(Ident(part));
        match after.chars().next() {
            None => return Ok(parts),
            Some('.') => rest = &after[1..],
            Some(character) => return Err(BadName::Character { text: owned(), character }),
        }
    }
}

fn take_quoted(text: &str) -> Option<(String, &str)> {
    let mut part = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character != '"' {
            part.push(character);
        } else if characters.peek().is_some_and(|(_, next)| *next == '"') {
            part.push('"');
            characters.next();
        } else {
            return Some((part, &text[at + 1..]));
        }
    }
    None
}

fn take_plain(text: &str) -> Result<(String, &str), char> {
    let end = text.find('.').unwrap_or(text.len());
    let part = &text[..end];
    for (at, character) in part.char_indices() {
        let starts = character.is_alphabetic() || character == '_';
        if !(starts || at > 0 && (character.is_ascii_digit() || character == '$')) {
            return Err(character);
        }
    }
    Ok((part.to_ascii_lowercase(), &text[end..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::slips::nearly;

    fn table(schema: Option<&str>, table: &str) -> TableName {
        TableName { schema: schema.map(|s| Ident(s.into())), table: Ident(table.into()) }
    }

    #[test]
    fn names_fold_as_sql_folds_them() {
        assert_eq!(TableName::parse("Payroll.Entries"), Ok(table(Some("payroll"), "entries")));
        assert_eq!(TableName::parse(r#""Pay Roll"."En""try""#), Ok(table(Some("Pay Roll"), "En\"try")));
        assert_eq!(TableName::parse(r#""a.b""#), Ok(table(None, "a.b")));
    }

    #[test]
    fn what_is_no_name_is_refused_with_its_reason() {
        assert!(matches!(TableName::parse(""), Err(BadName::Empty { .. })));
        assert!(matches!(TableName::parse("a..b"), Err(BadName::Empty { .. })));
        assert!(matches!(TableName::parse("a.b.c"), Err(BadName::Parts { found: 3, .. })));
        assert!(matches!(TableName::parse("\"a"), Err(BadName::OpenQuote { .. })));
        assert!(matches!(TableName::parse("a b"), Err(BadName::Character { character: ' ', .. })));
        assert!(matches!(TableName::parse("1a"), Err(BadName::Character { character: '1', .. })));
        assert!(matches!(Ident::parse("a.b"), Err(BadName::Parts { found: 2, most: 1, .. })));
    }

    proptest! {
        #[test]
        fn every_name_reads_back_as_it_is_shown(schema in ".{1,12}", name in "[a-zA-Z_ .\"]{1,12}") {
            let name = table(Some(&schema), &name);
            prop_assert_eq!(TableName::parse(&name.to_string()), Ok(name));
        }

        #[test]
        fn every_text_reads_back_when_it_is_quoted(schema in ".{1,12}", name in ".{1,12}") {
            let quote = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
            let written = format!("{}.{}", quote(&schema), quote(&name));
            prop_assert_eq!(TableName::parse(&written), Ok(table(Some(&schema), &name)));
        }

        #[test]
        fn no_text_makes_it_panic(text in nearly(&["payroll.entries", r#""Pay Roll"."En""try""#, "größe", "a$1"])) {
            let _ = (TableName::parse(&text), Ident::parse(&text));
        }
    }
}
