//! Templates, in minijinja. A name that isn't there is an error with its place.

use std::path::Path;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

use crate::manifest::DocumentError;

/// A complaint about a place in a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// What is wrong.
    pub message: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    source_line: String,
}

/// minijinja goes as deep as a template is nested or chained, and the stack has an end: more characters in a block, or
/// more blocks, than any template that is meant has.
const MOST: usize = 400;

/// What the template makes of the variables.
pub fn render(source: &str, variables: &Value) -> Result<String, TemplateError> {
    refuse_endless(source)?;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    // A line with nothing but a block on it leaves no empty line.
    let mut syntax = SyntaxConfig::builder();
    syntax.keep_trailing_newline(true).trim_blocks(true).lstrip_blocks(true);
    environment.set_syntax(syntax.build().expect("the delimiters are the usual ones"));
    environment.set_debug(true);
    environment.render_str(source, variables).map_err(|error| complaint(source, &error))
}

impl TemplateError {
    /// The complaint, in the template's file.
    #[must_use]
    pub fn in_file(self, file: &Path) -> DocumentError {
        let Self { message, line, column, source_line } = self;
        let hint = Some(NAMES.to_owned());
        DocumentError { file: file.to_owned(), line, column, message, hint, source_line }
    }
}

/// What a template may name.
pub const NAMES: &str = "a template may name id, slug, message, year, month, day, hour, minute, second, epoch, \
                         revises, depends, label, header, author and created";

/// Looks from the beginning of each block to the last end before the next.
fn refuse_endless(source: &str) -> Result<(), TemplateError> {
    let pairs = source.as_bytes().windows(2).enumerate();
    let begins: Vec<usize> =
        pairs.filter(|(_, pair)| matches!(pair, [b'{', b'{' | b'%'])).map(|(at, _)| at).collect();
    if let Some(at) = begins.get(MOST) {
        return Err(at_offset(source, *at, format!("there are more than {MOST} blocks in it")));
    }
    let ends = begins.iter().skip(1).copied().chain([source.len()]);
    for (begin, next) in begins.iter().copied().zip(ends) {
        let text = &source[begin..next];
        let end = text.rfind("}}").max(text.rfind("%}")).unwrap_or(text.len());
        if end > MOST {
            return Err(at_offset(source, begin, format!("this block has more than {MOST} characters")));
        }
    }
    Ok(())
}

fn complaint(source: &str, error: &minijinja::Error) -> TemplateError {
    let range = error.range();
    let offset = source.floor_char_boundary(range.as_ref().map_or(0, |range| range.start));
    let named = range.and_then(|range| source.get(range)).unwrap_or_default();
    let message = match error.kind() {
        minijinja::ErrorKind::UndefinedError => format!("`{named}` is not defined"),
        kind => error.detail().map_or_else(|| kind.to_string(), |detail| format!("{kind}: {detail}")),
    };
    at_offset(source, offset, message)
}

fn at_offset(source: &str, offset: usize, message: String) -> TemplateError {
    let start = source[..offset].rfind('\n').map_or(0, |at| at + 1);
    TemplateError {
        message,
        line: source[..offset].matches('\n').count() + 1,
        column: source[start..offset].chars().count() + 1,
        source_line: source[start..].lines().next().unwrap_or_default().to_owned(),
    }
}
