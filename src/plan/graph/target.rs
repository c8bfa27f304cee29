//! What a person writes as TARGET, taken apart.
//!
//! ```text
//! [BRANCH@] head | heads | base | current | ID | LABEL | +N | -N | ID+N | ID-N
//! ```
//!
//! ID is an id or a unique beginning of one. BRANCH is a label or an ID, and means that revision's line. As ids may hold
//! `-` and digits, an exact id comes before everything else but the four words, and what could be read in two ways is
//! refused: `2024-01` may be the beginning of `2024-01-add`, or one step back from `2024`.

use std::collections::BTreeSet;

use super::{Graph, ResolveError, TargetError};

/// A target, its names looked up in the graph.
pub(super) struct Target<'t> {
    /// As it was written.
    pub(super) text: &'t str,
    pub(super) branch: Option<Branch<'t>>,
    pub(super) point: Point,
    pub(super) shift: Option<Shift>,
}

/// What stands before `@`.
pub(super) struct Branch<'t> {
    /// As it was written.
    pub(super) name: &'t str,
    /// The line of the revision that it names.
    pub(super) line: BTreeSet<usize>,
}

/// From where the steps are counted, or what is meant where there are none.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Point {
    /// Nothing is written: where the database stands.
    Here,
    Head,
    Heads,
    Base,
    Current,
    /// A label alone, by the place that declares it.
    Label(usize),
    Revision(usize),
}

/// `+N` or `-N`; N is 1 or more.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shift {
    Up(usize),
    Down(usize),
}

/// Whether a target or a range says `current`, or counts from where the database stands: then it means nothing
/// without a database.
#[must_use]
pub fn asks_for_current(text: &str) -> bool {
    let asks = |target: &str, counted_from_other_end: fn(&Shift) -> bool| {
        let target = target.split_once('@').map_or(target, |(_, rest)| rest);
        match split_shift(target) {
            Some(("", shift)) => !shift.as_ref().is_some_and(counted_from_other_end),
            Some((point, _)) => point == "current",
            None => target == "current",
        }
    };
    match text.split_once(':') {
        Some((from, to)) => {
            asks(from, |shift| matches!(shift, Shift::Down(_)))
                || asks(to, |shift| matches!(shift, Shift::Up(_)))
        }
        None => asks(text, |_| false),
    }
}

impl Graph {
    pub(super) fn parse<'t>(&self, text: &'t str) -> Result<Target<'t>, TargetError> {
        let (branch, rest) = match text.split_once('@') {
            Some((branch, rest)) => (Some(self.branch(branch)?), rest),
            None => (None, text),
        };
        if branch.is_some() && rest.is_empty() {
            return Err(TargetError::Malformed { target: text.to_owned() });
        }
        let (point, shift) = self.point(rest)?;
        if let (Some(branch), Point::Label(at) | Point::Revision(at)) = (&branch, point)
            && !branch.line.contains(&at)
        {
            let (branch, id) = (branch.name.to_owned(), self.id(at).to_owned());
            return Err(TargetError::NotOnBranch { branch, id });
        }
        Ok(Target { text, branch, point, shift })
    }

    fn branch<'t>(&self, name: &'t str) -> Result<Branch<'t>, TargetError> {
        let found = match self.labels.place(name) {
            Some(at) => Ok(at),
            None => self.place(name),
        };
        match found {
            Ok(at) => Ok(Branch { name, line: self.lineage(at) }),
            Err(ResolveError::Unknown { .. }) => {
                let labels = self.labels.names().map(str::to_owned).collect();
                Err(TargetError::UnknownBranch { branch: name.to_owned(), labels })
            }
            Err(error) => Err(error.into()),
        }
    }

    fn point(&self, text: &str) -> Result<(Point, Option<Shift>), TargetError> {
        if let Some(point) = self.exact_point(text) {
            return Ok((point, None));
        }
        let whole = self.place(text);
        let Some((left, shift)) = split_shift(text) else {
            return Ok((Point::Revision(whole?), None));
        };
        let anchor = match self.exact_point(left) {
            Some(point) => Ok(point),
            None if left.is_empty() => Ok(Point::Here),
            None => self.place(left).map(Point::Revision),
        };
        match (anchor, whole, shift) {
            (Ok(_), Ok(id), Some(_)) => {
                let anchor = if left.is_empty() { "where the database stands" } else { left }.to_owned();
                let id = self.id(id).to_owned();
                Err(TargetError::TwoReadings { target: text.to_owned(), anchor, id })
            }
            (_, Ok(id), _) => Ok((Point::Revision(id), None)),
            (_, Err(error @ ResolveError::Ambiguous { .. }), _) | (Err(error), _, _) => Err(error.into()),
            (Ok(point), _, Some(shift)) => Ok((point, Some(shift))),
            (Ok(_), _, None) => Err(TargetError::Malformed { target: text.to_owned() }),
        }
    }

    /// A word, an id or a label; not the beginning of one.
    fn exact_point(&self, text: &str) -> Option<Point> {
        match text {
            "head" => Some(Point::Head),
            "heads" => Some(Point::Heads),
            "base" => Some(Point::Base),
            "current" => Some(Point::Current),
            name => {
                let id = self.index.get(name).copied().map(Point::Revision);
                id.or_else(|| self.labels.place(name).map(Point::Label))
            }
        }
    }

    fn place(&self, id: &str) -> Result<usize, ResolveError> {
        self.resolve(id).map(|id| self.index[id])
    }
}

/// `a+2` into `a` and two up; no steps where the number is none.
fn split_shift(text: &str) -> Option<(&str, Option<Shift>)> {
    let sign = text.rfind(['+', '-'])?;
    let digits = &text[sign + 1..];
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let way = if text[sign..].starts_with('+') { Shift::Up } else { Shift::Down };
    let steps = digits.parse().ok().filter(|steps| *steps > 0);
    Some((&text[..sign], steps.map(way)))
}

impl Target<'_> {
    /// Whether it is `+N` or `-N` and nothing else.
    pub(super) fn is_bare(&self) -> bool {
        self.branch.is_none() && self.point == Point::Here
    }

    /// Of these places, those on the branch.
    pub(super) fn within(&self, places: BTreeSet<usize>) -> BTreeSet<usize> {
        match &self.branch {
            None => places,
            Some(branch) => places.intersection(&branch.line).copied().collect(),
        }
    }
}
