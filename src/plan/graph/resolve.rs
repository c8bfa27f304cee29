//! From what a person types to a revision's id.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::ResolveError;

/// The least characters of an id's beginning that stand for the id, as in git.
pub const MIN_PREFIX: usize = 4;

/// The id meant by `target`.
pub(super) fn resolve<'a>(ids: &'a BTreeMap<String, usize>, target: &str) -> Result<&'a str, ResolveError> {
    let owned = || target.to_owned();
    if let Some((exact, _)) = ids.get_key_value(target) {
        return Ok(exact);
    }
    let from = (Bound::Included(target), Bound::Unbounded);
    let following = ids.range::<str, _>(from).map(|(id, _)| id.as_str());
    let candidates: Vec<&str> = following.take_while(|id| id.starts_with(target)).collect();
    match candidates[..] {
        [] => {
            let nearest = nearest_id(ids.keys().map(String::as_str), target);
            Err(ResolveError::Unknown { target: owned(), nearest })
        }
        _ if target.chars().count() < MIN_PREFIX => Err(ResolveError::TooShort { target: owned() }),
        [only] => Ok(only),
        [..] => {
            let candidates = candidates.into_iter().map(str::to_owned).collect();
            Err(ResolveError::Ambiguous { target: owned(), candidates })
        }
    }
}

/// The id, or the one with the beginning, that is nearest to `target`, if it is near: one typing error for each four
/// characters, and three at the most.
pub(super) fn nearest_id<'a>(ids: impl Iterator<Item = &'a str>, target: &str) -> Option<String> {
    let length = target.chars().count();
    let allowed = (length / 4).min(3);
    let distance = |id: &str| {
        let beginning: String = id.chars().take(length).collect();
        strsim::damerau_levenshtein(id, target).min(strsim::damerau_levenshtein(&beginning, target))
    };
    // Each character that an id lacks is an error of its own; to compare it with a long text would take long.
    let is_long_enough = |id: &&str| id.chars().count() + allowed >= length;
    ids.filter(is_long_enough)
        .map(|id| (distance(id), id))
        .filter(|(far, _)| *far <= allowed)
        .min()
        .map(|(_, id)| id.to_owned())
}
