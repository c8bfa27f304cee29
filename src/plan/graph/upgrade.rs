//! What a target means for an upgrade: what is to be applied.

use std::collections::BTreeSet;

use super::lineage::reach;
use super::target::{Point, Shift, Target};
use super::walk::{Ascent, Stop};
use super::{Graph, TargetError, Way};

impl Graph {
    /// What is to be applied, in order, to reach the target: all that it means and all that comes before, without
    /// what is applied. A label alone means its branch's head. Empty where the database stands at the target.
    pub fn upgrade_path(&self, applied: &BTreeSet<String>, target: &str) -> Result<Vec<&str>, TargetError> {
        let target = self.parse(target)?;
        let applied = self.places_of(applied.iter().map(String::as_str));
        let goal = self.goal(&applied, &target)?;
        let path: Vec<usize> =
            reach(&self.edges.before, goal.iter().copied()).difference(&applied).copied().collect();
        if path.is_empty() {
            self.refuse_the_past(&applied, target, &goal)?;
        }
        Ok(self.ids(path))
    }

    /// The revisions that a target means: for `show` and wherever revisions are named. `base` means none; a label
    /// alone the revision that declares it; `+N` the revision that the last step goes to; `-N` that above which the
    /// last step undoes everything, at a merge with its other parents.
    pub fn resolve_target(&self, applied: &BTreeSet<String>, target: &str) -> Result<Vec<&str>, TargetError> {
        let target = self.parse(target)?;
        let applied = self.places_of(applied.iter().map(String::as_str));
        Ok(self.ids(self.meaning(&applied, &target)?))
    }

    /// Fails if a downgrade to the target would undo something.
    fn refuse_the_past(
        &self,
        applied: &BTreeSet<usize>,
        target: Target<'_>,
        goal: &BTreeSet<usize>,
    ) -> Result<(), TargetError> {
        let target = match (target.shift, goal.last()) {
            // A downgrade takes no steps up: it is told the revision that they lead to.
            (Some(Shift::Up(_)), Some(&last)) => {
                Target { text: self.id(last), branch: None, point: Point::Revision(last), shift: None }
            }
            _ => target,
        };
        match self.undone(applied, &target) {
            Ok(undone) if !undone.is_empty() => Err(TargetError::Behind { target: target.text.to_owned() }),
            _ => Ok(()),
        }
    }

    /// The revisions that an upgrade to the target ends with.
    pub(super) fn goal(
        &self,
        applied: &BTreeSet<usize>,
        target: &Target<'_>,
    ) -> Result<BTreeSet<usize>, TargetError> {
        let down = || TargetError::WrongWay { target: target.text.to_owned(), way: Way::Down };
        match (target.point, target.shift) {
            (Point::Base, None | Some(Shift::Down(_))) | (Point::Here, Some(Shift::Down(_))) => Err(down()),
            (Point::Label(at), None) if target.branch.is_none() => {
                let heads = self.head_places().intersection(&self.lineage(at)).copied().collect();
                self.one_head(heads, target)
            }
            (Point::Here, Some(Shift::Up(steps))) => {
                Ok(self.climb(applied, target, steps)?.into_iter().collect())
            }
            (_, Some(Shift::Down(_))) => {
                let goal = self.meaning(applied, target)?;
                if goal.is_empty() { Err(down()) } else { Ok(goal) }
            }
            _ => self.meaning(applied, target),
        }
    }

    /// The revisions that a target means by itself.
    pub(super) fn meaning(
        &self,
        applied: &BTreeSet<usize>,
        target: &Target<'_>,
    ) -> Result<BTreeSet<usize>, TargetError> {
        match target.shift {
            None => self.point_places(applied, target),
            Some(Shift::Up(steps)) => {
                Ok(self.climb(applied, target, steps)?.last().copied().into_iter().collect())
            }
            Some(Shift::Down(steps)) => {
                let below = self.back(self.anchor(applied, target)?, target, steps)?;
                Ok(target.within(self.edges.parents[below].iter().copied().collect()))
            }
        }
    }

    /// The one revision that the steps are counted from.
    pub(super) fn anchor(
        &self,
        applied: &BTreeSet<usize>,
        target: &Target<'_>,
    ) -> Result<usize, TargetError> {
        let anchors = self.point_places(applied, target)?;
        match (anchors.first(), anchors.len()) {
            (Some(&only), 1) => Ok(only),
            (None, _) => Err(self.stopped(target, Stop::TooFew { found: 0 }, BTreeSet::clone)),
            (Some(_), _) => Err(self.ambiguous_anchor(target, &anchors)),
        }
    }

    fn point_places(
        &self,
        applied: &BTreeSet<usize>,
        target: &Target<'_>,
    ) -> Result<BTreeSet<usize>, TargetError> {
        match target.point {
            Point::Here | Point::Current => Ok(target.within(self.tops(applied))),
            Point::Head => self.one_head(target.within(self.head_places()), target),
            Point::Heads => Ok(target.within(self.head_places())),
            Point::Base => Ok(BTreeSet::new()),
            Point::Label(at) | Point::Revision(at) => Ok(BTreeSet::from([at])),
        }
    }

    fn one_head(&self, heads: BTreeSet<usize>, target: &Target<'_>) -> Result<BTreeSet<usize>, TargetError> {
        if heads.len() <= 1 {
            return Ok(heads);
        }
        let branch = |&at: &usize| {
            let labels = self.labels_leading_to(at, |line| &heads & line);
            labels.first().map(|label| format!("{label}@head"))
        };
        Err(TargetError::SeveralHeads {
            target: target.text.to_owned(),
            branches: heads.iter().filter_map(branch).collect(),
            heads: self.ids(heads).into_iter().map(str::to_owned).collect(),
        })
    }

    /// The revision of each step upwards: from where the database stands, from nothing, or from the one revision named.
    fn climb(
        &self,
        applied: &BTreeSet<usize>,
        target: &Target<'_>,
        steps: usize,
    ) -> Result<Vec<usize>, TargetError> {
        let line = || target.branch.as_ref().map(|branch| branch.line.clone());
        let ascent = match target.point {
            Point::Here => Ascent::new(self, applied.clone(), line()),
            Point::Base => Ascent::new(self, BTreeSet::new(), line()),
            _ => {
                let anchor = self.anchor(applied, target)?;
                let above = target.within(reach(&self.edges.children, [anchor]));
                Ascent::new(self, reach(&self.edges.before, [anchor]), Some(above))
            }
        };
        let first_step =
            |line: &BTreeSet<usize>| Ascent::new(self, applied.clone(), Some(line.clone())).next();
        ascent.climb(steps).map_err(|stop| self.stopped(target, stop, first_step))
    }
}
