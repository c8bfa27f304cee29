//! A TOML file read strictly: each value knows its place, each unknown key is an error that names the nearest known
//! one. Used for jobs and for the configuration.

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A complaint about a place in a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}:{column}: {message}", file.display())]
pub struct DocumentError {
    /// The file.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The line as it stands in the file.
    pub source_line: String,
}

/// A parsed file.
pub struct Document<'a> {
    file: &'a Path,
    text: &'a str,
    root: DeTable<'a>,
}

/// A table of the file: the root, or one under a `[heading]`.
#[derive(Clone, Copy)]
pub struct Section<'d> {
    document: &'d Document<'d>,
    name: &'d str,
    /// Where its heading is.
    offset: usize,
    table: &'d DeTable<'d>,
}

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    offset: usize,
}

impl<T> Placed<T> {
    /// The same place with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Placed<U> {
        Placed { value: change(self.value), offset: self.offset }
    }
}

/// A key and its text, each with its place.
pub type PlacedPair = (Placed<String>, Placed<String>);

impl<'a> Document<'a> {
    /// Reads the text as TOML.
    pub fn parse(file: &'a Path, text: &'a str) -> Result<Self, DocumentError> {
        match DeTable::parse(text) {
            Ok(root) => Ok(Self { file, text, root: root.into_inner() }),
            Err(error) => {
                let offset = error.span().map_or(0, |span| span.start);
                Err(complaint(file, text, offset, error.message().to_owned(), None))
            }
        }
    }

    /// The file's top level.
    #[must_use]
    pub fn root(&'a self) -> Section<'a> {
        Section { document: self, name: "", offset: 0, table: &self.root }
    }

    fn error(&self, offset: usize, message: String, hint: Option<String>) -> DocumentError {
        complaint(self.file, self.text, offset, message, hint)
    }
}

impl<'d> Section<'d> {
    /// Errs on the first key that is not in `known`.
    pub fn only(&self, known: &[&str]) -> Result<(), DocumentError> {
        let mut unknown: Vec<_> =
            self.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())).collect();
        unknown.sort_by_key(|key| key.span().start);
        let Some(key) = unknown.first() else { return Ok(()) };
        let name = key.get_ref();
        let hint = nearest(name, known.iter().copied()).map_or_else(
            || format!("the keys {} are {}", self.describe(), known.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("unknown key `{name}` {}", self.describe());
        Err(self.document.error(key.span().start, message, Some(hint)))
    }

    /// The table under `key`.
    pub fn section(&self, key: &'d str) -> Result<Option<Section<'d>>, DocumentError> {
        let Some((place, value)) = self.table.get_key_value(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::Table(table) => {
                let offset = place.span().start;
                Ok(Some(Section { document: self.document, name: key, offset, table }))
            }
            other => Err(self.mistyped(key, value, "a table", other)),
        }
    }

    /// The tables under `key`, each under a `[[heading]]`, which complaints call `name`.
    pub fn sections(&self, key: &str, name: &'d str) -> Result<Vec<Section<'d>>, DocumentError> {
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        let wanted = "a list of tables";
        let DeValue::Array(tables) = value.get_ref() else {
            return Err(self.mistyped(key, value, wanted, value.get_ref()));
        };
        let section = |value: &'d Spanned<DeValue<'d>>| match value.get_ref() {
            DeValue::Table(table) => {
                Ok(Section { document: self.document, name, offset: value.span().start, table })
            }
            other => Err(self.mistyped(key, value, wanted, other)),
        };
        tables.iter().map(section).collect()
    }

    /// Whether `word` stands under `key`.
    #[must_use]
    pub fn says(&self, key: &str, word: &str) -> bool {
        self.get(key).is_some_and(|value| matches!(value.get_ref(), DeValue::String(text) if text == word))
    }

    /// The text under `key`.
    pub fn text(&self, key: &str) -> Result<Option<Placed<String>>, DocumentError> {
        self.get(key).map(|value| self.as_text(key, value)).transpose()
    }

    /// The list of texts under `key`; one text alone counts as a list of one.
    pub fn texts(&self, key: &str) -> Result<Vec<Placed<String>>, DocumentError> {
        match self.get(key) {
            None => Ok(Vec::new()),
            Some(value) => match value.get_ref() {
                DeValue::Array(items) => items.iter().map(|item| self.as_text(key, item)).collect(),
                _ => Ok(vec![self.as_text(key, value)?]),
            },
        }
    }

    /// The lists of texts under `key`, each with its place.
    pub fn lists(&self, key: &str) -> Result<Vec<Placed<Vec<String>>>, DocumentError> {
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        let wanted = "a list of lists";
        let DeValue::Array(lists) = value.get_ref() else {
            return Err(self.mistyped(key, value, wanted, value.get_ref()));
        };
        let list = |value: &Spanned<DeValue<'_>>| match value.get_ref() {
            DeValue::Array(items) => {
                let texts: Result<_, _> =
                    items.iter().map(|item| self.as_text(key, item).map(|text| text.value)).collect();
                Ok(Placed { value: texts?, offset: value.span().start })
            }
            other => Err(self.mistyped(key, value, wanted, other)),
        };
        lists.iter().map(list).collect()
    }

    /// The whole number under `key`, within `1..=u32::MAX`.
    pub fn count(&self, key: &str) -> Result<Option<Placed<u32>>, DocumentError> {
        self.get(key)
            .map(|value| match value.get_ref() {
                DeValue::Integer(number) => number
                    .as_str()
                    .parse::<u32>()
                    .ok()
                    .filter(|n| *n > 0)
                    .map(|n| Placed { value: n, offset: value.span().start })
                    .ok_or_else(|| {
                        let message = format!("`{key}` must be a whole number from 1 to {}", u32::MAX);
                        self.document.error(value.span().start, message, None)
                    }),
                other => Err(self.mistyped(key, value, "a whole number", other)),
            })
            .transpose()
    }

    /// The number under `key`, whole or not.
    pub fn number(&self, key: &str) -> Result<Option<Placed<f64>>, DocumentError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let number = match value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse::<f64>().ok(),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => None,
        };
        match number.filter(|number| number.is_finite()) {
            Some(number) => Ok(Some(Placed { value: number, offset: value.span().start })),
            None => Err(self.mistyped(key, value, "a number", value.get_ref())),
        }
    }

    /// The text under `key`, or the whole number as a text.
    pub fn text_or_number(&self, key: &str) -> Result<Option<Placed<String>>, DocumentError> {
        self.get(key)
            .map(|value| match value.get_ref() {
                DeValue::Integer(number) if number.radix() == 10 => {
                    Ok(Placed { value: number.as_str().to_owned(), offset: value.span().start })
                }
                _ => self.as_text(key, value),
            })
            .transpose()
    }

    /// The `true` or `false` under `key`.
    pub fn flag(&self, key: &str) -> Result<Option<Placed<bool>>, DocumentError> {
        self.get(key)
            .map(|value| match value.get_ref() {
                DeValue::Boolean(flag) => Ok(Placed { value: *flag, offset: value.span().start }),
                other => Err(self.mistyped(key, value, "true or false", other)),
            })
            .transpose()
    }

    /// Whether `true` or `false` stands under `key`.
    #[must_use]
    pub fn is_flag(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| matches!(value.get_ref(), DeValue::Boolean(_)))
    }

    /// The entries of an inline table of texts, in the order of the file.
    pub fn pairs(&self, key: &str) -> Result<Vec<PlacedPair>, DocumentError> {
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        let DeValue::Table(table) = value.get_ref() else {
            let wanted = "a table like { column = \"expression\" }";
            return Err(self.mistyped(key, value, wanted, value.get_ref()));
        };
        let mut pairs = Vec::new();
        for (name, value) in table {
            let place = Placed { value: name.get_ref().to_string(), offset: name.span().start };
            pairs.push((place, self.as_text(name.get_ref(), value)?));
        }
        pairs.sort_by_key(|(name, _)| name.offset);
        Ok(pairs)
    }

    /// Whether the key is there, whatever its value.
    #[must_use]
    pub fn place_of(&self, key: &str) -> Option<Placed<()>> {
        self.table.get_key_value(key).map(|(key, _)| Placed { value: (), offset: key.span().start })
    }

    /// Where the section begins.
    #[must_use]
    pub fn place(&self) -> Placed<()> {
        Placed { value: (), offset: self.offset }
    }

    /// The complaint about a value of this section.
    pub fn complain<T>(
        &self,
        at: &Placed<T>,
        message: impl Into<String>,
        hint: Option<String>,
    ) -> DocumentError {
        self.document.error(at.offset, message.into(), hint)
    }

    /// The complaint about a key that is not there.
    #[must_use]
    pub fn missing(&self, key: &str, hint: &str) -> DocumentError {
        let message = format!("`{key}` is missing {}", self.describe());
        self.document.error(self.offset, message, Some(hint.to_owned()))
    }

    /// The complaint about a key that is not there, or has nothing in it.
    #[must_use]
    pub fn missing_or_empty(&self, key: &str, hint: &str) -> DocumentError {
        match self.place_of(key) {
            Some(place) => self.complain(&place, format!("`{key}` is empty"), Some(hint.to_owned())),
            None => self.missing(key, hint),
        }
    }

    fn get(&self, key: &str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.table.get(key)
    }

    fn as_text(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<Placed<String>, DocumentError> {
        match value.get_ref() {
            DeValue::String(text) => Ok(Placed { value: text.to_string(), offset: value.span().start }),
            other => Err(self.mistyped(key, value, "text in quotes", other)),
        }
    }

    fn mistyped(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        wanted: &str,
        found: &DeValue<'_>,
    ) -> DocumentError {
        let kind = found.type_str();
        let article = if kind.starts_with(['a', 'i']) { "an" } else { "a" };
        let message = format!("`{key}` must be {wanted}, and this is {article} {kind}");
        self.document.error(value.span().start, message, None)
    }

    fn describe(&self) -> String {
        if self.name.is_empty() { "at the top of the file".to_owned() } else { format!("in [{}]", self.name) }
    }
}

/// The known word that `word` is probably a slip for: at most a third of its letters differ.
pub fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let length = word.chars().count();
    let most = (length / 3).max(1);
    known
        // Each letter more or less is a difference; to compare with a long text would take long.
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= most)
        .map(|candidate| {
            (strsim::damerau_levenshtein(&word.to_lowercase(), &candidate.to_lowercase()), candidate)
        })
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

pub(super) fn complaint(
    file: &Path,
    text: &str,
    offset: usize,
    message: String,
    hint: Option<String>,
) -> DocumentError {
    let before = &text[..text.floor_char_boundary(offset)];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    DocumentError {
        file: file.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        message,
        hint,
        source_line: text[line_start..].lines().next().unwrap_or_default().to_owned(),
    }
}
