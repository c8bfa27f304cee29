//! `[new_files]`: what the files of new revisions are called, what is in them, and what is done to them.

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::manifest::{Document, DocumentError, Draft, Making, Section, render};

/// How new files are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFiles {
    /// The template of a file's name, without its extension.
    pub file_name: String,
    /// The zone whose days and hours names and texts tell.
    pub zone: TimeZone,
    /// Characters of the message that go into the slug.
    pub slug_length: usize,
    /// The template of a schema revision's text; `None`: the default text.
    pub schema_template: Option<PathBuf>,
    /// The template of a data revision's text; `None`: the default text.
    pub job_template: Option<PathBuf>,
    /// Programs, with their arguments, that are run on a new file one after the other. `{file}` is its path.
    pub hooks: Vec<Vec<String>>,
}

impl NewFiles {
    /// The keys of the table.
    pub(super) const KEYS: &[&str] =
        &["file_name", "zone", "slug_length", "schema_template", "job_template", "hooks"];

    /// What the table of the file says.
    pub(super) fn read(document: &Document<'_>) -> Result<Self, DocumentError> {
        let default = Self::default();
        let Some(section) = document.root().section("new_files")? else { return Ok(default) };
        section.only(Self::KEYS)?;
        let path = |key: &str| section.text(key).map(|text| text.map(|text| PathBuf::from(text.value)));
        let slug_length = match section.count("slug_length")? {
            Some(length) => usize::try_from(length.value).unwrap_or(usize::MAX),
            None => default.slug_length,
        };
        let hooks = section.lists("hooks")?;
        if let Some(empty) = hooks.iter().find(|hook| hook.value.is_empty()) {
            let hint = "write a hook as [\"program\", \"argument\", \"{file}\"]";
            return Err(section.complain(empty, "a hook names no program", Some(hint.to_owned())));
        }
        Ok(Self {
            file_name: file_name(&section)?.unwrap_or(default.file_name),
            zone: zone(&section)?.unwrap_or(default.zone),
            slug_length,
            schema_template: path("schema_template")?,
            job_template: path("job_template")?,
            hooks: hooks.into_iter().map(|hook| hook.value).collect(),
        })
    }
}

impl Default for NewFiles {
    fn default() -> Self {
        Self {
            file_name: Draft::FILE_NAME.to_owned(),
            zone: TimeZone::system(),
            slug_length: Draft::SLUG_LENGTH,
            schema_template: None,
            job_template: None,
            hooks: Vec::new(),
        }
    }
}

/// The template, tried out on a sample, so that a slip in it is seen with its place.
fn file_name(section: &Section<'_>) -> Result<Option<String>, DocumentError> {
    let Some(written) = section.text("file_name")? else { return Ok(None) };
    let at = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
    let making = Making { at, author: "sample".to_owned(), slug_length: Draft::SLUG_LENGTH };
    let sample = Draft::sample();
    let refused = |message: String, hint: &str| section.complain(&written, message, Some(hint.to_owned()));
    let name = render(&written.value, &sample.variables(&making)).map_err(|error| {
        refused(format!("in the template, column {}: {error}", error.column), crate::manifest::TEMPLATE_NAMES)
    })?;
    sample
        .file_name(&name)
        .map_err(|error| refused(error.to_string(), "the extension is added to it, .sql or .toml"))?;
    Ok(Some(written.value))
}

fn zone(section: &Section<'_>) -> Result<Option<TimeZone>, DocumentError> {
    let Some(written) = section.text("zone")? else { return Ok(None) };
    match written.value.as_str() {
        "local" => Ok(Some(TimeZone::system())),
        name => TimeZone::get(name).map(Some).map_err(|_| {
            let hint = "write \"local\", \"UTC\" or a name like \"Europe/Vienna\" of the machine's time zone database";
            section.complain(&written, format!("`{name}` is no time zone known here"), Some(hint.to_owned()))
        }),
    }
}
