//! The revisions of a change: what each part of it adds to which of them, and their text.

use crate::manifest::DraftKind;

/// What one revision does and undoes, statement by statement.
#[derive(Clone, Debug, Default)]
pub struct Chapter {
    /// Pairs in the order of the way up; the way down is the other way round.
    pairs: Vec<(Vec<String>, Vec<String>)>,
}

impl Chapter {
    /// Statements, and what undoes them. Each without its semicolon.
    pub fn pair(&mut self, up: impl Into<Statements>, down: impl Into<Statements>) {
        self.pairs.push((up.into().0, down.into().0));
    }

    /// Statements of the way up alone.
    pub fn up(&mut self, up: impl Into<Statements>) {
        self.pair(up, Vec::new());
    }

    /// What another chapter does, after this.
    #[must_use]
    pub fn then(&self, other: &Self) -> Self {
        Self { pairs: [self.pairs.as_slice(), &other.pairs].concat() }
    }

    /// Whether it does anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.iter().all(|(up, down)| up.is_empty() && down.is_empty())
    }

    fn forward(&self) -> String {
        written(self.pairs.iter().flat_map(|(up, _)| up))
    }

    fn backward(&self) -> String {
        written(self.pairs.iter().rev().flat_map(|(_, down)| down))
    }
}

fn written<'s>(statements: impl Iterator<Item = &'s String>) -> String {
    statements.map(|statement| format!("{statement};\n")).collect::<Vec<_>>().join("\n")
}

/// One statement, or several.
pub struct Statements(Vec<String>);

impl From<String> for Statements {
    fn from(one: String) -> Self {
        Self(vec![one])
    }
}

impl From<&str> for Statements {
    fn from(one: &str) -> Self {
        Self(vec![one.to_owned()])
    }
}

impl From<Vec<String>> for Statements {
    fn from(several: Vec<String>) -> Self {
        Self(several)
    }
}

/// All revisions of a change.
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// New column and trigger.
    pub expand: Chapter,
    /// Indexes and constraints of the new column; statement by statement, outside a transaction.
    pub build: Chapter,
    /// Foreign keys of the new column, after the indexes that they stand on.
    pub link: Chapter,
    /// What names the column names the new one.
    pub switch: Chapter,
    /// Replica identity and the conditions of publications, first of the strip.
    pub replication: Chapter,
    /// The old column's foreign keys go, before the indexes that they stand on.
    pub unlink: Chapter,
    /// The old column's indexes and constraints go; statement by statement.
    pub strip: Chapter,
    /// Trigger and old column go.
    pub contract: Chapter,
    /// What a person must see to, and why.
    pub by_hand: Vec<String>,
    /// What is good to know.
    pub notes: Vec<String>,
}

/// One revision's file, but for its header.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its message.
    pub message: String,
    /// What kind of file it is.
    pub kind: DraftKind,
    /// Its text below the header.
    pub text: String,
    /// When to apply it.
    pub when: &'static str,
}

/// How a schema revision's sections run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Running {
    /// In one transaction.
    Together,
    /// Statement by statement.
    Apart,
}

impl Page {
    /// A schema revision from its chapter; `None` when it has nothing to do.
    #[must_use]
    pub fn schema(
        message: String,
        when: &'static str,
        comment: &str,
        chapter: &Chapter,
        running: Running,
    ) -> Option<Self> {
        if chapter.is_empty() {
            return None;
        }
        let option = if running == Running::Apart { " transaction:false" } else { "" };
        let text = format!(
            "--\n{}\n\n-- migrate:up{option}\n\n{}\n\n-- migrate:down{option}\n\n{}",
            commented(comment),
            chapter.forward(),
            chapter.backward().trim_end()
        );
        Some(Self { message, kind: DraftKind::Schema, text, when })
    }
}

/// What a person must see to, as a part of a comment.
pub(super) fn by_hand(items: &[String]) -> String {
    let begins = if items.is_empty() { "" } else { "\n\nBY HAND, before this can be applied:" };
    items.iter().fold(begins.to_owned(), |text, item| text + "\n\n  " + &item.replace('\n', "\n  "))
}

/// The text as SQL comments, a paragraph a line, wrapped; lines that begin with a blank stay as they are.
pub(super) fn commented(text: &str) -> String {
    let line = |line: &str| format!("-- {line}").trim_end().to_owned();
    text.lines().flat_map(wrapped).map(|text| line(&text)).collect::<Vec<_>>().join("\n")
}

/// The paragraph in lines.
fn wrapped(paragraph: &str) -> Vec<String> {
    if paragraph.starts_with(' ') || paragraph.is_empty() {
        return vec![paragraph.to_owned()];
    }
    let mut lines: Vec<String> = Vec::new();
    for word in paragraph.split(' ') {
        match lines.last_mut().filter(|line| line.chars().count() + word.chars().count() < WIDTH) {
            Some(line) => line.extend([" ", word]),
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Characters of a line of comment.
const WIDTH: usize = 96;
