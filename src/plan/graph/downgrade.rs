//! What a target means for a downgrade: what is to be undone.

use std::collections::BTreeSet;

use super::lineage::reach;
use super::target::{Point, Shift, Target};
use super::{Graph, TargetError, Way};

impl Graph {
    /// What is to be undone, in the order of undoing, to go down to the target. Whatever is undone takes with it all
    /// that revises it or depends on it, on other branches too. Empty where the database stands at the target.
    pub fn downgrade_path(&self, applied: &BTreeSet<String>, target: &str) -> Result<Vec<&str>, TargetError> {
        let target = self.parse(target)?;
        let applied = self.places_of(applied.iter().map(String::as_str));
        let undone = self.undone(&applied, &target)?;
        Ok(self.ids(undone.into_iter().rev()))
    }

    /// What a downgrade to the target undoes.
    pub(super) fn undone(
        &self,
        applied: &BTreeSet<usize>,
        target: &Target<'_>,
    ) -> Result<BTreeSet<usize>, TargetError> {
        let with_all_after = |roots: BTreeSet<usize>| {
            Ok(reach(&self.edges.after, roots).intersection(applied).copied().collect())
        };
        match (target.point, target.shift) {
            (_, Some(Shift::Up(_))) | (Point::Head | Point::Heads, None) => {
                Err(TargetError::WrongWay { target: target.text.to_owned(), way: Way::Up })
            }
            (Point::Here, Some(Shift::Down(steps))) => self.descend(applied.clone(), target, steps),
            (Point::Base, None) => with_all_after(target.within(self.base_places())),
            (Point::Label(at), None) if target.branch.is_none() => Err(self.label_alone(target, at)),
            (Point::Label(at) | Point::Revision(at), None) => {
                if !applied.contains(&at) {
                    return Err(TargetError::NotApplied { id: self.id(at).to_owned() });
                }
                with_all_after(target.within(self.edges.children[at].iter().copied().collect()))
            }
            (_, Some(Shift::Down(steps))) => {
                let below = self.back(self.anchor(applied, target)?, target, steps)?;
                let missing = self.edges.parents[below].iter().find(|parent| !applied.contains(parent));
                if let Some(&missing) = missing.filter(|_| !applied.contains(&below)) {
                    return Err(TargetError::NotApplied { id: self.id(missing).to_owned() });
                }
                with_all_after(BTreeSet::from([below]))
            }
            (Point::Here | Point::Current, None) => Ok(BTreeSet::new()),
        }
    }

    fn label_alone(&self, target: &Target<'_>, at: usize) -> TargetError {
        TargetError::LabelAlone { label: target.text.to_owned(), id: self.id(at).to_owned() }
    }
}
