//! `A:B`: the part of the history between two targets.

use std::collections::BTreeSet;

use super::lineage::reach;
use super::target::{Point, Shift, Target};
use super::{Graph, TargetError, Way};

impl Graph {
    /// The revisions from A up to B, both with them, in order. Without A from the beginning, without B to the heads.
    /// `-N:B` is B and what lies up to N steps before it, `A:+N` is A and what lies up to N steps after it; the
    /// beginning counts as the step before the bases.
    pub fn range(&self, applied: &BTreeSet<String>, range: &str) -> Result<Vec<&str>, TargetError> {
        let (from, to) = ends(range, "A:B, A: or :B")?;
        let stands = self.places_of(applied.iter().map(String::as_str));
        let parse = |text| match text {
            "" => Ok(None),
            target => self.parse(target).map(Some),
        };
        let (lower, upper) = (parse(from)?, parse(to)?);
        let meaning = |target: &Target<'_>| self.meaning(&stands, target);
        if let Some((target, steps)) = steps_of(lower.as_ref(), Way::Down) {
            let top = upper.as_ref().map_or_else(|| Ok(self.head_places()), meaning)?;
            return Ok(self.ids(target.within(generations(&self.edges.parents, top, steps))));
        }
        let bottom = lower.as_ref().map(meaning).transpose()?.filter(|bottom| !bottom.is_empty());
        if let Some((target, steps)) = steps_of(upper.as_ref(), Way::Up) {
            let found = match bottom {
                Some(bottom) => generations(&self.edges.children, bottom, steps),
                None => generations(&self.edges.children, self.base_places(), steps - 1),
            };
            return Ok(self.ids(target.within(found)));
        }
        let mut found: BTreeSet<usize> = match &upper {
            Some(upper) => reach(&self.edges.before, meaning(upper)?),
            None => (0..self.nodes.len()).collect(),
        };
        if let Some(bottom) = bottom {
            let above = reach(&self.edges.after, bottom);
            found.retain(|at| above.contains(at));
            if found.is_empty() {
                return Err(not_on_one_line(from, to));
            }
        }
        Ok(self.ids(found))
    }

    /// For a script of `upgrade A:B`, written without a database: what is to be applied, in order, and what is taken
    /// for applied, which is A and all before it. Without A that is nothing, without B the way goes to the head.
    pub fn offline_path(&self, range: &str) -> Result<(Vec<&str>, BTreeSet<String>), TargetError> {
        let (from, to) = ends(range, "A:B, A: or :B")?;
        let before = self.taken_for_applied(from, to)?;
        match self.upgrade_path(&before, if to.is_empty() { "head" } else { to }) {
            Err(TargetError::Behind { .. }) => Err(not_on_one_line(from, to)),
            path => Ok((path?, before)),
        }
    }

    /// The same for `downgrade A:B`, from A down to B: what is to be undone, in the order of undoing, and what is
    /// taken for applied.
    pub fn offline_undo_path(&self, range: &str) -> Result<(Vec<&str>, BTreeSet<String>), TargetError> {
        let form = "A:B, from A down to B";
        let (from, to) = ends(range, form)?;
        if from.is_empty() || to.is_empty() {
            return Err(TargetError::NoRange { range: range.to_owned(), form });
        }
        let before = self.taken_for_applied(from, to)?;
        match self.downgrade_path(&before, to) {
            Err(TargetError::NotApplied { .. }) => Err(not_on_one_line(to, from)),
            path => Ok((path?, before)),
        }
    }

    /// The lower end of an upgrade, the upper end of a downgrade, and all before it. The other end may be counted from
    /// it, but neither from where a database stands.
    fn taken_for_applied(&self, from: &str, to: &str) -> Result<BTreeSet<String>, TargetError> {
        let offline = |target: &str| Err(TargetError::Offline { target: target.to_owned() });
        if !to.is_empty() && self.parse(to)?.point == Point::Current {
            return offline(to);
        }
        if from.is_empty() {
            return Ok(BTreeSet::new());
        }
        let target = self.parse(from)?;
        if matches!(target.point, Point::Here | Point::Current) {
            return offline(from);
        }
        let from = self.meaning(&BTreeSet::new(), &target)?;
        Ok(self.ids(reach(&self.edges.before, from)).into_iter().map(str::to_owned).collect())
    }
}

/// The two ends of a range.
fn ends<'r>(range: &'r str, form: &'static str) -> Result<(&'r str, &'r str), TargetError> {
    match range.split_once(':') {
        Some((from, to)) if !to.contains(':') => Ok((from, to)),
        _ => Err(TargetError::NoRange { range: range.to_owned(), form }),
    }
}

fn not_on_one_line(from: &str, to: &str) -> TargetError {
    TargetError::NotOnOneLine { from: from.to_owned(), to: to.to_owned() }
}

/// The steps of an end that is counted from the other end.
fn steps_of<'t>(end: Option<&'t Target<'t>>, way: Way) -> Option<(&'t Target<'t>, usize)> {
    let target = end.filter(|target| target.point == Point::Here)?;
    match (target.shift?, way) {
        (Shift::Down(steps), Way::Down) | (Shift::Up(steps), Way::Up) => Some((target, steps)),
        _ => None,
    }
}

/// These places, and all that up to so many steps along the edges lead to.
fn generations(edges: &[Vec<usize>], from: BTreeSet<usize>, steps: usize) -> BTreeSet<usize> {
    let (mut found, mut last) = (from.clone(), from);
    for _ in 0..steps {
        let next = last.iter().flat_map(|&at| &edges[at]).copied().filter(|at| !found.contains(at));
        last = next.collect();
        if last.is_empty() {
            break;
        }
        found.extend(&last);
    }
    found
}
