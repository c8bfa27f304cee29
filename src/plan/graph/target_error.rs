//! Why a target can't be reached from where the database stands.

use std::fmt;

use super::ResolveError;

/// Up or down the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Applying: `upgrade`.
    Up,
    /// Undoing: `downgrade`.
    Down,
}

/// One of several revisions that a target could mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The revision.
    pub id: String,
    /// The targets that mean it alone; the first one always does.
    pub write: Vec<String>,
}

/// Why a target means no way from where the database stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// The revision in it is none.
    #[error(transparent)]
    Revision(#[from] ResolveError),
    /// What stands before `@` is neither a label nor a revision.
    #[error("`{branch}` is no branch: no label, and no revision")]
    UnknownBranch {
        /// What stands before `@`.
        branch: String,
        /// All labels.
        labels: Vec<String>,
    },
    /// Not the form of a target.
    #[error("`{target}` is no target")]
    Malformed {
        /// The target.
        target: String,
    },
    /// The beginning of an id with `-` and digits in it, and steps back from another revision.
    #[error("`{target}` could be steps back from {anchor}, or the beginning of {id}")]
    TwoReadings {
        /// The target.
        target: String,
        /// What the steps would be counted from.
        anchor: String,
        /// The revision whose id begins so.
        id: String,
    },
    /// `head`, and there are several.
    #[error("`{target}` is ambiguous: the heads are {}", heads.join(", "))]
    SeveralHeads {
        /// The target.
        target: String,
        /// The heads.
        heads: Vec<String>,
        /// For each head that has labels of its own, `label@head`.
        branches: Vec<String>,
    },
    /// A step that could go to several revisions.
    #[error("`{target}` is ambiguous: it could mean {}", ids(candidates))]
    Ambiguous {
        /// The target.
        target: String,
        /// What it could mean, in the history's order.
        candidates: Vec<Candidate>,
    },
    /// More steps than the history has.
    #[error("`{target}` goes too far: only {found} of {wanted} steps are there")]
    TooFew {
        /// The target.
        target: String,
        /// The steps asked for.
        wanted: usize,
        /// The steps there are.
        found: usize,
        /// Where they lead.
        way: Way,
    },
    /// Down with `upgrade`, or up with `downgrade`.
    #[error("`{target}` {}", way.reproach())]
    WrongWay {
        /// The target.
        target: String,
        /// Where it leads.
        way: Way,
    },
    /// An upgrade to the past: the target is applied, and so is what comes after it.
    #[error("the database is past `{target}` already, and an upgrade undoes nothing")]
    Behind {
        /// The target, as a downgrade takes it.
        target: String,
    },
    /// A downgrade to a revision that is not applied.
    #[error("there is no way down to {id}: it is not applied")]
    NotApplied {
        /// The revision.
        id: String,
    },
    /// A label alone, for a downgrade.
    #[error("`{label}` is a branch, and no revision to go down to")]
    LabelAlone {
        /// The label.
        label: String,
        /// The revision that declares it.
        id: String,
    },
    /// A revision that the branch doesn't hold.
    #[error("{id} is not on the branch `{branch}`")]
    NotOnBranch {
        /// The branch as given.
        branch: String,
        /// The revision.
        id: String,
    },
    /// `base` among other targets.
    #[error("`base` means that nothing is applied: no other target can stand beside it")]
    BaseBesideOthers,
    /// No range.
    #[error("`{range}` is no range")]
    NoRange {
        /// The text.
        range: String,
        /// How one is written.
        form: &'static str,
    },
    /// A range whose ends have nothing between them.
    #[error("`{from}` and `{to}` are not on one line: {from} does not come before {to}")]
    NotOnOneLine {
        /// The lower end.
        from: String,
        /// The upper end.
        to: String,
    },
    /// A target that only a database can give a meaning to.
    #[error("`{target}` is counted from where the database stands, and no database is asked here")]
    Offline {
        /// The target.
        target: String,
    },
}

impl TargetError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Revision(ResolveError::Ambiguous { .. }) | Self::TwoReadings { .. } => {
                Some("give more of the id".to_owned())
            }
            Self::Revision(_) => Some("`longhaul history` lists the revisions".to_owned()),
            Self::UnknownBranch { labels, .. } if labels.is_empty() => {
                Some("no revision declares a label; a revision's id stands for its branch too".to_owned())
            }
            Self::UnknownBranch { labels, .. } => Some(format!("the labels are {}", labels.join(", "))),
            Self::Malformed { .. } => Some(
                "a target is an id or the beginning of one, head, heads, base, current, +N, -N, ID+N, ID-N, or \
                 BRANCH@ before one of them"
                    .to_owned(),
            ),
            Self::SeveralHeads { branches, .. } => {
                let one = if branches.is_empty() { "BRANCH@head".to_owned() } else { listed(branches) };
                Some(format!("write `heads` for all of them, {one} or an id for one"))
            }
            Self::Ambiguous { candidates, .. } => {
                let write: Vec<String> = candidates.iter().map(|one| listed(&one.write)).collect();
                Some(format!("write {}", write.join("; ")))
            }
            Self::TooFew { target, way, .. } => {
                let branch = target.split_once('@').map(|(branch, _)| format!("{branch}@")).unwrap_or_default();
                Some(match way {
                    Way::Up => format!("`{branch}heads` goes all the way"),
                    Way::Down if branch.is_empty() => "`base` goes all the way".to_owned(),
                    Way::Down => format!("`{branch}base` goes all the way, with all that stands on the same base"),
                })
            }
            Self::WrongWay { target, way: Way::Up } => Some(format!("`longhaul upgrade {target}`")),
            Self::WrongWay { target, way: Way::Down } | Self::Behind { target } => {
                Some(format!("`longhaul downgrade {target}`"))
            }
            Self::NotApplied { id } => Some(format!("`longhaul upgrade {id}` goes up to it")),
            Self::LabelAlone { label, id } => Some(format!(
                "`{label}@-1` undoes its last revision, `{id}-1` the branch from where its label stands, and `{id}` \
                 all after that"
            )),
            Self::NotOnBranch { .. } => Some("leave the branch away".to_owned()),
            Self::BaseBesideOthers => Some("leave `base` away".to_owned()),
            Self::NoRange { form, .. } => Some(format!("write it as {form}")),
            Self::NotOnOneLine { .. } => Some("`longhaul history` shows what comes before what".to_owned()),
            Self::Offline { .. } => Some("name the revision".to_owned()),
        }
    }
}

impl Way {
    fn reproach(self) -> &'static str {
        match self {
            Self::Up => "goes up, and a downgrade goes down",
            Self::Down => "goes down, and an upgrade goes up",
        }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

fn ids(candidates: &[Candidate]) -> String {
    candidates.iter().map(Candidate::to_string).collect::<Vec<_>>().join(", ")
}

fn listed(targets: &[String]) -> String {
    targets.iter().map(|target| format!("`{target}`")).collect::<Vec<_>>().join(" or ")
}
