//! What the name of a file says.

use std::path::Path;

use crate::model::RevisionId;

/// The parts of `<version>_<slug>.sql` or `<date>_<id>_<slug>.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileNameParts {
    /// The leading digits; empty when there are none.
    pub version: String,
    /// What the file is about.
    pub slug: String,
}

/// Takes a file's name apart. `None` when it is not UTF-8.
#[must_use]
pub fn file_name_parts(file: &Path) -> Option<FileNameParts> {
    let stem = file.file_stem()?.to_str()?;
    let mut rest = stem;
    let mut version = String::new();
    if let Some((head, tail)) = rest.split_once('_')
        && head.len() >= 4
        && head.chars().all(|c| c.is_ascii_digit())
    {
        head.clone_into(&mut version);
        rest = tail;
        // An id is hexadecimal, has a digit in it, and a name follows: `5c1d7e88a0f4_backfill`, not `added_notes`.
        if let Some((id, slug)) = rest.split_once('_')
            && id.len() >= 4
            && id.chars().all(|c| c.is_ascii_hexdigit())
            && id.chars().any(|c| c.is_ascii_digit())
        {
            rest = slug;
        }
    }
    Some(FileNameParts { version, slug: rest.to_owned() })
}

/// What a file is about, by its name: what follows the revision's id there, or else stands before it. `None` when the
/// name is not UTF-8.
#[must_use]
pub fn slug(file: &Path, id: Option<&RevisionId>) -> Option<String> {
    let stem = file.file_stem()?.to_str()?;
    let at = id.and_then(|id| Some((find_word(stem, &id.0)?, id.0.len())));
    let Some((start, length)) = at else { return Some(file_name_parts(file)?.slug) };
    let between = |text: &str| text.trim_matches(|c| "_-. ".contains(c)).to_owned();
    let after = between(&stem[start + length..]);
    if !after.is_empty() {
        return Some(after);
    }
    let before = between(&stem[..start]);
    let (version, rest) = before.split_once('_').unwrap_or((&before, ""));
    let dated = version.len() >= 4 && version.chars().all(|c| c.is_ascii_digit());
    Some([if dated { rest } else { &before }, stem].into_iter().find(|text| !text.is_empty())?.to_owned())
}

/// Where `word` stands in the text by itself.
fn find_word(text: &str, word: &str) -> Option<usize> {
    let apart = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
    let mut found = text.match_indices(word).map(|(at, _)| at);
    found.find(|at| {
        !word.is_empty()
            && apart(text[..*at].chars().next_back())
            && apart(text[at + word.len()..].chars().next())
    })
}
