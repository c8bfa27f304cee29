//! Steps through the history, one revision at a time. A walk stops where a step could go to several revisions.

use std::collections::BTreeSet;

use super::lineage::reach;
use super::target::{Shift, Target};
use super::{Candidate, Graph, TargetError, Way};

/// Why a walk stopped early.
pub(super) enum Stop {
    /// No revision is left to go to.
    TooFew { found: usize },
    /// Several are.
    Several { found: usize, among: BTreeSet<usize> },
}

/// A walk upwards from what is applied, in a part of the graph.
pub(super) struct Ascent<'g> {
    graph: &'g Graph,
    applied: BTreeSet<usize>,
    /// `None`: the whole graph.
    scope: Option<BTreeSet<usize>>,
    /// The part's applied places that none of its applied ones revises.
    tops: BTreeSet<usize>,
}

impl<'g> Ascent<'g> {
    pub(super) fn new(graph: &'g Graph, applied: BTreeSet<usize>, scope: Option<BTreeSet<usize>>) -> Self {
        let tops = match &scope {
            None => graph.tops(&applied),
            Some(scope) => graph.tops(&applied.intersection(scope).copied().collect()),
        };
        Self { graph, applied, scope, tops }
    }

    /// The revision of each step, the last one last.
    pub(super) fn climb(mut self, steps: usize) -> Result<Vec<usize>, Stop> {
        let mut climbed = Vec::new();
        for found in 0..steps {
            let next = self.next();
            let step = match (next.first(), next.len()) {
                (None, _) => return Err(Stop::TooFew { found }),
                (Some(&only), 1) => only,
                (Some(_), _) => return Err(Stop::Several { found, among: next }),
            };
            self.apply(step);
            climbed.push(step);
        }
        Ok(climbed)
    }

    /// Where the next step could go.
    pub(super) fn next(&self) -> BTreeSet<usize> {
        let holds = |at: &usize| self.scope.as_ref().is_none_or(|scope| scope.contains(at));
        if self.tops.is_empty() {
            return self.graph.base_places().into_iter().filter(holds).collect();
        }
        let children = self.tops.iter().flat_map(|&top| &self.graph.edges.children[top]).copied();
        children.filter(|child| holds(child) && !self.applied.contains(child)).collect()
    }

    /// Applies a revision and what it still needs.
    fn apply(&mut self, at: usize) {
        let mut open = vec![at];
        let mut new = BTreeSet::new();
        while let Some(at) = open.pop() {
            if !self.applied.contains(&at) && new.insert(at) {
                open.extend(&self.graph.edges.before[at]);
            }
        }
        for at in new {
            self.applied.insert(at);
            if self.scope.as_ref().is_none_or(|scope| scope.contains(&at)) {
                for parent in &self.graph.edges.parents[at] {
                    self.tops.remove(parent);
                }
                self.tops.insert(at);
            }
        }
    }
}

impl Graph {
    /// What is undone by that many steps, each of which undoes the one current head on the target's branch with
    /// whatever needs it.
    pub(super) fn descend(
        &self,
        mut applied: BTreeSet<usize>,
        target: &Target<'_>,
        steps: usize,
    ) -> Result<BTreeSet<usize>, TargetError> {
        let mut undone = BTreeSet::new();
        let mut tops = self.tops(&applied);
        let mut below = reach(&self.edges.before, applied.iter().copied());
        for found in 0..steps {
            let heads = target.within(tops.clone());
            let stopped = |stop| self.stopped(target, stop, |line| &tops & line);
            let head = match (heads.first(), heads.len()) {
                (None, _) => return Err(stopped(Stop::TooFew { found })),
                (Some(&only), 1) => only,
                (Some(_), _) => return Err(stopped(Stop::Several { found, among: heads })),
            };
            let gone: Vec<usize> =
                self.cut(&mut below, head).into_iter().filter(|at| applied.remove(at)).collect();
            for &at in &gone {
                tops.remove(&at);
                let parents = self.edges.parents[at].iter().copied();
                tops.extend(
                    parents.filter(|&parent| applied.contains(&parent) && self.is_top(&applied, parent)),
                );
            }
            undone.extend(gone);
        }
        Ok(undone)
    }

    /// Takes a place, and all that comes after it, out of these places, which hold all ways between any two of them.
    fn cut(&self, places: &mut BTreeSet<usize>, at: usize) -> BTreeSet<usize> {
        let mut open = vec![at];
        let mut gone = BTreeSet::new();
        while let Some(at) = open.pop() {
            if places.remove(&at) {
                gone.insert(at);
                open.extend(&self.edges.after[at]);
            }
        }
        gone
    }

    /// The revision that the last of that many steps back goes below: with one step, `from` itself.
    pub(super) fn back(&self, from: usize, target: &Target<'_>, steps: usize) -> Result<usize, TargetError> {
        let stopped = |stop| self.stopped(target, stop, BTreeSet::clone);
        let mut at = from;
        for found in 1..steps {
            let parents = target.within(self.edges.parents[at].iter().copied().collect());
            at = match (parents.first(), parents.len()) {
                (None, _) => return Err(stopped(Stop::TooFew { found })),
                (Some(&only), 1) => only,
                (Some(_), _) => return Err(stopped(Stop::Several { found, among: parents })),
            };
        }
        Ok(at)
    }

    /// The error of a walk that stopped, with targets that go on. `first_step` tells where the walk would have begun on
    /// one branch's line alone.
    pub(super) fn stopped(
        &self,
        target: &Target<'_>,
        stop: Stop,
        first_step: impl Fn(&BTreeSet<usize>) -> BTreeSet<usize>,
    ) -> TargetError {
        let (way, wanted) = match target.shift {
            Some(Shift::Down(steps)) => (Way::Down, steps),
            Some(Shift::Up(steps)) => (Way::Up, steps),
            None => (Way::Up, 0),
        };
        let text = target.text.to_owned();
        let (found, among) = match stop {
            Stop::TooFew { found } => return TargetError::TooFew { target: text, wanted, found, way },
            Stop::Several { found, among } => (found, among),
        };
        let candidate = |at: usize| {
            let id = self.id(at).to_owned();
            let (mut write, sign) = match way {
                Way::Up => (vec![id.clone()], '+'),
                Way::Down => (vec![format!("{id}-{}", wanted - found)], '-'),
            };
            if found == 0 && target.is_bare() {
                let labels = self.labels_leading_to(at, &first_step);
                write.extend(labels.into_iter().map(|label| format!("{label}@{sign}{wanted}")));
            }
            Candidate { id, write }
        };
        TargetError::Ambiguous { target: text, candidates: among.into_iter().map(candidate).collect() }
    }

    /// The error of steps that could be counted from several revisions.
    pub(super) fn ambiguous_anchor(&self, target: &Target<'_>, among: &BTreeSet<usize>) -> TargetError {
        let steps = match target.shift {
            Some(Shift::Up(steps)) => format!("+{steps}"),
            Some(Shift::Down(steps)) => format!("-{steps}"),
            None => String::new(),
        };
        let candidate = |id: &str| Candidate { id: id.to_owned(), write: vec![format!("{id}{steps}")] };
        let candidates = self.ids(among.iter().copied()).into_iter().map(candidate).collect();
        TargetError::Ambiguous { target: target.text.to_owned(), candidates }
    }

    /// The labels on whose lines the step leads to this place alone.
    pub(super) fn labels_leading_to(
        &self,
        at: usize,
        step: impl Fn(&BTreeSet<usize>) -> BTreeSet<usize>,
    ) -> Vec<&str> {
        let leads = |label: &&str| {
            let declared = self.labels.place(label);
            declared.is_some_and(|declared| step(&self.lineage(declared)).into_iter().eq([at]))
        };
        self.labels(self.id(at)).into_iter().filter(leads).collect()
    }
}
