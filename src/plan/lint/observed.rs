//! What was declared against what was seen: the locks and rewrites of a revision that has run, and those that were told.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Report;
use super::lock::{Blocks, LockMode};
use super::scene::Scene;

/// What happens to a table that was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// With its schema.
    pub(crate) table: String,
    pub(crate) lock: LockMode,
    /// It has another file.
    pub(crate) is_replaced: bool,
}

/// What was told of a section, table by table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Promise(BTreeMap<String, (LockMode, bool)>);

impl Promise {
    /// What these reports say will be taken.
    pub(crate) fn of(report: &Report, scene: &Scene<'_>) -> Self {
        let mut all = BTreeMap::new();
        let mut add = |table: String, lock: LockMode, is_replaced: bool| {
            let known = all.entry(table).or_insert((lock, false));
            *known = (known.0.max(lock), known.1 || is_replaced);
        };
        for effect in report.told.iter().flat_map(|(_, effects)| effects) {
            let (lock, is_replaced) = (effect.lock, effect.work.replaces_file());
            let found = scene.relation(&effect.table);
            add(found.map_or(effect.table.clone(), |found| found.qualified.clone()), lock, is_replaced);
            for child in found.into_iter().filter(|_| effect.with_children).flat_map(|found| &found.children)
            {
                add(child.clone(), lock, is_replaced);
            }
        }
        Self(all)
    }

    /// All that is told, by table.
    pub(crate) fn tables(&self) -> impl Iterator<Item = Taken> {
        let all = self.0.iter();
        all.map(|(table, (lock, is_replaced))| Taken {
            table: table.clone(),
            lock: *lock,
            is_replaced: *is_replaced,
        })
    }

    /// What was taken and not told, in words. Locks that keep nobody from reading or writing are nobody's concern.
    pub(crate) fn surprises(&self, taken: &[Taken]) -> Vec<String> {
        let surprise = |taken: &Taken| {
            let told = self.0.get(&taken.table);
            let is_stronger = told.is_none_or(|(lock, _)| *lock < taken.lock);
            if taken.is_replaced && !told.is_some_and(|(_, is_replaced)| *is_replaced) {
                return Some(format!("{} was written anew under {}", taken.table, taken.lock.words()));
            }
            (is_stronger && taken.lock.blocks() >= Blocks::Writes)
                .then(|| format!("{} was locked in {} mode", taken.table, taken.lock.words()))
        };
        taken.iter().filter_map(surprise).collect()
    }
}

/// For the log.
pub(crate) fn in_json(taken: &[Taken]) -> Value {
    let one = |taken: &Taken| json!({ "table": taken.table, "lock": taken.lock.words(), "rewritten": taken.is_replaced });
    taken.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_told_is_a_surprise() {
        let promise = Promise(BTreeMap::from([("s.a".to_owned(), (LockMode::AccessExclusive, false))]));
        let taken = |table: &str, lock, is_replaced| Taken { table: table.to_owned(), lock, is_replaced };
        assert!(promise.surprises(&[taken("s.a", LockMode::AccessExclusive, false)]).is_empty());
        assert!(promise.surprises(&[taken("s.b", LockMode::ShareUpdateExclusive, false)]).is_empty());
        assert_eq!(
            promise.surprises(&[
                taken("s.a", LockMode::AccessExclusive, true),
                taken("s.b", LockMode::ShareRowExclusive, false)
            ]),
            ["s.a was written anew under ACCESS EXCLUSIVE", "s.b was locked in SHARE ROW EXCLUSIVE mode"]
        );
    }
}
