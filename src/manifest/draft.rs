//! A revision that is to be written: its file's name and text, from templates or by default.
//!
//! Pure: `config` tries the templates out on a sample, `cli` writes the file.

mod template;
mod text;

use std::path::Path;

use jiff::Zoned;
use minijinja::{Value, context};

pub use template::{NAMES as TEMPLATE_NAMES, TemplateError, render};

use super::document::DocumentError;
use super::{parse_job, parse_revision};
use crate::model::{Revision, RevisionId};

/// A revision that is to be written.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub message: String,
    /// Its parents.
    pub revises: Vec<String>,
    /// What must be applied before it without being its parent.
    pub depends: Vec<String>,
    /// The label of the branch that begins with it.
    pub label: Option<String>,
    /// What it does.
    pub kind: DraftKind,
}

/// What a new revision does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DraftKind {
    /// Short SQL.
    Schema,
    /// A data job.
    Job,
}

/// When a draft is made and by whom: what its templates may tell beside itself.
#[derive(Clone, Debug)]
pub struct Making {
    /// Now, in the zone whose days and hours the file tells.
    pub at: Zoned,
    /// Who makes it.
    pub author: String,
    /// Characters of the message that go into the slug.
    pub slug_length: usize,
}

/// Why a text can't be a draft's file.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// It is no revision's file.
    #[error("the new file would have something wrong in it")]
    Unreadable(#[from] DocumentError),
    /// It is another revision's.
    #[error("the new file would have {key} `{found}`, and `{wanted}` was asked for")]
    Differs {
        /// `the id`, `revises`, `depends` or `labels`.
        key: &'static str,
        /// What was asked for.
        wanted: String,
        /// What it has.
        found: String,
    },
    /// Its name is none that a file can have here.
    #[error("`file_name` makes `{name}`, which {problem}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl Draft {
    /// The template of a file's name unless the configuration has another.
    pub const FILE_NAME: &'static str = "{{ year }}{{ month }}{{ day }}_{{ id }}_{{ slug }}";
    /// Characters of the message in the slug unless the configuration says otherwise, as in Alembic.
    pub const SLUG_LENGTH: usize = 40;

    /// One that stands for all, for trying templates out.
    #[must_use]
    pub fn sample() -> Self {
        Self {
            id: "0123456789ab".to_owned(),
            message: "sample".to_owned(),
            revises: Vec::new(),
            depends: Vec::new(),
            label: None,
            kind: DraftKind::Schema,
        }
    }

    /// What its templates may name.
    #[must_use]
    pub fn variables(&self, making: &Making) -> Value {
        let at = |format: &str| making.at.strftime(format).to_string();
        context! {
            id => self.id.as_str(),
            slug => message_slug(&self.message, making.slug_length),
            message => self.message.as_str(),
            revises => self.revises.clone(),
            depends => self.depends.clone(),
            label => self.label.clone(),
            header => self.header(),
            author => making.author.as_str(),
            created => at("%Y-%m-%d %H:%M:%S%:z"),
            year => at("%Y"),
            month => at("%m"),
            day => at("%d"),
            hour => at("%H"),
            minute => at("%M"),
            second => at("%S"),
            epoch => making.at.timestamp().as_second(),
        }
    }

    /// The name of its file, from what the template made of it.
    pub fn file_name(&self, rendered: &str) -> Result<String, DraftError> {
        // A message without a letter or a digit has no slug.
        let stem = rendered.trim().trim_end_matches('_');
        let name = format!("{stem}.{}", self.extension());
        let problem = match () {
            () if stem.is_empty() => "is empty",
            () if stem.contains(['/', '\\']) => "is not in the directory of revisions itself",
            () if stem.starts_with('.') => "is hidden",
            () if stem.contains(char::is_control) => "has a control character in it",
            () if name.len() > 255 => "is longer than file systems allow",
            () => return Ok(name),
        };
        Err(DraftError::Name { name, problem })
    }

    fn extension(&self) -> &'static str {
        match self.kind {
            DraftKind::Schema => "sql",
            DraftKind::Job => "toml",
        }
    }

    /// Whether that text, read as a file, is this revision.
    pub fn check(&self, file: &Path, text: &str) -> Result<(), DraftError> {
        let found = match self.kind {
            DraftKind::Schema => Some(parse_revision(file, text)?.0),
            DraftKind::Job => parse_job(file, text)?.revision,
        };
        let [id, revises, depends, labels] = found.map_or_else(Default::default, places);
        let pairs = [
            ("the id", self.id.clone(), id),
            ("revises", self.revises.join(", "), revises),
            ("depends", self.depends.join(", "), depends),
            ("labels", self.label.clone().unwrap_or_default(), labels),
        ];
        match pairs.into_iter().find(|(_, wanted, found)| wanted != found) {
            Some((key, wanted, found)) => Err(DraftError::Differs { key, wanted, found }),
            None => Ok(()),
        }
    }
}

impl DraftError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unreadable(_) | Self::Differs { .. } => {
                "nothing was written; a template begins best with `{{ header }}`, which has id, revises, depends, \
                 labels and message in it"
            }
            Self::Name { .. } => "nothing was written; mend `file_name` in [new_files] of the configuration",
        }
        .to_owned()
    }
}

/// Its id, what it revises and depends on, and its labels.
fn places(revision: Revision) -> [String; 4] {
    let join = |ids: &[RevisionId]| ids.iter().map(|id| id.0.as_str()).collect::<Vec<_>>().join(", ");
    let (revises, depends) = (join(&revision.revises), join(&revision.depends));
    [revision.id.0, revises, depends, revision.labels.join(", ")]
}

/// The message as part of a file's name: ASCII letters, digits and `_`.
#[must_use]
pub fn message_slug(message: &str, length: usize) -> String {
    let words: String =
        message.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
    let slug = words.split_whitespace().collect::<Vec<_>>().join("_");
    slug.chars().take(length).collect::<String>().trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests;
