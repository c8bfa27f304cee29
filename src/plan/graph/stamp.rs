//! What a database is said to have applied, without applying it.

use std::collections::BTreeSet;

use super::lineage::reach;
use super::target::{Point, Shift, Target};
use super::{Graph, TargetError};

impl Graph {
    /// What is to be recorded so that the database stands at the targets: they and all before them, nothing after
    /// them, and of everything else what is recorded now. `base` alone means nothing at all. What no file defines
    /// stays recorded otherwise.
    pub fn stamp_set(
        &self,
        applied: &BTreeSet<String>,
        targets: &[&str],
    ) -> Result<BTreeSet<String>, TargetError> {
        if targets == ["base"] {
            return Ok(BTreeSet::new());
        }
        if targets.contains(&"base") {
            return Err(TargetError::BaseBesideOthers);
        }
        let stands = self.places_of(applied.iter().map(String::as_str));
        let (mut goal, mut gone) = (BTreeSet::new(), BTreeSet::new());
        for target in targets {
            let target = self.parse(target)?;
            if leads_down(&target) {
                gone.extend(self.undone(&stands, &target)?);
            } else {
                goal.extend(self.goal(&stands, &target)?);
            }
        }
        gone.extend(reach(&self.edges.after, goal.iter().copied()));
        let mut recorded = applied.clone();
        for id in self.ids(gone) {
            recorded.remove(id);
        }
        recorded.extend(self.ids(reach(&self.edges.before, goal)).into_iter().map(str::to_owned));
        Ok(recorded)
    }
}

/// Whether the target says what is to go, and no revision to stand at.
fn leads_down(target: &Target<'_>) -> bool {
    matches!((target.point, target.shift), (Point::Base, None) | (Point::Here, Some(Shift::Down(_))))
}
